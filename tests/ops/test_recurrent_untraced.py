"""Recurrence where nothing is traced: the numbers of the traced one, and nothing beside them."""

import random

import numpy as np
import pytest

from chainrule import ops, value_and_grad
from chainrule.autodiff import PRIMITIVES
from chainrule.engine import NUMPY, engine_by_name
from chainrule.ops import recurrent_compiled, recurrent_untraced
from tests.ops.samples import RECURRENT, SAMPLES


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RECURRENT)
def test_the_numbers_are_those_that_the_tape_records(name, dtype):
    primitive = PRIMITIVES[name]
    for seed in range(30):
        case = SAMPLES[name].make(random.Random(seed))
        arrays = [x.astype(dtype) if x.dtype.kind == "f" else x for x in case.arrays]
        (alone,) = primitive(*arrays, **case.static)
        traced = primitive.forward(NUMPY, *arrays, **case.static)[0]
        assert alone.dtype == dtype
        rounding = {"float32": 1e-6, "float64": 1e-14}[dtype]
        np.testing.assert_allclose(alone, traced, rtol=rounding, atol=rounding)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("name", RECURRENT)
def test_it_does_not_matter_how_many_steps_are_projected_at_once(
    monkeypatch, name, reverse, sequences
):
    case = SAMPLES[name].make(random.Random(0))
    r, gates = np.random.default_rng(0), case.arrays[1].shape[1] // case.arrays[2].shape[0]
    shapes = [(3, 7, 2), (2, 4 * gates), (4, 4 * gates), (4 * gates,), (4,)]
    arrays = [r.normal(size=shape) for shape in shapes[: 5 if name == "gru" else 4]]
    arrays.append(np.array([7, 1, 4], "int32"))
    settings = {"reverse": reverse, "sequences": sequences}
    whole = PRIMITIVES[name](*arrays, **settings)[0]
    for rows in (1, 6, 10):
        monkeypatch.setattr(recurrent_untraced, "PROJECTED_ROWS", rows)
        parts = PRIMITIVES[name](*arrays, **settings)[0]
        np.testing.assert_allclose(parts, whole, rtol=1e-13)
    traced = PRIMITIVES[name].forward(NUMPY, *arrays, **settings)[0]
    np.testing.assert_allclose(whole, traced, rtol=1e-13)


XLA = engine_by_name("xla")


def by_xla(name, arrays, settings):
    """The result of a recurrence in a compiled program where nothing is traced."""
    program = XLA.compile(lambda: lambda *x: PRIMITIVES[name](*x, **settings), None)
    with XLA.precision("float64"):
        (out,) = program(*arrays)
        return XLA.get(out)


@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("name", RECURRENT)
def test_compiled_in_any_parts_it_has_the_numbers_of_the_tape(
    monkeypatch, name, reverse, sequences, lengths
):
    r, gates = np.random.default_rng(0), {"simple_rnn": 1, "lstm": 4, "gru": 3}[name]
    shapes = [(6, 7, 2), (2, 4 * gates), (4, 4 * gates), (4 * gates,), (4,)]
    arrays = [r.normal(size=shape) for shape in shapes[: 5 if name == "gru" else 4]]
    arrays += [np.array([7, 1, 4, 7, 2, 3], "int32")] if lengths else []
    settings = {"reverse": reverse, "sequences": sequences}
    traced = PRIMITIVES[name].forward(NUMPY, *arrays, **settings)[0]
    for rows, examples in ((1000, 6), (1, 6), (1, 3), (1, 4), (14, 2)):
        monkeypatch.setattr(recurrent_compiled, "PROJECTED_ROWS", rows)
        monkeypatch.setattr(recurrent_compiled, "GATES_AT_A_TIME", 1)
        monkeypatch.setattr(recurrent_compiled, "FEWEST_EXAMPLES", examples)
        np.testing.assert_allclose(by_xla(name, arrays, settings), traced, rtol=1e-12, atol=1e-14)


def test_parts_are_equal_and_not_much_smaller_than_asked():
    pieces = recurrent_compiled._pieces
    assert [pieces(batch, 64) for batch in (1, 64, 65, 96, 128, 127, 256)] == [1, 1, 1, 2, 2, 1, 4]


def test_what_the_way_back_needs_is_kept_where_something_is_traced():
    r = np.random.default_rng(1)
    x, w, u, b = (r.normal(size=shape) for shape in ((2, 3, 2), (2, 8), (2, 8), (8,)))
    kept = []

    def loss(w):
        out = ops.lstm(x, w, u, b)
        kept.append(len(out))
        return ops.sum(out[0])

    value_and_grad(loss)(w)
    assert kept == [6]
    assert len(ops.lstm(x, w, u, b)) == 1


def test_inputs_and_weights_are_not_written_to():
    r = np.random.default_rng(2)
    x, w, u, b, d = (r.normal(size=s) for s in ((2, 3, 2), (2, 6), (2, 6), (6,), (2,)))
    before = [part.copy() for part in (x, w, u, b, d)]
    ops.gru(x, w, u, b, d, sequences=True)
    for part, old in zip((x, w, u, b, d), before, strict=True):
        assert (part == old).all()
