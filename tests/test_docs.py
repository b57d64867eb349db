"""What the documents tell a reader to type works as it stands."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.workflow import FIGURES

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("chainrule")
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").rglob("*.md"))]
ELSEWHERE = ("git clone ", "cd ", "sudo apt-get ", "pip install ")


def blocks(document, language):
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.S | re.M)


def commands():
    return [
        (document, line)
        for document in DOCUMENTS
        for block in blocks(document, "sh")
        for line in block.strip().splitlines()
        if line and not line.startswith("#")
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The model that `make run` writes, which the documents go on from."""
    path = tmp_path_factory.mktemp("trained") / "penguins.safetensors"
    table = str(ROOT / "examples" / "data" / "penguins.csv")
    typed = ["train", table, "--target", "species", "--out", str(path)]
    made = subprocess.run([COMMAND, *typed], check=True, capture_output=True, text=True)
    path.with_name("page.txt").write_text(made.stdout)
    return path


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "examples" / "data", tmp_path / "examples" / "data")
    shutil.copy(trained, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("document", "line"), commands(), ids=lambda x: str(x)[-40:])
def test_every_command_in_the_documents_can_be_typed(document, line, folder):
    words = shlex.split(line, comments=True)
    if words[0] == "make":
        check = subprocess.run(
            ["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, check=False
        )
        assert check.returncode == 0, check.stderr
    elif words[0] in ("chainrule", ".venv/bin/chainrule"):
        subprocess.run([COMMAND, *words[1:]], check=True, capture_output=True)
    elif words[0] in ("python", ".venv/bin/python") and words[1:2] == ["-c"]:
        subprocess.run([sys.executable, *words[1:]], check=True, capture_output=True)
    else:
        assert line.startswith(ELSEWHERE), f"nothing runs {line!r} of {document.name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_every_python_block_of_a_document_runs(document, folder):
    code = blocks(document, "python")
    if code:
        exec(compile("\n".join(code), document.name, "exec"), {"__name__": "document"})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_every_link_to_a_file_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_first_page_in_the_readme_is_the_one_that_is_printed(trained):
    """Its words; digits behind the first epoch are those of one processor."""
    (shown,) = re.findall(r"^```\n(Read 344.*?)^```", README.read_text(), re.S | re.M)
    printed = trained.with_name("page.txt").read_text().splitlines()
    words, scores = shown.split("epoch ", 1)
    for line in [*words.splitlines(), *re.findall(r"^  [a-z][^\d…]{5,17}(?= )", scores, re.M)]:
        assert line.strip() == "…" or any(other.startswith(line) for other in printed), line


def test_the_commands_page_lists_every_kind_of_figure():
    page = (ROOT / "docs" / "commands.md").read_text()
    rows = page.partition("## `chainrule plot")[2]
    assert all(f"`{kind}`" in rows for kind in FIGURES)


def test_make_targets_that_the_readme_names_exist():
    named = set(re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text()))
    assert named
    assert named <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
