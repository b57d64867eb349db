"""A step through time is explained: right derivatives, and the steps that act most."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.autodiff import value_and_grad

X = np.random.default_rng(0).normal(size=(1, 3, 2))
LAYERS = [nn.SimpleRNN(2), nn.LSTM(2), nn.GRU(2), nn.Bidirectional(nn.LSTM(1))]


def explained(layer, x):
    return cr.explain(nn.Network([layer, nn.Dense(1)]), x, [[1.0]], loss="mse")


@pytest.mark.parametrize("layer", LAYERS, ids=[type(layer).__name__ for layer in LAYERS])
def test_products_along_the_chain_are_the_gradient(layer):
    page = explained(layer, X)
    found = page.derivatives["w1"]
    assert found.complete
    parts = sum(term.arriving * term.local for term in found.terms)
    assert parts == pytest.approx(found.value, rel=1e-10)
    assert found.value != 0
    assert "Through time" in str(page)


@pytest.mark.parametrize("layer", LAYERS, ids=[type(layer).__name__ for layer in LAYERS])
def test_a_sequence_with_a_length_is_explained_as_if_cut_there(layer):
    page = explained(layer, {"values": X, "lengths": [2]})
    cut = explained(layer, X[:, :2])
    assert page.loss == pytest.approx(cut.loss, rel=1e-12)
    for name, derivative in page.derivatives.items():
        assert derivative.value == pytest.approx(cut.derivatives[name].value, rel=1e-9), name


def test_of_a_long_sequence_the_steps_that_act_most_are_named():
    x = np.random.default_rng(1).normal(size=(2, 30, 2))
    network = nn.Network([nn.LSTM(8), nn.Dense(1)])
    page = cr.explain(network, x, [[1.0], [0.0]], loss="mse")
    section = next(s for s in page.backward if any("Through time" in n for n in s.notes))
    assert "the 5 steps that act most of 30" in section.notes[0]
    named = [int(n.split(":")[0].split()[1]) for n in section.notes[1:]]
    params, state, _ = network.init(cr.ops.fold_in(cr.ops.key_from_seed(0), 0), (30, 2))
    params = cr.autodiff.tree_map(lambda p: p.astype("float64"), params)

    def loss(inputs):
        outputs, _ = network.apply(params, state, inputs)
        return cr.ops.mean(cr.losses.as_loss("mse")(np.array([[1.0], [0.0]]), outputs))

    slopes = value_and_grad(loss)(x)[1][0]
    assert named == sorted(np.argsort(-np.linalg.norm(slopes, axis=1))[:5] + 1)
