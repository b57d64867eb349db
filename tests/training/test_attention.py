"""Transformers in `fit` on sequences of different lengths: engines, files, resumed, no padding."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn

RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(2, 9, 48)
SEQUENCES = [RNG.normal(size=(n, 4)) for n in LENGTHS]
TARGETS = np.array([s[:, 0].max() for s in SEQUENCES])
NETWORK = nn.Network(
    [nn.PositionalEncoding(), nn.TransformerBlock(2, 8, dropout=0.1), nn.GlobalPool(), nn.Dense(1)]
)


def fitted(X=SEQUENCES, **settings):
    settings = {"epochs": 4, "batch_size": 16, "engine": "numpy", "optimizer": "adam"} | settings
    return cr.fit(NETWORK, X, TARGETS, loss="mse", **settings)


def test_engines_agree_and_the_file_keeps_every_bit(tmp_path):
    one, other = (fitted(engine=engine, validation=0.25) for engine in ("numpy", "xla"))
    for key in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(one.history[key], other.history[key], rtol=1e-4)
    one.save(tmp_path / "m")
    again = cr.load(tmp_path / "m")
    assert again.network == one.network
    assert again.predict(SEQUENCES).tobytes() == one.predict(SEQUENCES).tobytes()


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_an_interrupted_run_goes_on_to_the_same_bits(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.training.checkpoint.SHORTEST", 0)
    whole = fitted(engine=engine)
    kept = {"engine": engine, "checkpoint": tmp_path / "c", "checkpoint_every": 1}
    fitted(**kept, epochs=2)
    resumed = fitted(**kept, resume=True)
    assert resumed.history == whole.history
    assert resumed.predict(SEQUENCES).tobytes() == whole.predict(SEQUENCES).tobytes()


def test_more_padding_changes_no_result():
    wide = np.full((len(SEQUENCES), 20, 4), np.nan)
    for row, sequence in enumerate(SEQUENCES):
        wide[row, : len(sequence)] = sequence
    model = fitted()
    padded = {"values": wide, "lengths": LENGTHS}
    np.testing.assert_allclose(model.predict(padded), model.predict(SEQUENCES), rtol=1e-5)
    alone = np.concatenate([model.predict(s[None]) for s in SEQUENCES])
    np.testing.assert_allclose(model.predict(SEQUENCES), alone, rtol=1e-5, atol=1e-6)
