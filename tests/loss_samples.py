"""One sample for every loss: settings to try, targets to try, and its formula in jax.numpy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule import losses

SEVERAL = {"HeadLoss", "HeadLosses"}
"""The losses of several heads are in tests/training/test_heads.py."""

CLASSES = {
    name: value
    for name, value in vars(losses).items()
    if isinstance(value, type) and value.__module__ == losses.__name__ and name not in SEVERAL
}
"""Every other class defined in the module, by its own name."""

Make = Callable[[np.random.Generator, int, int], Any]


def numbers(random: np.random.Generator, batch: int, outputs: int) -> Any:
    return random.normal(0, 2, (batch, outputs))


def yes_or_no(random: np.random.Generator, batch: int, outputs: int) -> Any:
    return random.integers(0, 2, (batch, outputs)).astype("float64")


def chances(random: np.random.Generator, batch: int, outputs: int) -> Any:
    return random.uniform(0, 1, (batch, outputs))


def signs(random: np.random.Generator, batch: int, outputs: int) -> Any:
    return random.choice([-1.0, 1.0], (batch, outputs))


def labels(random: np.random.Generator, batch: int, outputs: int) -> Any:
    return random.integers(0, outputs, batch).astype("int32")


def one_hot(random: np.random.Generator, batch: int, outputs: int) -> Any:
    return np.eye(outputs)[labels(random, batch, outputs)]


def soft(random: np.random.Generator, batch: int, outputs: int) -> Any:
    return random.dirichlet(np.ones(outputs), batch) if outputs > 1 else np.ones((batch, 1))


@dataclass(frozen=True)
class Sample:
    """Settings of a loss, kinds of targets, and the formula `(loss, targets, outputs)`."""

    losses: tuple[Any, ...]
    targets: tuple[Make, ...]
    formula: Callable[[Any, Any, Any], Any]

    def cases(self) -> list[tuple[Any, Make]]:
        return [(loss, make) for loss in self.losses for make in self.targets]


def _huber(loss: Any, targets: Any, outputs: Any) -> Any:
    size = jnp.abs(outputs - targets)
    line = loss.delta * (size - loss.delta / 2)
    return jnp.where(size <= loss.delta, size**2 / 2, line).mean(-1)


def _binary(loss: Any, targets: Any, outputs: Any) -> Any:
    return -(
        targets * jax.nn.log_sigmoid(outputs) + (1 - targets) * jax.nn.log_sigmoid(-outputs)
    ).mean(-1)


def _categorical(loss: Any, targets: Any, outputs: Any) -> Any:
    count = outputs.shape[-1]
    shares = jax.nn.one_hot(targets, count) if targets.ndim == 1 else targets
    smooth = loss.label_smoothing
    logs = jax.nn.log_softmax(outputs, -1)
    spread = smooth * logs.mean(-1)
    return -(1 - smooth) * (shares * logs).sum(-1) - spread


SAMPLES: dict[str, Sample] = {
    "MeanSquaredError": Sample(
        (losses.MeanSquaredError(),), (numbers,), lambda loss, y, z: ((z - y) ** 2).mean(-1)
    ),
    "MeanAbsoluteError": Sample(
        (losses.MeanAbsoluteError(),), (numbers,), lambda loss, y, z: jnp.abs(z - y).mean(-1)
    ),
    "Huber": Sample((losses.Huber(), losses.Huber(0.3)), (numbers,), _huber),
    "BinaryCrossEntropy": Sample((losses.BinaryCrossEntropy(),), (yes_or_no, chances), _binary),
    "CrossEntropy": Sample(
        (losses.CrossEntropy(), losses.CrossEntropy(0.1)), (labels, one_hot, soft), _categorical
    ),
    "PerceptronCriterion": Sample(
        (losses.PerceptronCriterion(),),
        (signs,),
        lambda loss, y, z: jnp.maximum(0, -y * z).mean(-1),
    ),
    "Hinge": Sample(
        (losses.Hinge(),), (signs,), lambda loss, y, z: jnp.maximum(0, 1 - y * z).mean(-1)
    ),
}
