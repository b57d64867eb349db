"""The command's frame: exit codes, one or two lines for every fault, never a traceback."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from chainrule.cli import main
from chainrule.cli.main import COMMANDS, load


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_has_its_name_and_help(name, capsys):
    assert load(name).name == name
    assert main([name, "--help"]) == 0
    assert f"Usage: chainrule {name}" in capsys.readouterr().out


def test_help_and_version_are_printed(capsys):
    assert main(["--help"]) == 0
    assert all(name in capsys.readouterr().out for name in ["train"])
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("chainrule 0.")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["trian", "x.csv"], "Did you mean 'train'?"),
        (["train"], "Missing argument 'FILE'"),
        (["train", "x.csv", "--epoch", "3"], "Did you mean '--epochs'?"),
        (["train", "x.csv", "--epochs", "many"], "'many' is not a valid integer"),
        (["--nothing"], "No such option"),
    ],
)
def test_what_was_typed_wrongly_is_said_in_two_lines(typed, said, capsys):
    assert main(typed) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert len(captured.err.splitlines()) == 2
    assert "--help" in captured.err


def test_nothing_typed_shows_the_help(capsys):
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_help_loads_no_subcommand():
    script = (
        "import sys; from chainrule.cli import main; main(['--help'])\n"
        "assert not {'chainrule.cli.train', 'rich', 'polars', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_the_program_is_deaf_to_signals_once_it_is_done():
    """Ctrl-C while Python shuts down would show a traceback of somebody else's clean-up."""
    ending = (
        "import atexit, os, signal, sys; from chainrule.cli import command;"
        "atexit.register(lambda: [os.kill(os.getpid(), n) for n in (2, 15)]);"
        "sys.argv = ['chainrule', '--version']; sys.exit(command())"
    )
    made = subprocess.run([sys.executable, "-c", ending], capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("chainrule ")


PRESSED = """
import os, sys
pressed, number = {module!r}, {number}
class Press:
    def find_spec(self, name, *_):
        if name == pressed:
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Press())
from {start} import {function} as command
sys.argv = ["chainrule", "train", "table.csv", "--target", "y"]
sys.exit(command())
"""
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("number", [2, 15])
@pytest.mark.parametrize(
    "module", ["chainrule", "numpy", "chainrule.nn", "click", "chainrule.cli.train"]
)
def test_a_signal_while_the_program_loads_ends_it_in_one_line(module, number):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    start, function = project["scripts"]["chainrule"].split(":")
    script = PRESSED.format(module=module, number=number, start=start, function=function)
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    made = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    assert made.stderr == "Stopped. Nothing was saved.\n"
    assert (made.returncode, made.stdout) == (128 + number, "")


def test_what_a_terminal_would_obey_in_a_table_is_shown_as_text_on_every_page(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    rows = [f"{50 * (i % 3 > 0) + i % 7},{'yes' if i % 3 else 'no'}\x9b\n" for i in range(60)]
    Path("odd.csv").write_text("x,answer\n" + "".join(rows), encoding="utf-8")
    for typed in (
        "train odd.csv --target answer --epochs 2 --folds 0 --engine numpy --no-baselines",
        "evaluate odd.safetensors odd.csv",
        "explain odd.safetensors odd.csv --row 1",
        "inspect odd.safetensors",
        "cluster odd.csv --k 2 --out segments.safetensors",
        "inspect segments.safetensors",
    ):
        assert main(typed.split()) == 0
        page = capsys.readouterr().out
        assert "\\x9b" in page, typed
        assert all(line.isprintable() for line in page.split("\n")), typed
    Path("new.csv").write_text("x,more\x9b\n1,2\n", encoding="utf-8")
    assert main(["predict", "odd.safetensors", "new.csv"]) == 0
    assert "ignored: more\\x9b\n" in capsys.readouterr().err
