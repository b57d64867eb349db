"""Pictures in uint8: kept as they are, divided by 255 on their way in, everywhere alike."""

import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.errors import DataError, ShapeError
from chainrule.training.loop import run
from tests.training.bits import fingerprint

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (60, 6, 6, 1)).astype("uint8")
FLOATS = (PICTURES / np.float32(255)).astype("float32")
Y = (PICTURES.mean((1, 2, 3)) > 127).astype(int)
NETWORK = cr.Network([nn.Conv2D(3, 3), nn.ReLU(), nn.MaxPool(2), nn.Flatten(), nn.Dense(2)])


def fitted(X, engine="numpy", **settings):
    given = {"loss": "cross_entropy", "epochs": 3, "validation": 0.2} | settings
    return cr.fit(NETWORK, X, Y, engine=engine, **given)


def fitted_pictures(**settings):
    with pytest.warns(UserWarning, match="divided by 255"):
        return fitted(PICTURES, **settings)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_they_train_and_predict_as_floats_from_0_to_1_do(engine):
    model, other = fitted_pictures(engine=engine), fitted(FLOATS, engine)
    for one, two in zip(model.params, other.params, strict=True):
        for name in one:
            np.testing.assert_allclose(one[name], two[name], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.outputs(PICTURES), other.outputs(FLOATS), atol=1e-5)
    np.testing.assert_allclose(model.outputs(PICTURES), model.outputs(FLOATS), atol=1e-6)


def test_they_stay_uint8_in_memory(monkeypatch):
    seen = []
    monkeypatch.setattr(
        sys.modules["chainrule.training.fit"],
        "run",
        lambda *a: seen.extend((a[3], a[5])) or run(*a),
    )
    fitted_pictures()
    assert [part["x"].dtype for part in seen] == ["uint8", "uint8"]


def test_it_is_said_once_and_kept_with_the_model(tmp_path):
    model = fitted_pictures()
    model.save(tmp_path / "pictures.safetensors")
    again = cr.load(tmp_path / "pictures.safetensors")
    cr.fit(again, PICTURES, Y, epochs=1)
    np.testing.assert_array_equal(again.outputs(PICTURES), model.outputs(PICTURES))


def test_another_scale_than_in_training_is_refused():
    model = fitted_pictures()
    with pytest.raises(DataError, match=r"divided by 255, and X holds float32 up to 255"):
        model.predict(FLOATS * 255)
    with pytest.raises(DataError, match=r"trained on floats.*X / 255"):
        fitted(FLOATS).predict(PICTURES)


def test_they_are_explained_as_the_network_sees_them():
    model = fitted_pictures()
    page, other = (cr.explain(model, X[:1], Y[:1]) for X in (PICTURES, FLOATS))
    assert page.loss == pytest.approx(other.loss, rel=1e-6)


def test_a_resumed_run_on_them_has_the_bits_of_one_that_went_on(tmp_path):
    kept = {"checkpoint": tmp_path / "run", "checkpoint_every": 1}
    fitted_pictures(epochs=1, **kept)
    resumed = fitted_pictures(epochs=2, resume=True, **kept)
    assert fingerprint(resumed) == fingerprint(fitted_pictures(epochs=2))


def test_channels_first_are_refused_with_the_cure():
    first = np.zeros((4, 3, 32, 32), "float32")
    said = r"\(4, 3, 32, 32\).*channels first.*X\.transpose\(0, 2, 3, 1\)"
    with pytest.raises(ShapeError, match=said):
        cr.fit(NETWORK, first, [0, 1, 0, 1], loss="cross_entropy")
    with pytest.raises(ShapeError, match=said):
        cr.fit(
            NETWORK, first.transpose(0, 2, 3, 1), [0, 1, 0, 1], loss="cross_entropy",
            validation=(first, [0, 1, 0, 1]),
        )  # fmt: skip


def test_augmentation_acts_in_training_only_and_alike_on_both_engines():
    layers = [nn.RandomShift(1), nn.RandomFlip(), nn.Cutout(2), nn.RandomCrop(5), *NETWORK.layers]
    settings = {"loss": "cross_entropy", "epochs": 2, "dtype": "float64"}
    found = [
        cr.fit(cr.Network(layers), FLOATS, Y, engine=engine, **settings)
        for engine in ("numpy", "xla")
    ]
    np.testing.assert_allclose(*[m.outputs(FLOATS) for m in found], rtol=1e-9)
    np.testing.assert_array_equal(found[0].outputs(FLOATS), found[0].outputs(FLOATS))
    np.testing.assert_allclose(*[m.history["train_loss"] for m in found], rtol=1e-9)
