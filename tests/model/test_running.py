"""Predictions by XLA: those of NumPy but for rounding, from a handful of compiled programs."""

import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, nn, ops
from chainrule.autodiff import tree_map
from chainrule.data import Targets
from chainrule.engine import choose_engine, engine_by_name, engines
from chainrule.errors import EngineError, SettingError
from chainrule.model import Model, forward_cost, running
from chainrule.model.cost import Cost
from chainrule.model.parts import in_pieces
from chainrule.model.prediction import prediction
from chainrule.ops import winograd

RANDOM = np.random.default_rng(3)


def model_of(layers, in_shape, dtype="float32", **settings):
    network = cr.Network(layers)
    params, state, out_shape = network.init(ops.key_from_seed(0), in_shape)
    if dtype == "float64":
        params, state = tree_map(lambda x: x.astype(dtype), (params, state))
    width = out_shape["values"][-1] if isinstance(out_shape, dict) else out_shape[-1]
    targets = Targets("numbers", width)
    return Model(
        network, params, state, losses.MeanSquaredError(), targets, in_shape, dtype, **settings
    )


STACKS = {
    "dense": ([nn.Dense(5), nn.LeakyReLU(0.3), nn.Dropout(0.5), nn.Dense(2)], (3,)),
    "lstm": ([nn.LSTM(4), nn.Dense(1)], (6, 2)),
    "bidirectional": ([nn.Bidirectional(nn.GRU(3, sequences=True)), nn.Dense(1)], (6, 2)),
    "convolution": ([nn.Conv1D(3, 3), nn.BatchNorm(), nn.ReLU(), nn.GlobalPool()], (8, 2)),
    "images": (
        [*(nn.Conv2D(16, 3), nn.ReLU(), nn.MaxPool(2), nn.Flatten()), nn.Dense(9), nn.Dense(2)],
        (22, 22, 1),
    ),
    "small windows": (
        [nn.Residual(nn.Conv2D(16, 3, padding="same")), nn.Conv2D(16, 3), nn.BatchNorm()],
        (6, 7, 16),
    ),
    "transformer": ([nn.TransformerBlock(2), nn.GlobalPool(), nn.Dense(2)], (5, 4)),
}


@pytest.mark.parametrize("rows", [1, 3, 40])
@pytest.mark.parametrize("name", STACKS)
def test_both_engines_predict_alike(name, rows):
    layers, in_shape = STACKS[name]
    model = model_of(layers, in_shape, "float64")
    X = RANDOM.normal(size=(rows, *in_shape))
    by_xla = model.predict(X, engine="xla")
    assert by_xla.dtype == "float64"
    np.testing.assert_allclose(by_xla, model.predict(X, engine="numpy"), rtol=1e-10, atol=1e-12)


def test_a_row_is_predicted_alike_whatever_stands_beside_it():
    model = model_of([nn.LSTM(4), nn.Dense(1)], (6, 2))
    X = RANDOM.normal(size=(40, 6, 2)).astype("float32")
    whole = model.predict(X, engine="xla")
    assert (model.predict(X, engine="xla") == whole).all()
    for part in (slice(0, 1), slice(3, 20), slice(39, 40)):
        np.testing.assert_allclose(model.predict(X[part], engine="xla"), whole[part], atol=1e-6)


def test_any_number_of_rows_is_served_by_few_programs(monkeypatch):
    compiled = []
    engine = engine_by_name("xla")
    compile_program = engine.compile

    def watched(build, key, streams=1, parted=False):
        compiled.append(streams)
        return compile_program(build, key, streams, parted)

    monkeypatch.setattr(engine, "compile", watched)
    model = model_of([nn.LSTM(2)], (4, 1))
    for rows in (1, 2, 3, 4, 5, 9, 16, 17, 64, 300):
        assert len(model.predict(RANDOM.normal(size=(rows, 4, 1)), engine="xla")) == rows
    assert compiled == [1, 1, engine.streams, engine.streams, engine.streams], "1, 4, 16, 64, 256"


def test_sequences_of_other_lengths_need_few_programs_and_keep_their_steps(monkeypatch):
    model = model_of(
        [nn.LSTM(3, sequences=True), nn.Dense(1)], {"values": (8, 1), "lengths": ()}, "float64"
    )
    runs = set()
    filled_up = running.filled_up

    def watched(X, rows, in_shape):
        filled = filled_up(X, rows, in_shape)
        runs.add(filled["values"].shape)
        return filled

    monkeypatch.setattr(running, "filled_up", watched)
    for steps in (1, 2, 3, 5, 7, 8, 11):
        values = RANDOM.normal(size=(3, steps, 1))
        X = {"values": values, "lengths": np.array([steps, max(1, steps - 1), 1])}
        ours, theirs = (model.outputs(X, engine=name)["values"] for name in ("xla", "numpy"))
        assert ours.shape == theirs.shape == (3, steps, 1)
        valid = np.arange(steps) < X["lengths"][:, None]
        np.testing.assert_allclose(ours[valid], theirs[valid], rtol=1e-10)
    assert runs == {(4, steps, 1) for steps in (1, 2, 4, 8, 16)}


def test_filters_are_transformed_once_and_the_network_is_traced_once(monkeypatch):
    traced, transforming, transform = [], [], winograd._over_places

    def watched(*settings):
        program = prediction(*settings)
        return lambda numbers, X: traced.append(len(X)) or program(numbers, X)

    monkeypatch.setattr(running, "prediction", watched)
    model = model_of(*STACKS["small windows"])
    X = RANDOM.normal(size=(64, 6, 7, 16)).astype("float32")
    expected = model.predict(X, engine="numpy")
    monkeypatch.setattr(
        winograd,
        "_over_places",
        lambda *args: transforming.append(args[0].name) or transform(*args),
    )
    one = model.predict(X[:1], engine="xla")
    np.testing.assert_allclose(one, expected[:1], rtol=1e-5, atol=1e-5)
    assert (model.predict(X[:1], engine="xla") == one).all()
    assert traced == [1]
    assert transforming == ["numpy"] * 2
    np.testing.assert_allclose(
        model.predict(X[:3], engine="xla"), expected[:3], rtol=1e-5, atol=1e-5
    )
    assert (traced, transforming) == ([1, 4], ["numpy"] * 4)
    np.testing.assert_allclose(model.predict(X, engine="xla"), expected, rtol=1e-5, atol=1e-5)
    model.params[1]["weight"] = np.zeros_like(model.params[1]["weight"])
    assert (model.predict(X[:1], engine="xla") != one).any()


def test_images_go_in_pieces_and_the_product_behind_them_gets_all_rows(monkeypatch):
    seen = {}
    for kind in (nn.Conv2D, nn.Dense):

        def watched(self, params, state, x, context, apply=kind.apply, name=kind.__name__):
            seen[name] = x.shape[0]
            return apply(self, params, state, x, context)

        monkeypatch.setattr(kind, "apply", watched)
    model = model_of(*STACKS["images"])
    model.predict(np.zeros((64, 22, 22, 1), "float32"), engine="xla")
    stream = 64 // engine_by_name("xla").streams
    assert seen["Dense"] == stream
    assert seen["Conv2D"] == 16


def test_pieces_end_where_images_become_vectors_for_good():
    image = [nn.Conv2D(4, 3), nn.ReLU()]
    for behind, layers in (
        ([nn.MaxPool(2), nn.Flatten(), nn.Dense(3)], 3),
        ([nn.GlobalPool(), nn.Dense(3)], 3),
        ([nn.Dense(3)], 3),
        ([nn.Network([nn.Flatten(), nn.Dense(3)]), nn.Dense(2)], 4),
    ):
        assert in_pieces(cr.Network([*image, *behind])) == layers
    assert in_pieces(cr.Network([nn.Flatten(), nn.Dense(8), nn.LSTM(3), nn.Dense(1)])) == 4


LONGER = {"values": (40, 6), "lengths": ()}
CROSS = {"memory": LONGER, "queries": {"values": (16, 4), "lengths": ()}}


@pytest.mark.parametrize(
    ("layers", "in_shape", "steps"),
    [
        ([nn.Conv1D(4, 3, stride=2, padding="same"), nn.Dense(1)], LONGER, 15),
        ([nn.Network([nn.MaxPool(3)]), nn.Dense(1)], LONGER, 10),
        ([nn.MultiHeadAttention(2), nn.Dense(1)], CROSS, 12),
    ],
    ids=["strides", "pools", "cross-attention"],
)
def test_outputs_have_as_many_steps_by_either_engine(layers, in_shape, steps):
    def shortened(shape):
        if not ops.is_sequence(shape):
            return {name: shortened(inner) for name, inner in shape.items()}
        time = shape["values"][0] * 3 // 4
        values = RANDOM.normal(size=(3, time, shape["values"][1]))
        return {"values": values, "lengths": np.array([time, 2, 1])}

    model = model_of(layers, in_shape, "float64")
    X = shortened(in_shape)
    ours, theirs = (model.outputs(X, engine=name) for name in ("xla", "numpy"))
    assert ours["values"].shape == theirs["values"].shape
    assert ours["values"].shape[1] == steps
    valid = np.arange(steps) < theirs["lengths"][:, None]
    np.testing.assert_array_equal(ours["lengths"], theirs["lengths"])
    np.testing.assert_allclose(ours["values"][valid], theirs["values"][valid], rtol=1e-10)


def test_arrays_put_in_place_of_others_are_seen_and_writing_into_them_is_refused():
    model = model_of([nn.Dense(1)], (2,))
    X = np.ones((1, 2), "float32")
    before = model.predict(X, engine="xla")
    with pytest.raises(ValueError, match="read-only"):
        model.params[0]["weight"][:] = 0
    model.params[0]["weight"] = np.zeros((2, 1), "float32")
    assert (model.predict(X, engine="xla") == 0).all()
    assert (before != 0).all()
    deep = model_of([nn.Residual(nn.Network([nn.Dense(2)]))], (2,))
    assert (deep.predict(X, engine="xla") != X).all()
    deep.params[0][0].update(weight=np.zeros((2, 2), "float32"))
    assert (deep.predict(X, engine="xla") == X).all()
    doubled = replace(model, params=({"weight": np.ones((2, 1), "float32"), "bias": np.ones(1)},))
    assert doubled.predict(X, engine="xla") == 3


@dataclass(frozen=True)
class MinusTheMean:
    """A layer of a user's own that looks at the batch as a whole."""

    def init(self, key, in_shape):
        return {}, {}, in_shape

    def apply(self, params, state, x, context):
        return x - ops.mean(x, axis=0), state


def test_a_layer_of_a_users_own_sees_the_rows_that_were_given_and_no_others():
    model = model_of([MinusTheMean()], (1,))
    X = np.array([[1.0], [2.0], [6.0]])
    assert model.predict(X, engine="xla").ravel().tolist() == [-2, -1, 3]


def test_auto_follows_from_the_call_alone(monkeypatch):
    asked = []
    monkeypatch.setattr(
        running, "choose_engine", lambda *work: asked.append(work) or choose_engine(*work)
    )
    model = model_of([nn.LSTM(3)], (10, 2))
    for _ in range(2):
        model.predict(RANDOM.normal(size=(300, 10, 2)))
    one = forward_cost(model.network, model.params, model.state, (10, 2)).operations
    assert asked == [(2, 256 * one)] * 2
    assert one == 10 * 3 * (4 * 2 * (2 + 3) + 9)


def test_counting_does_not_load_scipy():
    """Its error function takes 0.2 seconds to load: a part of every first fit with a GELU."""
    program = """
import sys
from chainrule import nn, ops
from chainrule.model import forward_cost
network = nn.Network([nn.Dense(3), nn.GELU()])
params, state, _ = network.init(ops.key_from_seed(0), (2,))
print(forward_cost(network, params, state, (2,)), "scipy.special" in sys.modules)
"""
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert made.stdout == "Cost(operations=15.0, largest=3) False\n", made.stderr


def test_large_work_is_given_to_xla_and_without_jax_to_numpy(monkeypatch):
    monkeypatch.setattr(running.Runner, "cost", lambda self: Cost(1e10, 1))
    used = []
    monkeypatch.setattr(running.Compiled, "__call__", lambda self, X: used.append(len(X)) or X)
    model = model_of([nn.LSTM(3)], (4, 2))
    model.predict(RANDOM.normal(size=(300, 4, 2)))
    assert used == [256, 44]
    monkeypatch.setattr(engines, "jax_is_installed", lambda: False)
    engines._say_that_jax_is_missing.cache_clear()
    with pytest.warns(UserWarning, match="pip install jax"):
        model.predict(RANDOM.normal(size=(300, 4, 2)))
    with pytest.raises(EngineError, match="pip install jax"):
        model.predict(RANDOM.normal(size=(300, 4, 2)), engine="xla")
    engines._say_that_jax_is_missing.cache_clear()
    assert len(used) == 2


def test_an_unknown_engine_is_refused():
    with pytest.raises(SettingError, match=r"'torch'.*numpy"):
        model_of([nn.Dense(1)], (2,)).predict([[1, 2]], engine="torch")


def test_pictures_are_scaled_inside_the_program():
    model = model_of([nn.Flatten(), nn.Dense(1)], (4, 4, 1), card={"pictures": True})
    X = RANDOM.integers(0, 256, (3, 4, 4, 1)).astype("uint8")
    by_xla, by_numpy = (model.predict(X, engine=name) for name in ("xla", "numpy"))
    np.testing.assert_allclose(by_xla, by_numpy, rtol=1e-5, atol=1e-6)


def test_a_step_of_recurrence_counts_in_the_choice_of_an_engine_for_training(monkeypatch):
    module = sys.modules["chainrule.training.fit"]
    asked = []
    monkeypatch.setattr(
        module, "choose_engine", lambda *work: asked.append(work) or choose_engine(*work)
    )
    network = cr.Network([nn.LSTM(3), nn.Dense(1)])
    X = RANDOM.normal(size=(8, 10, 2)).astype("float32")
    model = cr.fit(network, X, X[:, 0, 0], loss="mse", epochs=2, batch_size=4)
    one = forward_cost(network, model.params, model.state, (10, 2)).operations
    assert asked == [(4, 3 * 4 * one)]


def test_layers_of_a_users_own_are_not_run_to_count_them():
    model = model_of([MinusTheMean(), nn.Dense(2)], (3,))
    assert forward_cost(model.network, model.params, model.state, (3,)).operations == 2 * 8
