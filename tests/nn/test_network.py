"""Networks: sequences that nest, layers of one's own, named inputs, and what does not fit."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule import nn, ops
from chainrule.autodiff import check_gradients, hyper, leaves, value_and_grad
from chainrule.errors import SettingError, ShapeError

KEY = ops.key_from_seed(2)


def test_layers_act_one_after_the_other():
    network = nn.Network([nn.Dense(3), nn.Tanh(), nn.Dense(1)])
    params, state, shape = network.init(KEY, (2,))
    x = np.random.default_rng(0).normal(size=(4, 2))
    out, _ = network.apply(params, state, x)
    hidden = np.tanh(x @ params[0]["weight"] + params[0]["bias"])
    np.testing.assert_allclose(out, hidden @ params[2]["weight"] + params[2]["bias"])
    assert shape == (1,)


def test_a_nested_network_computes_what_its_layers_compute():
    flat = nn.Network([nn.Dense(3), nn.Tanh(), nn.Dense(2)])
    nested = nn.Network([nn.Network([nn.Dense(3), nn.Tanh()]), nn.Dense(2)])
    params, state, _ = flat.init(KEY, (2,))
    inside = ((params[0], params[1]), params[2])
    x = np.ones((3, 2))
    one, _ = flat.apply(params, state, x)
    other, _ = nested.apply(inside, ((state[0], state[1]), state[2]), x)
    np.testing.assert_array_equal(one, other)
    assert [path for path, _ in nested.walk()] == ["0.0", "0.1", "1"]


def test_dropout_in_a_nested_network_has_a_mask_of_its_own():
    network = nn.Network([nn.Network([nn.Dropout(0.5)]), nn.Network([nn.Dropout(0.5)])])
    params, state, _ = network.init(KEY, (1000,))
    context = nn.Context(training=True, key=KEY, path=(0,))
    out, _ = network.apply(params, state, np.ones((1, 1000)), context)
    assert abs((out != 0).mean() - 0.25) < 0.06


def test_named_inputs_are_joined_in_the_order_of_their_names():
    layer = nn.Branches({"b": nn.Dense(1, weight_init=nn.Constant(1.0)), "a": nn.Linear()})
    params, state, shape = layer.init(KEY, {"a": (2,), "b": (2,)})
    x = {"a": np.array([[1.0, 2.0]]), "b": np.array([[3.0, 4.0]])}
    out, _ = layer.apply(params, state, x, nn.Context())
    assert out.tolist() == [[1.0, 2.0, 7.0]]
    assert shape == (3,)


@dataclass(frozen=True)
class Scale:
    """Multiplies every feature by a learnt number, plus a fixed shift."""

    shift: float = hyper(0.5)

    def init(self, key, in_shape):
        return {"scale": np.ones(in_shape, "float32")}, {}, in_shape

    def apply(self, params, state, x, context):
        return x * params["scale"] + self.shift, state


def test_a_layer_of_ones_own_needs_no_derivative():
    network = nn.Network([nn.Dense(3), Scale(), nn.Tanh()])
    params, state, _ = network.init(KEY, (2,))
    x = np.random.default_rng(1).normal(size=(4, 2))
    check_gradients(lambda p: ops.sum(network.apply(p, state, x)[0]), params)


def test_a_layer_used_alone_is_a_function():
    grads = value_and_grad(
        lambda p: ops.sum(nn.Dense(2).apply(p, {}, np.ones((3, 4)), nn.Context())[0])
    )(nn.Dense(2).init(KEY, (4,))[0])[1]
    assert grads["bias"].tolist() == [3, 3]
    assert all((x == 3).all() for x in leaves(grads))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Network([]), ["at least one layer", "Dense(1)"]),
        (lambda: nn.Network([nn.Dense(2), nn.ReLU]), ["Layer 1", "ReLU", "parentheses"]),
        (lambda: nn.Network([nn.Dense(2), "relu"]), ["Layer 1", "'relu'", "cr.nn"]),
        (lambda: nn.Dense(0), ["Dense(0)", "above 0"]),
        (lambda: nn.Dense(2.5), ["Dense(2.5)", "whole number"]),
        (lambda: nn.Dense(True), ["Dense(True)", "whole number"]),
        (lambda: nn.Embedding(0, 3), ["Embedding(0, 3)", "above 0"]),
        (lambda: nn.Heads({}), ["Heads", "a layer for every name"]),
        (lambda: nn.Heads([nn.Dense(2)]), ["Heads", "a layer for every name"]),
        (lambda: nn.Heads({1: nn.Dense(2)}), ["1", "no text"]),
        (lambda: nn.Heads({"a": nn.ReLU}), ["'a'", "no layer"]),
        (lambda: nn.Branches([("a", nn.ReLU()), ("a", nn.ReLU())]), ["twice", "'a'"]),
        (lambda: nn.Heads({"values": nn.ReLU(), "lengths": nn.ReLU()}), ["other names"]),
        (lambda: nn.Branches({"a": nn.ReLU()}, join="mean"), ["'mean'", "'sum'"]),
        (lambda: nn.EmbedColumns((), (), ()), ["0 columns", "one of each"]),
        (lambda: nn.EmbedColumns((0, 1), (3,), (2, 2)), ["2 columns", "1 counts"]),
        (lambda: nn.EmbedColumns((1, 0), (3, 3), (2, 2)), ["(1, 0)", "must rise"]),
        (lambda: nn.EmbedColumns((2, 2), (3, 3), (2, 2)), ["(2, 2)", "must rise"]),
        (lambda: nn.EmbedColumns((-1,), (3,), (2,)), ["(-1,)", "must rise"]),
        (lambda: nn.EmbedColumns((0,), (0,), (2,)), ["counts (0,)", "above 0"]),
        (lambda: nn.EmbedColumns((0,), (2**24 + 1,), (2,)), ["at most 16777216"]),
        (lambda: nn.EmbedColumns((0,), (2.5,), (2,)), ["counts (2.5,)", "whole numbers"]),
        (lambda: nn.EmbedColumns((0,), (2,), True), ["features True", "whole numbers"]),
    ],
)
def test_descriptions_that_cannot_be_are_refused(make, words):
    with pytest.raises(SettingError) as caught:
        make()
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("network", "shape", "words"),
    [
        ([nn.Dense(2)], (), ["Layer 0", "Dense(2)", "features axis"]),
        ([nn.Dense(2), nn.Residual(nn.Dense(3))], (4,), ["Layer 1", "(2,)", "(3,)", "2 units"]),
        ([nn.EmbedColumns((3,), (2,), (2,))], (3,), ["Layer 0", "column 3", "(3,)"]),
        ([nn.EmbedColumns((0,), (2,), (2,))], (3, 2), ["Layer 0", "(3, 2)"]),
        ([nn.Branches({"a": nn.Dense(2)})], (3,), ["Layer 0", "['a']", "(3,)"]),
        ([nn.Branches({"a": nn.Dense(2)})], {"b": (3,)}, ["['a']", "['b']"]),
        (
            [nn.Branches({"a": nn.Dense(2), "b": nn.Dense(2)})],
            {"a": (3,), "b": (4, 3)},
            ["(4, 2)", "Flatten"],
        ),
        (
            [nn.Branches({"a": nn.Dense(2), "b": nn.Dense(3)}, join="sum")],
            {"a": (3,), "b": (3,)},
            ["(2,)", "(3,)", "join='concatenate'"],
        ),
        ([nn.Branches({"a": nn.Heads({"b": nn.Dense(2)})})], {"a": (3,)}, ["'a'", "several"]),
        ([nn.Heads({"a": nn.Dense(2)})], (), ["head 'a'", "Dense(2)", "features axis"]),
        ([nn.Heads({"a": nn.Dense(2)}), nn.Dense(1)], (3,), ["Layer 1", "Dense", "['a']", "join"]),
        ([nn.Heads({"a": nn.Dense(2)}), nn.ReLU()], (3,), ["Layer 1", "ReLU", "['a']", "join"]),
    ],
)
def test_shapes_that_do_not_fit_name_the_layer_and_both_shapes(network, shape, words):
    with pytest.raises(ShapeError) as caught:
        nn.Network(network).init(KEY, shape)
    assert all(word in str(caught.value) for word in words), caught.value


def test_inputs_of_another_width_name_the_layer_and_both_shapes():
    network = nn.Network([nn.ReLU(), nn.Dense(3)])
    params, state, _ = network.init(KEY, (4,))
    with pytest.raises(ShapeError) as caught:
        network.apply(params, state, np.ones((2, 5)))
    assert all(word in str(caught.value) for word in ("Dense(3)", "4", "(2, 5)"))
