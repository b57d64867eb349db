"""`chainrule predict`: answers on stdout or in a file, pipes, and every fault in a sentence."""

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.cli import main

PENGUINS = Path("examples/data/penguins.csv").resolve()
COMMAND = Path(sys.executable).with_name("chainrule")
PREDICT = ["predict", "penguins.safetensors", "penguins.csv"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    cr.train(PENGUINS, target="species", folds=0, baselines=False, engine="numpy", epochs=20).save(
        folder / "penguins.safetensors"
    )
    shutil.copy(PENGUINS, folder)
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """A folder to work in, with the penguins and a model of them."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*typed, **options):
    settings = {"capture_output": True, "timeout": 60, **options}
    return subprocess.run([COMMAND, *typed], check=False, **settings)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_answers_go_to_stdout_and_all_else_to_stderr(folder, capsys):
    assert main(PREDICT) == 0
    captured = capsys.readouterr()
    model = cr.load("penguins.safetensors")
    assert [row["species"] for row in rows(captured.out)] == model.predict(PENGUINS).tolist()
    assert captured.err.splitlines() == [
        "Not needed by the model, ignored: species",
        "344 rows predicted",
    ]


def test_ids_are_passed_on_and_probabilities_read_back_as_they_are(folder, capsys):
    assert main([*PREDICT, "--proba", "--id", "island", "--id", "sex", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    found = rows(captured.out)
    assert list(found[0])[:3] == ["island", "sex", "species"]
    assert found[3]["sex"] == "NA"
    expected = cr.load("penguins.safetensors").predict_proba(PENGUINS)
    read = [float(row["probability_Gentoo"]) for row in found]
    assert expected[:, 2].astype("float32").tolist() == pytest.approx(read, rel=1e-7)


def test_a_file_is_written_whole_and_replaced_only_when_asked(folder, capsys):
    assert main([*PREDICT, "--out", "answers.csv"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "344 rows predicted, written to answers.csv" in captured.err
    first = Path("answers.csv").read_text()
    assert main([*PREDICT, "--out", "answers.csv"]) == 2
    assert "answers.csv exists. Type --force" in capsys.readouterr().err
    assert main([*PREDICT, "--out", "answers.csv", "--force", "--proba"]) == 0
    assert len(Path("answers.csv").read_text()) > len(first)


def test_a_fault_in_the_middle_leaves_the_old_file(folder, capsys, monkeypatch):
    monkeypatch.setattr("chainrule.data.chunks.BLOCK", 1000)
    Path("bad.csv").write_text(PENGUINS.read_text() + "x,Dream,wide,1,1,1,male,2009\n")
    Path("answers.csv").write_text("precious")
    typed = ["predict", "penguins.safetensors", "bad.csv", "--out", "answers.csv", "--force"]
    assert main(typed) == 2
    assert "bad.csv, line 346, column 'bill_length_mm': 'wide'" in capsys.readouterr().err
    assert Path("answers.csv").read_text() == "precious"
    assert sorted(path.name for path in folder.iterdir() if "answers" in path.name) == [
        "answers.csv"
    ]


def test_the_document_has_columns_and_rows(folder, capsys):
    assert main([*PREDICT, "--json", "--proba", "--id", "year"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["columns"][:2] == ["year", "species"]
    assert document["ignored"] == ["species"]
    assert len(document["rows"]) == 344
    first = document["rows"][0]
    assert (first["year"], first["species"]) == ("2007", "Adelie")
    assert sum(first[name] for name in document["columns"][2:]) == pytest.approx(1)


def test_pipes_work_on_both_sides(folder):
    answer = run("predict", "penguins.safetensors", "-", input=PENGUINS.read_bytes())
    whole = run(*PREDICT)
    assert (answer.returncode, answer.stdout) == (0, whole.stdout)
    empty = run("predict", "penguins.safetensors", "-", input=b"")
    assert (empty.returncode, empty.stdout) == (2, b"")
    assert empty.stderr == b"chainrule: stdin is empty.\n"


def test_a_reader_that_goes_away_is_no_error(folder):
    line = f"{COMMAND} predict penguins.safetensors penguins.csv --quiet | head -1"
    answer = subprocess.run(line, shell=True, capture_output=True, timeout=60, check=True)
    assert (answer.stdout, answer.stderr) == (b"species\n", b"")


def test_an_endless_input_is_answered_as_it_comes(folder):
    """Rows arrive, answers leave; the reader goes away and all is quiet."""
    line = (
        "(cat penguins.csv; while :; do tail -n +2 penguins.csv || exit; done) 2>/dev/null | "
        f"{COMMAND} predict penguins.safetensors - | head -1000 | wc -l"
    )
    answer = subprocess.run(line, shell=True, capture_output=True, timeout=60, check=True)
    assert answer.stdout.strip() == b"1000"
    assert answer.stderr == b""


def test_ctrl_c_ends_without_a_traceback(folder):
    typed = [COMMAND, "predict", "penguins.safetensors", "-", "--out", "answers.csv"]
    with subprocess.Popen(
        typed, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(PENGUINS.read_bytes())
        process.stdin.flush()
        while not list(Path().glob(".answers.csv.*")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert list(Path().glob("*answers*")) == []
    assert list(Path().glob(".answers*")) == []


@pytest.mark.filterwarnings("ignore:.*are guesses")
def test_answers_are_written_in_the_dialect_of_the_table(folder, capsys):
    """So the program that wrote the table reads both columns of a line alike."""
    table = PENGUINS.read_text().replace(",", ";").replace(".", ",").replace("Dream", "Dröam")
    Path("eu.csv").write_bytes(table.encode("cp1252"))
    typed = ["predict", "penguins.safetensors", "eu.csv", "--id", "bill_length_mm", "--proba"]
    assert main(typed) == 0
    written = capsys.readouterr()
    first, second = written.out.splitlines()[:2]
    assert first == "bill_length_mm;species;" + ";".join(
        f"probability_{label}" for label in ("Adelie", "Chinstrap", "Gentoo")
    )
    length, label, *shares = second.split(";")
    assert (length, label) == ("39,1", "Adelie")
    assert sum(float(share.replace(",", ".", 1)) for share in shares) == pytest.approx(1)
    assert written.err.endswith("344 rows predicted (semicolon, decimal comma, UTF-8)\n")
    assert main([*typed, "--json"]) == 0
    written = capsys.readouterr()
    assert sum(list(json.loads(written.out)["rows"][0].values())[2:]) == pytest.approx(1)
    assert written.err.endswith("344 rows predicted\n")


BAD = {
    "no such model": (["no.safetensors", "penguins.csv"], "no.safetensors cannot be read"),
    "no model": (["penguins.csv", "penguins.csv"], "Name the file that chainrule saved"),
    "a damaged model": (["half.safetensors", "penguins.csv"], "Take another copy of it, or train"),
    "swapped": (
        ["penguins.csv", "penguins.safetensors"],
        "penguins.csv is no model, and penguins.safetensors is one: the model comes first",
    ),
    "no such file": (["penguins.safetensors", "penguin.csv"], "Did you mean penguins.csv?"),
    "a folder": (["penguins.safetensors", "."], ". is a folder"),
    "missing columns": (["penguins.safetensors", "few.csv"], "few.csv lacks what the model was"),
    "an unknown id": ([*PREDICT[1:], "--id", "isle"], "Did you mean 'island'?"),
    "text in a number": (["penguins.safetensors", "wide.csv"], "line 3, column 'bill_length_mm'"),
    "the data as output": ([*PREDICT[1:], "--out", "penguins.csv", "--force"], "data file itself"),
    "the model as output": (
        [*PREDICT[1:], "--out", "penguins.safetensors", "--force"],
        "model file itself",
    ),
    "a folder as output": ([*PREDICT[1:], "--out", "."], "is a folder"),
}


@pytest.mark.parametrize("name", BAD)
def test_every_fault_is_said_in_a_sentence_with_exit_code_2(folder, capsys, name):
    Path("half.safetensors").write_bytes(Path("penguins.safetensors").read_bytes()[:-9])
    Path("few.csv").write_text("island,year\nDream,2007\n")
    Path("wide.csv").write_text(PENGUINS.read_text().replace("39.5", "wide", 1))
    typed, said = BAD[name]
    assert main(["predict", *typed]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.startswith("chainrule: ")
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
