"""One rule of promotion: the same dtypes on NumPy, on XLA, and on XLA inside a compiled program."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import value_and_grad

F32, F64, I32, BOOL = "float32", "float64", "int32", "bool"


def traced(dtype):
    return ("traced", np.ones(2, dtype))


def constant(dtype):
    return np.ones(2, dtype)


# operands, and the dtype of their sum, product, …; constants are NumPy arrays on both engines
TABLE = [
    ((traced(F32), 1), F32),
    ((traced(F32), 1.5), F32),
    ((traced(F32), True), F32),
    ((traced(F32), np.float64(2)), F32),
    ((traced(F32), np.float32(2)), F32),
    ((traced(F32), np.int64(2)), F32),
    ((traced(F32), [1.0, 2.0]), F32),
    ((traced(F32), constant(F64)), F32),
    ((traced(F32), constant(F32)), F32),
    ((traced(F32), constant(I32)), F32),
    ((traced(F32), constant("int64")), F32),
    ((traced(F32), constant(BOOL)), F32),
    ((traced(F32), traced(I32)), F32),
    ((traced(F32), traced(BOOL)), F32),
    ((traced(I32), 1), I32),
    ((traced(I32), 1.5), F32),
    ((traced(I32), np.float64(1.5)), F32),
    ((traced(I32), constant("int64")), I32),
    ((traced(I32), constant(F32)), F32),
    ((traced(I32), traced(BOOL)), I32),
    ((traced(BOOL), 1), I32),
    ((traced(BOOL), 1.5), F32),
    ((traced(BOOL), constant(I32)), I32),
]
DOUBLE = [
    ((traced(F64), 1), F64),
    ((traced(F64), 1.5), F64),
    ((traced(F64), np.float32(2)), F64),
    ((traced(F64), constant(F32)), F64),
    ((traced(F64), constant(F64)), F64),
    ((traced(F64), traced(F32)), F64),
    ((traced(F64), traced(I32)), F64),
    ((traced(F32), constant(F64)), F32),
]


def dtype_of(function, operands, convert, compile_it):
    """The dtype that a function of the operands has, those marked being traced."""
    marked = tuple(convert(x[1]) for x in operands if isinstance(x, tuple))

    def run(given):
        rest = iter(given)
        start = np.float32(1) if convert is np.asarray else jnp.float32(1)

        def loss(start):
            inputs = [start_on(start, next(rest)) if isinstance(x, tuple) else x for x in operands]
            return start, function(*inputs)

        return value_and_grad(loss, aux=True)(start)[0][1]

    return (jax.jit(run) if compile_it else run)(marked).dtype


def start_on(start, array):
    """The array as a value on the tape of `start`."""
    return ops.where(start > 0, array, array)


WAYS = {
    "numpy": (np.asarray, False),
    "xla": (jnp.asarray, False),
    "xla compiled": (jnp.asarray, True),
}


def name_of(row):
    (operands, dtype) = row
    said = [f"traced {x[1].dtype}" if isinstance(x, tuple) else repr(x) for x in operands]
    return f"{' + '.join(said)} is {dtype}"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("row", TABLE, ids=name_of)
def test_the_table_holds_on_both_engines_and_both_sides(row, way):
    operands, expected = row
    assert dtype_of(ops.add, operands, *WAYS[way]) == expected
    assert dtype_of(ops.multiply, operands[::-1], *WAYS[way]) == expected
    floating = expected if np.dtype(expected).kind == "f" else F32
    assert dtype_of(ops.divide, operands, *WAYS[way]) == floating


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("row", DOUBLE, ids=name_of)
def test_the_table_holds_in_double_precision(row, way):
    operands, expected = row
    with jax.enable_x64(True):
        assert dtype_of(ops.add, operands, *WAYS[way]) == expected
        assert dtype_of(ops.multiply, operands[::-1], *WAYS[way]) == expected


UNARY = {
    "exp": (ops.exp, F32),
    "mean": (ops.mean, F32),
    "sum": (ops.sum, I32),
    "max": (ops.max, I32),
    "square": (ops.square, I32),
    "relu": (ops.relu, I32),
    "sigmoid": (ops.sigmoid, F32),
    "argmax": (ops.argmax, I32),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_integers(name, way):
    function, expected = UNARY[name]
    assert dtype_of(function, (traced(I32),), *WAYS[way]) == expected


@pytest.mark.parametrize("way", WAYS)
def test_counting_booleans_gives_int32(way):
    assert dtype_of(ops.sum, (traced(BOOL),), *WAYS[way]) == I32


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ((1.0, 0.0), F32),
        ((1, 0), I32),
        ((1, 0.5), F32),
        ((True, False), BOOL),
        ((np.ones(2), 0), F64),
    ],
)
def test_numbers_chosen_by_a_condition_do_not_widen_what_follows(way, choices, expected):
    with jax.enable_x64(True):
        got = dtype_of(lambda c: ops.where(c, *choices), (traced(BOOL),), *WAYS[way])
    assert got == expected


def test_without_tracing_the_wider_float_wins_and_numbers_are_weak():
    assert ops.add(np.ones(2, F32), np.ones(2, F64)).dtype == F64
    assert ops.add(np.ones(2, F32), np.float64(1)).dtype == F32
    assert ops.add(np.ones(2, F32), 1.0).dtype == F32
    assert ops.add([1, 2], [0.5, 1.0]).dtype == F64
    assert ops.exp(1) == pytest.approx(np.e)


@pytest.mark.parametrize("convert", [np.asarray, jnp.asarray], ids=["numpy", "xla"])
def test_a_double_constant_does_not_spoil_a_float32_gradient(convert):
    data = np.random.default_rng(0).normal(size=(4, 3))

    def loss(w):
        return ops.mean(ops.softplus(data @ w - np.arange(4.0)) * np.float64(0.5) + 1)

    value, grad = value_and_grad(loss)(convert(np.ones(3, F32)))
    assert (value.dtype, grad.dtype) == (F32, F32)


def test_numbers_alone_and_arrays_give_the_same_values():
    x = np.array([0.5, 2.0], F32)
    for number in (3, 3.0, np.float32(3), np.float64(3), np.int64(3), np.full(2, 3.0, F32)):
        for op in (ops.add, ops.subtract, ops.multiply, ops.divide, ops.power, ops.maximum):
            np.testing.assert_allclose(op(x, number), op(x, np.full(2, 3, F32)), rtol=1e-7)
            np.testing.assert_allclose(op(number, x), op(np.full(2, 3, F32), x), rtol=1e-7)
