"""Gradient descent and its kin, each a formula of a few lines.

A fresh array is changed with `+=` and the like: NumPy then writes where the numbers already lie,
which makes a large update a seventh faster, and under XLA it means the same as `x = x + …`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.autodiff import hyper
from chainrule.errors import SettingError, unknown_name
from chainrule.optim.optimizer import Optimizer, check_rates
from chainrule.optim.schedules import Schedule


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """p ← p - learning_rate · v with v ← momentum·v + g; plain gradient descent without momentum.

    Args:
        learning_rate: a number, or a schedule such as `Cosine(0.1)`.
        momentum: how much of the last direction stays (Polyak 1964).
        nesterov: look ahead, g + momentum·v (Nesterov 1983; Sutskever et al. 2013).

    Example:
        >>> GradientDescent(0.1, momentum=0.9).slots
        ('velocity',)
    """

    learning_rate: float | Schedule = 0.01
    momentum: float = hyper(0.0)
    nesterov: bool = False

    def __post_init__(self) -> None:
        check_rates(self)
        if self.nesterov and self.momentum == 0:
            raise SettingError("GradientDescent: nesterov=True needs momentum, e.g. momentum=0.9.")

    @property
    def slots(self) -> tuple[str, ...]:
        plain = isinstance(self.momentum, int | float) and self.momentum == 0
        return () if plain else ("velocity",)

    def rule(
        self, xp: Any, gradient: Any, slots: tuple[Any, ...], corrections: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        if not slots:
            return gradient, ()
        velocity = self.momentum * slots[0] + gradient
        ahead = gradient + self.momentum * velocity if self.nesterov else velocity
        return ahead, (velocity,)


@dataclass(frozen=True)
class Adam(Optimizer):
    """m/(√v + ε) with running means m of g and v of g², both corrected for their start at 0.

    Args:
        learning_rate: a number, or a schedule.
        beta1: how much of the mean of g stays at each step.
        beta2: how much of the mean of g² stays at each step.
        epsilon: added to √v.

    Source: Kingma and Ba (2015).
    """

    learning_rate: float | Schedule = 0.001
    beta1: float = hyper(0.9)
    beta2: float = hyper(0.999)
    epsilon: float = hyper(1e-8)

    def __post_init__(self) -> None:
        check_rates(self)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("mean", "square")

    def corrections(self, steps: Any) -> Any:
        powers = np.asarray(steps, "float64")
        return np.stack([1 / (1 - self.beta1**powers), 1 / np.sqrt(1 - self.beta2**powers)], axis=1)

    def rule(
        self, xp: Any, gradient: Any, slots: tuple[Any, ...], corrections: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        mean = self.beta1 * slots[0]
        mean += (1 - self.beta1) * gradient
        square = gradient * gradient
        square *= 1 - self.beta2
        square += self.beta2 * slots[1]
        size = xp.sqrt(square)
        size *= corrections[1]
        size += self.epsilon
        direction = mean * corrections[0]
        direction /= size
        return direction, (mean, square)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, 0.01 by default (Loshchilov and Hutter 2019).

    Differs from: `Adam(l2=…)`, where the decay goes through the running means.
    """

    weight_decay: float = hyper(0.01, kw_only=True)


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """g/(√v + ε) with a running mean v of g².

    Args:
        learning_rate: a number, or a schedule.
        decay: how much of the mean of g² stays at each step.
        epsilon: added to √v.

    Source: Tieleman and Hinton (2012).
    """

    learning_rate: float | Schedule = 0.001
    decay: float = hyper(0.9)
    epsilon: float = hyper(1e-8)

    def __post_init__(self) -> None:
        check_rates(self)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("square",)

    def rule(
        self, xp: Any, gradient: Any, slots: tuple[Any, ...], corrections: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        square = self.decay * slots[0] + (1 - self.decay) * (gradient * gradient)
        return gradient / (xp.sqrt(square) + self.epsilon), (square,)


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """g/(√v + ε) with the sum v of all g² so far.

    Args:
        learning_rate: a number, or a schedule.
        epsilon: added to √v.

    Source: Duchi, Hazan, Singer (2011).
    """

    learning_rate: float | Schedule = 0.01
    epsilon: float = hyper(1e-10)

    def __post_init__(self) -> None:
        check_rates(self)

    @property
    def slots(self) -> tuple[str, ...]:
        return ("square",)

    def rule(
        self, xp: Any, gradient: Any, slots: tuple[Any, ...], corrections: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        square = slots[0] + gradient * gradient
        return gradient / (xp.sqrt(square) + self.epsilon), (square,)


OPTIMIZERS: dict[str, type] = {
    "sgd": GradientDescent,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSProp,
    "adagrad": AdaGrad,
}
"""Optimizers by the name that `fit` and the command take."""


def as_optimizer(optimizer: str | Optimizer) -> Any:
    """An optimizer from its name, or the given one.

    >>> as_optimizer("adam").learning_rate
    0.001
    """
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZERS:
            raise unknown_name("optimizer", optimizer, OPTIMIZERS)
        return OPTIMIZERS[optimizer]()
    if not isinstance(optimizer, Optimizer):
        raise SettingError(
            f"optimizer={optimizer!r} is not an optimizer: give a name such as 'adam', or one of "
            "chainrule.optim, e.g. cr.optim.Adam(1e-3)."
        )
    return optimizer
