"""What an optimizer is: how parameters move along their gradients.

An optimizer is a description; what it remembers (`slots`, arrays like the parameters) goes in and
comes out. Its rule is elementwise, so it can run leaf by leaf under XLA and block by block over one
flat vector on NumPy. It never prints and never stops: that is the loop's.

For one parameter p with gradient g, in this order:

    g ← g · min(1, clip_norm / ‖g‖)          all gradients together, only if clip_norm is set
    g ← g + l2·p + l1·sign(p)                 weights only, not biases
    d, slots ← rule(g, slots)
    p ← p - learning_rate · (d + weight_decay·p)     decay of weights only
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from chainrule.autodiff import Tree, hyper, leaves, paths, rebuild
from chainrule.errors import SettingError
from chainrule.optim.schedules import Constant, Schedule


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Settings that all optimizers share.

    Args:
        weight_decay: decoupled decay of the weights per step, times the learning rate
            (Loshchilov and Hutter 2019).
        l2: adds l2·p to a weight's gradient: the derivative of ½·l2·‖p‖².
        l1: adds l1·sign(p) to a weight's gradient: the derivative of l1·|p|.
        clip_norm: the largest norm of all gradients together (Pascanu, Mikolov, Bengio 2013).

    Weights are parameters with two or more axes; biases, scales and offsets are left alone.
    """

    weight_decay: float = hyper(0.0)
    l2: float = hyper(0.0)
    l1: float = hyper(0.0)
    clip_norm: float | None = hyper(None)

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of what is remembered for every parameter."""
        raise NotImplementedError

    def corrections(self, steps: Any) -> Any:
        """Numbers that depend on the step alone: (steps, columns), float64; steps count from 1."""
        return np.empty((len(steps), 0))

    def rule(
        self, xp: Any, gradient: Any, slots: tuple[Any, ...], corrections: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        """The direction to go against, and the new slots; elementwise."""
        raise NotImplementedError


def check_rates(optimizer: Any) -> None:
    """Refuse settings that cannot be (text, negative rates, NaN, momenta of 1 and more).

    NumPy's numbers become Python's, so that they are told apart from arrays and traced values.
    """
    name = type(optimizer).__name__
    for field in fields(optimizer):
        value = getattr(optimizer, field.name)
        if isinstance(value, np.number):
            value = value.item()
            object.__setattr__(optimizer, field.name, value)
        rate = field.name == "learning_rate"
        if (rate and isinstance(value, Schedule)) or (field.name == "clip_norm" and value is None):
            continue
        if not rate and not field.metadata.get("hyper"):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            kind = "a number or a schedule such as Cosine(0.1)" if rate else "a number"
            raise SettingError(f"{name}: {field.name} is {value!r}; it must be {kind}.")
        if not (value >= 0 and value < float("inf")):
            raise SettingError(
                f"{name}: {field.name} is {value}; it must be a finite number of at least 0."
            )
        if field.name in ("momentum", "beta1", "beta2", "decay") and value >= 1:
            raise SettingError(f"{name}: {field.name} is {value}; it must be below 1.")


def schedule_of(optimizer: Any) -> Schedule:
    """The optimizer's learning rate as a schedule; a plain number is a constant one."""
    rate = optimizer.learning_rate
    return Constant(float(rate)) if isinstance(rate, int | float) else rate


def init_slots(optimizer: Any, params: Tree) -> Tree:
    """What an optimizer remembers before its first step: zeros like the parameters."""
    zeros = [np.zeros_like(leaf) for leaf in leaves(params)]
    return {name: rebuild(params, iter([z.copy() for z in zeros])) for name in optimizer.slots}


def decays(params: Tree) -> list[bool]:
    """Which leaves are weights, which decay; biases, scales and offsets do not."""
    return [leaf.ndim >= 2 for _, leaf in paths(params)]


Update = Callable[[Any, Any, Any, tuple[Any, ...], Any], tuple[Any, tuple[Any, ...]]]


def update_rule(optimizer: Any, xp: Any, rate: Any, corrections: Any) -> Update:
    """The whole elementwise update of one parameter.

    Returns a function `(p, g, weight, slots, scale) -> (p, slots)`: `weight` is 1 (or True) where p
    decays and 0 (or False) where it does not; `scale` is the clipping factor or None.
    """

    def update(
        p: Any, g: Any, weight: Any, slots: tuple[Any, ...], scale: Any
    ) -> tuple[Any, tuple[Any, ...]]:
        if scale is not None:
            g = g * scale
        if weight is not False:
            only = 1 if weight is True else weight
            if not _is_zero(optimizer.l2):
                g = g + optimizer.l2 * only * p
            if not _is_zero(optimizer.l1):
                g = g + optimizer.l1 * only * xp.sign(p)
        direction, slots = optimizer.rule(xp, g, slots, corrections)
        if weight is not False and not _is_zero(optimizer.weight_decay):
            only = 1 if weight is True else weight
            direction = direction + optimizer.weight_decay * only * p
        return p - rate * direction, slots

    return update


def _is_zero(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and value == 0)


def clip_scale(optimizer: Any, xp: Any, gradients: list[Any]) -> Any:
    """min(1, clip_norm / ‖gradients‖), or None where nothing is clipped."""
    if _is_zero(optimizer.clip_norm):
        return None
    total = None
    for gradient in gradients:
        square = xp.sum(gradient * gradient, tuple(range(gradient.ndim)))
        total = square if total is None else total + square
    norm = xp.sqrt(total)
    tiny = xp.asarray(1e-30, dtype=norm.dtype)
    limit = xp.asarray(optimizer.clip_norm, dtype=norm.dtype)
    return xp.minimum(xp.ones_like(norm), limit / xp.maximum(norm, tiny))
