"""`cr.evaluate`: scores of new rows beside the simplest guess, and beside the model's card."""

from pathlib import Path

import numpy as np
import polars
import pytest

import chainrule as cr
from chainrule.data import chunks
from chainrule.errors import DataError, SettingError

PENGUINS = "examples/data/penguins.csv"


@pytest.fixture(scope="module")
def model():
    return cr.train(PENGUINS, target="species", folds=0, baselines=False, engine="numpy", epochs=40)


@pytest.fixture(scope="module")
def numbers():
    return cr.train(
        PENGUINS, target="body_mass_g", folds=0, baselines=False, engine="numpy", epochs=40
    )


@pytest.fixture(scope="module")
def frame():
    return polars.read_csv(PENGUINS, null_values="NA")


def test_classes_are_scored_beside_the_most_frequent_one(model):
    found = cr.evaluate(model, PENGUINS)
    truth = polars.read_csv(PENGUINS)["species"].to_numpy()
    right = model.predict(PENGUINS) == truth
    assert found.scores["accuracy"].value == right.mean()
    assert found.trivial == "always Adelie"
    assert found.trivial_scores["accuracy"] == pytest.approx(152 / 344)
    assert found.gain.value == pytest.approx(right.mean() - 152 / 344)
    assert found.verdict[0].startswith("Better than always Adelie")
    assert set(found.scores) == set(found.trivial_scores)
    assert found.card == model.judgement


def test_numbers_are_scored_beside_the_mean_in_the_units_of_the_table(numbers, frame):
    found = cr.evaluate(numbers, PENGUINS)
    mass = frame["body_mass_g"].to_numpy()
    there = ~np.isnan(mass)
    error = (numbers.predict(PENGUINS) - mass)[there]
    assert found.scores["RMSE"].value == pytest.approx(np.sqrt((error**2).mean()))
    assert (found.rows, found.left_out) == (342, 2)
    guess = mass[there] - numbers.encoder.target.center
    assert found.trivial_scores["RMSE"] == pytest.approx(np.sqrt((guess**2).mean()))
    assert found.gain.value == pytest.approx(1 - (error**2).mean() / (guess**2).mean(), rel=1e-5)


def test_what_is_saved_has_the_interval_of_the_paired_bootstrap(numbers, frame):
    found = cr.evaluate(numbers, PENGUINS)
    mass = frame["body_mass_g"].to_numpy()
    there = ~np.isnan(mass)
    error = ((numbers.predict(PENGUINS) - mass)[there]) ** 2
    guess = (mass[there] - numbers.encoder.target.center) ** 2
    rows = np.random.default_rng(0).integers(len(error), size=(4_000, len(error)))
    low, high = np.quantile(1 - error[rows].mean(axis=1) / guess[rows].mean(axis=1), [0.025, 0.975])
    assert found.gain.low == pytest.approx(low, abs=0.004)
    assert found.gain.high == pytest.approx(high, abs=0.004)


def test_the_rows_it_was_made_from_are_recognized(model, numbers, frame):
    assert cr.evaluate(model, PENGUINS).seen
    assert cr.evaluate(numbers, PENGUINS).seen
    assert "says nothing about new ones" in cr.evaluate(model, PENGUINS).verdict[1]
    other = cr.evaluate(model, frame.head(300))
    assert not other.seen
    turned = frame.with_columns(species=frame["species"].reverse())
    assert not cr.evaluate(model, turned).seen


def test_the_verdict_says_whether_the_card_was_right(model, numbers, frame):
    assert any("As its card says" in said for said in cr.evaluate(model, frame.tail(200)).verdict)
    drifted = frame.with_columns(species=frame["species"].sample(fraction=1, shuffle=True, seed=0))
    found = cr.evaluate(model, drifted)
    assert found.verdict[1].startswith("Worse than its card says: accuracy")
    heavier = frame.with_columns(body_mass_g=frame["body_mass_g"] + 3000)
    found = cr.evaluate(numbers, heavier)
    assert found.verdict[1].startswith("Worse than its card says: RMSE")


def test_no_better_and_worse_than_guessing_are_said(model, numbers, frame):
    adelie = frame.filter(polars.col("species") == "Adelie")
    assert cr.evaluate(model, adelie).verdict[0].startswith("No better than always Adelie")
    swapped = frame.with_columns(
        species=polars.when(frame["species"] == "Adelie")
        .then(polars.lit("Gentoo"))
        .otherwise(polars.lit("Adelie"))
    )
    assert cr.evaluate(model, swapped).verdict[0] == "Worse than always Adelie."


def test_one_row_is_enough_to_be_judged(model, numbers, frame):
    assert cr.evaluate(model, frame.head(1)).rows == 1
    found = cr.evaluate(numbers, frame.head(1))
    assert np.isfinite([measure.value for measure in found.scores.values()]).all()


def test_what_cannot_be_judged_is_refused(model, frame):
    with pytest.raises(DataError, match="has no column 'species'"):
        cr.evaluate(model, frame.drop("species"))
    odd = frame.head(3).with_columns(species=polars.Series(["Adelie", "Macaroni", "Gentoo"]))
    with pytest.raises(DataError, match="row 2: species is 'Macaroni'"):
        cr.evaluate(model, odd)
    with pytest.raises(DataError, match="no row with a species"):
        cr.evaluate(model, frame.with_columns(species=polars.lit(None, polars.String)))
    network = cr.Network([cr.nn.Dense(1)])
    arrays = cr.fit(network, np.eye(3), np.arange(3.0), loss="mse", epochs=1)
    with pytest.raises(SettingError, match="trained on arrays"):
        cr.evaluate(arrays, PENGUINS)


def test_an_unknown_label_far_down_a_long_table_is_named_by_its_row(model, tmp_path, monkeypatch):
    lines = Path(PENGUINS).read_text().splitlines()
    lines[300] = lines[300].replace("Chinstrap", "Macaroni")
    (tmp_path / "new.csv").write_text("\n".join(lines))
    monkeypatch.setattr(chunks, "BLOCK", 1000)
    with pytest.raises(DataError, match=r"new\.csv, row 300: species is 'Macaroni'"):
        cr.evaluate(model, tmp_path / "new.csv")


def test_text_where_numbers_are_predicted_is_refused(numbers, frame):
    with pytest.raises(DataError, match="holds text such as 'heavy'"):
        cr.evaluate(numbers, frame.with_columns(body_mass_g=polars.lit("heavy")))


def test_whole_numbers_as_classes_are_judged():
    x = np.random.default_rng(0).normal(size=200)
    table = {"x": x, "y": (x > 0).astype(int)}
    made = cr.train(table, target="y", folds=0, baselines=False, epochs=30, learning_rate=0.05)
    assert cr.evaluate(made, table).scores["accuracy"].value > 0.9
    text = {"x": x, "y": [str(int(v > 0)) for v in x]}
    assert cr.evaluate(made, text).scores == cr.evaluate(made, table).scores
