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


class ClockError(Exception):
    """More epochs never took longer: the machine's own noise is larger than what is timed."""


def seconds_an_epoch(trainer: Trainer, epochs: int) -> float:
    """The time of `epochs` more epochs in a call, divided by them.

    Raises:
        ClockError: a longer call took less time than a short one, five times over.
    """
    for _ in range(TRIES):
        base = seconds(trainer, trainer.unit) if trainer.fixed else 0.0
        whole = seconds(trainer, epochs + (trainer.unit if trainer.fixed else 0))
        if whole > base:
            return (whole - base) / epochs
    raise ClockError(f"{epochs} more epochs took no longer, {TRIES} times: is the machine busy?")


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
