"""Lengths travel with the values through any network, and no layer mixes padding in."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from chainrule import nn, ops
from chainrule.errors import ShapeError

SHAPE = {"values": (4, 3), "lengths": ()}
KEY = ops.key_from_seed(0)


@dataclass(frozen=True)
class Sums:
    """The sum over the valid steps: a layer that reduces time."""

    takes_lengths: ClassVar[bool] = True

    def init(self, key, in_shape):
        return {}, {}, in_shape["values"][1:]

    def apply(self, params, state, x, context):
        valid = ops.valid_steps(x["lengths"], x["values"].shape[1])
        kept = ops.where(ops.expand_dims(valid, axis=-1), x["values"], 0.0)
        return ops.sum(kept, axis=1), state


@dataclass(frozen=True)
class Halved:
    """A layer of one's own that knows no lengths and drops steps."""

    def init(self, key, in_shape):
        return {}, {}, (in_shape[0] // 2, *in_shape[1:])

    def apply(self, params, state, x, context):
        return x[:, ::2], state


def sequence(fill=0.0):
    values = np.random.default_rng(0).normal(size=(2, 4, 3))
    values[1, 2:] = fill
    return {"values": values, "lengths": np.array([4, 2], "int32")}


def test_layers_that_know_no_lengths_are_applied_to_the_values():
    network = nn.Network([nn.Dense(5), nn.Network([nn.Tanh()])])
    params, state, shape = network.init(KEY, SHAPE)
    assert shape == {"values": (4, 5), "lengths": ()}
    x = sequence()
    out, _ = network.apply(params, state, x)
    plain, _ = network.apply(params, state, x["values"])
    assert out["lengths"] is x["lengths"]
    assert out["values"].tobytes() == plain.tobytes()


def test_a_layer_that_reduces_time_gives_a_plain_array():
    network = nn.Network([nn.Residual(nn.Dense(3)), Sums(), nn.Dense(2)])
    params, state, shape = network.init(KEY, SHAPE)
    assert shape == (2,)
    results = [network.apply(params, state, sequence(fill))[0] for fill in (0.0, 9.0)]
    assert results[0].shape == (2, 2)
    assert results[0].tobytes() == results[1].tobytes()


def test_a_branch_may_take_a_sequence():
    network = nn.Network([nn.Branches({"a": nn.Network([Sums()]), "b": nn.Dense(1)})])
    params, state, shape = network.init(KEY, {"a": SHAPE, "b": (2,)})
    assert shape == (4,)
    out, _ = network.apply(params, state, {"a": sequence(), "b": np.ones((2, 2))})
    assert out.shape == (2, 4)


@pytest.mark.parametrize(
    ("layer", "word"),
    [(nn.Flatten(), "mix padding"), (Halved(), "takes_lengths")],
)
def test_layers_that_would_mix_padding_in_are_refused(layer, word):
    with pytest.raises(ShapeError, match=word) as caught:
        nn.Network([layer]).init(KEY, SHAPE)
    assert "4, 3" in str(caught.value)


def test_a_branch_that_ends_in_a_sequence_is_refused():
    with pytest.raises(ShapeError, match="reduces time"):
        nn.Branches({"a": nn.Dense(1)}).init(KEY, {"a": SHAPE})


def test_batch_normalization_counts_no_padding():
    layer = nn.BatchNorm()
    params, state, _ = layer.init(KEY, SHAPE)
    weight = np.array([0.25, 0.75])
    context = nn.Context(training=True, weight=weight)
    outs = [layer.apply(params, state, sequence(fill), context) for fill in (0.0, 9.0)]
    (out, state), (again, other) = outs
    assert state["mean"].tobytes() == other["mean"].tobytes()
    assert out["values"][0].tobytes() == again["values"][0].tobytes()
    steps = np.concatenate([sequence()["values"][0], sequence()["values"][1, :2]])
    shares = np.repeat([0.25, 0.75], [4, 2])
    mean = np.average(steps, axis=0, weights=shares)
    np.testing.assert_allclose(state["mean"], 0.1 * mean, rtol=1e-12)
