"""What goes into a run and what comes out: its plan, its progress, its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.autodiff import Tree


@dataclass(frozen=True)
class Progress:
    """What callbacks and the progress line see.

    Attributes:
        epoch: epochs done. epochs: epochs asked for. seconds: since the start.
        train_loss, validation_loss: of the last epoch that ended (validation_loss may be None).
        best_epoch: the epoch with the best validation loss so far, from 1; 0 without one.
        train_losses, validation_losses: by name each head's own, where there are several.
        params: a function that returns the current parameters as a tree of NumPy arrays.
    """

    epoch: int
    epochs: int
    seconds: float
    train_loss: float
    validation_loss: float | None
    best_epoch: int
    params: Callable[[], Tree] = field(repr=False)
    train_losses: Mapping[str, float] = field(default_factory=dict)
    validation_losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Plan:
    """Settings of a run, all checked. `whole` makes parameters those of the user's network.

    `streams` says into how many parts a batch is cut that are worked on at once, `pieces` into how
    many each of them is cut that follow one another.
    """

    epochs: int
    batch_size: int
    key: Any
    dtype: str
    shuffle: bool
    patience: int | None
    tolerance: float
    max_time: float | None
    max_steps: int | None
    callbacks: Sequence[Callable[[Progress], Any]]
    on_progress: Callable[[Progress], Any] | None
    whole: Callable[[Tree], Tree]
    streams: int = 1
    pieces: int = 1


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run gives. `bad` is None, or where the numbers stopped being finite."""

    params: Tree
    state: Tree
    history: dict[str, list[float]]
    stop_reason: str
    epochs: int
    steps: int
    best_epoch: int
    seconds: float
    bad: Bad | None


@dataclass(frozen=True, eq=False)
class Bad:
    """The step that met a number that is not finite.

    Attributes:
        step: its number, from 1. epoch: from 1. rows: the rows of its batch.
        loss: the loss of that step; finite where only parameters are not.
    """

    step: int
    epoch: int
    rows: Any
    share: Any
    loss: float
