"""A table: named columns of one type each, as NumPy arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data.kinds import (
    CATEGORY,
    CONSTANT,
    DATE,
    FEW_LABELS,
    IDENTIFIER,
    NUMBER,
    PLAIN,
    TEXT,
)
from chainrule.data.names import listed
from chainrule.data.reading import IN_MEMORY, Reading
from chainrule.errors import DataError, did_you_mean

__all__ = ["CATEGORY", "NUMBER", "Column", "Table", "no_column"]


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Attributes:
        name: as in the header.
        kind: one of COLUMN_KINDS, see `data.kinds`.
        values: of numbers: float64 (rows,), NaN where missing; dates are days since 1970-01-01. Of
            labels: int32 (rows,), positions in `labels`, -1 where missing.
        labels: the different values as text, sorted; numbers and dates have none.
        reason: what was decided about the column and why, for the reader; may be "".
        writing: how its numbers or dates are written, e.g. "1.234,5" or "day/month"; may be "".
    """

    name: str
    kind: str
    values: Any
    labels: tuple[str, ...] = ()
    reason: str = ""
    writing: str = ""

    @property
    def missing(self) -> Any:
        """Which rows have no value, bool (rows,)."""
        return np.isnan(self.values) if self.values.dtype.kind == "f" else self.values < 0

    @property
    def reads_as(self) -> str:
        """The kind by which another table's column is read the same, e.g. "number 1.234,5"."""
        if self.kind not in (CONSTANT, IDENTIFIER):
            return reads_as(self.kind, self.writing)
        if self.missing.all():
            return self.kind
        return CATEGORY if self.labels else reads_as(NUMBER, self.writing)

    def take(self, rows: Any) -> Column:
        """The column with these rows only."""
        return replace(self, values=self.values[rows])

    def counts(self) -> dict[str, int]:
        """How often each label of a category occurs, the most frequent first."""
        found = np.bincount(self.values[self.values >= 0], minlength=len(self.labels))
        order = np.argsort(-found, kind="stable")
        return {self.labels[i]: int(found[i]) for i in order if found[i]}

    def useless(self) -> str:
        """Why nothing can be learnt from this column, or "" where something can."""
        present = self.values[~self.missing]
        if not len(present):
            return "no values"
        if not self.missing.any() and (present == present[0]).all():
            return "one value only"
        if self.kind == TEXT:
            return "free text"
        distinct = len(np.unique(present)) if self.labels else 0
        if distinct > max(FEW_LABELS, len(present) // 2):
            return "nearly every row has its own text"
        return {IDENTIFIER: "an identifier", CONSTANT: "a constant, as asked"}.get(self.kind, "")


def reads_as(kind: str, writing: str) -> str:
    """A kind with its writing.

    >>> reads_as("number", ""), reads_as("date", "day/month"), reads_as("category", "")
    ('number 1234.5', 'date day/month', 'category')
    """
    if kind == NUMBER:
        return f"{kind} {writing or PLAIN}"
    return f"{kind} {writing}".rstrip() if kind == DATE else kind


@dataclass(frozen=True, eq=False)
class Table:
    """Columns with equal numbers of rows.

    Attributes:
        columns: in their order. rows: how many rows.
        name: what messages call the table, e.g. "penguins.csv".
        reading: what was recognized when it was read.
    """

    columns: tuple[Column, ...]
    rows: int
    name: str
    reading: Reading = IN_MEMORY

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """The column of a name.

        Raises:
            DataError: there is none; the nearest name is proposed.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise no_column(self.name, name, self.names)

    def take(self, rows: Any) -> Table:
        """The table with these rows only, given as row numbers."""
        columns = tuple(column.take(rows) for column in self.columns)
        return Table(columns, len(rows), self.name, self.reading)

    def digest(self) -> str:
        """SHA-256 of names and values, the same for a file and a DataFrame with one content."""
        total = hashlib.sha256()
        for column in self.columns:
            values = np.ascontiguousarray(column.values)
            kind = CATEGORY if column.values.dtype.kind == "i" else NUMBER
            total.update(repr((column.name, kind, column.labels, len(values))).encode())
            total.update(values.tobytes())
        return total.hexdigest()


def no_column(table: str, name: str, names: Sequence[str]) -> DataError:
    """The error for a column that is not there."""
    hint = did_you_mean(name, names)
    return DataError(f"{table} has no column {name!r}.{hint} Its columns: {listed(names)}.")
