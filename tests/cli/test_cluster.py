"""`chainrule cluster`: the page, the document, what comes after, and how it refuses."""

import json
from pathlib import Path

import pytest

from chainrule.cli import main

PENGUINS = str(Path(__file__).parents[2] / "examples" / "data" / "penguins.csv")
QUICK = [PENGUINS, "--drop", "species", "--k", "2", "--out", "two.safetensors"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_page_says_what_each_segment_is_and_what_is_next(capsys):
    assert main(["cluster", *QUICK, "--anomalies"]) == 0
    page = capsys.readouterr().out
    assert "Read penguins.csv: 344 rows" in page
    assert "sex: 11 missing cells filled in" in page
    assert "Segment 1, 2" in page
    assert "differs most by flipper_length_mm (median" in page
    assert "Oddest rows" in page
    assert "none of your rows" in page
    assert "predict two.safetensors" in page
    assert main(["predict", "two.safetensors", PENGUINS, "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "segment,oddness"
    assert len(lines) == 345
    assert main(["inspect", "two.safetensors"]) == 0
    assert "Segment 2" in capsys.readouterr().out
    assert main(["plot", "two.safetensors", "--kind", "profile"]) == 0
    assert Path("two-profile.svg").exists()


def test_how_an_unusual_file_was_read_is_said(capsys):
    rows = "".join(f"{i % 7},5;{'Köln' if i % 2 else 'Rom'}\n" for i in range(40))
    Path("europe.csv").write_bytes(("Größe;Stadt\n" + rows).encode("latin-1"))
    assert main(["cluster", "europe.csv", "--k", "2"]) == 0
    page = capsys.readouterr().out
    assert "Windows-1252" in page
    assert "decimal commas" in page


def test_the_choice_is_shown_with_what_its_columns_mean(capsys):
    assert main(["cluster", PENGUINS, "--drop", "species", "--most", "3"]) == 0
    page = capsys.readouterr().out
    for name in ("silhouette", "gap", "stability", "beyond noise"):
        assert f"  {name}: " in page
    assert "sd" not in page.split()


def test_the_document_has_the_same(capsys):
    assert main(["cluster", *QUICK, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [s["segment"] for s in document["segments"]] == [1, 2]
    assert document["choice"] is None
    assert document["anomalies"] == []
    assert main(["cluster", *QUICK, "--json", "--anomalies", "--force"]) == 0
    assert len(json.loads(capsys.readouterr().out)["anomalies"]) == 10


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["cluster", "nothing.csv"], "nothing.csv"),
        (["cluster", PENGUINS, "--k", "400"], "ask for"),
        (["cluster", PENGUINS, "--method", "words"], "Did you mean 'ward'"),
        (["cluster", PENGUINS, "--drop", "weight"], "no column 'weight'"),
        (["evaluate", "two.safetensors", PENGUINS], "segments and no network"),
        (["predict", "two.safetensors", PENGUINS, "--proba"], "no probabilities"),
    ],
)
def test_it_refuses_in_one_line(typed, said, capsys):
    main(["cluster", *QUICK, "--quiet"])
    capsys.readouterr()
    assert main(typed) == 2
    assert said in capsys.readouterr().err
