"""Tables for the training program: which rows, with what weight, at what rate, at every step.

They are made on the host from the seed, many epochs at a time, so that the compiled loop neither
shuffles nor computes schedules. An epoch's order depends on the seed and its number alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.autodiff import Tree
from chainrule.ops.random import permutation_table
from chainrule.optim import schedule_of

ROWS_PER_TABLE = 1 << 18
MOST_EPOCHS = 2048


@dataclass(frozen=True, eq=False)
class Tables:
    """Makes the tables of a run.

    Args:
        rows: training rows. batch_size: rows a step; the last step of an epoch may have fewer,
            and is filled up with row 0 at weight 0.
        weights: weight of every row, (rows,), float64.
        key: random key of the shuffling, uint32 (2,). in_order: True keeps the rows in order.
        optimizer: for its schedule and its corrections. epochs: of the whole run, for schedules.
    """

    rows: int
    batch_size: int
    weights: Any
    key: Any
    in_order: bool
    optimizer: Any
    epochs: int
    dtype: str

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return math.ceil(self.rows / self.batch_size)

    @property
    def capacity(self) -> int:
        """Epochs in a table: the same for every call, so that nothing is compiled again."""
        return max(1, min(MOST_EPOCHS, ROWS_PER_TABLE // (self.steps * self.batch_size)))

    @property
    def alike(self) -> bool:
        """Whether all rows weigh the same."""
        return bool((self.weights == self.weights[0]).all())

    def make(self, first: int, full: bool) -> Tree:
        """The tables of the epochs from `first` on; `full`: always of the same shape."""
        count = min(self.capacity, self.epochs - first)
        height = self.capacity if full else count
        order = self._order(first, count)
        share, part = self._shares(order)
        progress = first + np.arange(count * self.steps) / self.steps
        rate = schedule_of(self.optimizer).rates(progress, self.epochs)
        steps = first * self.steps + 1 + np.arange(count * self.steps)
        corrections = self.optimizer.corrections(steps).reshape(count, self.steps, -1)
        return {
            "first": np.asarray(first, "int32"),
            "rows": _grown(order, height).astype("int32", copy=False),
            "share": _grown(share, 1 if self.alike else height).astype(self.dtype),
            "part": part.astype(self.dtype),
            "rate": _grown(rate.reshape(count, self.steps), height).astype(self.dtype),
            "corrections": _grown(corrections, height).astype(self.dtype),
        }

    def _order(self, first: int, count: int) -> Any:
        """Row numbers, (count, steps, batch_size), padded with row 0."""
        if self.in_order:
            order = np.broadcast_to(np.arange(self.rows, dtype="int32"), (count, self.rows))
        else:
            order = permutation_table(self.key, range(first, first + count), self.rows)
        padding = self.steps * self.batch_size - self.rows
        if padding:
            order = np.pad(order, ((0, 0), (0, padding)))
        return order.reshape(count, self.steps, self.batch_size)

    def _shares(self, order: Any) -> tuple[Any, Any]:
        """Each row's share of its step, and each step's share of its epoch behind a 0; float64.

        A row's share is its weight, against the mean weight of all rows, divided by the rows of its
        step. So every step's gradient is on average that of the weighted mean over all rows,
        whatever the size of the batches; a step of heavy rows goes further. Where all rows weigh
        the same, shares are the same in every epoch, and one table serves all.
        """
        real = np.full(self.steps, self.batch_size)
        real[-1] -= self.steps * self.batch_size - self.rows
        weight = np.ones(order[:1].shape) if self.alike else self._relative_weights()[order]
        weight.reshape(len(weight), -1)[:, self.rows :] = 0
        part = np.concatenate([[0.0], real / self.rows])
        return weight / real[:, None], part[None]

    def _relative_weights(self) -> Any:
        """The weights of the rows divided by their mean, (rows,); at least one is above 0."""
        scaled = self.weights / self.weights.max()
        return scaled / scaled.mean()


def _grown(table: Any, height: int) -> Any:
    """The table with zeros below it, up to a height."""
    if len(table) == height:
        return table
    grown = np.zeros((height, *table.shape[1:]), table.dtype)
    grown[: len(table)] = table
    return grown
