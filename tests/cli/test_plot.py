"""`chainrule plot`: every kind as SVG and PNG, and every fault in a sentence."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.cli import main

PENGUINS = Path("examples/data/penguins.csv").resolve()
COMMAND = Path(sys.executable).with_name("chainrule")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(PENGUINS, tmp_path)
    made = cr.train(
        "penguins.csv", target="species", folds=0, baselines=False, engine="numpy", epochs=2
    )
    made.save("penguins.safetensors")
    made = cr.train(
        "penguins.csv", target="body_mass_g", folds=0, baselines=False, engine="numpy", epochs=2
    )
    made.save("mass.safetensors")
    return tmp_path


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("penguins.safetensors", "curves"),
        ("penguins.safetensors", "network"),
        ("penguins.safetensors", "confusion"),
        ("penguins.safetensors", "calibration"),
        ("mass.safetensors", "residuals"),
    ],
)
def test_every_kind_is_written_as_svg_and_png(folder, capsys, model, kind):
    assert main(["plot", model, "penguins.csv", "--kind", kind]) == 0
    default = f"{Path(model).stem}-{kind}.svg"
    assert capsys.readouterr().out == f"Drew {default}\n"
    assert Path(default).read_text().startswith("<?xml")
    assert main(["plot", model, "penguins.csv", "--kind", kind, "--out", "f.png"]) == 0
    assert Path("f.png").read_bytes().startswith(b"\x89PNG")


def test_the_document_names_the_file_and_the_rows_may_come_from_stdin(folder):
    typed = ["plot", "penguins.safetensors", "-", "--kind", "confusion", "--json"]
    with PENGUINS.open("rb") as file:
        answer = subprocess.run([COMMAND, *typed], stdin=file, capture_output=True, check=True)
    document = json.loads(answer.stdout)
    assert document["file"] == "penguins-confusion.svg"
    assert document["bytes"] == Path("penguins-confusion.svg").stat().st_size


M = "penguins.safetensors"
BAD = {
    "no kind": ([M], "and one of curves, network, confusion"),
    "an unknown kind": ([M, "--kind", "curve"], "Did you mean 'curves'?"),
    "another ending": ([M, "--kind", "curves", "--out", "c.pdf"], "written as .svg or .png"),
    "no rows": ([M, "--kind", "confusion"], "name a table"),
    "numbers of classes": ([M, "penguins.csv", "--kind", "residuals"], "--kind confusion fits"),
    "an existing file": (
        [M, "--kind", "curves", "--out", "there.svg"],
        "there.svg exists. Type --force to replace it, or --out OTHER.svg.\n",
    ),
    "no such folder": ([M, "--kind", "curves", "--out", "no/c.svg"], "there is no folder no"),
    "swapped": (["penguins.csv", M, "--kind", "curves"], "the model comes first, then the table"),
    "no model": (["penguins.csv", "--kind", "curves"], "not a whole model file"),
    "the model as output": ([M, "--kind", "curves", "--out", "m.svg", "--force"], "model file its"),
    "no such file": ([M, "no.csv", "--kind", "confusion"], "There is no file no.csv"),
}


@pytest.mark.parametrize("name", BAD)
def test_every_fault_is_said_with_exit_code_2(folder, capsys, name):
    Path("there.svg").write_text("precious")
    Path("m.svg").symlink_to(M)
    before = sorted(folder.iterdir())
    typed, said = BAD[name]
    assert main(["plot", *typed]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert len(captured.err.splitlines()) <= 2
    assert sorted(folder.iterdir()) == before
    assert Path("there.svg").read_text() == "precious"
