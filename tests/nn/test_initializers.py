"""Initializers: the spread of their numbers is the one that their paper gives."""

import math

import numpy as np
import pytest

from chainrule import nn, ops
from chainrule.autodiff import leaves
from chainrule.nn import initializers
from tests.nn.samples import offered

FAN_IN, FAN_OUT = 300, 200
KEY = ops.key_from_seed(5)

# What to try, its standard deviation, and the largest number where there is one.
EXPECTED = {
    "Zeros": (nn.Zeros(), 0.0, 0.0),
    "Constant": (nn.Constant(0.25), 0.0, 0.25),
    "RandomNormal": (nn.RandomNormal(0.2), 0.2, None),
    "RandomUniform": (nn.RandomUniform(0.3), 0.3 / math.sqrt(3), 0.3),
    "GlorotUniform": (nn.GlorotUniform(), math.sqrt(2 / 500), math.sqrt(6 / 500)),
    "GlorotNormal": (nn.GlorotNormal(), math.sqrt(2 / 500), None),
    "HeUniform": (nn.HeUniform(), math.sqrt(2 / 300), math.sqrt(6 / 300)),
    "HeNormal": (nn.HeNormal(), math.sqrt(2 / 300), None),
    "LeCunUniform": (nn.LeCunUniform(), math.sqrt(1 / 300), math.sqrt(3 / 300)),
    "OutputUniform": (nn.OutputUniform(), math.sqrt(0.1 / 300), math.sqrt(0.3 / 300)),
    "Orthogonal": (nn.Orthogonal(2.0), 2 / math.sqrt(300), None),
    "LeCunNormal": (nn.LeCunNormal(), math.sqrt(1 / 300), None),
}

INITIALIZERS = {
    value.__name__: value
    for value in offered(nn, "__call__").values()
    if value.__module__ == initializers.__name__
}


def test_every_initializer_is_tested():
    assert set(INITIALIZERS) == {*EXPECTED, "ForgetBias"}  # that is in test_recurrent.py
    assert (nn.XavierUniform, nn.XavierNormal) == (nn.GlorotUniform, nn.GlorotNormal)


@pytest.mark.parametrize("name", EXPECTED)
def test_spread_and_limit(name):
    initializer, std, limit = EXPECTED[name]
    numbers = initializer(KEY, (FAN_IN, FAN_OUT), FAN_IN, FAN_OUT)
    assert numbers.dtype == "float32"
    assert numbers.shape == (FAN_IN, FAN_OUT)
    assert numbers.std() == pytest.approx(std, rel=0.02)
    if limit is not None:
        assert np.abs(numbers).max() <= limit * (1 + 1e-6)
        assert np.abs(numbers).max() >= limit * 0.999
    if std:
        assert abs(numbers.mean()) < 4 * std / math.sqrt(numbers.size)


@pytest.mark.parametrize("name", [n for n in EXPECTED if n not in ("Zeros", "Constant")])
def test_same_key_same_numbers_other_key_other_numbers(name):
    initializer = EXPECTED[name][0]
    one, same = (initializer(KEY, (4, 3), 4, 3) for _ in range(2))
    other = initializer(ops.key_from_seed(6), (4, 3), 4, 3)
    assert one.tobytes() == same.tobytes()
    assert not np.isin(one, other).any()


@pytest.mark.parametrize(
    ("following", "expected"),
    [
        (nn.ReLU(), nn.HeUniform()),
        (nn.LeakyReLU(), nn.HeUniform()),
        (nn.GELU(), nn.HeUniform()),
        (nn.Tanh(), nn.GlorotUniform()),
        (nn.Dense(2), nn.GlorotUniform()),
    ],
)
@pytest.mark.parametrize("between", [[], [nn.Dropout(0.1)], [nn.BatchNorm(), nn.LayerNorm()]])
def test_the_default_follows_the_activation_that_comes_next(following, expected, between):
    network = nn.Network([nn.Dense(7), *between, following, nn.Dense(2)])
    weight = network.init(KEY, (5,))[0][0]["weight"]
    wanted = expected(ops.fold_in(ops.fold_in(KEY, 0), 0), (5, 7), 5, 7)
    assert weight.tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    "last",
    [
        [nn.Dense(7)],
        [nn.Dense(7), nn.Softmax()],
        [nn.Dense(7), nn.Dropout(0.1), nn.Sigmoid()],
        [nn.Network([nn.Dense(7)]), nn.Network([nn.Softmax()])],
    ],
)
def test_the_output_starts_small_however_it_is_written(last):
    params = nn.Network([nn.Dense(5), nn.ReLU(), *last]).init(KEY, (5,))[0]
    output = params[2][0] if isinstance(params[2], tuple) else params[2]
    assert 0 < np.abs(output["weight"]).max() <= math.sqrt(0.3 / 5) * (1 + 1e-6)
    assert np.abs(params[0]["weight"]).max() > math.sqrt(0.3 / 5)


def test_what_stands_inside_other_layers_looks_at_what_is_behind_them():
    inner = nn.Network([nn.Dense(40)])
    nets = [
        nn.Network([inner, nn.ReLU(), nn.Dense(1)]),
        nn.Network([nn.Residual(inner), nn.ReLU(), nn.Dense(1)]),
        nn.Network([nn.Network([inner, nn.ReLU()]), nn.Dense(1)]),
    ]
    for net in nets:
        weight = max(leaves(net.init(KEY, (40,))[0]), key=lambda x: x.size)
        assert weight.std() == pytest.approx(math.sqrt(2 / 40), rel=0.05)


def test_a_named_initializer_is_kept_and_biases_start_at_zero():
    network = nn.Network([nn.Dense(2, weight_init=nn.Constant(0.5)), nn.ReLU()])
    params = network.init(KEY, (3,))[0]
    assert (params[0]["weight"] == 0.5).all()
    assert not params[0]["bias"].any()
    with_bias = nn.Dense(2, bias_init=nn.Constant(3.0)).init(KEY, (3,))[0]
    assert (with_bias["bias"] == 3).all()


def test_layers_of_one_network_get_numbers_of_their_own():
    network = nn.Network([nn.Dense(4), nn.Dense(4), nn.Network([nn.Dense(4), nn.Dense(4)])])
    params = network.init(KEY, (4,))[0]
    weights = [params[0], params[1], *params[2]]
    numbers = np.concatenate([layer["weight"].ravel() for layer in weights])
    assert len(np.unique(numbers)) == numbers.size
