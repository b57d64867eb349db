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
            "share": _grown(share, height if len(share) > 1 else 1).astype(self.dtype),
            "part": _grown(part, height if len(part) > 1 else 1).astype(self.dtype),
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

        Shares of a step sum to 1 (to 0 where all its rows weigh nothing). Where all rows weigh the
        same they are the same in every epoch, and one table serves all.
        """
        alike = bool((self.weights == self.weights[0]).all()) and self.weights[0] > 0
        weight = np.ones(order[:1].shape) if alike else self.weights[order]
        flat = weight.reshape(len(weight), -1)
        flat[:, self.rows :] = 0
        totals = weight.sum(axis=2)
        share = weight / np.where(totals > 0, totals, 1)[:, :, None]
        whole = totals.sum(axis=1, keepdims=True)
        return share, np.pad(totals / np.where(whole > 0, whole, 1), ((0, 0), (1, 0)))


def _grown(table: Any, height: int) -> Any:
    """The table with zeros below it, up to a height."""
    if len(table) == height:
        return table
    grown = np.zeros((height, *table.shape[1:]), table.dtype)
    grown[: len(table)] = table
    return grown
