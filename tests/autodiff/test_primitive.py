"""Anybody can add a primitive with a rule of her own, and a wrong rule is refused, not believed."""

import jax
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import PRIMITIVES, check_gradients, primitive, value_and_grad
from chainrule.errors import GradientError

X = np.array([0.5, -1.0, 2.0], "float32")


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    for name in ("cube", "polar"):
        monkeypatch.setitem(PRIMITIVES, name, None)


def cube_with(rule):
    @primitive(formula="x³", derivative="3x²", floating=True)
    def cube(xp, x):
        return x * x * x

    cube.rule(rule)
    return cube


def right(xp, cotangent, out, x):
    return (cotangent * 3 * x * x,)


def test_a_primitive_of_ones_own_works_on_both_engines():
    cube = cube_with(right)
    assert PRIMITIVES["cube"] is cube
    assert cube(X).tolist() == (X**3).tolist()
    step = value_and_grad(lambda x: ops.sum(cube(x)))
    for value, grad in (step(X), jax.jit(step)(X)):
        assert value == pytest.approx((X**3).sum())
        np.testing.assert_allclose(grad, 3 * X**2, rtol=1e-6)
    assert check_gradients(lambda x: ops.sum(cube(x)), X) < 1e-6


def test_a_primitive_with_several_outputs_settings_and_lazy_contributions():
    @primitive(formula="r·cos, r·sin", derivative="…")
    def polar(xp, radius, angle, *, turns=1.0):
        return radius * xp.cos(angle * turns), radius * xp.sin(angle * turns)

    @polar.rule
    def _(xp, cotangent, out, radius, angle, *, turns=1.0):
        by_x, by_y = (xp.zeros_like(radius) if c is None else c for c in cotangent)
        return (
            lambda: by_x * xp.cos(angle * turns) + by_y * xp.sin(angle * turns),
            lambda: turns * (by_y * out[0] - by_x * out[1]),
        )

    def both(p):
        x, y = polar(p[0], p[1], turns=0.5)
        return ops.sum(x * x * y)

    def one(p):
        return ops.sum(polar(p[0], p[1])[1])

    params = (np.array([1.0, 2.0]), np.array([0.3, -0.8]))
    check_gradients(both, params)
    check_gradients(one, params)


def test_a_rule_with_the_wrong_formula_is_found_by_the_check():
    cube = cube_with(lambda xp, cotangent, out, x: (cotangent * 2 * x * x,))
    with pytest.raises(GradientError, match=r"relative error 0\.333"):
        check_gradients(lambda x: ops.sum(cube(x)), X)


WRONG = {
    "shape": (
        lambda xp, c, out, x: (xp.sum(c, (0,)),),
        r"float32 \(\) for input 0.*float32 \(3,\)",
    ),
    "dtype": (lambda xp, c, out, x: (xp.astype(c, "float16"),), "float16"),
    "number": (lambda xp, c, out, x: (0.0,), "returned float for input 0"),
    "lazy shape": (lambda xp, c, out, x: (lambda: c[:2],), r"float32 \(2,\)"),
    "no tuple": (lambda xp, c, out, x: c, "returned a ndarray.*must return a tuple"),
    "list": (lambda xp, c, out, x: [c], "returned a list"),
    "nothing": (lambda xp, c, out, x: None, "returned a NoneType"),
    "too few": (lambda xp, c, out, x: (), "returned 0 cotangents.*each of its 1 inputs"),
    "too many": (lambda xp, c, out, x: (c, c), "returned 2 cotangents"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_rule_that_returns_the_wrong_thing_is_named(kind):
    rule, message = WRONG[kind]
    cube = cube_with(rule)
    with pytest.raises(GradientError, match=message) as caught:
        value_and_grad(lambda x: ops.sum(cube(x)))(X)
    assert "'cube'" in str(caught.value)


def test_a_wrong_dtype_is_named_inside_a_compiled_program_too():
    cube = cube_with(lambda xp, c, out, x: (xp.astype(c, "float16"),))
    with pytest.raises(GradientError, match="float16"):
        jax.jit(value_and_grad(lambda x: ops.sum(cube(x))))(X)


def test_none_means_no_derivative():
    cube = cube_with(lambda xp, c, out, x: (None,))
    assert value_and_grad(lambda x: ops.sum(cube(x)))(X)[1].tolist() == [0, 0, 0]


def test_a_primitive_says_what_it_is():
    assert repr(cube_with(right)) == "<primitive cube: x³>"
