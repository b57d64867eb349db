"""`explain_row`: a row of a table in numbers, as the model sees it when it predicts."""

from dataclasses import replace

import numpy as np
import polars
import pytest

import chainrule as cr
from chainrule.data import chunks
from chainrule.errors import DataError, SettingError
from chainrule.workflow import explain_row

PENGUINS = "examples/data/penguins.csv"


@pytest.fixture(scope="module")
def model():
    made = cr.train(PENGUINS, target="species", folds=0, baselines=False, engine="numpy", epochs=5)
    return replace(made, temperature=1.0)  # the loss is that of training


@pytest.fixture(scope="module")
def numbers():
    return cr.train(
        PENGUINS, target="body_mass_g", folds=0, baselines=False, engine="numpy", epochs=5
    )


def test_the_outputs_are_those_of_the_model_and_the_loss_is_that_of_the_row(model):
    page = explain_row(model, PENGUINS, 17)
    outputs = [page.values[f"net_o{i}"] for i in (1, 2, 3)]
    assert outputs == pytest.approx(model.outputs(PENGUINS)[16], rel=1e-5)
    assert page.loss == pytest.approx(-np.log(model.predict_proba(PENGUINS)[16, 0]), rel=1e-4)
    assert page.updates == ()
    assert "Adelie in the table, Adelie predicted" in str(page)
    assert "INPUTS: row 17 of penguins.csv" in str(page)


def test_inputs_have_their_columns_cells_and_slopes(model):
    page = explain_row(model, PENGUINS, 4)
    inputs = {row.meaning: row for row in page.inputs}
    assert len(page.inputs) == model.in_shape[0]
    assert (inputs["island = Torgersen"].cell, inputs["island = Torgersen"].value) == (
        "Torgersen",
        1,
    )
    assert inputs["bill_length_mm"].cell == "NA"
    assert inputs["sex is missing or new"].value == 1
    x = model.encoded(PENGUINS)[3].astype("float64")
    for i, row in enumerate(page.inputs):
        assert row.value == pytest.approx(x[i], rel=1e-6)
        moved = [x + 1e-3 * step * np.eye(len(x))[i] for step in (1, -1)]
        high, low = -np.log(model.predict_proba(np.array(moved))[:, 0].astype("float64"))
        assert row.slope == pytest.approx((high - low) / 2e-3, rel=0.02, abs=2e-4)


def test_numbers_are_explained_in_the_units_of_the_table(numbers):
    page = explain_row(numbers, PENGUINS, 1)
    predicted = numbers.predict(PENGUINS)[0]
    assert f"body_mass_g: 3750.0 in the table, {predicted:.6g} predicted" in str(page)
    code = numbers.encoder.target
    error = (predicted - 3750) / code.scale
    assert page.loss == pytest.approx(error**2, rel=1e-4)


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "hinge"])
def test_two_classes_have_one_output_and_it_is_said_what_it_means(loss):
    x = np.random.default_rng(0).normal(size=100)
    table = {"x": x, "y": np.where(x > 0, "up", "down")}
    made = cr.train(
        table,
        target="y",
        folds=0,
        baselines=False,
        loss=loss,
        hidden=(2,),
        epochs=30,
        learning_rate=0.1,
    )
    page = explain_row(made, table, 1)
    assert "Output: above 0 for up, below 0 for down" in str(page)
    assert f"y: {table['y'][0]} in the table, {made.predict(table)[0]} predicted" in str(page)
    assert ("with probability" in str(page)) == (loss != "hinge")
    assert page.values["net_o1"] == pytest.approx(made.outputs(table)[0, 0], rel=1e-4)
    del table["y"]
    assert explain_row(made, table, 1).loss is None


def test_a_row_without_a_target_shows_the_way_to_the_output(model, numbers):
    frame = cr.predict(model, PENGUINS, id=list(model.encoder.kinds))
    del frame["species"]
    page = explain_row(model, frame, 1)
    assert (page.loss, page.backward, page.derivatives) == (None, (), {})
    assert "FORWARD: from the inputs to the outputs" in str(page)
    assert "BACKWARD" not in str(page)
    assert "softmax_o1" in str(page)
    assert "not in the table" in str(page)
    unknown = explain_row(numbers, PENGUINS, 4)  # its mass is missing
    assert unknown.loss is None
    assert str(unknown).count("net_h") >= 3


def test_with_an_optimizer_the_step_from_the_row_is_shown(model):
    page = explain_row(model, PENGUINS, 17, optimizer=cr.optim.GradientDescent(0.5))
    assert page.new_loss < page.loss
    for name in page.weights:
        step = page.values[name] - 0.5 * page.derivatives[name].value
        assert page.updated[name] == pytest.approx(step, abs=1e-15)


def test_rows_far_down_a_long_table_are_found(model, monkeypatch):
    whole = str(explain_row(model, PENGUINS, 300))
    monkeypatch.setattr(chunks, "BLOCK", 1000)
    assert str(explain_row(model, PENGUINS, 300)) == whole


def test_dropout_and_batch_norm_are_as_in_prediction():
    layers = [cr.nn.Dense(4), cr.nn.BatchNorm(), cr.nn.Dropout(0.5), cr.nn.ReLU(), cr.nn.Dense(1)]
    x = np.random.default_rng(0).normal(size=(50, 2))
    made = cr.train({"a": x[:, 0], "b": x[:, 1], "y": x.sum(axis=1)}, target="y", epochs=3)
    y = made.encoder.encode_target(x.sum(axis=1))
    model = cr.fit(cr.Network(layers), made.encoded({"a": x[:, 0], "b": x[:, 1]}), y, loss="mse")
    object.__setattr__(model, "encoder", made.encoder)
    page = explain_row(model, {"a": x[:, 0], "b": x[:, 1], "y": x.sum(axis=1)}, 3)
    outputs = model.outputs(made.encoded({"a": x[:, 0], "b": x[:, 1]}))
    assert page.values["net_o1"] == pytest.approx(outputs[2, 0], rel=1e-4)


@pytest.mark.filterwarnings("ignore:.*are guesses")
def test_what_cannot_be_explained_is_refused(model):
    with pytest.raises(DataError, match=r"penguins\.csv has 344 rows; there is no row 345"):
        explain_row(model, PENGUINS, 345)
    with pytest.raises(SettingError, match="counted from 1"):
        explain_row(model, PENGUINS, 0)
    table = {name: [value] for name, value in zip(model.encoder.kinds, "a1234b5", strict=True)}
    with pytest.raises(DataError, match="'Macaroni', which the model does not know"):
        explain_row(model, {**table, "species": ["Macaroni"]}, 1)
    both = {name: cells * 2 for name, cells in table.items()} | {"species": ["Gentoo", "Macaroni"]}
    assert explain_row(model, both, 1).loss is not None
    network = cr.Network([cr.nn.Dense(1)])
    arrays = cr.fit(network, np.eye(3), np.arange(3.0), loss="mse", epochs=1)
    with pytest.raises(SettingError, match="trained on arrays"):
        explain_row(arrays, PENGUINS, 1)


def test_a_temperature_between_two_probabilities_is_named(model):
    said = " ".join(explain_row(replace(model, temperature=2.0), PENGUINS, 1).notes)
    assert "divided by the temperature 2, found on rows that it was not fitted to" in said
    assert "temperature" not in " ".join(
        explain_row(replace(model, temperature=1.0), PENGUINS, 1).notes
    )


def test_a_number_is_led_back_to_the_units_of_the_table():
    table = {"x": [0.0, 1.0] * 20, "y": [100.0, 300.0] * 20}
    settings = {"hidden": (2,), "folds": 0, "baselines": False, "epochs": 3, "task": "numbers"}
    model = cr.train(table, target="y", **settings)
    code, page = model.encoder.target, explain_row(model, table, 2)
    (said,) = [note for note in page.notes if note.startswith("The network sees y")]
    assert f"less its mean {code.center:.6g}, divided by its standard deviation" in said
    assert f"t1 = (300 - {code.center:.6g}) / {code.scale:.6g} = " in said
    assert f"+ {code.center:.6g} = {model.predict({'x': [1.0]})[0]:.6g}" in said
    assert f"o1 = {page.values['net_o1']:.4f}"[:9] in said


def test_without_a_target_nothing_is_said_of_a_loss(model):
    frame = polars.read_csv(PENGUINS, null_values="NA").drop("species")
    page = str(explain_row(model, frame, 1))
    assert "loss" not in page.replace("no loss", "")
    assert "∂E" not in page
    assert "∂prediction/∂value" in page


def test_a_row_can_be_explained_from_python(model):
    assert str(cr.explain_row(model, PENGUINS, 3)) == str(explain_row(model, PENGUINS, 3))
