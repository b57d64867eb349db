"""Seconds per epoch of a trainer, without the part of a call that does not grow with its epochs."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Trainer:
    """Something that trains for a number of epochs, from the start, when called.

    Attributes:
        run: trains. unit: epochs come in multiples of it. fixed: whether a call has a part beside
            its epochs (checks, conversion, initialization), to be taken off.
    """

    run: Callable[[int], object]
    unit: int = 1
    fixed: bool = True


def seconds(trainer: Trainer, epochs: int) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    trainer.run(epochs)
    return time.perf_counter() - began


TRIES = 5
STEADY = 0.1
"""The most that two short calls may differ, as a share of the time that is read off."""


class ClockError(Exception):
    """More epochs never took longer: the machine's own noise is larger than what is timed."""


def seconds_an_epoch(trainer: Trainer, epochs: int) -> float:
    """The time of `epochs` more epochs in a call, divided by them.

    A short call is timed before the long one and behind it. Where they differ, the pace of the
    machine changed in between, and it is all done again; of five tries the steadiest counts. One
    short call is not enough: with a fast long call after a slow short one, steps of 320 ms came
    out as 116, faster than the machine can multiply.

    Raises:
        ClockError: a longer call took less time than a short one, five times over.
    """
    found: list[tuple[float, float]] = []
    for _ in range(TRIES):
        change, more = _more(trainer, epochs)
        if more > 0:
            found.append((change / more, more / epochs))
            if change <= STEADY * more:
                break
    if not found:
        raise ClockError(
            f"{epochs} more epochs took no longer, {TRIES} times: is the machine busy?"
        )
    return min(found)[1]


def _more(trainer: Trainer, epochs: int) -> tuple[float, float]:
    """How much the short calls differ, and how much longer than them the long one took."""
    if not trainer.fixed:
        return 0.0, seconds(trainer, epochs)
    before = seconds(trainer, trainer.unit)
    whole = seconds(trainer, epochs + trainer.unit)
    after = seconds(trainer, trainer.unit)
    return abs(after - before), whole - (before + after) / 2


def epochs_for(trainer: Trainer, budget: float) -> int:
    """About how many more epochs take `budget` seconds; the trainer is warm.

    Where a call has a fixed part they take at least as long as a call of one epoch, so that its
    jitter does not drown them.
    """
    if trainer.fixed:
        budget = max(budget, seconds(trainer, trainer.unit))
    epochs = trainer.unit
    while True:
        taken = seconds_an_epoch(trainer, epochs) * epochs
        if taken > budget / 4:
            units = math.ceil(epochs * budget / taken / trainer.unit)
            return units * trainer.unit
        epochs *= 4 if taken < budget / 16 else 2
