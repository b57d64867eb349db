"""`chainrule train`: the page, the file, the exit code, and every fault in a sentence."""

import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main

PENGUINS = Path("examples/data/penguins.csv").resolve()
COMMAND = Path(sys.executable).with_name("chainrule")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with the penguins."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(PENGUINS, tmp_path)
    return tmp_path


TRAIN = ["train", "penguins.csv", "--target", "species"]
HELD_OUT = ["--folds", "0", "--no-baselines"]


def test_penguins_from_the_file_to_the_saved_model(folder, capsys):
    assert main(TRAIN) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    page = captured.out
    assert page.startswith("Read 344 rows, 8 columns (comma, UTF-8;")
    for said in (
        "species            target    Adelie 152, Gentoo 124, Chinstrap 68",
        "island             category  3 values",
        "bill_length_mm     number    2 missing: the median stands there",
        "sex                category  2 values, 11 missing:",
        "Split, seed 0: 5 folds of 275/69 rows, stratified by species; no row twice; no column",
        "Network 15 → 100 ReLU → 3, 1,903 parameters, CrossEntropy, Adam 0.001, batch 32, numpy",
        "(mean of the folds)",
        "The folds' best epochs were ",
        "Judged on 344 rows, each by a network that never saw it",
        "always Adelie     0.442     0.390 to 0.495",
        "one hidden layer",
        "boosted trees",
        "other scores       this network  95 % interval",
        "balanced accuracy  0.9",
        "Verdict: Better than guessing (always Adelie) by",
        "344 rows cannot show a difference under",
        "kB; no code, none of your rows), fitted to all 344 rows",
    ):
        assert said in page, said
    assert max(map(len, page.splitlines())) <= 110
    model = cr.load("penguins.safetensors")
    assert f"for {model.card['epochs']} epochs" in page
    assert model.judgement["score"] > 0.95
    assert (model.predict("penguins.csv") == "Gentoo").sum() > 100


def test_every_option_is_used(folder, capsys):
    typed = [
        *("--hidden", "8,4", "--activation", "tanh", "--epochs", "3", "--batch-size", "full"),
        *("--learning-rate", "0.5", "--optimizer", "sgd", "--loss", "cross_entropy"),
        *("--seed", "7", "--engine", "numpy", "--out", "mine.safetensors"),
    ]
    assert main([*TRAIN, *typed, *HELD_OUT]) == 0
    model = cr.load("mine.safetensors")
    dense, tanh = cr.nn.Dense, cr.nn.Tanh()
    assert model.network == cr.Network([dense(8), tanh, dense(4), tanh, dense(3)])
    assert (model.card["seed"], model.card["epochs"], model.card["batch_size"]) == (7, 3, 220)
    assert (model.card["optimizer"], model.card["learning_rate"]) == ("GradientDescent", 0.5)
    assert "→ 8 Tanh → 4 Tanh → 3" in capsys.readouterr().out


def test_the_document_has_the_same_as_fields(folder, capsys):
    assert main([*TRAIN, "--epochs", "3", "--json", "--hidden", "32"]) == 0
    document = json.loads(capsys.readouterr().out)
    model = cr.load("penguins.safetensors")
    assert (document["file"], document["parameters"]) == ("penguins.safetensors", 611)
    assert document["bytes"] == Path("penguins.safetensors").stat().st_size
    assert document["judgement"] == model.judgement
    assert document["history"] == model.history
    assert document["card"]["columns"] == model.card["columns"]
    assert document["stop_reason"] == "epochs"


def test_no_hidden_layer_is_a_linear_model(folder):
    assert main([*TRAIN, "--hidden", "none", "--epochs", "2"]) == 0
    assert cr.load("penguins.safetensors").network == cr.Network([cr.nn.Dense(3)])


def test_numbers_are_judged_beside_the_mean(folder, capsys):
    assert main(["train", "penguins.csv", "--target", "body_mass_g", "--epochs", "9"]) == 0
    page = capsys.readouterr().out
    assert "body_mass_g        target    a number: mean 4,2" in page
    assert "Left out 2 rows that have no body_mass_g" in page
    assert "always the mean, 4,2" in page
    assert "RMSE" in page


def test_words_of_the_page_need_no_dictionary(folder, capsys):
    rows = "".join(f"{'' if i % 5 == 0 else i % 7},{'ab'[i * i % 7 > 2]}\n" for i in range(200))
    Path("t.csv").write_text(f"x,y\n{rows}")
    assert main(["train", "t.csv", "--target", "y", "--epochs", "20", *HELD_OUT]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "40 missing: the median stands there, and an input of its own says so" in page
    assert "as came true on validation rows: outputs divided by" in page
    assert "indicator" not in page


def test_the_help_of_train_says_what_happens_without_the_options(capsys):
    assert main(["train", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "The most passes over the training rows; 200 by default." in said
    assert "no better; 20 by default." in said
    assert "by default the optimizer's, 0.001 of adam." in said
    assert "CSV" not in said


def test_columns_that_are_left_out_are_said(folder, capsys):
    rows = "\n".join(f"row {i},7,{i % 2},{i % 3}" for i in range(60))
    Path("t.csv").write_text(f"id,seven,y,x\n{rows}\n")
    assert main(["train", "t.csv", "--target", "y", "--epochs", "1"]) == 0
    page = capsys.readouterr().out
    assert re.search("id     left out  .* 60 rows\n", page)
    assert "seven  left out  one value only" in page
    assert (
        "y      target    0 30, 1 30 (2 different whole numbers only; else --task numbers)" in page
    )


def test_a_target_that_numbers_the_rows_is_called_an_identifier(folder, capsys):
    rows = "\n".join(f"{1000 + i},{i % 7},{i % 11}" for i in range(60))
    Path("t.csv").write_text(f"customer_id,x,y\n{rows}\n")
    assert main(["train", "t.csv", "--target", "customer_id", "--dry-run"]) == 0
    page = capsys.readouterr().out
    assert "standard deviation 17.32, though it is an identifier\n" in page
    assert main(["train", "t.csv", "--target", "x", "--task", "numbers", "--dry-run"]) == 0
    assert "though" not in capsys.readouterr().out


def test_a_limit_of_time_leaves_its_trace(folder, capsys):
    assert main([*TRAIN, "--no-baselines", "--max-time", "0.05"]) == 0
    page = capsys.readouterr().out
    assert re.search(r"networks\n  Time was up \(--max-time\) in [1-9]\d* of them\n", page)


def test_a_column_that_was_dropped_is_left_out_as_asked(folder, capsys):
    rows = "\n".join(f"{i},5;{i % 3};{i % 7}" for i in range(60))
    Path("t.csv").write_text(f"price;y;x\n{rows}\n")
    assert main(["train", "t.csv", "--target", "y", "--drop", "price", "--dry-run"]) == 0
    assert re.search("  price +left out +as asked\n", capsys.readouterr().out)


def test_an_existing_output_is_not_replaced_without_force_and_nothing_is_trained(folder, capsys):
    Path("penguins.safetensors").write_text("precious")
    began = time.perf_counter()
    assert main(TRAIN) == 2
    assert time.perf_counter() - began < 0.5
    assert "penguins.safetensors exists. Type --force" in capsys.readouterr().err
    assert Path("penguins.safetensors").read_text() == "precious"
    assert main([*TRAIN, "--force", "--epochs", "1", *HELD_OUT]) == 0
    assert cr.load("penguins.safetensors").judgement is not None


BAD = {
    "a missing file": (["nothing.csv", "--target", "a"], "There is no file nothing.csv."),
    "a file spelt wrongly": (["penguin.csv", "--target", "a"], "Did you mean penguins.csv?"),
    "a folder": ([".", "--target", "a"], ". is a folder."),
    "an empty file": (["empty.csv", "--target", "a"], "empty.csv is empty."),
    "a header alone": (["header.csv", "--target", "a"], "header.csv has a header and no rows"),
    "a ragged file": (["ragged.csv", "--target", "a"], "ragged.csv, line 3 has 1 cell"),
    "no target": (["penguins.csv"], "Type, e.g.: chainrule train penguins.csv --target year"),
    "an unknown target": (["penguins.csv", "--target", "specie"], "Did you mean 'species'?"),
    "capitals of a target": (["penguins.csv", "--target", "SPECIES"], "Did you mean 'species'?"),
    "a model": (["m.csv", "--target", "a"], "m.csv is a model file (safetensors), and no table"),
    "a metric spelt wrongly": ([*TRAIN[1:], "--metric", "acuracy"], "Did you mean 'accuracy'?"),
    "classes of numbers": (
        ["numbers.csv", "--target", "b", "--loss", "cross_entropy"],
        "'b' holds numbers, 20 different ones in 20 rows, and is to be learnt as classes, as the "
        "loss asks. Leave that out",
    ),
    "one fold": ([*TRAIN[1:], "--folds", "1"], "2 or more, or 0 for a test part"),
    "one class": (["one.csv", "--target", "a"], "'a' has one value only, '1'"),
    "text for numbers": ([*TRAIN[1:], "--loss", "mse"], "holds text such as 'Adelie'"),
    "an infinite cell": (["inf.csv", "--target", "a"], "inf.csv, line 3, column 'b'"),
    "an unknown activation": ([*TRAIN[1:], "--activation", "rellu"], "Did you mean 'relu'?"),
    "an unknown optimizer": ([*TRAIN[1:], "--optimizer", "adm"], "Did you mean 'adam'?"),
    "an unknown loss": ([*TRAIN[1:], "--loss", "cross"], "Did you mean 'cross_entropy'?"),
    "an unknown engine": ([*TRAIN[1:], "--engine", "xl"], "Did you mean 'xla'?"),
    "hidden text": ([*TRAIN[1:], "--hidden", "64,x"], "--hidden is '64,x'"),
    "hidden nothing": ([*TRAIN[1:], "--hidden", "0"], "--hidden is '0'"),
    "no batch": ([*TRAIN[1:], "--batch-size", "0"], "--batch-size is '0'"),
    "no epochs": ([*TRAIN[1:], "--epochs", "0"], "epochs is 0"),
    "a rate below 0": ([*TRAIN[1:], "--learning-rate", "-1"], "learning_rate is -1"),
    "no rate": ([*TRAIN[1:], "--learning-rate", "nan"], "learning_rate is nan"),
    "a rate far too high": (
        [*TRAIN[1:], "--learning-rate", "1e30", "--optimizer", "sgd"],
        "The learning rate (1e+30) is probably too high",
    ),
    "a seed below 0": ([*TRAIN[1:], "--seed", "-1"], "seed"),
    "no such folder": ([*TRAIN[1:], "--out", "no/m.safetensors"], "there is no folder no."),
    "a folder as output": ([*TRAIN[1:], "--out", "."], "is a folder"),
    "the data as output": ([*TRAIN[1:], "--out", "penguins.csv", "--force"], "data file itself"),
}


@pytest.mark.parametrize("name", BAD)
def test_every_fault_is_said_in_a_sentence_with_exit_code_2(folder, capfd, name):
    for file, content in {
        "empty.csv": "",
        "header.csv": "a,b\n",
        "ragged.csv": "a,b\n1,2\n3\n",
        "one.csv": "a,b\n" + "".join(f"1,{i}\n" for i in range(20)),
        "inf.csv": "a,b\n1,2\n3,inf\n",
        "numbers.csv": "a,b\n" + "".join(f"{i},{i}.5\n" for i in range(20)),
        "m.csv": "\x10" + "\0" * 7 + '{"a":1}' + " " * 9,
    }.items():
        Path(file).write_text(content)
    before = sorted(folder.iterdir())
    typed, said = BAD[name]
    assert main(["train", *typed]) == 2
    captured = capfd.readouterr()
    assert said in captured.err
    assert captured.err.startswith("chainrule: ")
    assert len(captured.err.splitlines()) <= 2
    assert captured.out == ""
    assert sorted(folder.iterdir()) == before


def run(*typed, **options):
    return subprocess.run([COMMAND, *typed], capture_output=True, text=True, timeout=60, **options)


def test_the_installed_command_exits_with_the_code_and_no_traceback(folder):
    answer = run("train", "nothing.csv", "--target", "a")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("chainrule: There is no file nothing.csv.")
    assert "Traceback" not in answer.stderr


def test_the_lines_it_proposes_can_be_typed_as_they_stand(folder):
    answer = run(*TRAIN, "--epochs", "5", *HELD_OUT)
    proposed = [line[6:] for line in answer.stdout.splitlines()[-2:]]
    for line in proposed:
        following = subprocess.run(
            shlex.split(line), capture_output=True, text=True, timeout=120, check=True
        )
        assert "Traceback" not in following.stderr
        assert "Adelie" in following.stdout


def test_a_reader_that_goes_away_is_no_error(folder):
    answer = subprocess.run(
        f"{COMMAND} {shlex.join(TRAIN)} --epochs 1 | true",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert answer.stderr == ""


@pytest.fixture
def endless(folder):
    """A command that would train for hours."""
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, 20_000))
    lines = "".join(f"{x:.4f},{y:.4f},{x * y:.4f}\n" for x, y in zip(a, b, strict=True))
    Path("big.csv").write_text(f"a,b,y\n{lines}")
    typed = ["train", "big.csv", "--target", "y", "--batch-size", "1", "--epochs", "100000"]
    return [COMMAND, *typed, "--engine", "numpy"]


def test_ctrl_c_saves_the_best_so_far_and_says_so(endless):
    terminal, inside = pty.openpty()
    with subprocess.Popen(endless, stdout=subprocess.PIPE, stderr=inside, text=True) as process:
        os.close(inside)
        seen = b""
        while b"epoch" not in seen:
            seen += os.read(terminal, 1000)
        process.send_signal(signal.SIGINT)
        began = time.perf_counter()
        page = process.communicate(timeout=30)[0]
        assert time.perf_counter() - began < 2
    os.close(terminal)
    assert process.returncode == 130
    assert "stopped by Ctrl-C" in page
    assert "Not judged: stopped by Ctrl-C" in page
    assert "Saved big.safetensors" in page
    assert "none of your rows), not judged" in page
    model = cr.load("big.safetensors")
    assert model.stop_reason == "interrupted"
    assert model.judgement is None
    (line,) = [line[6:] for line in page.splitlines() if line.startswith("Next: ")]
    answer = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("Judged on 4,000 rows of big.csv that it never saw\n")


def test_ctrl_c_before_training_saves_nothing_and_shows_no_traceback(folder, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.cli.train.train_on_table", interrupted)
    assert main(TRAIN) == 130
    assert capsys.readouterr().err == "\nStopped. Nothing was saved.\n"
    assert not Path("penguins.safetensors").exists()
