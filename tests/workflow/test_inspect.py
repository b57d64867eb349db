"""`cr.inspect`: layers, columns, card and judgement of a model or of its file."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ModelFileError, SettingError


@pytest.fixture(scope="module")
def model():
    return cr.train(
        "examples/data/penguins.csv",
        target="species",
        folds=0,
        baselines=False,
        engine="numpy",
        epochs=2,
    )


def test_a_model_and_its_file_are_described_alike(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    found = cr.inspect(tmp_path / "m.safetensors")
    assert found == cr.inspect(model)
    assert found.parameters == model.parameters
    assert found.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert found.judgement == model.judgement
    assert "judgement" not in found.card


def test_columns_say_which_inputs_they_become(model):
    found = cr.inspect(model)
    assert sum(column.width for column in found.columns) == model.in_shape[0]
    island, bill = found.columns[:2]
    assert (island.name, island.first, island.width) == ("island", 1, 3)
    assert (bill.name, bill.first, bill.width) == ("bill_length_mm", 4, 1)
    assert "Biscoe, Dream, Torgersen" in island.encoding


def test_a_model_of_arrays_has_no_columns():
    network = cr.Network([cr.nn.Dense(1)])
    model = cr.fit(network, np.eye(3), np.arange(3.0), loss="mse", epochs=1)
    found = cr.inspect(model)
    assert (found.columns, found.classes, found.targets) == ((), (), "numbers")


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="not a whole model file"):
        cr.inspect(tmp_path / "m.safetensors")
    with pytest.raises(SettingError, match="dict is none"):
        cr.inspect({})


def with_layers(layers, in_shape):
    """A model whose layers were made for any shape, as a file can claim them."""
    network = cr.Network([cr.nn.ReLU()])
    model = cr.fit(network, np.ones((2, 1)), np.ones((2, 1)), loss="mse", epochs=1)
    object.__setattr__(model, "network", cr.Network(layers))
    object.__setattr__(model, "params", ({},) * len(layers))
    object.__setattr__(model, "state", ({},) * len(layers))
    object.__setattr__(model, "in_shape", in_shape)
    return model


@pytest.mark.parametrize("layers", [1, 1000])
def test_a_shape_that_no_memory_holds_is_refused(layers):
    model = with_layers([cr.nn.ReLU()] * layers, (2**20, 2**20 if layers == 1 else 1))
    with pytest.raises(ModelFileError, match="too many to be counted"):
        cr.inspect(model)


def test_layers_that_cannot_be_run_are_refused():
    model = with_layers([cr.nn.Dense(2, bias=False)], (3,))
    object.__setattr__(model, "params", ({"weight": np.ones((4, 2), "float32")},))
    with pytest.raises(ModelFileError, match="one after the other: Dense"):
        cr.inspect(model)
