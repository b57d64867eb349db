"""Recurrent networks in `fit`: both engines alike, saved, resumed, and padding without effect."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn

RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(2, 9, 48)
SEQUENCES = [RNG.normal(size=(n, 2)) for n in LENGTHS]
TARGETS = np.array([s[:2, 0].sum() for s in SEQUENCES])  # the first steps: it must remember
NETWORKS = {
    "simple": nn.Network([nn.SimpleRNN(5), nn.Dense(1)]),
    "lstm": nn.Network([nn.LSTM(5), nn.Dense(1)]),
    "stacked": nn.Network([nn.Bidirectional(nn.LSTM(3, sequences=True)), nn.GRU(4), nn.Dense(1)]),
}


def fitted(name, X=SEQUENCES, **settings):
    settings = {"epochs": 4, "batch_size": 16, "engine": "numpy", "optimizer": "adam"} | settings
    return cr.fit(NETWORKS[name], X, TARGETS, loss="mse", **settings)


@pytest.mark.parametrize("name", NETWORKS)
def test_engines_agree_and_the_file_keeps_every_bit(name, tmp_path):
    one, other = (fitted(name, engine=engine, validation=0.25) for engine in ("numpy", "xla"))
    for key in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(one.history[key], other.history[key], rtol=1e-4)
    one.save(tmp_path / "m")
    again = cr.load(tmp_path / "m")
    assert again.network == one.network
    assert again.predict(SEQUENCES).tobytes() == one.predict(SEQUENCES).tobytes()


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_an_interrupted_run_goes_on_to_the_same_bits(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.training.checkpoint.SHORTEST", 0)
    whole = fitted("stacked", engine=engine, epochs=4)
    kept = {"engine": engine, "checkpoint": tmp_path / "c", "checkpoint_every": 1}
    fitted("stacked", **kept, epochs=2)
    resumed = fitted("stacked", **kept, epochs=4, resume=True)
    assert resumed.history == whole.history
    assert resumed.predict(SEQUENCES).tobytes() == whole.predict(SEQUENCES).tobytes()


def test_more_padding_changes_no_result():
    wide = np.zeros((len(SEQUENCES), 20, 2))
    for row, sequence in enumerate(SEQUENCES):
        wide[row, : len(sequence)] = sequence
    model = fitted("stacked")
    padded = {"values": wide, "lengths": LENGTHS}
    assert model.predict(padded).tobytes() == model.predict(SEQUENCES).tobytes()
    other = fitted("stacked", padded)
    np.testing.assert_allclose(other.history["train_loss"], model.history["train_loss"], rtol=1e-6)


def test_an_lstm_learns_what_its_last_steps_do_not_show():
    plain = np.mean((TARGETS - TARGETS.mean()) ** 2)
    model = fitted("lstm", epochs=300, optimizer=cr.optim.Adam(0.02), engine="xla")
    assert model.history["train_loss"][-1] < 0.1 * plain
