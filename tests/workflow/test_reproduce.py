"""Training again from a card: the same bits, or what differs and why."""

from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ModelFileError, SettingError
from chainrule.workflow import is_finished, reproduce

RANDOM = np.random.default_rng(1)
A, B = RANDOM.normal(size=(2, 80))
TABLE = {"a": A, "b": B, "kind": ["x", "y", "x", "z"] * 20, "y": np.where(A + B > 0, "yes", "no")}
QUICK = {"target": "y", "epochs": 3, "folds": 2, "baselines": False}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    cr.train(TABLE, **QUICK).save(path)
    return path


def test_a_saved_model_is_reproduced(file):
    found = reproduce(file, TABLE)
    assert found.same
    assert found.largest == 0
    assert found.compared == dict.fromkeys(found.compared, "")
    assert list(found.compared) == ["data", "encoder", "history", "weights", "scores"]


SETTINGS = {
    "objects": {
        "optimizer": cr.optim.Adam(cr.optim.Cosine(0.02)),
        "loss": cr.losses.CrossEntropy(),
    },
    "a network": {"network": cr.Network([cr.nn.Dense(3), cr.nn.Tanh(), cr.nn.Dense(1)])},
    "weights of classes": {"class_weight": {"yes": 2.0, "no": 1.0}, "drop": ["b"]},
    "kinds": {"types": {"a": "category"}, "missing": ["", "x"], "metric": "f1"},
    "a share": {"folds": 0, "validation": 0.3, "seed": 9, "dropout": 0.2, "batch_norm": True},
    "xla": {"engine": "xla", "folds": 0},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_whatever_the_settings(tmp_path, name):
    model = cr.train(TABLE, **{**QUICK, **SETTINGS[name]})
    model.save(tmp_path / "model")
    assert reproduce(tmp_path / "model", TABLE).same


def test_steps_are_done_again_and_not_seconds():
    model = cr.train(TABLE, **{**QUICK, "epochs": 1000, "max_time": 0.2, "patience": 900})
    assert len(model.card["steps_of_networks"]) == 5
    assert reproduce(model, TABLE).same


def test_tables_of_its_own_are_asked_for():
    half = {name: values[40:] for name, values in TABLE.items()}
    model = cr.train(TABLE, **QUICK | {"folds": None}, test=half)
    with pytest.raises(ModelFileError, match=r"test=in memory.*--test FILE"):
        reproduce(model, TABLE)
    assert reproduce(model, TABLE, test=half).same


def test_other_data_is_said_before_anything_is_trained(file):
    found = reproduce(file, {**TABLE, "a": A + 1})
    assert not found.same
    assert "not the one that it was trained on" in found.compared["data"]
    found = reproduce(file, {name: values[:70] for name, values in TABLE.items()})
    assert "80 rows before, 70 now" in found.compared["data"]


def test_what_differs_is_named_with_what_may_be_why(file):
    model = cr.load(file)
    params = ({**model.params[0], "bias": model.params[0]["bias"] + np.float32(0.5)},)
    made = model.card["made_with"] | {"NumPy": "1.0", "processor": "another"}
    card = model.card | {"made_with": made, "judgement": model.judgement | {"score": 0.1}}
    found = reproduce(replace(model, params=params + model.params[1:], card=card), TABLE)
    assert not found.same
    assert found.compared["weights"] == "weights differ by up to 0.5"
    assert "was 0.1 and is" in found.compared["scores"]
    assert found.compared["encoder"] == ""
    assert found.causes[0].startswith("NumPy was 1.0 and is ")
    assert found.causes[1].startswith("processor was another and is ")


def test_what_cannot_be_reproduced_is_said(file):
    X = np.ones((9, 2))
    fitted = cr.fit(cr.Network([cr.nn.Dense(1)]), X, X[:, 0], loss="mse", epochs=1)
    with pytest.raises(SettingError, match="no settings"):
        reproduce(fitted, TABLE)
    model = cr.load(file)
    stopped = replace(model, card=model.card | {"not_judged": "stopped by Ctrl-C"})
    with pytest.raises(SettingError, match="stopped by Ctrl-C"):
        reproduce(stopped, TABLE)
    loss = cr.train({"a": A, "y": B}, target="y", loss=lambda y, out: (y - out)[:, 0] ** 2,
                    folds=0, epochs=1, baselines=False)  # fmt: skip
    with pytest.raises(ModelFileError, match="a loss that no file can keep"):
        reproduce(loss, {"a": A, "y": B})


def test_whether_a_run_is_finished(file, tmp_path):
    assert is_finished(file, TABLE, QUICK)
    assert not is_finished(tmp_path / "nothing", TABLE, QUICK)
    assert not is_finished(file, TABLE, QUICK | {"epochs": 9})
    assert is_finished(file, TABLE, QUICK | {"epochs": 2})
    with pytest.raises(SettingError, match="hidden, seed changed since"):
        is_finished(file, TABLE, QUICK | {"seed": 3, "hidden": (2,)})
    with pytest.raises(SettingError, match="not the one that it was trained on"):
        is_finished(file, {**TABLE, "a": A + 1}, QUICK)
