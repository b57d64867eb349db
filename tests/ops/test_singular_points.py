"""Where there is no derivative, the convention beside the rule holds, on both engines."""

import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import PRIMITIVES, value_and_grad

INF = np.inf
NOT_FINITE = "not finite"

# primitive: (inputs, settings, gradient of the summed outputs for each input; None: not asked)
POINTS = {
    "divide": [(([2.0], [0.0]), {}, (NOT_FINITE, NOT_FINITE))],
    "power": [
        (([-2.0], [3.0]), {}, ([12.0], [0.0])),
        (([0.0], [1.0]), {}, ([1.0], [0.0])),
        (([0.0], [0.0]), {}, ([0.0], [0.0])),
    ],
    "maximum": [(([1.0, 2.0], [1.0, 1.0]), {}, ([0.5, 1.0], [0.5, 0.0]))],
    "minimum": [(([1.0, 2.0], [1.0, 1.0]), {}, ([0.5, 0.0], [0.5, 1.0]))],
    "absolute": [(([0.0, -0.0],), {}, ([0.0, 0.0],))],
    "sign": [(([0.0],), {}, ([0.0],))],
    "step": [(([0.0],), {}, ([0.0],))],
    "log": [(([0.0],), {}, (NOT_FINITE,))],
    "log1p": [(([-1.0],), {}, (NOT_FINITE,))],
    "sqrt": [(([0.0],), {}, ([0.0],))],
    "power_of": [
        (([0.0],), {"exponent": 0.5}, (NOT_FINITE,)),
        (([0.0],), {"exponent": -1}, (NOT_FINITE,)),
        (([0.0],), {"exponent": 0}, ([0.0],)),
        (([0.0],), {"exponent": 1}, ([1.0],)),
    ],
    "relu": [(([0.0, -0.0],), {}, ([0.0, 0.0],))],
    "leaky_relu": [(([0.0], 0.3), {}, ([0.3], 0.0)), (([0.0], 1.5), {}, ([1.5], 0.0))],
    "elu": [(([0.0], 0.7), {}, ([0.7], 0.0))],
    "clip": [(([-1.0, 2.0],), {"low": -1.0, "high": 2.0}, ([1.0, 1.0],))],
    "max": [(([3.0, 1.0, 3.0],), {}, ([0.5, 0.0, 0.5],))],
    "max_pool": [
        (
            ([[[1.0], [1.0], [0.0], [2.0]]],),
            {"window": (2,), "stride": (2,), "padding": ((0, 0),)},
            ([[[1.0], [0.0], [0.0], [1.0]]],),
        ),
        (
            ([[[2.0], [2.0], [2.0], [1.0], [1.0]]],),
            {"window": (3,), "stride": (1,), "padding": ((1, 1),)},
            ([[[2.0], [1.0], [1.0], [1.0], [0.0]]],),
        ),
        (
            ([[[1.0], [0.0], [2.0], [np.nan], [3.0]]],),
            {"window": (3,), "stride": (2,), "padding": ((1, 1),)},
            ([[[1.0], [0.0], [0.0], [0.0], [0.0]]],),
        ),
    ],
    "min": [(([1.0, 1.0, 3.0, 1.0],), {}, ([1 / 3, 1 / 3, 0.0, 1 / 3],))],
    "logsumexp": [(([-INF, -INF],), {}, (NOT_FINITE,))],
    "attention": [
        (
            ([[[1.0]]], [[[2.0]]], [[[3.0]]], [[False]]),
            {},
            ([[[0.0]]], [[[0.0]]], [[[0.0]]]),
        )
    ],
    "attention_weights": [
        (([[[1.0]]], [[[2.0]]], [[False]]), {}, ([[[0.0]]], [[[0.0]]])),
    ],
    "perceptron_criterion": [(([0.0, 0.0], [1.0, -1.0]), {}, ([-1.0, 0.0], None))],
}


def test_every_singular_point_that_is_written_down_is_tested():
    assert {name for name, primitive in PRIMITIVES.items() if primitive.singular} == set(POINTS)


@pytest.mark.parametrize("engine", [np.asarray, jnp.asarray], ids=["numpy", "xla"])
@pytest.mark.parametrize("name", POINTS)
def test_the_written_convention_holds(name, engine):
    for inputs, settings, expected in POINTS[name]:
        arrays = [engine(np.asarray(x, None if x == [[False]] else "float32")) for x in inputs]
        floats = tuple(x for x in arrays if x.dtype == "float32")
        masks = arrays[len(floats) :]
        with np.errstate(all="ignore"):
            _, grads = value_and_grad(
                lambda xs, masks=masks, settings=settings: ops.sum(
                    PRIMITIVES[name](*xs, *masks, **settings)
                )
            )(floats)
        for grad, want in zip(grads, expected, strict=True):
            if want == NOT_FINITE:
                assert not np.isfinite(grad).any()
            elif want is not None:
                np.testing.assert_allclose(grad, want, rtol=1e-6)


@pytest.mark.parametrize("engine", [np.asarray, jnp.asarray], ids=["numpy", "xla"])
def test_step_answers_zero_at_zero(engine):
    z = engine(np.array([0.3, 0.0, -0.0, -0.3], "float32"))
    assert np.asarray(ops.step(z)).tolist() == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("slope", [0.01, 1.5, -2.0])
def test_leaky_relu_stays_piecewise_for_any_slope(slope):
    x = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
    expected = [slope * v if v <= 0 else v for v in x]
    np.testing.assert_allclose(ops.leaky_relu(x, slope), expected)


KEEP_NAN = {
    "absolute": {},
    "clip": {"low": -1.0, "high": 1.0},
    "elu": 1.0,
    "gelu": {},
    "leaky_relu": 0.01,
    "max": {},
    "maximum": 0.0,
    "min": {},
    "minimum": 0.0,
    "relu": {},
    "sigmoid": {},
    "silu": {},
    "softmax": {},
    "softplus": {},
    "tanh": {},
}


@pytest.mark.parametrize("engine", [np.asarray, jnp.asarray], ids=["numpy", "xla"])
@pytest.mark.parametrize("name", KEEP_NAN)
def test_a_nan_is_not_swallowed(name, engine):
    """A network that meets a NaN must show it in the loss: rectifiers elsewhere hide it."""
    x = engine(np.array([1.0, np.nan], "float32"))
    setting = KEEP_NAN[name]
    inputs, static = ((x,), setting) if isinstance(setting, dict) else ((x, setting), {})
    out = np.asarray(PRIMITIVES[name](*inputs, **static))
    assert np.isnan(out.reshape(-1)[-1])


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_a_nan_in_either_operand_is_kept(name):
    out = PRIMITIVES[name](np.array([np.nan, 1.0]), np.array([1.0, np.nan]))
    assert np.isnan(out).all()


def test_where_protects_the_branch_that_is_not_chosen():
    """The way to write log(x) for x that may be 0, as the docstring of `where` says."""

    def f(x):
        return ops.sum(ops.where(x > 0, ops.log(ops.where(x > 0, x, 1.0)), 0.0))

    value, grad = value_and_grad(f)(np.array([0.0, 2.0]))
    assert value == pytest.approx(np.log(2))
    assert grad.tolist() == [0.0, 0.5]
