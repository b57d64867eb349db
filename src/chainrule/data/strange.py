"""Cells of new rows that a model has never met: labels it does not know, numbers far outside."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data.codes import CategoryCode, EmbeddedCode
from chainrule.data.encoder import Encoder
from chainrule.data.kinds import DATE
from chainrule.data.table import Column, Table
from chainrule.errors import DataError


@dataclass(frozen=True)
class Strange:
    """What is strange about a column: `rows` cells like `example`; `what` says how."""

    column: str
    what: str
    rows: int
    example: str


def strange_cells(encoder: Encoder, table: Table) -> list[Strange]:
    """The columns of a table in which cells are unlike all that the encoder was learnt from.

    Raises:
        DataError: labels that are known only with zeros in front, which something took away.

    Example:
        >>> from chainrule.data import as_table, fit_encoder
        >>> table = as_table({"size": [1.0, 3.0], "kind": ["a", "b"]})
        >>> encoder = fit_encoder(table, ["size", "kind"], table.column("size"))
        >>> new = as_table({"size": [1e9, 2.0, 0.0], "kind": ["a", "c", "c"]}, encoder.kinds)
        >>> print(strange_words(strange_cells(encoder, new)))
        size: numbers far outside those trained on in 1 row, e.g. 1000000000; kind: labels that the
        model does not know in 2 rows, e.g. 'c'. The answers for these rows are guesses.
    """
    found = []
    for code in encoder.codes:
        column = table.column(code.column)
        rows = np.flatnonzero(code.strange(column))
        if len(rows):
            what = f"{'dates' if code.kind == DATE else 'numbers'} far outside those trained on"
            if isinstance(code, CategoryCode | EmbeddedCode):
                _check_zeros(table.name, column, rows, code)
                what = "labels that the model does not know"
            found.append(Strange(column.name, what, len(rows), _shown(column, rows[0])))
    return found


def together(parts: Iterable[Sequence[Strange]]) -> list[Strange]:
    """What was found in the pieces of one table, a column once."""
    found: dict[str, Strange] = {}
    for part in parts:
        for one in part:
            before = found.get(one.column)
            found[one.column] = (
                one if before is None else replace(before, rows=before.rows + one.rows)
            )
    return list(found.values())


def strange_words(found: Sequence[Strange]) -> str:
    """One line about all columns."""
    said = [
        f"{one.column}: {one.what} in {one.rows:,} row{'' if one.rows == 1 else 's'}, "
        f"e.g. {one.example}"
        for one in found
    ]
    return f"{'; '.join(said)}. The answers for these rows are guesses."


def warn_of(found: Sequence[Strange], *, stacklevel: int) -> None:
    """A warning about what was found, if anything was."""
    if found:
        warnings.warn(strange_words(found), stacklevel=stacklevel + 1)


def _shown(column: Column, row: int) -> str:
    value = column.values[row]
    if column.labels:
        return f"{column.labels[value]!r:.60}"
    if column.kind == DATE:
        return str(np.datetime64(0, "D") + np.timedelta64(int(value // 1), "D"))
    return f"{value:.15g}"


def _check_zeros(table: str, column: Column, rows: Any, code: CategoryCode | EmbeddedCode) -> None:
    """Refuse 1067 where 01067 was trained on: as numbers, codes lose the zeros in front."""
    widths = {len(label) for label in code.labels if label.startswith("0")}
    if not widths:
        return
    known = set(code.labels)
    for place in np.unique(column.values[rows]):
        label = column.labels[place]
        whole = next((label.zfill(n) for n in widths if label.zfill(n) in known), "")
        if whole and label.isdecimal():
            raise DataError(
                f"{table}: {column.name} has {label}, and the model was trained on {whole}: the "
                "zeros in front were lost, as where pandas reads codes as numbers. Read the column "
                f"as text, e.g. pandas.read_csv(FILE, dtype={{{column.name!r}: str}})."
            )
