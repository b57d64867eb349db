"""A single long example is predicted in streams, each of which works on a part of its steps."""

import os
import re
import subprocess
import sys

import jax
import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops
from chainrule.autodiff import hyper_values
from chainrule.engine import engine_by_name
from chainrule.model import running
from chainrule.model.prediction import prediction
from tests.model.test_running import model_of

X = np.random.default_rng(0).normal(size=(1, 6, 4))


def streams_of(monkeypatch, layers, x=X):
    """In how many streams one row is predicted, and what by XLA and by NumPy."""
    monkeypatch.setattr(running, "MUCH_OF_A_ROW", 0)
    engine, compiled = engine_by_name("xla"), []
    compile_program = engine.compile

    def watched(build, key, streams=1, **kind):
        compiled.append(streams)
        return compile_program(build, key, streams, **kind)

    monkeypatch.setattr(engine, "compile", watched)
    model = model_of(layers, x.shape[1:], "float64")
    outputs = [model.outputs(x, engine=name) for name in ("xla", "numpy")]
    return compiled, *outputs


@pytest.mark.parametrize(
    "layers",
    [
        [nn.TransformerBlock(2), nn.TransformerBlock(4, dropout=0.5), nn.GlobalPool()],
        [nn.Dense(8), nn.PositionalEncoding(), nn.TransformerBlock(2, hidden=3), nn.LayerNorm()],
        [nn.TransformerBlock(2, causal=True), nn.TransformerBlock(1), nn.LSTM(3)],
    ],
    ids=["pooled", "every step", "beside others"],
)
def test_a_row_in_streams_is_that_of_numpy(monkeypatch, layers):
    streams, ours, numpys = streams_of(monkeypatch, layers)
    assert streams == [engine_by_name("xla").streams] == [2]
    assert ours.shape == numpys.shape
    np.testing.assert_allclose(ours, numpys, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("layers", "x"),
    [
        ([nn.TransformerBlock(2, causal=True)], X),
        ([nn.TransformerBlock(2)], X[:, :5]),
        ([nn.LSTM(3)], X),
    ],
    ids=["causal", "an odd number of steps", "no attention"],
)
def test_what_cannot_be_cut_stays_in_one_stream(monkeypatch, layers, x):
    streams, ours, numpys = streams_of(monkeypatch, layers, x)
    assert streams == [1]
    np.testing.assert_allclose(ours, numpys, rtol=1e-11, atol=1e-12)


def test_a_model_whose_arrays_are_replaced_by_others_of_another_kind(monkeypatch):
    """Nothing checks the numbers on their way to the code, and the models share a network."""
    monkeypatch.setattr(running, "MUCH_OF_A_ROW", 0)
    layers = [nn.TransformerBlock(2), nn.GlobalPool()]

    def check(model):
        ours, numpys = (model.outputs(X, engine=name) for name in ("xla", "numpy"))
        np.testing.assert_allclose(ours, numpys, rtol=1e-11, atol=1e-12)

    model = model_of(layers, X.shape[1:], "float64")
    check(model)
    model.params[0]["out"]["bias"] = np.arange(4)
    check(model)
    narrow = {name: model.params[0][name].copy() for name in ("hidden", "out")}
    narrow["hidden"] = {name: x[..., :3] for name, x in narrow["hidden"].items()}
    narrow["out"]["weight"] = narrow["out"]["weight"][:3]
    model.params[0].update(narrow)
    check(model)
    check(model_of(layers, X.shape[1:], "float64"))


def test_an_example_that_is_one_number_is_not_cut():
    model = model_of([nn.Embedding(10, 4), nn.Dense(2)], (), "float64")
    rows = np.array([3])
    np.testing.assert_allclose(model.outputs(rows, engine="xla"), model.outputs(rows, "numpy"))


def test_a_small_row_stays_in_one_stream(monkeypatch):
    before = running.MUCH_OF_A_ROW
    monkeypatch.setattr(running, "MUCH_OF_A_ROW", before)
    model = model_of([nn.TransformerBlock(2)], X.shape[1:], "float64")
    assert not running.Compiled(model._runner())._cut


def test_a_block_behind_a_layer_that_leaves_an_odd_number_of_steps(monkeypatch):
    layers = [nn.Conv1D(4, 2), nn.TransformerBlock(2)]
    streams, ours, numpys = streams_of(monkeypatch, layers)
    assert streams == [2]
    np.testing.assert_allclose(ours, numpys, rtol=1e-11, atol=1e-12)


BITS = """
import hashlib, numpy as np, chainrule as cr
from chainrule.model import Model, running
from tests.model.test_running import model_of
blocks = [cr.nn.TransformerBlock(4)] * 2
model = model_of([cr.nn.Dense(128), *blocks, cr.nn.GlobalPool()], (128, 16))
x = np.random.default_rng(0).normal(size=(1, 128, 16)).astype("float32")
assert running.Compiled(model._runner())._cut
print(hashlib.sha256(model.outputs(x, engine="xla").tobytes()).hexdigest())
"""


def test_bits_do_not_depend_on_the_number_of_threads():
    found = set()
    for threads in ("1", "2", "4", "8"):
        env = dict(os.environ, NPROC=threads)
        run = [sys.executable, "-c", BITS]
        found.add(subprocess.run(run, env=env, check=True, capture_output=True).stdout)
    assert len(found) == 1


def test_the_streams_steps_make_up_the_whole():
    x = np.arange(12.0).reshape(2, 6, 1)
    engine = engine_by_name("xla")

    def build():
        return lambda none, x: ops.all_steps(ops.own_steps(x, 2) + 1)

    with engine.precision("float64"):
        out = engine.compile(build, None, 2, direct=True)({}, x)
    np.testing.assert_array_equal(engine.get(out), x + 1)
    assert (ops.all_steps(ops.own_steps(x, 1)) == x).all()


def test_streams_meet_once_a_block_and_compute_keys_and_values_of_their_own_steps():
    network = cr.Network([nn.TransformerBlock(2), nn.TransformerBlock(4), nn.TransformerBlock(2)])
    params, state, _ = network.init(ops.key_from_seed(0), (6, 4))
    numbers = {"params": params, "state": state, "rates": hyper_values(network)}
    engine = engine_by_name("xla")
    with engine.precision("float64"):
        run = engine.compile(lambda: prediction(network, "float64", engine.xp, 1, 2), None, 2)
        program = str(jax.make_jaxpr(run)(numbers, X))
        compiled = run.lower(numbers, X).compile().as_text()
    gathered = re.findall(r"f64\[(.*?)\]\S* = all_gather\[", program)
    assert len(re.findall(r"all-gather\(", compiled)) == 3
    assert gathered.count("2,1,3,8") == 2  # keys beside values, of the second and third block
