"""Columns that give the target away: copies, noisy copies, numbering ordered by class, the future.

Every column is asked alone, by three rules that anybody can check by hand:

1. Classes: the share of rows that the column alone gets wrong is at most 3 % of what always saying
   the most frequent class gets wrong. A column with few values says of each the class that the
   *other* rows with this value have most often; one with many values is sorted, and every change of
   class between neighbours counts as half a wrong row.
2. Numbers: the column alone explains at least 99 % of the variance of the target's *ranks*: each is
   guessed as the mean of the *other* rows with this value, or, where the column has many values, of
   the two rows before and after in its order.
3. Time: where rows are ordered by time, the column holds the target of one of the five rows after
   its own, in at least 99 % of the rows.

A gap in a column is a value like any other, so a column filled in only after the outcome is found
too. Fewer than 50 rows prove nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import Column
from chainrule.ops import key_from_seed
from chainrule.ops.random import permutation_table

FEWEST_ROWS = 50
MOST_ROWS = 20_000
"""Of longer tables so many evenly spaced rows are asked."""

FEW_VALUES = 64
"""Columns with more different values are sorted and looked at by neighbours."""

WRONG = 0.03
"""Rule 1: wrong rows, as a share of those of the most frequent class."""

EXPLAINED = 0.99
"""Rules 2 and 3."""

LEADS = 5


@dataclass(frozen=True)
class Leak:
    """A column that gives the target away. `reason` says how, as the end of a sentence."""

    column: str
    target: str
    reason: str


def find_leaks(
    columns: Sequence[Column], target: str, values: Any, *, classes: bool, order: Any = None
) -> list[Leak]:
    """The columns that give a target away, by the rules above.

    Args:
        columns: those that are learnt from.
        target: its name. values: class numbers or numbers, (rows,). classes: which of the two.
        order: the rows' places in time, (rows,), where there is one.

    Example:
        >>> from chainrule.data import as_table
        >>> y = np.arange(100) % 2
        >>> table = as_table({"id": np.argsort(np.argsort(y)), "x": np.arange(100) // 2})
        >>> [leak.column for leak in find_leaks(table.columns, "y", y, classes=True)]
        ['id']
    """
    values = np.asarray(values)
    if len(values) < FEWEST_ROWS or (values == values[0]).all():
        return []
    some = np.linspace(0, len(values) - 1, min(len(values), MOST_ROWS)).astype("int64")
    some = some[permutation_table(key_from_seed(0), range(1), len(some))[0]]  # ties in any order
    found = []
    for column in columns:
        reason = _reason(column.take(some), values[some], classes)
        if not reason and order is not None:
            reason = _future(column, values, order)
        if reason:
            found.append(Leak(column.name, target, reason))
    return found


def _reason(column: Column, values: Any, classes: bool) -> str:
    groups = _groups(column)
    if classes:
        codes = np.unique(values, return_inverse=True)[1]
        guess = 1 - np.bincount(codes).max() / len(codes)
        wrong = (
            _wrong_by_neighbours(column, codes)
            if groups is None
            else _wrong_by_value(groups, codes)
        )
        if wrong > WRONG * guess:
            return ""
        return f"alone it tells {100 * (1 - wrong):.1f} % of the rows right"
    explained = _explained(column, groups, values)
    return (
        f"alone it explains {100 * explained:.1f} % of the order" if explained >= EXPLAINED else ""
    )


def _groups(column: Column) -> Any:
    """Numbers of the different values, a gap being one of them; None where these are many."""
    if column.labels:
        return column.values + 1
    present, place = np.unique(column.values, return_inverse=True)
    return place if len(present) <= FEW_VALUES else None


def _wrong_by_value(groups: Any, codes: Any) -> float:
    """Rows whose class is not the most frequent one of the other rows with the same value."""
    width = int(codes.max()) + 1
    counts = np.bincount(groups * width + codes, minlength=(int(groups.max()) + 1) * width)
    others = counts.reshape(-1, width)[groups]
    rows = np.arange(len(codes))
    others[rows, codes] -= 1
    own = others[rows, codes].copy()
    others[rows, codes] = -1
    return float((own <= others.max(axis=1)).mean())


def _wrong_by_neighbours(column: Column, codes: Any) -> float:
    """Half the changes of class along the sorted column; gaps stand at its end."""
    order = np.argsort(column.values, kind="stable")
    return float((np.diff(codes[order]) != 0).sum() / 2 / len(codes))


def _explained(column: Column, groups: Any, values: Any) -> float:
    """The share of the variance of the target's ranks that other rows near in the column tell."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable").astype("float64")
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.bincount(place, weights=ranks) / counts)[place]
    if groups is None:
        ranks = ranks[np.argsort(column.values, kind="stable")]
        window = np.array([1.0, 1.0, 0.0, 1.0, 1.0])
        near = np.convolve(np.ones_like(ranks), window, "same")
        mean = np.convolve(ranks, window, "same") / near
    else:
        size = np.bincount(groups)
        mean = (np.bincount(groups, weights=ranks)[groups] - ranks) / np.maximum(size - 1, 1)[
            groups
        ]
        mean = np.where(size[groups] > 1, mean, ranks.mean())
    spread = float(((ranks - ranks.mean()) ** 2).sum())
    return 1 - float(((ranks - mean) ** 2).sum()) / spread if spread else 0.0


def _future(column: Column, values: Any, order: Any) -> str:
    """Rule 3."""
    if column.labels:
        return ""
    place = np.argsort(order, kind="stable")
    mine, theirs = column.values[place], np.asarray(values, "float64")[place]
    for lead in range(1, LEADS + 1):
        if np.isclose(mine[:-lead], theirs[lead:], rtol=1e-6, atol=0).mean() >= EXPLAINED:
            rows = "row" if lead == 1 else f"{lead} rows"
            return f"it holds the target of the {rows} after its own"
    return ""
