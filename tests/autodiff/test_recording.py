"""A recording replays on other numbers what the function would compute, on either engine."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import ops
from chainrule.autodiff import Recording, leaves, value_and_grad

PARAMS = {"weight": np.full((3, 2), 0.5), "bias": np.zeros(2)}


def loss(params, batch):
    hidden = ops.tanh(ops.affine(batch["x"], params["weight"], params["bias"]))
    error = hidden[:, 0] - hidden[:, 1] - batch["y"]
    scaled = ops.where(error > 0, error, 0.5 * error)
    return ops.mean(scaled * scaled), {"error": error, "hidden": hidden}


def batch(seed):
    r = np.random.default_rng(seed)
    return {"x": r.normal(size=(5, 3)), "y": r.normal(size=5)}


def recording():
    return Recording(loss, PARAMS, (batch(0),), aux=True, trace_arguments=True)


def numbers(seed):
    r = np.random.default_rng(seed)
    return {"weight": r.normal(size=(3, 2)), "bias": r.normal(size=2)}


@pytest.mark.parametrize("seed", range(3))
def test_a_replay_equals_the_function_itself(seed):
    (value, aux), grads = recording()(numbers(seed), batch(seed + 10))
    (direct, more), expected = value_and_grad(loss, aux=True)(numbers(seed), batch(seed + 10))
    assert value == direct
    for one, other in zip(grads, leaves(expected), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in more:
        np.testing.assert_array_equal(aux[name], more[name])


def test_a_replay_does_not_disturb_the_next():
    recorded = recording()
    first = recorded(numbers(1), batch(1))
    recorded(numbers(2), batch(2))
    again = recorded(numbers(1), batch(1))
    assert first[0][0] == again[0][0]
    for one, other in zip(first[1], again[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_recording_made_on_numpy_runs_inside_jit():
    recorded = recording()
    expected = recorded(numbers(3), batch(3))
    with jax.enable_x64(True):
        got = jax.jit(lambda p, b: recorded(p, b))(
            jax.tree.map(jnp.asarray, numbers(3)), jax.tree.map(jnp.asarray, batch(3))
        )
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


def test_arguments_that_are_not_traced_stay_as_they_were():
    recorded = Recording(loss, PARAMS, (batch(0),), aux=True, trace_arguments=False)
    (value, _), _ = recorded(numbers(1))
    assert value == loss(numbers(1), batch(0))[0]
