"""`cr.plot`: every kind of figure from a model, and what does not fit it refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import DataError, SettingError

PENGUINS = "examples/data/penguins.csv"


@pytest.fixture(scope="module")
def model():
    return cr.train(PENGUINS, target="species", folds=0, baselines=False, engine="numpy", epochs=20)


@pytest.fixture(scope="module")
def numbers():
    return cr.train(
        PENGUINS, target="body_mass_g", folds=0, baselines=False, engine="numpy", epochs=5
    )


def test_curves_and_network_need_no_rows(model, tmp_path):
    curves = cr.plot(model, "curves").axes[0]
    assert curves.get_lines()[0].get_ydata().tolist() == model.history["train_loss"]
    model.save(tmp_path / "m.safetensors")
    network = cr.plot(tmp_path / "m.safetensors", "network")
    words = [text.get_text() for text in network.axes[0].texts]
    assert {"island = Dream", "bill_length_mm", "Gentoo", "Dense(3)"} <= set(words)


def test_curves_of_a_model_with_two_heads_have_both(tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = cr.fit(
        cr.Network([cr.nn.Heads({"class": cr.nn.Dense(2), "box": cr.nn.Dense(2)})]),
        X, {"class": X[:, 0] > 0, "box": X[:, 1:]}, epochs=4, validation=0.2, engine="numpy",
        loss={"class": "cross_entropy", "box": "mse"}, loss_weights={"box": 2.0},
    )  # fmt: skip
    model.save(tmp_path / "m.safetensors")
    both, each = cr.plot(tmp_path / "m.safetensors", "curves").axes
    assert both.get_ylabel() == "2 · MeanSquaredError of box + CrossEntropy of class"
    lines = {line.get_label(): line.get_ydata().tolist() for line in each.get_lines()}
    assert lines["class, validation"] == model.history["validation_class_loss"]
    assert lines["box, training"] == model.history["train_box_loss"]


def test_curves_after_folds_say_why_there_is_no_validation(model):
    folded = replace(model, card=model.card | {"folds": 5})
    title = cr.plot(folded, "curves").axes[0].get_title(loc="left")
    assert title.endswith("fitted to all rows, for the median of the folds' best epochs")
    assert "\n" not in cr.plot(model, "curves").axes[0].get_title(loc="left")


def test_the_confusion_matrix_counts_the_models_own_predictions(model):
    figure = cr.plot(model, "confusion", PENGUINS)
    predicted = model.predict(PENGUINS)
    truth = np.array([line.split(",")[0] for line in Path(PENGUINS).read_text().splitlines()[1:]])
    first = figure.axes[0].texts[0].get_text()
    assert first.startswith(f"{((truth == 'Adelie') & (predicted == 'Adelie')).sum()}\n")


def test_a_figure_of_the_rows_it_was_made_from_says_so(model):
    note = "its own training rows"
    for kind in ("confusion", "calibration"):
        assert note in cr.plot(model, kind, PENGUINS).axes[0].get_title(loc="left")
    rows = Path(PENGUINS).read_text().splitlines()[:-1]
    names, *cells = (line.split(",") for line in rows)
    fewer = {name: [row[i] for row in cells] for i, name in enumerate(names)}
    assert note not in cr.plot(model, "confusion", fewer).axes[0].get_title(loc="left")


def test_two_classes_are_calibrated_and_confused_too():
    x = np.random.default_rng(0).normal(size=200)
    table = {"x": x, "y": np.where(x > 0, "up", "down")}
    made = cr.train(table, target="y", folds=0, baselines=False, epochs=5)
    assert "rows right" in cr.plot(made, "confusion", table).axes[0].get_title(loc="left")
    assert "points on average" in cr.plot(made, "calibration", table).axes[0].get_title(loc="left")
    words = [text.get_text() for text in cr.plot(made, "network").axes[0].texts]
    assert "up" in words


def test_residuals_are_of_rows_that_have_a_target(numbers):
    figure = cr.plot(numbers, "residuals", PENGUINS)
    assert len(figure.axes[0].collections[0].get_offsets()) == 342
    words = [text.get_text() for text in cr.plot(numbers, "network").axes[0].texts]
    assert "body_mass_g" in words


def test_what_does_not_fit_is_refused(model, numbers):
    for made, kind, said in (
        (model, "residuals", "--kind confusion fits"),
        (numbers, "confusion", "--kind residuals fits"),
        (numbers, "calibration", "--kind residuals fits"),
        (model, "courves", "Did you mean 'curves'"),
    ):
        with pytest.raises(SettingError, match=said):
            cr.plot(made, kind, PENGUINS)
    with pytest.raises(SettingError, match=r"chainrule plot MODEL FILE\.csv --kind confusion"):
        cr.plot(model, "confusion")
    frame = cr.predict(model, PENGUINS, id=list(model.encoder.kinds))
    del frame["species"]
    with pytest.raises(DataError, match="has no column 'species'"):
        cr.plot(model, "confusion", frame)
    with pytest.raises(DataError, match="no row with a species"):
        cr.plot(model, "confusion", {**frame, "species": [None] * 344})
    network = cr.Network([cr.nn.Dense(2)])
    arrays = cr.fit(network, np.eye(3), [0, 1, 0], loss="cross_entropy", epochs=1)
    with pytest.raises(SettingError, match="trained on arrays"):
        cr.plot(arrays, "confusion", PENGUINS)
    assert cr.plot(arrays, "network").axes


def test_a_hinge_model_has_no_probabilities_to_calibrate():
    x = np.random.default_rng(0).normal(size=100)
    table = {"x": x, "y": np.where(x > 0, "up", "down")}
    made = cr.train(table, target="y", folds=0, baselines=False, loss="hinge", epochs=2)
    cr.plot(made, "confusion", table)
    with pytest.raises(SettingError, match="no probabilities"):
        cr.plot(made, "calibration", table)
