"""`chainrule explain MODEL FILE --row N`: the page and the document of a row of a table."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.workflow import explain_row

PENGUINS = Path("examples/data/penguins.csv").resolve()
COMMAND = Path(sys.executable).with_name("chainrule")
EXPLAIN = ["explain", "penguins.safetensors", "penguins.csv"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(PENGUINS, tmp_path)
    cr.train(
        "penguins.csv", target="species", folds=0, baselines=False, engine="numpy", epochs=2
    ).save("penguins.safetensors")
    return tmp_path


def test_the_page_is_that_of_the_library(folder, capsys):
    assert main([*EXPLAIN, "--row", "17"]) == 0
    assert capsys.readouterr().out == str(explain_row("penguins.safetensors", "penguins.csv", 17))
    assert main([*EXPLAIN, "--row", "17", "--optimizer", "adam", "--learning-rate", "0.1"]) == 0
    page = capsys.readouterr().out
    assert page == str(
        explain_row("penguins.safetensors", "penguins.csv", 17, optimizer=cr.optim.Adam(0.1))
    )
    assert "UPDATE" in page


def test_a_rate_alone_means_gradient_descent(folder, capsys):
    assert main([*EXPLAIN, "--row", "1", "--learning-rate", "0.5"]) == 0
    assert "GradientDescent, rate 0.5" in capsys.readouterr().out


def test_the_document_has_the_numbers_by_name(folder, capsys):
    assert main([*EXPLAIN, "--row", "17", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    page = explain_row("penguins.safetensors", "penguins.csv", 17)
    assert document["loss"] == page.loss
    assert document["values"] == page.values
    assert document["inputs"][3]["meaning"] == "bill_length_mm"
    assert document["derivatives"]["net_o1"]["value"] == page.derivatives["net_o1"].value
    assert main(["explain", "--shape", "2-1", "--x", "1,2", "--y", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["updated"].keys() == {"w1", "w2", "b1"}


def test_the_table_may_come_from_stdin(folder):
    with PENGUINS.open("rb") as file:
        answer = subprocess.run(
            [COMMAND, *EXPLAIN[:2], "-", "--row", "3"], stdin=file, capture_output=True, check=True
        )
    assert b"INPUTS: row 3 of stdin" in answer.stdout


BAD = {
    "no file": (EXPLAIN[1:2], "Type, e.g.: chainrule explain penguins.safetensors FILE.csv"),
    "no row": (EXPLAIN[1:], "chainrule explain penguins.safetensors penguins.csv --row 1"),
    "a row too far": ([*EXPLAIN[1:], "--row", "999"], "there is no row 999"),
    "row 0": ([*EXPLAIN[1:], "--row", "0"], "counted from 1"),
    "a shape too": ([*EXPLAIN[1:], "--row", "1", "--loss", "mse"], "--loss is for a network"),
    "a row of nothing": (["--row", "1"], "Give a model and a row"),
    "nothing": ([], "Give a model and a row"),
    "an unknown optimizer": ([*EXPLAIN[1:], "--row", "1", "--optimizer", "adm"], "Did you mean"),
    "no model": (["penguins.csv", "penguins.csv", "--row", "1"], "not a whole model file"),
}


@pytest.mark.parametrize("name", BAD)
def test_every_fault_is_said_in_a_sentence_with_exit_code_2(folder, capsys, name):
    typed, said = BAD[name]
    assert main(["explain", *typed]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
