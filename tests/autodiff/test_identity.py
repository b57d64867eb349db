"""Keys of programs: equal for equal objects, different for whatever could change the program."""

import functools
import math
import threading
import types
from dataclasses import dataclass, field

import numpy as np
import pytest

from chainrule import losses, nn, ops, optim
from chainrule.autodiff import hyper, program_key

SCALE = 1.0
TABLE = [1, 2, {"a": (3.0,)}]
SETTINGS = types.ModuleType("settings_of_a_user")


def reads_a_global(y, out):
    return SCALE * ops.mean(out - y, axis=1)


def helper(x):
    return x * SCALE


def calls_a_helper(y, out):
    return helper(out[:, 0])


def reads_inside(y, out):
    def inner(x):
        return [SCALE * x for x in out]

    return inner(out)


def reads_a_module(y, out):
    return out[:, 0] * SETTINGS.scale


def with_default(y, out, scale=1.0):
    return out


def closing_over(scale):
    def loss(y, out):
        return out * scale

    return loss


@dataclass(frozen=True)
class Frozen:
    units: int
    note: str = field(default="", compare=False)
    rate: float = hyper(0.1)

    def apply(self, x):
        return x * SCALE + self.units


@dataclass(frozen=True, slots=True)
class Slotted:
    units: int


class Plain:
    extra = 1

    def __init__(self, scale):
        self.scale = scale

    def __call__(self, y, out):
        return out * self.scale


class Cyclic:
    def __init__(self):
        self.me = [self]


SAME = {
    "layers": lambda: nn.Network([nn.Dense(3), nn.ReLU(), nn.Residual(nn.Dense(3))]),
    "a loss": lambda: losses.Huber(0.3),
    "an optimizer": lambda: optim.Adam(0.1, l2=0.01),
    "a function": lambda: reads_a_global,
    "a lambda": lambda: lambda y, out: out,
    "a closure": lambda: closing_over(2.0),
    "a mutable object": lambda: Plain(3),
    "arrays": lambda: Plain(np.arange(4.0)),
    "no number": lambda: math.nan,
    "a description": lambda: Frozen(2, "a"),
    "slots": lambda: Slotted(2),
    "an object that holds itself": Cyclic,
    "a partial function": lambda: functools.partial(with_default, scale=2.0),
    "a method": lambda: Plain(1).__call__,
    "a container": lambda: {"a": [1, (2, {3})], "b": None, "c": b"x"},
    "a class": lambda: Plain,
    "an operation": lambda: ops.mean,
}


@pytest.mark.parametrize("name", SAME)
def test_what_is_equal_has_one_key(name):
    one = program_key(SAME[name]())
    assert one is not None
    assert hash(one) == hash(program_key(SAME[name]()))
    assert one == program_key(SAME[name]())


OTHER = {
    "units": (nn.Dense(3), nn.Dense(4)),
    "a type": (nn.ReLU(), nn.Tanh()),
    "a rate of 0": (nn.Dropout(0.0), nn.Dropout(0.5)),
    "one and true": (1, True),
    "one and a float": (1, 1.0),
    "zeros": (0.0, -0.0),
    "tuple and list": ((1,), [1]),
    "arrays": (np.arange(3.0), np.arange(3)),
    "large arrays": (np.arange(1e4), np.arange(1e4) + (np.arange(1e4) == 5000)),
    "a field that is not compared": (Frozen(1, "a"), Frozen(1, "b")),
    "slots": (Slotted(1), Slotted(2)),
    "a mutable object": (Plain(1), Plain(2)),
    "a closure": (closing_over(1), closing_over(2)),
    "a partial function": (
        functools.partial(with_default, scale=1),
        functools.partial(with_default, scale=2),
    ),
    "code": (lambda y, out: out, lambda y, out: -out),
    "a rate out of reach of the program": ([nn.Dropout(0.1)], [nn.Dropout(0.2)]),
}


@pytest.mark.parametrize("name", OTHER)
def test_what_differs_has_another_key(name):
    one, other = OTHER[name]
    assert program_key(one) != program_key(other)


def test_rates_are_no_part_of_it():
    assert program_key(nn.Network([nn.Dropout(0.1)])) == program_key(nn.Network([nn.Dropout(0.2)]))
    assert program_key(Frozen(1, rate=0.1)) == program_key(Frozen(1, rate=7.0))


@pytest.mark.parametrize(
    "function",
    [reads_a_global, calls_a_helper, reads_inside, Frozen(1), closing_over(helper)],
    ids=["directly", "in a helper", "inside", "in a method", "in a closure"],
)
def test_a_global_that_is_read_is_a_part_of_it(monkeypatch, function):
    before = program_key(function)
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    assert program_key(function) != before
    monkeypatch.setitem(globals(), "SCALE", 1.0)
    assert program_key(function) == before


def test_a_global_that_is_not_read_is_not(monkeypatch):
    before = program_key(reads_a_global)
    monkeypatch.setitem(globals(), "TABLE", 5)
    assert program_key(reads_a_global) == before


def test_values_of_modules_defaults_and_classes_are(monkeypatch):
    SETTINGS.scale = 1.0
    before = program_key(reads_a_module), program_key(with_default), program_key(Plain(1))
    SETTINGS.scale = 2.0
    monkeypatch.setattr(with_default, "__defaults__", (2.0,))
    monkeypatch.setattr(Plain, "extra", 2)
    after = program_key(reads_a_module), program_key(with_default), program_key(Plain(1))
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_a_method_that_is_replaced_is_noticed(monkeypatch):
    before = program_key(Plain(1))
    monkeypatch.setattr(Plain, "__call__", lambda self, y, out: out)
    assert program_key(Plain(1)) != before


@pytest.mark.parametrize(
    "thing",
    [(i for i in range(3)), threading.Lock(), np.array([object()]), object(), iter([])],
    ids=["generator", "lock", "array of objects", "object", "iterator"],
)
def test_what_cannot_be_copied_has_none(thing):
    assert program_key(thing) is None
    assert program_key(Plain([thing])) is None
    assert program_key(closing_over(thing)) is None


def test_what_is_too_large_has_none():
    assert program_key(list(range(100_000))) is None
