"""`chainrule inspect`: the page, the document, and any file that is no model."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    source = Path("examples/data/penguins.csv").resolve()
    monkeypatch.chdir(tmp_path)
    settings = {"folds": 0, "baselines": False, "hidden": (32,), "engine": "numpy", "epochs": 2}
    cr.train(source, target="species", **settings).save("penguins.safetensors")
    return tmp_path


def test_the_page_shows_layers_columns_card_and_judgement(folder, capsys):
    assert main(["inspect", "penguins.safetensors"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    for said in (
        "Answers species: Adelie, Chinstrap, Gentoo",
        "0  Dense(32)      32         384         704   128 B",
        "in all                    483         928   268 B",
        "x1 … x3   island",
        "seed",
        "always Adelie",
    ):
        assert said in captured.out, said


def test_the_card_is_for_readers_and_prints_from_python_too(folder, capsys):
    model = cr.load("penguins.safetensors")
    assert main(["inspect", "penguins.safetensors"]) == 0
    page = capsys.readouterr().out.split("\n", 1)[1]
    assert page == f"{cr.inspect(model)}\n"
    card = page.partition("Card\n")[2].partition("Judged on")[0]
    assert model.card["data_hash"][:12] + "… (whole with --json)" in card
    assert model.card["data_hash"] not in card
    assert model.card["duplicates"] == 0
    assert "duplicates" not in card
    assert max(len(word) for word in card.split() if word.replace(".", "").isdigit()) <= 6


def test_a_model_prints_as_a_line(folder):
    assert str(cr.load("penguins.safetensors")) == (
        "Model of 483 parameters: Dense, ReLU, Dense; from inputs (11,) to classes; 2 epochs"
    )


def test_a_network_without_validation_has_no_best_epoch(folder, capsys):
    model = cr.load("penguins.safetensors")
    model.card.update(best_epoch=0, epochs_of_folds=[3, 14])
    model.save("folds.safetensors")
    assert main(["inspect", "folds.safetensors"]) == 0
    page = capsys.readouterr().out
    assert re.search(r"best epoch +none: the last one is kept\n", page)
    assert re.search(r"best epochs of folds +3, 14\n", page)


def test_the_document_has_the_same_as_fields(folder, capsys):
    assert main(["inspect", "penguins.safetensors", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"] == 483
    assert [layer["operations"] for layer in document["layers"]] == [704, 32, 192]
    assert document["columns"][0]["name"] == "island"
    assert document["judgement"]["rows"] == 69
    assert document["card"]["seed"] == 0


def test_models_of_arrays_and_named_inputs_are_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    branches = cr.nn.Branches({"a": cr.nn.Dense(2), "b": cr.nn.Embedding(3, 2)})
    network = cr.Network([branches, cr.nn.Dense(1)])
    X = {"a": np.ones((4, 3)), "b": np.array([0, 1, 2, 0])}
    cr.fit(network, X, np.ones(4), loss="mse", epochs=1).save("m.safetensors")
    assert main(["inspect", "m.safetensors"]) == 0
    page = capsys.readouterr().out
    assert "inputs a 3, b 1" in page
    assert "Columns" not in page


@pytest.mark.parametrize(
    "card", [{"split": {"a": 1}, "reasons": 3}, {"judgement": {}}, {"judgement": 3}], ids=str
)
def test_a_card_that_train_did_not_write_is_refused_in_a_sentence(folder, capsys, card):
    model = cr.load("penguins.safetensors")
    object.__setattr__(model, "card", card)
    model.save("odd.safetensors")
    assert main(["inspect", "odd.safetensors"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("chainrule: odd.safetensors holds a card")
    assert len(captured.err.splitlines()) == 1
    assert main(["inspect", "odd.safetensors", "--json"]) == 0


def test_what_a_terminal_would_obey_is_shown_as_text(folder, capsys):
    model = cr.load("penguins.safetensors")
    model.card["optimizer"] = "Adam\x1b]0;owned\x07\r\nFake line"
    model.save("odd.safetensors")
    assert main(["inspect", "odd.safetensors"]) == 0
    page = capsys.readouterr().out
    assert r"Adam\x1b]0;owned\x07\r\nFake line" in page
    assert all(line.isprintable() for line in page.splitlines())


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "empty", "cut", "pipe"])
def test_what_is_no_model_is_refused_in_a_sentence(folder, capsys, kind):
    content = Path("penguins.safetensors").read_bytes()
    if kind == "folder":
        Path("m").mkdir()
    elif kind == "pipe":
        os.mkfifo("m")
    elif kind != "missing":
        Path("m").write_bytes({"text": b"a,b\n1,2\n", "empty": b"", "cut": content[:-1]}[kind])
    assert main(["inspect", "m"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("chainrule: m ")
    assert len(captured.err.splitlines()) == 1
