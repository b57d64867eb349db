"""Two streams, each with half of every batch: the arithmetic of the whole, and the same bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops
from chainrule.autodiff import leaves
from chainrule.engine import engine_by_name
from chainrule.model import forward_cost, parts, pieces_for
from chainrule.training import streams as module
from chainrule.training.step import Task
from chainrule.training.streams import streams_for

RANDOM = np.random.default_rng(0)
IMAGES, SEQUENCES = RANDOM.normal(size=(70, 6, 6, 2)), RANDOM.normal(size=(70, 5, 3))
LABELS = RANDOM.integers(0, 3, 70)
LENGTHS = RANDOM.integers(1, 6, 70)

CASES: dict[str, tuple[Any, Any]] = {
    "convolution": ([nn.Conv2D(4, 3), nn.ReLU(), nn.Flatten(), nn.Dense(3)], IMAGES),
    "batch norm": (
        [nn.Conv2D(4, 3), nn.BatchNorm(), nn.ReLU(), nn.MaxPool(2), nn.Flatten(), nn.Dense(3)],
        IMAGES,
    ),
    "dropout": ([nn.LSTM(6), nn.Dropout(0.5), nn.Dense(3)], SEQUENCES),
    "attention": ([nn.Dense(6), nn.TransformerBlock(2), nn.GlobalPool(), nn.Dense(3)], SEQUENCES),
    "lengths": ([nn.GRU(6), nn.Dense(3)], {"values": SEQUENCES, "lengths": LENGTHS}),
    "batch norm of steps": (
        [nn.GRU(6, sequences=True), nn.BatchNorm(), nn.GRU(4), nn.Dense(3)],
        {"values": SEQUENCES, "lengths": LENGTHS},
    ),
}


def trained(layers: Any, X: Any, streams: int, monkeypatch: Any, **settings: Any) -> Any:
    monkeypatch.setitem(engine_by_name("xla").__dict__, "streams", streams)
    settings = {"epochs": 3, "batch_size": 16, "validation": 0.3, "dtype": "float64"} | settings
    settings["optimizer"] = cr.optim.GradientDescent(
        0.1
    )  # Adam would blow up what is 0 but rounding
    settings = {"y": LABELS, "loss": "cross_entropy"} | settings
    model = cr.fit(cr.Network(layers), X, engine="xla", **settings)
    assert model.card["streams"] == streams
    return model


@pytest.mark.parametrize(
    ("name", "batch_size"), [*((name, 16) for name in CASES), ("batch norm", None)]
)
def test_two_streams_are_one_batch(name: str, batch_size: Any, monkeypatch: Any) -> None:
    layers, X = CASES[name]
    settings: dict[str, Any] = {"batch_size": batch_size}
    if batch_size is None:
        settings["validation"] = 2 / 7  # 50 rows are left
    one, two = (trained(layers, X, n, monkeypatch, **settings) for n in (1, 2))
    for a, b in zip(leaves((one.params, one.state)), leaves((two.params, two.state)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    for losses in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(one.history[losses], two.history[losses], rtol=1e-10)


def test_pieces_are_one_batch(monkeypatch: Any) -> None:
    layers = [nn.RandomShift(1), *CASES["convolution"][0][:-1], nn.Dropout(0.3), nn.Dense(3)]
    one = trained(layers, IMAGES, 1, monkeypatch, batch_size=32)
    monkeypatch.setattr(parts, "CACHED_NUMBERS", 1)
    assert pieces(layers, 16, (6, 6, 2)) == 2
    two = trained(layers, IMAGES, 2, monkeypatch, batch_size=32)
    for a, b in zip(leaves(one.params), leaves(two.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(one.history["train_loss"], two.history["train_loss"], rtol=1e-10)


def test_each_heads_loss_is_added_up_over_streams_and_pieces(monkeypatch: Any) -> None:
    boxes = np.random.default_rng(1).normal(size=(len(LABELS), 2))
    monkeypatch.setattr(parts, "CACHED_NUMBERS", 1)
    for many, batch in (1, 16), (2, 32):
        heads = nn.Heads({"class": nn.Dense(3), "box": nn.Dense(2)})
        layers = [nn.Conv2D(4, 3), nn.ReLU(), nn.Flatten(), heads]
        assert pieces(layers, batch // 2, (6, 6, 2)) == many
        one, two = (
            trained(
                layers, IMAGES, n, monkeypatch, batch_size=batch,
                y={"class": LABELS, "box": boxes},
                loss={"class": "cross_entropy", "box": "mse"},
            )
            for n in (1, 2)
        )  # fmt: skip
        assert "validation_box_loss" in one.history
        for name, values in one.history.items():
            np.testing.assert_allclose(values, two.history[name], rtol=1e-9, err_msg=name)


def pieces(layers: Any, rows: int, shape: Any = (28, 28, 1)) -> int:
    network = cr.Network(layers)
    params, state, _ = network.init(ops.key_from_seed(0), shape)
    largest = forward_cost(network, params, state, shape).largest
    return pieces_for(network, rows, largest, whole_batch=True)


def test_into_how_many_pieces() -> None:
    images = [nn.Conv2D(32, 3, padding="same"), nn.Flatten(), nn.Dense(2)]
    assert pieces(images, 64) == 8
    assert pieces(images, 72) == 8
    assert pieces(images, 65) == 1
    inside = nn.Network([nn.Conv2D(32, 3, padding="same"), nn.Conv2D(1, 3, padding="same")])
    assert pieces([nn.Residual(inside), nn.Flatten()], 64) == 8, "maps inside of a layer count"
    assert pieces(CASES["convolution"][0], 64, (6, 6, 1)) == 1, (
        "small feature maps stay in the cache"
    )
    assert pieces([nn.Conv2D(32, 3), nn.BatchNorm(), nn.Flatten(), nn.Dense(2)], 64) == 1
    assert pieces([nn.TransformerBlock(2), nn.GlobalPool()], 16, (128, 128)) == 8


def test_sequences_with_lengths_are_cut_into_pieces_too() -> None:
    steps = [nn.Conv1D(32, 3, padding="same"), nn.Dense(16), nn.GlobalPool()]
    heads = nn.Heads({"a": nn.Network(steps), "b": nn.Dense(4)})
    for layers in (steps, [*steps[:2], heads], [*steps, nn.Dense(1)]):
        assert pieces(layers, 64, {"values": (800, 4), "lengths": ()}) == 8


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_part_of_the_random_numbers_is_that_of_the_whole(dtype: str) -> None:
    key = ops.key_from_seed(7)
    whole = ops.random_uniform(key, shape=(12, 5), dtype=dtype)
    part = ops.random_part(key, np.int32(4), shape=(3, 5), rows=12, dtype=dtype)
    np.testing.assert_array_equal(part, whole[4:7])


def streams(layers: Any, batch: int = 32, loss: Any = None) -> int:
    network = cr.Network(layers)
    task = Task(network, loss or cr.losses.MeanSquaredError(), cr.optim.Adam())
    return streams_for(task, batch, engine_by_name("xla"))


def test_who_runs_in_streams() -> None:
    class Doubled:
        init = nn.Linear.init

        def apply(self, params: Any, state: Any, x: Any, context: Any) -> Any:
            return 2 * x, state

    def loss(targets: Any, outputs: Any) -> Any:
        return ops.square(targets - outputs)[:, 0]

    recurrent = [nn.LSTM(4), nn.Dense(1)]
    assert streams(recurrent) == 2
    assert streams([nn.Residual(cr.Network([nn.Conv2D(2, 3, padding="same")])), nn.Flatten()]) == 2
    assert streams([nn.Dense(4), nn.Dense(1)]) == 1
    assert streams(recurrent, batch=33) == 1
    assert streams(recurrent, batch=2 * module.SMALLEST_PART - 2) == 1
    assert streams([*recurrent, Doubled()]) == 1
    assert streams(recurrent, loss=loss) == 1
    task = Task(cr.Network(recurrent), cr.losses.MeanSquaredError(), cr.optim.Adam())
    assert streams_for(task, 32, engine_by_name("numpy")) == 1


PROGRAM = """
import hashlib, json
import numpy as np
import chainrule as cr
from chainrule.autodiff import leaves
random = np.random.default_rng(0)
X, y = random.normal(size=(128, 12, 12, 3)).astype("float32"), random.integers(0, 5, 128)
layers = [cr.nn.Conv2D(16, 3), cr.nn.BatchNorm(), cr.nn.ReLU(), cr.nn.Flatten(), cr.nn.Dense(5)]
model = cr.fit(cr.Network(layers), X, y, loss="cross_entropy", batch_size=32, epochs=2,
               engine="xla", validation=0.25)
digest = hashlib.sha256(b"".join(x.tobytes() for x in leaves((model.params, model.state))))
print(json.dumps([digest.hexdigest(), model.history["validation_loss"]]))
"""


def test_the_bits_do_not_depend_on_the_number_of_threads() -> None:
    found = []
    for threads in (1, 2, 4):
        environment = {**os.environ, "NPROC": str(threads)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment, capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
        found.append(json.loads(done.stdout))
    assert found[0] == found[1] == found[2]
