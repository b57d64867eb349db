"""A number that is not finite ends training with the last good weights, the place and a cure."""

from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops, optim
from chainrule.autodiff import leaves
from chainrule.errors import NonFiniteError
from chainrule.training import loop
from tests.training.problems import BreaksAt

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(40, 3))
Y = RANDOM.normal(size=40)
ENGINES = pytest.mark.parametrize("engine", ["numpy", "xla"])


def fails(layers, X=X, y=Y, **settings):
    settings = {"loss": "mse", "epochs": 50, "batch_size": 10, "optimizer": "sgd", **settings}
    with pytest.raises(NonFiniteError) as caught:
        cr.fit(cr.Network(layers), X, y, **settings)
    return caught.value


def is_finite(model):
    return all(np.isfinite(x).all() for x in leaves((model.params, model.state)))


@ENGINES
def test_a_rate_that_is_too_high(engine):
    layers = [nn.Dense(8), nn.ReLU(), nn.Dense(1)]
    error = fails(layers, loss="mae", optimizer=optim.GradientDescent(1e12), engine=engine)
    assert is_finite(error.model)
    assert error.step == error.model.card["steps"] + 1
    assert error.layer.startswith("layer ")
    assert all(
        word in str(error)
        for word in (f"step {error.step}", "layer", "learning rate (1e+12)", "clip_norm", ".model")
    )


@ENGINES
def test_inputs_that_are_too_large_are_named_as_the_cause(engine):
    big = X.copy()
    big[7, 1] = 3e38
    error = fails([nn.Dense(4), nn.ReLU(), nn.Dense(1)], big, engine=engine)
    assert "inputs reach 3e+38" in str(error)
    assert "scale them" in str(error)
    assert is_finite(error.model)


@ENGINES
def test_targets_that_are_too_large_are_named_as_the_cause(engine):
    error = fails([nn.Dense(1)], y=Y * 1e30, engine=engine)
    assert "targets reach" in str(error)
    assert is_finite(error.model)


@dataclass(frozen=True)
class Root:
    """x^½ by its logarithm: the value at 0 is 0, its derivative there is no number."""

    init = nn.no_parameters

    def apply(self, params, state, x, context):
        return ops.exp(0.5 * ops.log(x)), state


@ENGINES
def test_a_gradient_that_is_not_finite_behind_a_loss_that_is(engine):
    layers = [nn.Dense(2), nn.Tanh(), nn.Dense(3, weight_init=nn.Zeros()), Root(), nn.Dense(1)]
    error = fails(layers, engine=engine)
    assert error.step == 1
    assert error.model.card["steps"] == 0
    assert error.layer == "layer 2, Dense"  # where it began on the way back; layer 0 has it too
    assert "gradient" in str(error)
    assert not any(x.any() for x in leaves(error.model.params[2]))


@dataclass(frozen=True)
class Explodes:
    """A layer whose output stops being finite when its input has grown."""

    init = nn.no_parameters

    def apply(self, params, state, x, context):
        return x + 0.0 * ops.log(1.05 - x), state


def test_the_layer_that_did_it_is_named():
    layers = [nn.Dense(4), nn.Sigmoid(), nn.Dense(4), nn.Sigmoid(), Explodes(), nn.Dense(1)]
    fits = cr.fit(cr.Network(layers), X, Y, loss="mse", epochs=2, engine="numpy")
    assert is_finite(fits)
    layers[1], layers[3] = nn.Linear(), nn.Linear()
    error = fails(layers, y=Y + 5, optimizer=optim.GradientDescent(0.1), engine="numpy")
    assert error.layer == "layer 4, Explodes"
    assert "its output" in str(error)


@ENGINES
def test_with_validation_the_error_still_carries_finite_weights_and_names_the_layer(engine):
    layers = [nn.Dense(4), nn.Linear(), nn.Dense(4), nn.Linear(), Explodes(), nn.Dense(1)]
    error = fails(
        layers, y=Y + 5, optimizer=optim.GradientDescent(0.01), validation=0.25, epochs=500,
        engine=engine,
    )  # fmt: skip
    assert is_finite(error.model)
    assert error.layer == "layer 4, Explodes"
    assert error.model.card["stop_reason"] == "not finite"


@ENGINES
def test_a_loss_of_ones_own_that_is_not_finite(engine):
    def loss(targets, outputs):
        return ops.log(outputs[:, 0] - targets[:, 0] + 0.5)

    error = fails([nn.Dense(1)], loss=loss, engine=engine)
    assert error.layer is None
    assert "the outputs are finite, their loss is not" in str(error)


@ENGINES
def test_training_goes_on_from_the_model_of_the_error(engine):
    layers = [nn.Dense(8), nn.ReLU(), nn.Dense(1)]
    rate = BreaksAt(3, float("inf"))
    error = fails(layers, optimizer=optim.GradientDescent(rate), engine=engine)
    again = cr.fit(error.model, X, Y, optimizer=optim.Adam(1e-3), epochs=3, engine=engine)
    assert is_finite(again)
    assert again.history["train_loss"][0] < error.model.history["train_loss"][0]


@ENGINES
@pytest.mark.parametrize("steps_a_call", [1, 1000])
def test_an_update_that_is_not_finite_is_found_in_the_very_last_step(
    monkeypatch, engine, steps_a_call
):
    monkeypatch.setattr(loop.Pace, "limit", lambda *_: steps_a_call)
    rate = BreaksAt(2, float("inf"))
    error = fails(
        [nn.Dense(1)], optimizer=optim.GradientDescent(rate), epochs=3, batch_size=None,
        engine=engine,
    )  # fmt: skip
    assert error.step == 3
    assert is_finite(error.model)
    assert len(error.model.history["train_loss"]) == 2


@ENGINES
def test_the_history_ends_with_the_last_whole_epoch(engine):
    layers = [nn.Dense(8), nn.ReLU(), nn.Dense(1)]
    error = fails(layers, optimizer=optim.GradientDescent(4.0), engine=engine)
    history = error.model.history["train_loss"]
    assert len(history) == error.model.card["epochs"] == (error.step - 1) // 4
    assert np.isfinite(history).all()
