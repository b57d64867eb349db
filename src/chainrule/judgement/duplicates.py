"""Rows that occur more than once: they must not stand on both sides of a split."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data import Table

CHANCE = 0.1
"""Where so large a share of the equal pairs is expected by chance, rows repeat by their nature."""

MOST_COPIES = 10
"""Where every row is there more than so often, rows repeat by their nature too."""


def equal_rows(table: Table) -> tuple[Any, int]:
    """Which rows are equal in every column, and how many have an equal one before them.

    Rows of a few yes/no columns repeat by their nature: where at least a tenth of the equal pairs
    would be there by chance, had the columns nothing to do with each other, or where every row is
    there more than ten times, none is counted.

    Returns:
        unit: a number for every row, (rows,); equal rows have one number. count: how many rows have
        an equal one before them.

    Example:
        >>> from chainrule.data import as_table
        >>> values = [0.1 * i for i in range(30)]
        >>> table = as_table({name: [*values, 0.1] for name in ("a", "b", "c")})
        >>> unit, count = equal_rows(table)
        >>> count, bool(unit[1] == unit[30])
        (1, True)
    """
    _, first, unit, sizes = np.unique(
        _fingerprints(table), return_index=True, return_inverse=True, return_counts=True
    )
    count = table.rows - len(first)
    found = float(_pairs(sizes.astype("float64")).sum())
    by_chance = _share_by_chance(table.take(first)) * _pairs(table.rows)
    if count == 0 or table.rows > MOST_COPIES * len(first) or by_chance > CHANCE * found:
        return np.arange(table.rows), 0
    return unit.reshape(-1), count


def _pairs(rows: Any) -> Any:
    return rows * (rows - 1) / 2


def _share_by_chance(table: Table) -> float:
    """The share of pairs that would be equal if every column of different rows went by itself."""
    share = 1.0
    for column in table.columns:
        counts = np.unique(column.values, return_counts=True)[1].astype("float64")
        share *= float((counts * (counts - 1)).sum() / 2 / max(1.0, _pairs(table.rows)))
    return share


def _fingerprints(table: Table) -> Any:
    """A number of 64 bits for every row: equal for equal rows, and hardly for others."""
    mixed = np.zeros(table.rows, "uint64")
    with np.errstate(over="ignore"):
        for column in table.columns:
            values = np.where(column.missing, np.nan, column.values.astype("float64")) + 0.0
            mixed = _mixed(mixed ^ values.view("uint64"))
    return mixed


def _mixed(words: Any) -> Any:
    """Every bit moves every bit (splitmix64, Steele, Lea, Flood 2014)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
