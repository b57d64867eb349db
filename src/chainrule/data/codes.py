"""How one column is written for a network, by a few numbers; `data.learning` has the rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.data.kinds import CATEGORY, DATE, NUMBER
from chainrule.data.table import Column
from chainrule.errors import DataError

YEAR, WEEK, DAY = "year", "week", "day"
CYCLES = {YEAR: 365.2425, WEEK: 7.0, DAY: 1.0}
"""Cycles of a date with their days; 1970-01-01, day 0, was a Thursday."""


@dataclass(frozen=True)
class NumberCode:
    """A number becomes (number - mean) / scale, and where it is missing the median stands for it.

    Attributes:
        column: its name. median: of the training part.
        mean, scale: of the training part, after bending; scale is the standard deviation, and 1
            where that is 0.
        indicator: whether a second feature is 1 where the number is missing; it is there where the
            training part had missing values to learn from.
        low, high: to which numbers are brought back.
        bend: what the distance from the median is divided by before its logarithm; 0: not bent.
        writing: how the numbers were written, see `data.numbers`.
    """

    column: str
    median: float
    mean: float
    scale: float
    indicator: bool
    low: float
    high: float
    bend: float = 0.0
    writing: str = ""

    kind = NUMBER

    def __post_init__(self) -> None:
        if not (self.scale > 0 and self.bend >= 0):
            raise DataError(f"The scale of column {self.column!r} is {self.scale}, not above 0.")
        if not self.low <= self.high:
            raise DataError(f"Column {self.column!r} goes from {self.low} to {self.high}.")

    @property
    def width(self) -> int:
        """How many features it makes."""
        return 1 + self.indicator

    def strange(self, column: Column) -> Any:
        """Which cells are brought back from far outside, bool (rows,)."""
        far = (column.values < self.low) | (column.values > self.high)
        return far & ~column.missing

    def write(self, column: Column, out: Any) -> None:
        """Fill the features (rows, width)."""
        missing = column.missing
        filled = np.where(missing, self.median, column.values).clip(self.low, self.high)
        out[:, 0] = (bent(filled, self.median, self.bend) - self.mean) / self.scale
        if self.indicator:
            out[:, 1] = missing


@dataclass(frozen=True)
class CategoryCode:
    """A category becomes one feature a label: 1 for its own, 0 for the others.

    Attributes:
        column: its name. labels: those of the training part. shares: how frequent each was there.
        slot: whether a last feature stands for missing, rare and unseen values; it is there where
            the training part had such values to learn from. Without it they are written as the
            shares, which is the average row: weights that nothing has trained would be noise.
    """

    column: str
    labels: tuple[str, ...]
    shares: tuple[float, ...]
    slot: bool

    kind = CATEGORY
    writing = ""

    def __post_init__(self) -> None:
        if not len(set(self.labels)) == len(self.labels) == len(self.shares):
            raise DataError(f"Column {self.column!r} has not one share for each of its labels.")

    @property
    def width(self) -> int:
        """How many features it makes."""
        return len(self.labels) + self.slot

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {label: number for number, label in enumerate(self.labels)}

    def strange(self, column: Column) -> Any:
        """Which cells have a label without a feature, bool (rows,)."""
        return (_places(column, self._numbers, -1) < 0) & ~column.missing

    def write(self, column: Column, out: Any) -> None:
        """Fill the features (rows, width)."""
        mine = _places(column, self._numbers, -1)
        out[:] = 0
        seen = np.flatnonzero(mine >= 0)
        out[seen, mine[seen]] = 1
        other = np.flatnonzero(mine < 0)
        if self.slot:
            out[other, -1] = 1
        else:
            out[other] = self.shares


@dataclass(frozen=True)
class EmbeddedCode:
    """A category becomes one feature, the number of its label, for `nn.EmbedColumns`.

    Attributes:
        column: its name. labels: those with a number of their own, 0, 1, …
        slot: whether the training part had values for the last number, that of missing, rare and
            unseen ones. Without them `recipes.settled` gives it the average vector.
    """

    column: str
    labels: tuple[str, ...]
    slot: bool

    kind = CATEGORY
    writing = ""
    width = 1

    def __post_init__(self) -> None:
        if len(set(self.labels)) < len(self.labels):
            raise DataError(f"Column {self.column!r} has one of its labels twice.")

    @property
    def count(self) -> int:
        """How many numbers there are, that of all other values included."""
        return len(self.labels) + 1

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """Kept, so that a row alone costs no look at all labels."""
        return {label: number for number, label in enumerate(self.labels)}

    def strange(self, column: Column) -> Any:
        """Which cells have a label without a number of its own, bool (rows,)."""
        return (_places(column, self._numbers, -1) < 0) & ~column.missing

    def write(self, column: Column, out: Any) -> None:
        """Fill the feature (rows, 1)."""
        out[:, 0] = _places(column, self._numbers, len(self.labels))


@dataclass(frozen=True)
class DateCode:
    """A date becomes days, and sine and cosine of the cycles that vary.

    Attributes:
        column: its name. days: how the days since 1970-01-01 are written.
        cycles: "year", "week" and "day", those that varied in the training part.
    """

    column: str
    days: NumberCode
    cycles: tuple[str, ...]

    kind = DATE

    def __post_init__(self) -> None:
        if not set(self.cycles) <= set(CYCLES):
            raise DataError(f"Column {self.column!r} has cycles that are not known: {self.cycles}.")

    @property
    def writing(self) -> str:
        """The order of day and month."""
        return self.days.writing

    @property
    def indicator(self) -> bool:
        """Whether a feature is 1 where the date is missing."""
        return self.days.indicator

    @property
    def width(self) -> int:
        """How many features it makes."""
        return self.days.width + 2 * len(self.cycles)

    def strange(self, column: Column) -> Any:
        """Which dates are brought back from far outside, bool (rows,)."""
        return self.days.strange(column)

    def write(self, column: Column, out: Any) -> None:
        """Fill the features (rows, width)."""
        self.days.write(column, out[:, : self.days.width])
        missing, place = column.missing, self.days.width
        for cycle in self.cycles:
            angle = np.where(missing, 0, 2 * np.pi * (column.values / CYCLES[cycle] % 1))
            out[:, place] = np.where(missing, 0, np.sin(angle))
            out[:, place + 1] = np.where(missing, 0, np.cos(angle))
            place += 2


Code = NumberCode | CategoryCode | EmbeddedCode | DateCode


def _places(column: Column, known: dict[str, int], other: int) -> Any:
    """The place of every cell's label, (rows,); `other` for what is missing or not known."""
    if not column.labels:
        return np.full(len(column.values), other)
    places = np.array([known.get(label, other) for label in column.labels] + [other], "int64")
    return places[column.values]


def bent(values: Any, median: float, bend: float) -> Any:
    """sign(d) · log(1 + |d|) with d = (values - median) / bend, or the values where bend is 0."""
    if not bend:
        return values
    distances = (values - median) / bend
    return np.sign(distances) * np.log1p(np.abs(distances))
