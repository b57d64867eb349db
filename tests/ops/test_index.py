"""Picking by position: whatever NumPy understands, on both engines, with repeated indices added."""

import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import value_and_grad
from chainrule.errors import GradientError, ShapeError

ENGINES = pytest.mark.parametrize("engine", [np.asarray, jnp.asarray], ids=["numpy", "xla"])
X = np.arange(24, dtype="float32").reshape(4, 3, 2)

INDICES = {
    "integer": 1,
    "negative": -1,
    "slice": slice(1, 3),
    "step": slice(None, None, 2),
    "backwards": slice(None, None, -1),
    "backwards by two": slice(3, 0, -2),
    "empty": slice(2, 2),
    "ellipsis": (..., 0),
    "new axis": (None, slice(None), None),
    "several": (slice(None), -1, slice(0, 1)),
    "list": [2, 0],
    "list in a tuple": (slice(None), [2, 2]),
    "array": np.array([3, 3, 0]),
    "table": np.array([[0, 1], [3, 3]]),
    "arrays": (np.array([0, 3, 3]), np.array([2, 0, 0])),
    "negative array": np.array([-1, -4]),
    "mask": np.array([True, False, True, True]),
}


@ENGINES
@pytest.mark.parametrize("kind", INDICES)
def test_takes_what_numpy_takes_and_counts_how_often(engine, kind):
    index = INDICES[kind]
    value, grad = value_and_grad(lambda x: ops.sum(x[index] * x[index]) / 2)(engine(X))
    counts = np.zeros(X.shape, "float32")
    np.add.at(counts, index, 1)
    np.testing.assert_allclose(value, (X[index] ** 2).sum() / 2)
    np.testing.assert_allclose(grad, counts * X)


@ENGINES
@pytest.mark.parametrize("index", [4, -5, (0, 3), [0, 4]], ids=str)
def test_an_index_outside_is_refused_on_both_engines(engine, index):
    """XLA alone would return a neighbor without a word."""
    with pytest.raises(IndexError):
        value_and_grad(lambda x: ops.sum(x[index]))(engine(X))


@ENGINES
@pytest.mark.parametrize("index", [[0, 0, 3], np.array([[1], [2]]), np.array(2)], ids=str)
def test_rows_are_taken_by_lists_and_arrays(engine, index):
    value, grad = value_and_grad(lambda x: ops.sum(ops.take(x, index)))(engine(X))
    counts = np.zeros(X.shape)
    np.add.at(counts, np.asarray(index), 1)
    assert value == X[np.asarray(index)].sum()
    np.testing.assert_array_equal(grad, counts)


@ENGINES
def test_a_traced_index_takes_rows(engine):
    def loss(w, rows):
        order = ops.argmax(w, axis=0)
        return ops.sum(w[order] * rows[0])

    w = engine(np.array([[1.0, 5.0], [4.0, 2.0]], "float32"))
    value, grad = value_and_grad(loss)(w, engine(np.ones((1, 2), "float32")))
    assert value == 12  # rows 1 and 0
    np.testing.assert_array_equal(grad, np.ones((2, 2)))


@ENGINES
def test_numbers_are_picked_from_the_last_axis(engine):
    x = engine(X[0])
    value, grad = value_and_grad(lambda x: ops.sum(ops.pick(x, [1, 0, 1])))(x)
    assert value == 1 + 2 + 5
    np.testing.assert_array_equal(grad, [[0, 1], [1, 0], [0, 1]])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_labels_may_be_integers_of_any_width_on_both_engines(dtype):
    labels = np.array([1, 0], dtype)
    z = np.array([[1.0, 2.0], [3.0, -1.0]], "float32")
    expected = ops.label_cross_entropy(z, labels)
    np.testing.assert_allclose(ops.label_cross_entropy(jnp.asarray(z), labels), expected, rtol=1e-6)


@ENGINES
def test_a_mask_of_traced_booleans_is_refused_with_the_cure(engine):
    with pytest.raises(ShapeError, match=r"ops\.where"):
        value_and_grad(lambda x: ops.sum(x[x > 2]))(engine(X))


@ENGINES
def test_a_traced_index_among_others_is_refused_with_the_cure(engine):
    with pytest.raises(GradientError, match=r"ops\.pick"):
        value_and_grad(lambda x: ops.sum(x[ops.argmax(x[0, 0]), 0]))(engine(X))


def test_one_hot_rows():
    assert ops.one_hot(np.array([2, 0]), classes=3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert ops.one_hot(np.array([], "int32"), classes=3).shape == (0, 3)
