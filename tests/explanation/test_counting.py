"""Operations and memory are what the tape says, and every primitive has a rule that fits it."""

import random

import numpy as np
import pytest

import chainrule as cr
from chainrule.autodiff import PRIMITIVES, Tape
from chainrule.explanation.counting import count_layers, layer_words
from chainrule.nn import (
    GRU,
    LSTM,
    BatchNorm,
    Bidirectional,
    Branches,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Network,
    ReLU,
    Residual,
    Sigmoid,
    SimpleRNN,
    Tanh,
)
from chainrule.ops.counting import FREE, RULES, operations
from tests.ops.samples import SAMPLES


def counted(layers, in_shape, dtype="float32"):
    network = Network(layers)
    params, state, _ = network.init(cr.ops.key_from_seed(0), in_shape)
    return count_layers(network, params, state, in_shape, dtype)


def test_a_dense_layer_costs_a_product_and_a_sum_for_every_weight():
    first, relu, last = counted([Dense(5), ReLU(), Dense(2, bias=False)], (3,))
    assert (first.parameters, first.operations) == (20, 2 * 15)
    assert (relu.parameters, relu.operations) == (0, 5)
    assert (last.parameters, last.operations) == (10, 2 * (5 + 4))
    assert [layer.out_shape for layer in (first, relu, last)] == [(5,), (5,), (2,)]


def test_windows_cost_a_product_and_a_sum_for_every_weight_in_them():
    conv, pool, whole = counted(
        [
            cr.nn.Conv2D(4, 3, padding="same", groups=2),
            cr.nn.MaxPool(2),
            cr.nn.GlobalPool(),
        ],
        (6, 6, 2),
    )
    assert (conv.parameters, conv.operations) == (9 * 4 + 4, 6 * 6 * 4 * 2 * 9)
    assert (pool.operations, pool.out_shape, pool.activation_bytes) == (9 * 4 * 3, (3, 3, 4), 144)
    assert (whole.operations, whole.out_shape) == (9 * 4, (4,))
    mean = counted([cr.nn.AveragePool(2, 1)], (6, 2))[0]
    assert mean.operations == 5 * 2 * 2
    spread = counted([cr.nn.TransposedConv2D(3, 2, stride=2, bias=False)], (4, 4, 5))[0]
    assert spread.operations == 2 * (4 * 4 * 5) * (2 * 2 * 3)
    assert spread.out_shape == (8, 8, 3)


def test_memory_is_what_was_computed_in_the_bytes_of_the_dtype():
    assert [layer.activation_bytes for layer in counted([Dense(5), Tanh()], (3,))] == [20, 20]
    assert [layer.activation_bytes for layer in counted([Dense(5)], (3,), "float64")] == [40]
    assert counted([Flatten()], (2, 3))[0].activation_bytes == 0


def test_moving_numbers_costs_nothing_and_dropout_is_idle_when_predicting():
    flatten, dropout, _ = counted([Flatten(), Dropout(0.5), Dense(1)], (2, 3))
    assert (flatten.operations, dropout.operations) == (0, 0)


def test_inner_layers_are_counted_with_their_paths():
    inner = Network([Dense(3), Tanh()])
    found = counted([inner, Residual(Network([Dense(3), Tanh()])), Sigmoid()], (3,))
    assert [layer.path for layer in found] == ["0.0", "0.1", "1", "2"]
    assert found[2].operations == found[0].operations + found[1].operations + 3
    assert found[2].layer == "Residual(Dense(3), Tanh())"


def test_named_inputs_and_indices_are_counted():
    layers = [Branches({"numbers": Dense(4), "city": Embedding(10, 2)}), Dense(1)]
    branches, last = counted(layers, {"numbers": (3,), "city": ()})
    assert (branches.parameters, branches.operations) == (16 + 20, 2 * 12)
    assert (last.parameters, last.operations) == (7, 12)


def test_a_repeated_body_is_counted_for_every_step():
    def total(c, x):
        return c * x + 1.0, c

    tape = Tape()
    cr.ops.scan(total, np.float64(1), tape.input(np.arange(7.0)))
    assert sum(operations(record, tape.values) for record in tape.records) == 7 * 2


@pytest.mark.parametrize(
    ("layer", "gates", "beside", "kept"),
    [(SimpleRNN, 1, 1, 1), (LSTM, 4, 3 + 1 + 3 + 1 + 1, 8), (GRU, 3, 2 + 2 + 1 + 3, 6)],
)
def test_a_recurrent_layer_is_counted_for_every_step(layer, gates, beside, kept):
    """A unit's step: its gates' sums and functions, and the products and sums that make a state."""
    time, features, units = 7, 3, 5
    shape = (time, features)
    found = counted([layer(units, sequences=True), Bidirectional(layer(units))], shape)
    sums = gates * (2 * features + 2 * units)
    assert found[0].operations == time * units * (sums + beside)
    assert found[0].activation_bytes == 4 * time * units * kept
    assert found[1].parameters == 2 * sum(p.size for p in made(layer(units), (time, units)))
    with_lengths = counted([layer(units)], {"values": shape, "lengths": ()})
    assert with_lengths[0].operations == found[0].operations
    assert with_lengths[0].out_shape == (units,)


def made(layer, shape):
    return layer.init(cr.ops.key_from_seed(0), shape)[0].values()


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_a_rule_that_fits_it(name):
    """Without a rule of its own a primitive does one operation for every number of its result."""
    if name in FREE or name in RULES:
        return
    for seed in range(5):
        case = SAMPLES[name].make(random.Random(seed))
        out = PRIMITIVES[name](*case.arrays, **case.static)
        shapes = [np.shape(array) for array in case.arrays]
        drawn = name in ("fold_in", "random_uniform", "random_normal", "random_part", "one_hot")
        fused = name in ("binary_cross_entropy", "perceptron_criterion")
        assert drawn or fused or np.shape(out) == np.broadcast_shapes(*shapes)


def test_layers_are_written_as_one_writes_them():
    assert layer_words(Dense(64)) == "Dense(64)"
    assert layer_words(Dense(8, bias=False)) == "Dense(8, bias=False)"
    assert layer_words(cr.nn.LeakyReLU(0.3)) == "LeakyReLU(0.3)"
    assert layer_words(BatchNorm(0.8)) == "BatchNorm(0.8)"
    assert layer_words(Branches({"a": Dense(2), "b": Embedding(3, 1)})) == (
        "Branches(a: Dense(2), b: Embedding(3, 1))"
    )
