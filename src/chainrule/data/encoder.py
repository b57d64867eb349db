"""From the columns of a table to numbers for a network, as learnt from the training part alone.

An encoder is pure data: every code below is a name and a few numbers, kept in the model file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.table import CATEGORY, NUMBER, Column, Table
from chainrule.errors import DataError


@dataclass(frozen=True)
class NumberCode:
    """A number becomes (number - mean) / scale, and where it is missing the median stands for it.

    Attributes:
        column: its name. median, mean, scale: of the training part; scale is the standard
            deviation, and 1 where that is 0.
        indicator: whether a second feature is 1 where the number is missing; it is there where the
            training part had missing values to learn from.
    """

    column: str
    median: float
    mean: float
    scale: float
    indicator: bool

    kind = NUMBER

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise DataError(f"The scale of column {self.column!r} is {self.scale}, not above 0.")

    @property
    def width(self) -> int:
        """How many features it makes."""
        return 1 + self.indicator

    def write(self, column: Column, out: Any) -> None:
        """Fill the features (rows, width)."""
        missing = column.missing
        filled = np.where(missing, self.median, column.values)
        out[:, 0] = (filled - self.mean) / self.scale
        if self.indicator:
            out[:, 1] = missing


@dataclass(frozen=True)
class CategoryCode:
    """A category becomes one feature a label: 1 for its own, 0 for the others.

    Attributes:
        column: its name. labels: those of the training part. shares: how frequent each was there.
        slot: whether a last feature stands for missing and unseen values; it is there where the
            training part had missing values to learn from. Without it they are written as the
            shares, which is the average row: weights that nothing has trained would be noise.
    """

    column: str
    labels: tuple[str, ...]
    shares: tuple[float, ...]
    slot: bool

    kind = CATEGORY

    def __post_init__(self) -> None:
        if len(set(self.labels)) != len(self.shares):
            raise DataError(f"Column {self.column!r} has not one share for each of its labels.")

    @property
    def width(self) -> int:
        """How many features it makes."""
        return len(self.labels) + self.slot

    def write(self, column: Column, out: Any) -> None:
        """Fill the features (rows, width)."""
        known = {label: place for place, label in enumerate(self.labels)}
        places = np.array([known.get(label, -1) for label in column.labels] + [-1], "int64")
        mine = places[column.values]
        out[:] = 0
        seen = np.flatnonzero(mine >= 0)
        out[seen, mine[seen]] = 1
        other = np.flatnonzero(mine < 0)
        if self.slot:
            out[other, -1] = 1
        else:
            out[other] = self.shares


@dataclass(frozen=True)
class TargetCode:
    """What is predicted: labels, or a number that the network sees as (number - center) / scale.

    Attributes:
        labels: of one yes/no answer of several the two labels, that of no first; else none.
    """

    column: str
    kind: str
    center: float = 0.0
    scale: float = 1.0
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise DataError(f"The scale of column {self.column!r} is {self.scale}, not above 0.")
        if len(self.labels) not in (0, 2):
            raise DataError(f"The target {self.column!r} has not two labels: {self.labels!r}.")

    def encode(self, y: Any) -> Any:
        """Targets in the units of the table as the network sees them; labels as they are."""
        if self.labels:
            said = [f"{x:.15g}" if isinstance(x, float) else str(x) for x in np.asarray(y).tolist()]
            return np.array([label == self.labels[1] for label in said], "int64")
        if self.kind == CATEGORY:
            return y
        return (np.asarray(y, "float64") - self.center) / self.scale

    def decode(self, predictions: Any) -> Any:
        """What the network predicts in the units of the table; labels as they are."""
        if self.labels:
            return np.array(self.labels)[np.asarray(predictions, "int64")]
        return predictions if self.kind == CATEGORY else predictions * self.scale + self.center


@dataclass(frozen=True)
class Encoder:
    """How a table is written for a network.

    Attributes:
        codes: one a column that is used, in the order of the features.
        target: how the predicted column is written. further: of several targets the other ones.
    """

    codes: tuple[NumberCode | CategoryCode, ...]
    target: TargetCode
    further: tuple[TargetCode, ...] = ()

    @property
    def targets(self) -> tuple[TargetCode, ...]:
        """How all targets are written."""
        return (self.target, *self.further)

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of every column that is needed."""
        return {code.column: code.kind for code in self.codes}

    @property
    def width(self) -> int:
        """How many features a row has."""
        return sum(code.width for code in self.codes)

    def encode(self, table: Table, dtype: str = "float32") -> Any:
        """The features of a table, (rows, width). Columns that are not needed are ignored.

        Raises:
            DataError: columns are missing (all are named).
        """
        absent = sorted(set(self.kinds) - set(table.names))
        if absent:
            raise DataError(
                f"{table.name} lacks what the model was trained on: "
                f"{', '.join(map(repr, absent))}. Its columns: {', '.join(table.names)}."
            )
        out = np.empty((table.rows, self.width), dtype)
        place = 0
        for code in self.codes:
            column = table.column(code.column)
            if column.kind != code.kind:
                raise DataError(
                    f"{table.name}: column {column.name!r} is a {column.kind}, and the model was "
                    f"trained on a {code.kind}."
                )
            code.write(column, out[:, place : place + code.width])
            place += code.width
        return out

    def encode_target(self, y: Any) -> Any:
        """Targets in the units of the table as the network sees them; labels as they are.

        Args:
            y: (rows,), or (rows, targets) where there are several.
        """
        array = y.to_numpy() if hasattr(y, "to_numpy") else y
        return self._each(array, [code.encode for code in self.targets])

    def decode(self, predictions: Any) -> Any:
        """Predicted numbers in the units of the table; labels as they are."""
        return self._each(predictions, [code.decode for code in self.targets])

    def _each(self, values: Any, change: Sequence[Callable[[Any], Any]]) -> Any:
        """Every target changed by its own code."""
        if not self.further:
            return change[0](values)
        columns = np.asarray(values)
        return np.stack([one(columns[:, i]) for i, one in enumerate(change)], axis=1)


CODES = (NumberCode, CategoryCode, TargetCode, Encoder)
"""The parts of an encoder, for the table of what a model file may name."""


def fit_encoder(table: Table, columns: Sequence[str], *targets: Column) -> Encoder:
    """Learn an encoder.

    Args:
        table: the training part, and nothing but it.
        columns: the columns to learn from.
        targets: the target of the training part, or several.

    Example:
        >>> from chainrule.data import as_table
        >>> table = as_table({"size": [1.0, 3.0], "kind": ["a", "b"], "price": [10.0, 30.0]})
        >>> encoder = fit_encoder(table, ["size", "kind"], table.column("price"))
        >>> encoder.encode(table).tolist()
        [[-1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    """
    codes = tuple(_code(table.column(name)) for name in columns)
    first, *further = (_target_code(target) for target in targets)
    return Encoder(codes, first, tuple(further))


def _code(column: Column) -> NumberCode | CategoryCode:
    missing = column.missing
    any_missing = bool(missing.any())
    if column.kind == NUMBER:
        present = column.values[~missing]
        median = float(np.median(present)) if len(present) else 0.0
        mean, scale = _moments(np.where(missing, median, column.values))
        return NumberCode(column.name, median, mean, scale, any_missing)
    counts = column.counts()
    labels = tuple(sorted(counts))
    total = max(1, sum(counts.values()))
    shares = tuple(counts[label] / total for label in labels)
    return CategoryCode(column.name, labels, shares, any_missing)


def _target_code(target: Column) -> TargetCode:
    if target.kind == CATEGORY:
        return TargetCode(target.name, CATEGORY)
    return TargetCode(target.name, NUMBER, *_moments(target.values))


def _moments(values: Any) -> tuple[float, float]:
    """Mean and standard deviation, for numbers of every size; 1 in place of a deviation of 0."""
    largest = float(np.abs(values).max())
    if values.min() == values.max():
        return float(values[0]), 1.0
    unit = 1.0 if 1e-100 < largest < 1e100 else largest
    return float((values / unit).mean()) * unit, float((values / unit).std()) * unit or 1.0
