"""Rows that occur more than once: they must not stand on both sides of a split."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.data import Table

CHANCE = 0.1
"""Where so large a share of the equal pairs is expected by chance, rows repeat by their nature."""


def equal_rows(table: Table) -> tuple[Any, int]:
    """Which rows are equal in every column, and how many have an equal one before them.

    Rows of a few yes/no columns repeat by their nature: where at least a tenth of the equal pairs
    would be there by chance, had the columns nothing to do with each other, none is counted.

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
    found = float((sizes.astype("float64") * (sizes - 1)).sum() / 2)
    if count == 0 or _pairs_by_chance(table) > CHANCE * found:
        return np.arange(table.rows), 0
    return unit.reshape(-1), count


def _pairs_by_chance(table: Table) -> float:
    """Equal pairs expected if every column were drawn by itself."""
    logarithm = math.log(table.rows) + math.log(max(1, table.rows - 1)) - math.log(2)
    for column in table.columns:
        _, counts = np.unique(column.values, return_counts=True)
        shares = counts / table.rows
        logarithm += math.log(float((shares**2).sum()))
    return math.exp(min(logarithm, 700))


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
