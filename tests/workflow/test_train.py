"""`cr.train`: honest parts, the right question, predictions from raw rows, the same every time."""

import signal
from pathlib import Path

import numpy as np
import pandas
import polars
import pytest

import chainrule as cr
from chainrule.autodiff import leaves
from chainrule.errors import DataError, NonFiniteError, SettingError

PENGUINS = Path("examples/data/penguins.csv")
QUICK = {"folds": 0, "baselines": False, "engine": "numpy"}
"""One split and no rivals, where a test is about something else."""
COLUMNS = [
    *("island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"),
    *("sex", "year"),
]


@pytest.fixture(scope="module")
def model():
    return cr.train(PENGUINS, target="species", **QUICK)


def weights(model):
    return b"".join(leaf.tobytes() for leaf in leaves(model.params))


def test_penguins_are_told_apart_far_better_than_by_guessing(model):
    assert model.judgement["score"] > 0.95
    assert model.judgement["trivial"] == "always Adelie"
    assert 0.4 < model.judgement["trivial_score"] < 0.5
    assert sum(model.card["split"].values()) == 344


def test_raw_rows_of_every_form_are_predicted(model):
    frame = polars.read_csv(PENGUINS, null_values="NA")
    from_file = model.predict(PENGUINS)
    assert (from_file == frame["species"].to_numpy()).mean() > 0.95
    assert (from_file == model.predict(str(PENGUINS))).all()
    assert (from_file == model.predict(frame)).all()
    assert (from_file == model.predict(frame.select(COLUMNS[::-1]))).all()
    columns = {name: frame[name].to_list() for name in COLUMNS}
    assert (from_file == model.predict(columns)).all()
    assert model.predict_proba(PENGUINS).shape == (344, 3)


def test_raw_rows_that_do_not_fit_are_named(model, tmp_path):
    frame = polars.read_csv(PENGUINS)
    with pytest.raises(DataError, match="'island', 'sex'"):
        model.predict(frame.drop("sex", "island"))
    text = PENGUINS.read_text().replace("39.5", "wide", 1)
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(DataError, match=r"new\.csv, line 3, column 'bill_length_mm': 'wide'"):
        model.predict(tmp_path / "new.csv")


def test_rows_without_the_names_of_their_columns_are_refused_with_the_cure(model):
    frame = pandas.read_csv(PENGUINS)
    for rows in (frame.iloc[0], frame.head(2).to_dict("records"), frame.head(2).to_numpy()):
        with pytest.raises(
            DataError, match=r"trained on one. Give a DataFrame .of one row df.iloc"
        ):
            model.predict(rows)
    assert len(model.predict(frame.iloc[[0]])) == 1
    assert len(model.predict(np.zeros((2, model.in_shape[0])))) == 2


def test_a_saved_model_predicts_raw_rows_bit_for_bit(model, tmp_path):
    model.save(tmp_path / "penguins.safetensors")
    again = cr.load(tmp_path / "penguins.safetensors")
    assert again.predict_proba(PENGUINS).tobytes() == model.predict_proba(PENGUINS).tobytes()
    assert again.judgement == model.judgement
    assert again.card == model.card


def test_the_file_holds_no_path_and_none_of_the_rows(model, tmp_path):
    model.save(tmp_path / "penguins.safetensors")
    content = (tmp_path / "penguins.safetensors").read_bytes()
    assert b"examples" not in content
    assert str(Path.home()).encode() not in content
    assert b"39.1" not in content


def test_the_same_seed_gives_the_same_bits_and_another_one_others(model):
    again = cr.train(PENGUINS, target="species", **QUICK)
    assert weights(again) == weights(model)
    frame = polars.read_csv(PENGUINS, null_values="NA")
    assert weights(cr.train(frame, target="species", **QUICK)) == weights(model)
    other = cr.train(PENGUINS, target="species", seed=1, epochs=1, **QUICK)
    assert weights(other) != weights(model)


def rows_with(seed=0, rows=200):
    generator = np.random.default_rng(seed)
    columns = {
        "a": generator.normal(size=rows),
        "c": generator.choice(["x", "y", "z"], rows),
        "y": generator.integers(0, 2, rows),
    }
    return {name: values.tolist() for name, values in columns.items()}


def test_poisoned_test_and_validation_rows_change_nothing_that_is_learnt_from_them():
    columns = rows_with()
    clean = cr.train(columns, target="y", epochs=1, **QUICK)
    training = training_rows(clean, columns)
    poisoned = {name: list(values) for name, values in columns.items()}
    for row in set(range(200)) - training:
        poisoned["a"][row] = 1e9 + row if row % 2 else None
        poisoned["c"][row] = f"never seen {row}"
    assert cr.train(poisoned, target="y", epochs=1, **QUICK).encoder == clean.encoder
    changed = {name: list(values) for name, values in columns.items()}
    changed["a"][min(training)] = 1e9
    assert cr.train(changed, target="y", epochs=1, **QUICK).encoder != clean.encoder


def training_rows(model, columns):
    """The rows that the encoder was learnt from, found by changing one after the other."""
    found = set()
    for row in range(len(columns["a"])):
        a = list(columns["a"])
        a[row] += 100.0
        if cr.train({**columns, "a": a}, target="y", epochs=1, **QUICK).encoder != (model.encoder):
            found.add(row)
    assert len(found) == model.card["split"]["training"]
    return found


def test_classes_keep_their_shares_in_every_part():
    columns = {"a": list(np.arange(100.0)), "y": ["rare"] * 10 + ["often"] * 90}
    model = cr.train(columns, target="y", epochs=1, **QUICK)
    assert model.judgement["rows"] == 20
    assert model.judgement["trivial_score"] == 0.9


def test_numbers_are_predicted_in_their_units():
    generator = np.random.default_rng(0)
    a = generator.normal(size=400)
    columns = {"a": a, "y": 1e6 + 1e5 * a}
    model = cr.train(columns, target="y", epochs=100, learning_rate=0.01, **QUICK)
    assert model.judgement["metric"] == "RMSE"
    assert model.judgement["score"] < 0.1 * model.judgement["trivial_score"]
    np.testing.assert_allclose(model.predict({"a": [0.0, 1.0]}), [1e6, 1.1e6], atol=2e4)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 1], {0, 1}),
        ([3.0, 7.0], {3, 7}),
        ([-1, 1], {-1, 1}),
        (["no", "yes"], {"no", "yes"}),
        ([True, False], {"True", "False"}),
        ([2, 10, 9], {2, 9, 10}),
    ],
)
def test_labels_come_back_as_they_were(labels, expected):
    generator = np.random.default_rng(0)
    y = [labels[i % len(labels)] for i in range(120)]
    columns = {"a": (np.arange(120) % len(labels) * 5 + generator.normal(size=120)), "y": y}
    model = cr.train(columns, target="y", epochs=60, learning_rate=0.05, **QUICK)
    predicted = model.predict(columns)
    assert set(predicted.tolist()) == expected
    assert model.judgement["score"] > 0.9


@pytest.mark.parametrize("loss", ["hinge", "perceptron", "binary_cross_entropy", "cross_entropy"])
def test_every_loss_of_classes_can_be_asked_for(loss):
    columns = {"a": np.arange(100.0), "y": ["low"] * 50 + ["high"] * 50}
    settings = {"loss": loss, "epochs": 50, "learning_rate": 0.05, "hidden": ()}
    model = cr.train(columns, target="y", **QUICK, **settings)
    assert model.judgement["score"] > 0.8
    assert set(model.predict(columns).tolist()) == {"low", "high"}


def test_rows_without_a_target_are_left_out_and_counted():
    columns = rows_with()
    columns["y"][3] = columns["y"][7] = None
    model = cr.train(columns, target="y", epochs=1, **QUICK)
    assert model.card["rows_without_target"] == 2
    assert sum(model.card["split"].values()) == 198


def test_a_class_with_one_row_does_not_stop_the_others():
    columns = rows_with()
    columns["y"] = ["alone"] + ["a", "b"] * 99 + ["a"]
    assert cr.train(columns, target="y", epochs=1, **QUICK).judgement["rows"] == 40


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        ({"target": "z"}, DataError, "no column 'z'"),
        ({"target": None}, DataError, "Which column is to be predicted"),
        ({"source": {"a": [1.0] * 20, "y": [0, 1] * 10}}, DataError, "no column to learn 'y' from"),
        ({"source": {"a": range(20), "y": ["x"] * 20}}, DataError, "one value only"),
        ({"source": {"a": range(20), "y": [None] * 20}}, DataError, "no values"),
        ({"source": {"a": range(9), "y": range(9)}}, DataError, "at least 10"),
        ({"source": {"a": range(20), "y": list("abcdefghijklmnopqrst")}}, DataError, "20 classes"),
        ({"source": [[1, 2]]}, DataError, "list is none"),
        ({"epochs": 0}, SettingError, "epochs"),
        ({"engine": "gpu"}, SettingError, "engine"),
        ({"seed": -1}, SettingError, "seed"),
        ({"hidden": 64}, SettingError, r"hidden is 64; .* hidden=\(64,\)"),
        ({"hidden": "64,32"}, SettingError, r"hidden is '64,32'; .* hidden=\(64, 32\)"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(change, error, reason):
    arguments = {"source": rows_with(), "target": "y", "epochs": 1, **QUICK} | change
    with pytest.raises(error, match=reason):
        cr.train(**arguments)


def test_a_batch_larger_than_the_rows_takes_them_all():
    model = cr.train(rows_with(), target="y", epochs=1, batch_size=10**6, **QUICK)
    assert model.card["batch_size"] == model.card["split"]["training"]


def test_numbers_that_explode_are_said_at_once():
    with pytest.raises(NonFiniteError, match="learning rate"):
        cr.train(rows_with(), target="y", learning_rate=1e30, optimizer="sgd", loss="mse", **QUICK)


def test_a_run_that_ctrl_c_stopped_is_not_judged():
    def stop(progress):
        signal.raise_signal(signal.SIGINT)

    model = cr.train(
        rows_with(rows=2000), target="y", epochs=10**6, batch_size=1, progress=stop, **QUICK
    )
    assert model.stop_reason == "interrupted"
    assert model.judgement is None
    assert len(model.predict(rows_with())) == 200
