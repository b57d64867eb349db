"""Several targets in one model: numbers in their own units, yes/no answers with their labels."""

import json
from pathlib import Path

import numpy as np
import polars
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.errors import DataError, SettingError
from chainrule.workflow import explain_row

QUICK = {"engine": "numpy", "folds": 0, "epochs": 80, "learning_rate": 0.01}


def columns(rows=400, seed=0):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, rows))
    noise = 0.1 * random.normal(size=(4, rows))
    return {
        "a": a,
        "b": b,
        "small": 0.001 * (a - b + noise[0]),
        "large": 1e6 + 1e5 * (a + b + noise[1]),
        "flag": np.where(a + noise[2] > 0, "yes", "no"),
        "level": np.where(b + noise[3] > 0.5, 7, 3),
    }


NUMBERS, ANSWERS = ["small", "large"], ["flag", "level"]


def without(made, *names):
    return {name: values for name, values in made.items() if name not in names}


@pytest.fixture(scope="module")
def numbers():
    return cr.train(without(columns(), *ANSWERS), target=NUMBERS, **QUICK)


@pytest.fixture(scope="module")
def answers():
    return cr.train(without(columns(), *NUMBERS), target=ANSWERS, **QUICK)


def test_numbers_of_very_different_size_are_both_learnt_in_their_own_units(numbers):
    new = columns(seed=1)
    said = numbers.predict(without(new, *NUMBERS))
    for i, name in enumerate(NUMBERS):
        assert np.std(said[:, i] - new[name]) < 0.2 * np.std(new[name])
    assert numbers.judgement["metric"] == "R²"
    assert numbers.judgement["score"] > 0.95
    assert {other["role"] for other in numbers.judgement["others"]} == {
        *("trivial", "linear", "shallow", "trees")
    }


def test_answers_come_back_with_the_labels_of_their_columns(answers):
    new = columns(seed=1)
    said = cr.predict(answers, new, proba=True)
    assert list(said) == ["flag", "level", "probability_flag", "probability_level"]
    assert (said["flag"] == new["flag"]).mean() > 0.9
    assert (said["level"].astype(int) == new["level"]).mean() > 0.9
    assert ((said["probability_flag"] > 0.5) == (said["flag"] == "yes")).all()
    assert answers.judgement["score"] > 0.9
    assert answers.card["answers"]["level"].keys() == {"3", "7"}


@pytest.mark.parametrize("kind", ["numbers", "answers"])
def test_the_saved_file_predicts_the_same_bits(request, tmp_path, kind):
    model = request.getfixturevalue(kind)
    model.save(tmp_path / "m.safetensors")
    again = cr.load(tmp_path / "m.safetensors")
    new = columns(seed=1)
    assert again.encoder == model.encoder
    assert again.predict(new).tobytes() == model.predict(new).tobytes()


def test_they_are_evaluated_as_they_were_judged(numbers, answers):
    new = columns(seed=1)
    found = cr.evaluate(numbers, new)
    assert found.target == "small, large"
    said = numbers.predict(new)
    truth = np.stack([new[name] for name in NUMBERS], axis=1)
    r2 = 1 - ((said - truth) ** 2).sum(axis=0) / ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    assert found.scores["R²"].value == pytest.approx(r2.mean(), abs=1e-6)
    assert 0.85 < found.gain.low < found.gain.value <= found.gain.high <= 1
    found = cr.evaluate(answers, new)
    said = answers.predict(new)
    right = [(said[:, i] == np.asarray(new[name]).astype(str)) for i, name in enumerate(ANSWERS)]
    assert found.scores["accuracy"].value == pytest.approx(np.mean(right))
    assert found.trivial == "always the most frequent"
    assert found.verdict[1].startswith(("As its card says", "Better than its card"))


def test_an_answer_that_is_unknown_is_named_by_its_row(answers):
    new = columns(rows=5)
    new["level"] = [3, 7, 8, 3, 7]
    with pytest.raises(DataError, match="row 3: level is '8', which the model does not know"):
        cr.evaluate(answers, new)


def test_one_row_is_explained_with_all_its_targets(numbers, answers):
    page = str(explain_row(numbers, columns(), 3))
    assert "Outputs: o1 small, o2 large" in page
    assert "large: " in page
    page = str(explain_row(answers, columns(), 3))
    assert "Outputs: o1 flag, o2 level" in page
    assert "predicted with probability" in page


def test_figures_fit_several_targets(numbers, answers):
    assert cr.plot(numbers, "residuals", columns()).axes
    assert cr.plot(answers, "calibration", columns()).axes
    assert cr.plot(answers, "network").axes
    with pytest.raises(SettingError, match="--kind calibration fits it"):
        cr.plot(answers, "confusion", columns())


def test_from_the_command_line_to_the_predictions(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    polars.DataFrame(columns(rows=120)).write_csv("t.csv")
    typed = ["--folds", "3", "--epochs", "5", "--drop", "small", "--drop", "large", "--quiet"]
    assert main(["train", "t.csv", "--target", "flag", "--target", "level", *typed]) == 0
    capsys.readouterr()
    assert main(["predict", "t.safetensors", "t.csv", "--json", "--quiet"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["columns"] == ["flag", "level"]
    assert {row["flag"] for row in document["rows"]} <= {"no", "yes"}
    assert main(["evaluate", "t.safetensors", "t.csv"]) == 0
    assert main(["inspect", "t.safetensors"]) == 0
    assert "flag, level" in capsys.readouterr().out
    assert main(["train", "t.csv", "--target", "small,large", "--epochs", "2", "--force"]) == 0
    page = capsys.readouterr().out
    assert "small  target    a number: mean" in page
    assert Path("t.safetensors").exists()
