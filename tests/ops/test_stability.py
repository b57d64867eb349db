"""What overflows when written naively stays finite and right at ±10,000, also in float32."""

import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import value_and_grad

FAR = np.array([[-1e4, -50.0, 0.0], [50.0, 1e4, -1e4]])
LABELS = np.array([0, 2], "int32")
ONE_HOT = np.eye(3)[LABELS]

FUNCTIONS = {
    "sigmoid": ops.sigmoid,
    "softplus": ops.softplus,
    "tanh": ops.tanh,
    "softmax": ops.softmax,
    "log_softmax": ops.log_softmax,
    "logsumexp": ops.logsumexp,
    "relu": ops.relu,
    "leaky_relu": lambda x: ops.leaky_relu(x, 0.01),
    "elu": lambda x: ops.elu(x, 1.0),
    "gelu": ops.gelu,
    "silu": ops.silu,
    "erf": ops.erf,
    "binary_cross_entropy of 0": lambda x: ops.binary_cross_entropy(x, 0.0),
    "binary_cross_entropy of 1": lambda x: ops.binary_cross_entropy(x, 1.0),
    "label_cross_entropy": lambda x: ops.label_cross_entropy(x, LABELS),
    "cross_entropy": lambda x: ops.cross_entropy(x, ONE_HOT),
    "perceptron_criterion": lambda x: ops.perceptron_criterion(x, 1.0),
}


@pytest.mark.parametrize("engine", [np.asarray, jnp.asarray], ids=["numpy", "xla"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_gradients_stay_finite(name, engine):
    x = engine(FAR.astype("float32"))
    function = FUNCTIONS[name]
    value, grad = value_and_grad(lambda x: ops.sum(function(x)))(x)
    assert np.isfinite(value)
    assert np.isfinite(grad).all()
    assert grad.dtype == "float32"


LIMITS = {
    "sigmoid": ([0.0, 1.0], [0.0, 0.0]),
    "softplus": ([0.0, 1e4], [0.0, 1.0]),
    "tanh": ([-1.0, 1.0], [0.0, 0.0]),
    "elu": ([-1.0, 1e4], [0.0, 1.0]),
    "gelu": ([0.0, 1e4], [0.0, 1.0]),
    "silu": ([0.0, 1e4], [0.0, 1.0]),
    "binary_cross_entropy of 0": ([0.0, 1e4], [0.0, 1.0]),
    "binary_cross_entropy of 1": ([1e4, 0.0], [-1.0, 0.0]),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LIMITS)
def test_values_and_slopes_reach_their_limits(name, dtype):
    values, slopes = LIMITS[name]
    x = np.array([-1e4, 1e4], dtype)
    function = FUNCTIONS[name]
    np.testing.assert_array_equal(function(x), values)
    _, grad = value_and_grad(lambda x: ops.sum(function(x)))(x)
    np.testing.assert_array_equal(grad, slopes)


def test_softmax_and_cross_entropies_at_the_limits():
    z = np.array([[1e4, -1e4], [-1e4, 1e4]], "float32")
    np.testing.assert_array_equal(ops.softmax(z), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(ops.log_softmax(z), [[0, -2e4], [-2e4, 0]])
    np.testing.assert_array_equal(ops.logsumexp(z), [1e4, 1e4])
    np.testing.assert_array_equal(ops.label_cross_entropy(z, np.array([0, 0])), [0, 2e4])
    np.testing.assert_array_equal(ops.cross_entropy(z, np.eye(2)), [0, 0])


def test_far_logits_keep_their_differences():
    """Adding a constant to all logits of a row changes nothing."""
    z = np.array([[0.5, -1.0, 2.0]])
    for far in (-1e4, 1e4):
        np.testing.assert_allclose(ops.softmax(z + far), ops.softmax(z), rtol=1e-10)
        np.testing.assert_allclose(
            ops.label_cross_entropy(z + far, [1]), ops.label_cross_entropy(z, [1]), rtol=1e-10
        )
        _, grad = value_and_grad(lambda z: ops.sum(ops.label_cross_entropy(z, [1])))(z + far)
        np.testing.assert_allclose(grad, ops.softmax(z) - np.eye(3)[[1]], rtol=1e-10)


def test_both_forms_of_tanh_agree_and_stay_finite():
    """(e^x - e^-x)/(e^x + e^-x) and 2·sigmoid(2x) - 1; at ±1e4 the quotient alone would be ∞/∞."""
    x = np.linspace(-5, 5, 101)
    quotient = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    np.testing.assert_allclose(ops.tanh(x), quotient, rtol=0, atol=1e-15)
    np.testing.assert_allclose(ops.tanh(x), 2 * ops.sigmoid(2 * x) - 1, rtol=0, atol=1e-15)
    far = np.array([-1e4, 1e4])
    assert ops.tanh(far).tolist() == (2 * ops.sigmoid(2 * far) - 1).tolist() == [-1, 1]


def test_two_classes_give_the_binary_cross_entropy_of_the_difference():
    z = np.random.default_rng(0).normal(size=(50, 2)) * 10
    y = np.arange(50) % 2
    binary = ops.binary_cross_entropy(z[:, 1] - z[:, 0], y.astype(float))
    np.testing.assert_allclose(ops.label_cross_entropy(z, y), binary, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ops.cross_entropy(z, np.eye(2)[y]), binary, rtol=1e-12, atol=1e-14)


def test_small_numbers_keep_their_digits():
    tiny = np.array([1e-12])
    np.testing.assert_allclose(ops.expm1(tiny), tiny, rtol=1e-11)
    np.testing.assert_allclose(ops.log1p(tiny), tiny, rtol=1e-11)
    np.testing.assert_allclose(ops.softplus(np.array([-30.0])), np.exp(-30.0), rtol=1e-12)
