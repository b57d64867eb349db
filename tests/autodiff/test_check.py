"""The public gradient check finds wrong rules, says where, and is not fooled by kinks."""

import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import Primitive, check_gradients
from chainrule.errors import GradientError


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def wrong_square(spoil):
    """x², with a derivative 2x that `spoil` may change."""
    made = Primitive(
        lambda xp, x: x * x, formula="", derivative="", singular="", promote=True, floating=True
    )
    made.rule(lambda xp, cotangent, out, x: (spoil(cotangent * 2 * x),))
    return made


def test_passes_a_right_gradient_and_returns_its_small_error():
    x = numbers(8, 3)
    params = {"weight": numbers(3, 4), "bias": numbers(4)}

    def loss(p, x):
        return ops.sum(ops.tanh(x @ p["weight"] + p["bias"]) ** 2)

    assert 0 <= check_gradients(loss, params, x) < 1e-6


def test_float32_and_jax_arrays_are_checked_in_float64():
    """In float32 the differences alone would be off by more than 1e-3."""
    params = {"a": numbers(3).astype("float32"), "b": jnp.asarray(numbers(3), "float32")}
    assert check_gradients(lambda p, c: ops.sum(ops.exp(p["a"] * p["b"]) * c), params, 0.5) < 1e-6


def test_names_the_parameter_the_index_and_both_numbers():
    def spoil(grad):
        grad[1, 2] *= 1.001
        return grad

    square = wrong_square(spoil)
    params = ({"ok": np.ones(2)}, {"weight": np.arange(6.0).reshape(2, 3)})
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda p: ops.sum(square(p[1]["weight"])) + ops.sum(p[0]["ok"]), params)
    message = str(caught.value)
    assert "'1.weight', index (1, 2)" in message
    assert "gradient says 10.01," in message
    assert "function say 10;" in message
    assert "relative error 0.000999" in message


def test_finds_one_wrong_number_among_many_along_random_directions():
    def spoil(grad):
        grad[123, 45] *= 1.01
        return grad

    with pytest.raises(GradientError, match=r"index \(123, 45\)"):
        check_gradients(lambda p: ops.sum(wrong_square(spoil)(p)), numbers(200, 100))
    assert check_gradients(lambda p: ops.sum(p * p), numbers(200, 100)) < 1e-6


@pytest.mark.parametrize(
    "spoil", [np.zeros_like, lambda g: -g, lambda g: g * 1.00001, lambda g: g * np.nan]
)
def test_finds_wrong_factors_down_to_the_tolerance(spoil):
    with pytest.raises(GradientError, match="relative error"):
        check_gradients(lambda p: ops.sum(wrong_square(spoil)(p)), np.array([1.0, 2.0]))


def test_a_looser_tolerance_lets_more_pass():
    error = check_gradients(
        lambda p: ops.sum(wrong_square(lambda g: g * 1.00001)(p)), np.array([1.0]), tolerance=1e-4
    )
    assert error == pytest.approx(1e-5, rel=1e-3)


KINKS = {
    "relu": ops.relu,  # the rule says 0, differences would say 1/2
    "absolute": ops.absolute,  # the rule says 0, and so would central differences
    "maximum": lambda x: ops.maximum(x, -x),
    "clip": lambda x: ops.clip(x, low=0.0, high=1.0),
    "step": ops.step,  # a jump
}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_is_named_even_where_the_convention_happens_to_agree(name):
    with pytest.raises(GradientError, match=r"index \(1,\).*kink or a jump"):
        check_gradients(lambda p: ops.sum(KINKS[name](p)), np.array([0.5, 0.0, -0.5]))


@pytest.mark.parametrize("name", KINKS)
@pytest.mark.parametrize("distance", [1e-5, -1e-4, 1e-3, 0.0019999])
def test_a_kink_nearby_does_not_disturb(name, distance):
    assert check_gradients(lambda p: ops.sum(KINKS[name](p)), np.array([distance])) < 1e-6


def test_a_kink_in_a_large_parameter_is_found():
    params = numbers(40, 40)
    params[3, 7] = 0
    with pytest.raises(GradientError, match=r"index \(3, 7\).*kink"):
        check_gradients(lambda p: ops.sum(ops.absolute(p)), params)


@pytest.mark.parametrize("function", [ops.sqrt, ops.log])
def test_a_point_without_finite_neighbors_is_named(function):
    with np.errstate(divide="ignore"), pytest.raises(GradientError, match="not finite near"):
        check_gradients(lambda p: ops.sum(function(p)), np.array([0.0, 1.0]))


def test_steep_and_large_functions_pass():
    check_gradients(lambda p: ops.sum(ops.sin(300 * p)), np.array([0.0, 0.2, 5.0]))
    check_gradients(lambda p: ops.exp(500 * p), np.array(0.01))
    check_gradients(lambda p: ops.sum(p**3), np.array([1e5, -1e6]))
    check_gradients(lambda p: ops.sum(ops.log(p)), np.array([1e-4, 1.0]))


def test_something_random_is_refused():
    draws = iter(range(100))
    with pytest.raises(GradientError, match="fixed key"):
        check_gradients(lambda p: ops.sum(p) * next(draws), np.ones(2))


def test_numbers_of_no_parameter_or_none_are_no_trouble():
    assert check_gradients(lambda p: ops.sum(p * p), np.zeros((0, 3))) == 0
    assert check_gradients(lambda p: p * p, np.array(3.0)) < 1e-6
    assert (
        check_gradients(lambda p: ops.sum(p["a"]), {"a": np.ones(2), "unused": np.ones(2)}) < 1e-6
    )


def test_a_stopped_gradient_is_a_wrong_derivative():
    with pytest.raises(GradientError, match="gradient says 1, differences of the function say 2"):
        check_gradients(lambda p: ops.sum(p * ops.stop_gradient(p)), np.ones(2))
