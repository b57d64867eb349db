"""`chainrule evaluate`: the page, the document, stdin, and every fault in a sentence."""

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
        "penguins.csv", target="species", folds=0, baselines=False, engine="numpy", epochs=20
    )
    made.save("penguins.safetensors")
    return tmp_path


def test_the_page_has_scores_intervals_guess_and_card(folder, capsys):
    assert main(["evaluate", "penguins.safetensors", "penguins.csv"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    found = cr.evaluate("penguins.safetensors", "penguins.csv")
    assert captured.out == f"{found}\n"
    accuracy = found.scores["accuracy"]
    for said in (
        "Judged on 344 rows of penguins.csv",
        "this network",
        "95 % interval",
        "its card says",
        f"{accuracy.value:.3f}",
        f"{accuracy.low:.3f} to {accuracy.high:.3f}",
        "Better than always Adelie",
        "the rows it was made from",
    ):
        assert said in captured.out, said


def test_rows_without_a_target_are_counted(folder, capsys):
    made = cr.train(
        "penguins.csv", target="body_mass_g", folds=0, baselines=False, engine="numpy", epochs=5
    )
    made.save("mass.safetensors")
    assert main(["evaluate", "mass.safetensors", "penguins.csv"]) == 0
    page = capsys.readouterr().out
    assert "Left out 2 rows that have no body_mass_g" in page
    assert "RMSE" in page
    assert "always the mean, 4,2" in page


def test_the_document_has_the_same_as_fields(folder, capsys):
    assert main(["evaluate", "penguins.safetensors", "penguins.csv", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"] == 344
    assert document["scores"]["accuracy"].keys() == {"value", "low", "high", "lower_is_better"}
    assert document["trivial_scores"].keys() == document["scores"].keys()
    assert document["seen"] is True
    assert document["card"]["metric"] == "accuracy"


def test_the_rows_may_come_from_stdin(folder):
    with PENGUINS.open("rb") as file:
        answer = subprocess.run(
            [COMMAND, "evaluate", "penguins.safetensors", "-"],
            stdin=file,
            capture_output=True,
            check=True,
        )
    assert b"Judged on 344 rows of stdin" in answer.stdout


M = "penguins.safetensors"
BAD = {
    "no such model": (["no.safetensors", "penguins.csv"], "no.safetensors cannot be read"),
    "no such file": ([M, "penguin.csv"], "Did you mean penguins.csv?"),
    "no target": ([M, "few.csv"], "few.csv has no column 'species'"),
    "an unknown class": ([M, "odd.csv"], "species is 'Macaroni', which the model does not know"),
    "text in a number": ([M, "wide.csv"], "line 3, column 'bill_length_mm'"),
}


@pytest.mark.parametrize("name", BAD)
def test_every_fault_is_said_in_a_sentence_with_exit_code_2(folder, capsys, name):
    text = PENGUINS.read_text()
    Path("few.csv").write_text(text.replace("species", "kind", 1))
    Path("odd.csv").write_text(text.replace("Gentoo", "Macaroni", 1))
    Path("wide.csv").write_text(text.replace("39.5", "wide", 1))
    typed, said = BAD[name]
    assert main(["evaluate", *typed]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
