"""Schedules: the learning rate as a function of progress, counted in epochs.

A schedule is evaluated on the host, in double precision, for all steps of a compiled call at once:
no schedule costs anything inside the loop, and changing one never compiles anything again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from chainrule.autodiff import hyper
from chainrule.errors import SettingError


@runtime_checkable
class Schedule(Protocol):
    """`rates(progress, epochs)`: progress in epochs (3.5 is halfway through the fourth)."""

    def rates(self, progress: Any, epochs: int) -> Any:
        """The learning rate at every progress: float64 arrays of one shape."""
        ...


def _positive(schedule: Any, *names: str) -> None:
    for name in names:
        value = getattr(schedule, name)
        if not (value >= 0 and value < float("inf")):
            raise SettingError(
                f"{type(schedule).__name__}: {name} is {value}; it must be a finite number of "
                "at least 0."
            )


@dataclass(frozen=True)
class Constant:
    """The same rate throughout."""

    rate: float

    def __post_init__(self) -> None:
        _positive(self, "rate")

    def rates(self, progress: Any, epochs: int) -> Any:
        return np.full(np.shape(progress), self.rate)


@dataclass(frozen=True)
class StepDecay:
    """rate · factor^⌊epoch / every⌋: falls at once, every so many epochs."""

    rate: float
    every: float = 10
    factor: float = 0.5

    def __post_init__(self) -> None:
        _positive(self, "rate", "factor")
        if not self.every > 0:
            raise SettingError(f"StepDecay: every is {self.every}; it must be above 0 epochs.")

    def rates(self, progress: Any, epochs: int) -> Any:
        return self.rate * self.factor ** np.floor(np.asarray(progress) / self.every)


@dataclass(frozen=True)
class Exponential:
    """rate · factor^epochs: falls by the same share in every epoch, a little at each step."""

    rate: float
    factor: float = 0.95

    def __post_init__(self) -> None:
        _positive(self, "rate", "factor")

    def rates(self, progress: Any, epochs: int) -> Any:
        return self.rate * self.factor ** np.asarray(progress, "float64")


@dataclass(frozen=True)
class Cosine:
    """From `rate` to `final` along half a cosine over the whole run (Loshchilov, Hutter 2017)."""

    rate: float
    final: float = 0.0

    def __post_init__(self) -> None:
        _positive(self, "rate", "final")

    def rates(self, progress: Any, epochs: int) -> Any:
        share = np.clip(np.asarray(progress, "float64") / max(epochs, 1), 0, 1)
        return self.final + (self.rate - self.final) * 0.5 * (1 + np.cos(np.pi * share))


@dataclass(frozen=True)
class WarmUp:
    """From near 0 up to another schedule over the first epochs, then that schedule (Goyal 2017)."""

    then: float | Schedule
    epochs: float = 1.0

    def __post_init__(self) -> None:
        if not self.epochs > 0:
            raise SettingError(f"WarmUp: epochs is {self.epochs}; it must be above 0.")
        if isinstance(self.then, int | float):
            object.__setattr__(self, "then", Constant(float(self.then)))
        if isinstance(self.then, ReduceOnPlateau):
            raise SettingError("WarmUp: write ReduceOnPlateau(WarmUp(…)) instead of the reverse.")

    def rates(self, progress: Any, epochs: int) -> Any:
        inner: Any = self.then
        progress = np.asarray(progress, "float64")
        return inner.rates(progress, epochs) * np.minimum(1.0, progress / self.epochs)


@dataclass(frozen=True)
class OneCycle:
    """Up to `rate` over the first share of the run, then down to nearly 0, both along cosines.

    Args:
        rate: the highest rate.
        rise: the share of the run that goes up.
        start: the first rate is rate / start.
        end: the last rate is rate / end.

    Source: Smith and Topin (2019).
    """

    rate: float
    rise: float = 0.3
    start: float = 25.0
    end: float = 1e4

    def __post_init__(self) -> None:
        _positive(self, "rate")
        if not 0 < self.rise < 1 or not self.start > 0 or not self.end > 0:
            raise SettingError("OneCycle: rise must lie between 0 and 1, start and end above 0.")

    def rates(self, progress: Any, epochs: int) -> Any:
        share = np.clip(np.asarray(progress, "float64") / max(epochs, 1), 0, 1)
        up = np.minimum(share / self.rise, 1)
        down = np.maximum((share - self.rise) / (1 - self.rise), 0)
        low, last = self.rate / self.start, self.rate / self.end
        rising = low + (self.rate - low) * 0.5 * (1 - np.cos(np.pi * up))
        falling = last + (self.rate - last) * 0.5 * (1 + np.cos(np.pi * down))
        return np.where(share < self.rise, rising, falling)


@dataclass(frozen=True)
class ReduceOnPlateau:
    """Another schedule, times a factor that falls whenever the loss has stopped getting better.

    Args:
        then: a rate or a schedule.
        factor: what the rate is multiplied by.
        patience: after so many epochs without a better loss (validation, else training loss).
        minimum: the factor's product never falls below minimum / 1.
    """

    then: float | Schedule
    factor: float = hyper(0.1)
    patience: int = 10
    minimum: float = field(default=1e-6)

    def __post_init__(self) -> None:
        if isinstance(self.then, int | float):
            object.__setattr__(self, "then", Constant(float(self.then)))
        if not 0 < self.factor < 1 or self.patience < 1:
            raise SettingError(
                "ReduceOnPlateau: factor must lie between 0 and 1, patience must be at least 1."
            )

    def rates(self, progress: Any, epochs: int) -> Any:
        inner: Any = self.then
        return inner.rates(progress, epochs)
