"""Optimizers as descriptions: defaults, names, what they remember, what is refused."""

import numpy as np
import pytest

from chainrule import optim
from chainrule.autodiff import describe, hyper_values, program_key
from chainrule.errors import SettingError

PARAMS = ({"weight": np.ones((2, 3), "float32"), "bias": np.ones(3, "float32")}, {})
SLOTS = {"sgd": 0, "adam": 2, "adamw": 2, "rmsprop": 1, "adagrad": 1}


def test_every_optimizer_is_tested():
    assert set(SLOTS) == set(optim.OPTIMIZERS)


@pytest.mark.parametrize("name", SLOTS)
def test_what_is_remembered_starts_at_zero_like_the_parameters(name):
    slots = optim.init_slots(optim.as_optimizer(name), PARAMS)
    assert len(slots) == SLOTS[name]
    for slot in slots.values():
        assert describe(slot) == describe(PARAMS)
        assert not slot[0]["weight"].any()


def test_momentum_is_remembered_only_where_there_is_some():
    assert optim.GradientDescent().slots == ()
    assert optim.GradientDescent(momentum=0.9).slots == ("velocity",)


def test_weights_decay_and_biases_do_not():
    assert optim.decays(PARAMS) == [False, True]


@pytest.mark.parametrize("name", SLOTS)
def test_the_first_argument_is_the_learning_rate(name):
    made = optim.OPTIMIZERS[name](0.123)
    assert made.learning_rate == 0.123
    assert optim.OPTIMIZERS[name](optim.Cosine(0.1)).learning_rate == optim.Cosine(0.1)
    assert optim.as_optimizer(made) is made


@pytest.mark.parametrize("name", SLOTS)
def test_rates_are_no_structure_unless_they_are_zero(name):
    kind = optim.OPTIMIZERS[name]
    one, other = (
        kind(0.1, weight_decay=0.1, clip_norm=1.0),
        kind(0.1, weight_decay=0.2, clip_norm=2.0),
    )
    assert program_key(one) == program_key(other)
    assert program_key(one) != program_key(kind(0.1, weight_decay=0.0))
    assert hyper_values(one)["weight_decay"] == 0.1


@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), np.int64(0)])
def test_numbers_of_numpy_are_numbers(number):
    made = optim.Adam(number, weight_decay=number)
    assert type(made.learning_rate) in (int, float)
    assert made == optim.Adam(float(number), weight_decay=float(number))
    assert optim.schedule_of(made) == optim.Constant(float(number))


@pytest.mark.parametrize("name", SLOTS)
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"learning_rate": -0.1}, ["learning_rate", "-0.1", "at least 0"]),
        ({"learning_rate": float("nan")}, ["learning_rate", "nan"]),
        ({"weight_decay": -1.0}, ["weight_decay", "-1.0"]),
        ({"l2": float("inf")}, ["l2", "inf"]),
        ({"l1": -0.5}, ["l1", "-0.5"]),
        ({"clip_norm": -1.0}, ["clip_norm", "-1.0"]),
        ({"learning_rate": "fast"}, ["learning_rate", "'fast'", "schedule"]),
        ({"learning_rate": None}, ["learning_rate", "None"]),
        ({"weight_decay": "0.1"}, ["weight_decay", "'0.1'", "number"]),
        ({"l2": None}, ["l2", "None"]),
    ],
)
def test_impossible_settings_are_refused(name, settings, words):
    kind = optim.OPTIMIZERS[name]
    with pytest.raises(SettingError) as caught:
        kind(**settings)
    assert all(word in str(caught.value) for word in [kind.__name__, *words]), caught.value


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: optim.Adam(beta1=1.0), ["Adam", "beta1", "below 1"]),
        (lambda: optim.Adam(beta2=1.5), ["Adam", "beta2", "below 1"]),
        (lambda: optim.AdamW(epsilon=-1e-8), ["AdamW", "epsilon"]),
        (lambda: optim.RMSProp(decay=1.0), ["RMSProp", "decay", "below 1"]),
        (lambda: optim.GradientDescent(momentum=1.0), ["momentum", "below 1"]),
        (lambda: optim.GradientDescent(nesterov=True), ["nesterov", "momentum=0.9"]),
        (lambda: optim.as_optimizer("adm"), ["'adm'", "'adam'", "rmsprop"]),
        (lambda: optim.as_optimizer(0.1), ["0.1", "'adam'", "Adam(1e-3)"]),
        (lambda: optim.as_optimizer(optim.Adam), ["Adam", "not an optimizer"]),
    ],
)
def test_optimizers_that_cannot_be_are_refused(make, words):
    with pytest.raises(SettingError) as caught:
        make()
    assert all(word in str(caught.value) for word in words), caught.value
