"""The least a step can be: `jax.grad`, Adam by hand, one compiled scan over batches, nothing else.

No example weights, no validation, no finite check, no schedule, no shuffling while the clock runs.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import LEARNING_RATE, Case
from benchmarks.clock import Trainer

CALL_STEPS = 10_000
"""Steps in a compiled call, at least, so that calling it costs nothing."""


def initial(case: Case) -> list[dict[str, Any]]:
    """He's normal weights and zero biases."""
    random = np.random.default_rng(0)
    return [
        {
            "weight": jnp.asarray(random.normal(size=(a, b)) * np.sqrt(2 / a), "float32"),
            "bias": jnp.zeros(b, "float32"),
        }
        for a, b in zip(case.widths, case.widths[1:], strict=False)
    ]


def loss_of(case: Case) -> Callable[..., Any]:
    """The mean loss of a batch."""
    activation = {"tanh": jnp.tanh, "relu": jax.nn.relu}[case.activation]

    def loss(params: Any, x: Any, y: Any) -> Any:
        for layer in params[:-1]:
            x = activation(x @ layer["weight"] + layer["bias"])
        z = x @ params[-1]["weight"] + params[-1]["bias"]
        if case.loss == "cross_entropy":
            picked = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
            return (jax.nn.logsumexp(z, axis=1) - picked).mean()
        z = z[:, 0]
        if case.loss == "mse":
            return ((z - y) ** 2).mean()
        return (jax.nn.softplus(z) - y * z).mean()

    return loss


def step_of(case: Case) -> Callable[..., Any]:
    """`step(data, carry, rows)`: one update by Adam; the carry ends with the count of steps."""
    gradient = jax.grad(loss_of(case))

    def step(data: Any, carry: Any, rows: Any) -> Any:
        params, first, second, count = carry
        grads = gradient(params, *(part.at[rows].get(mode="promise_in_bounds") for part in data))
        count = count + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, grads)
        rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        params = jax.tree.map(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), params, first, second
        )
        return params, first, second, count

    return step


def make(case: Case) -> Trainer:
    """Epochs in compiled calls; the order of the rows is drawn beforehand."""
    step = step_of(case)
    x, y = case.data()
    y = y.astype("float32" if case.loss == "binary_cross_entropy" else y.dtype)
    data = jnp.asarray(x), jnp.asarray(y)
    unit = -(-CALL_STEPS // case.steps) if case.operations < 1e8 else 1
    random = np.random.default_rng(0)
    order = np.concatenate([random.permutation(case.rows) for _ in range(unit)])
    table = jnp.asarray(order.reshape(-1, case.batch), "int32")

    @jax.jit
    def call(carry: Any, data: Any, table: Any) -> Any:
        return jax.lax.scan(lambda c, rows: (step(data, c, rows), None), carry, table)[0]

    params = initial(case)
    zeros = jax.tree.map(jnp.zeros_like, params)

    def run(epochs: int) -> object:
        carry = params, zeros, zeros, jnp.float32(0)
        for _ in range(epochs // unit):
            carry = call(carry, data, table)
        return [array.block_until_ready() for array in jax.tree.leaves(carry)]

    return Trainer(run, unit=unit, fixed=False)
