"""Whatever is in a file, the command ends with 0, or with 2 and one sentence; nothing else.

The tables are trained on without a step (`--dry-run`) or for one epoch, or predicted, in this
process; what libraries write to the process' stderr counts too.
"""

import contextlib
import io
import os
import tempfile
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.cli import main
from tests.data.mutations import PENGUINS, damaged


@contextlib.contextmanager
def caught():
    """All that is written to stderr, also by libraries that are not Python."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        text = []
        try:
            with open(2, "w", closefd=False) as stream, contextlib.redirect_stderr(stream):
                yield text
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            text.append(file.read().decode("utf-8", "replace"))


def faults_of(path: Path, arguments: list[str]) -> str:
    """What is wrong with how the command ends on a file, or ""; FILE stands for its path."""
    typed = [str(path) if argument == FILE else argument for argument in arguments]
    with caught() as said, contextlib.redirect_stdout(io.StringIO()):
        try:
            code = main(typed)
        except BaseException as error:  # whatever escapes is what is looked for
            return f"{type(error).__name__}: {str(error)[:200]}"
    lines = said[0].split("\n")[:-1]
    if code == 0 and all(line.startswith("Note: ") for line in lines):
        return ""
    if code == 2 and len(lines) == 1 and lines[0].startswith("chainrule: "):
        return "" if len(lines[0]) < 2000 else f"a sentence of {len(lines[0])} characters"
    return f"exit {code}: {said[0][:300]!r}"


def found(folder: Path, seeds: range, arguments: list[str]) -> dict[int, str]:
    """The numbers of the files on which the command ends badly."""
    path, bad = folder / "table.csv", {}
    for seed in seeds:
        path.write_bytes(damaged(seed))
        if fault := faults_of(path, arguments):
            bad[seed] = fault
    return bad


FILE = "FILE"
DRY = ["train", FILE, "--target", "species", "--dry-run"]
ONE_EPOCH = ["train", FILE, "--target", "species", "--force", "--epochs", "1", "--folds", "0"]
ONE_EPOCH += ["--no-baselines", "--engine", "numpy", "--out"]


@pytest.fixture(scope="module")
def predicting(tmp_path_factory):
    """The arguments that predict penguins."""
    folder = tmp_path_factory.mktemp("model")
    cr.train(PENGUINS, target="species", epochs=1, folds=0, baselines=False, engine="numpy").save(
        folder / "m.safetensors"
    )
    out = ["--out", str(folder / "answers.csv"), "--force", "--quiet"]
    return ["predict", str(folder / "m.safetensors"), FILE, *out]


def test_a_damaged_file_is_read_or_refused_in_one_sentence(tmp_path):
    assert found(tmp_path, range(200), DRY) == {}


@pytest.mark.filterwarnings("ignore:.*are guesses")
def test_a_damaged_file_is_predicted_or_refused_in_one_sentence(tmp_path, predicting):
    assert found(tmp_path, range(200), predicting) == {}


@pytest.mark.long
def test_a_hundred_thousand_damaged_files(tmp_path):
    assert found(tmp_path, range(1000, 101_000), DRY) == {}


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*are guesses")
def test_ten_thousand_damaged_files_are_predicted(tmp_path, predicting):
    assert found(tmp_path, range(1000, 11_000), predicting) == {}


@pytest.mark.long
def test_five_hundred_damaged_files_are_trained_on(tmp_path):
    assert found(tmp_path, range(500), [*ONE_EPOCH, str(tmp_path / "m.safetensors")]) == {}
