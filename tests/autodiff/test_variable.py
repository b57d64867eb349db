"""A traced value behaves as the array it stands for, and refuses what would lose its derivative."""

import operator

import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import Variable, check_gradients, value_and_grad
from chainrule.errors import GradientError, ShapeError

ENGINES = pytest.mark.parametrize("engine", [np.asarray, jnp.asarray], ids=["numpy", "xla"])
A = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
B = np.array([[2.0, 0.5], [1.0, 3.0]], "float32")


def traced(function, *arrays):
    """What a function of traced values computes, as plain arrays."""

    def loss(xs):
        out = function(*xs)
        return ops.sum(xs[0]), out

    return value_and_grad(loss, aux=True)(arrays)[0][1]


OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
    "matmul": operator.matmul,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}


@ENGINES
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_with_traced_values_arrays_and_numbers(engine, name):
    act = OPERATORS[name]
    a, b = engine(A), engine(B)
    pairs = {
        "both traced": (lambda x, y: act(x, y), act(A, B)),
        "array on the left": (lambda x, y: act(A, y), act(A, B)),
        "array on the right": (lambda x, y: act(x, B), act(A, B)),
        "own engine's array on the left": (lambda x, y: act(a, y), act(A, B)),
    }
    if name != "matmul":
        pairs["number on the left"] = (lambda x, y: act(2, y), act(2, B))
        pairs["number on the right"] = (lambda x, y: act(x, 3.0), act(A, 3.0))
        pairs["NumPy number on the left"] = (lambda x, y: act(np.float64(2), y), act(2, B))
    for kind, (function, expected) in pairs.items():
        got = np.asarray(traced(function, a, b))
        assert got.dtype == expected.dtype, kind
        np.testing.assert_allclose(got, expected, rtol=1e-6, err_msg=kind)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow", "matmul"])
def test_operators_have_right_derivatives_on_both_sides(name):
    act = OPERATORS[name]
    check_gradients(lambda p: ops.sum(act(p[0], p[1]) * A), (A, B))
    check_gradients(lambda p: ops.sum(act(B, p) * A), A)


@pytest.mark.parametrize("exponent", [2, 3, 0.5, -1, np.float64(3), np.int64(3), np.float32(3)])
def test_powers_with_any_kind_of_number_keep_float32(exponent):
    _, grad = value_and_grad(lambda x: ops.sum(x**exponent))(A)
    assert grad.dtype == "float32"
    np.testing.assert_allclose(grad, float(exponent) * A ** (float(exponent) - 1), rtol=1e-6)


METHODS = {
    "negative": lambda x: -x,
    "absolute": lambda x: abs(x),
    "transposed": lambda x: x.T,
    "sum": lambda x: x.sum(),
    "sum over an axis": lambda x: x.sum(axis=-1, keepdims=True),
    "mean": lambda x: x.mean(axis=0),
    "max": lambda x: x.max(axis=1),
    "min": lambda x: x.min(),
    "reshape": lambda x: x.reshape(4),
    "reshape by a tuple": lambda x: x.reshape((1, -1)),
    "reshape by several": lambda x: x.reshape(2, 1, 2),
    "transpose": lambda x: x.transpose(1, 0),
    "transpose by default": lambda x: x.transpose(),
    "astype": lambda x: x.astype("int32"),
    "shape": lambda x: np.asarray(x.shape),
    "ndim and size": lambda x: np.asarray([x.ndim, x.size, len(x)]),
}


@ENGINES
@pytest.mark.parametrize("name", METHODS)
def test_methods_are_those_of_an_array(engine, name):
    got = np.asarray(traced(METHODS[name], engine(A)))
    np.testing.assert_allclose(got, METHODS[name](A), rtol=1e-6)
    assert got.dtype == METHODS[name](A).dtype


@ENGINES
def test_iterating_gives_rows_with_their_derivatives(engine):
    def loss(x):
        first, second = x
        return ops.sum(first * second) + sum(ops.sum(row) for row in x)

    _, grad = value_and_grad(loss)(engine(A))
    np.testing.assert_allclose(grad, A[::-1] + 1)


def test_a_scalar_has_no_length():
    for act in (len, list):
        with pytest.raises(TypeError):
            traced(lambda x, act=act: act(x.sum()), A)


def test_empty_arrays_flow_through():
    empty = np.zeros((0, 2), "float32")
    value, grad = value_and_grad(lambda x: ops.sum((x @ A) * 2 + 1))(empty)
    assert (value, grad.shape, grad.dtype) == (0, (0, 2), "float32")
    _, grad = value_and_grad(lambda w: ops.sum(ops.affine(empty, w, A[0])))(A)
    assert not grad.any()


REFUSED = {
    "if": lambda x: 1 if x.sum() > 0 else 2,
    "and": lambda x: x > 0 and x,
    "while": lambda x: [0 for _ in iter(lambda: bool(x[0, 0]), False)],
    "in": lambda x: 2.0 in x,
    "float": lambda x: float(x.sum()),
    "int": lambda x: int(x.sum()),
    "as an index": lambda x: [1, 2][ops.argmax(x[0])],
    "range": lambda x: range(ops.argmax(x[0])),
    "numpy.exp": np.exp,
    "numpy.sum": np.sum,
    "numpy.maximum": lambda x: np.maximum(x, 0),
    "numpy.where": lambda x: np.where(A > 1, x, 0),
    "numpy.concatenate": lambda x: np.concatenate([x, A]),
    "numpy.asarray": np.asarray,
    "in place on an array": lambda x: operator.iadd(A.copy(), x),
    "numpy.add.reduce": np.add.reduce,
    "jax.numpy": jnp.exp,
}


@ENGINES
@pytest.mark.parametrize("name", REFUSED)
def test_what_would_lose_the_derivative_is_refused(engine, name):
    with pytest.raises(GradientError, match=r"ops\.where|chainrule\.ops"):
        traced(REFUSED[name], engine(A))


def test_what_is_no_array_is_refused():
    with pytest.raises(TypeError, match="arrays and numbers, not NoneType"):
        traced(lambda x: x == None, A)  # noqa: E711
    with pytest.raises(TypeError, match="not str"):
        traced(lambda x: x + "1", A)


@ENGINES
def test_products_that_do_not_fit_name_both_shapes(engine):
    with pytest.raises(ShapeError, match=r"\(2, 2\) and \(3, 2\)"):
        traced(lambda x: x @ np.ones((3, 2), "float32"), engine(A))


@pytest.mark.parametrize(
    "loss", [ops.binary_cross_entropy, ops.cross_entropy, ops.dot, ops.perceptron_criterion]
)
def test_shapes_that_would_broadcast_to_a_table_are_refused(loss):
    with pytest.raises(ShapeError, match=r"\(3, 1\) and \(3,\)"):
        loss(np.ones((3, 1)), np.ones(3))


def test_it_can_be_printed_and_put_into_a_dict():
    kept = {}

    def loss(x):
        kept[x] = repr(x)
        return x.sum()

    value_and_grad(loss)(A)
    assert list(kept.values()) == ["<traced float32 (2, 2)>"]
    assert isinstance(next(iter(kept)), Variable)
