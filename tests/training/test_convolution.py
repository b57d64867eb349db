"""Convolutional networks end to end: fitted, saved, loaded and explained, alike on both engines."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

import chainrule as cr
from chainrule import nn
from tests.training.bits import fingerprint

X, Y = load_digits(return_X_y=True)
IMAGES = (X / 16).reshape(-1, 8, 8, 1).astype("float32")
HELD = np.arange(len(Y)) % 4 == 0
NETWORK = cr.Network(
    [
        *(nn.Conv2D(8, 3, padding="same"), nn.ReLU(), nn.MaxPool(2)),
        *(nn.Conv2D(16, 3, padding="same"), nn.BatchNorm(), nn.ReLU(), nn.MaxPool(2)),
        *(nn.Flatten(), nn.Dense(10)),
    ]
)


def fitted(engine, **settings):
    given = {"loss": "cross_entropy", "optimizer": cr.optim.Adam(4e-3), "epochs": 6} | settings
    return cr.fit(NETWORK, IMAGES[~HELD], Y[~HELD], engine=engine, **given)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_digits_are_learnt(engine, tmp_path):
    model = fitted(engine)
    found = model.predict(IMAGES[HELD])
    assert (found == Y[HELD]).mean() > 0.95
    model.save(tmp_path / "digits.safetensors")
    again = cr.load(tmp_path / "digits.safetensors")
    np.testing.assert_array_equal(again.outputs(IMAGES[HELD]), model.outputs(IMAGES[HELD]))


def test_both_engines_take_the_same_way():
    one, other = (fitted(engine, epochs=2, dtype="float64") for engine in ("numpy", "xla"))
    np.testing.assert_allclose(
        one.history["train_loss"], other.history["train_loss"], rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(one.outputs(IMAGES[:99]), other.outputs(IMAGES[:99]), atol=1e-7)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_resumed_run_has_the_bits_of_one_that_went_on(engine, tmp_path):
    path = tmp_path / "run.checkpoint"
    settings = {"checkpoint": path, "checkpoint_every": 1}
    fitted(engine, epochs=1, **settings)
    resumed = fitted(engine, epochs=2, resume=True, **settings)
    assert fingerprint(resumed) == fingerprint(fitted(engine, epochs=2))
