"""Splits into parts, drawn with chainrule's own generator: the same seed, the same rows.

Rows that belong together (equal rows, rows of one customer) are a unit: they are never torn apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.ops.random import permutation_table


def split_rows(
    key: Any, rows: int, fraction: float, groups: Any = None, units: Any = None
) -> tuple[Any, Any]:
    """Row numbers of a large and a small part, each in ascending order.

    Args:
        key: random key, uint32 (2,).
        rows: how many rows there are.
        fraction: share of the small part, above 0 and below 1.
        groups: class numbers (rows,) to keep the proportions of (stratified), or None.
        units: numbers (rows,) that are equal for rows that stay together, or None.

    Raises:
        DataError: too few rows, or units, for a part of that size.

    >>> from chainrule.ops import key_from_seed
    >>> large, small = split_rows(key_from_seed(0), 10, 0.2)
    >>> len(large), len(small)
    (8, 2)
    """
    wanted = round(rows * fraction)
    if wanted < 1 or wanted >= rows:
        raise DataError(
            f"{rows} rows cannot be split with a share of {fraction}: one part would be empty. "
            "Give more rows or another share."
        )
    if units is None:
        order = permutation_table(key, range(1), rows)[0]
        if groups is not None:
            order = _spread_groups(order, groups)
        return np.sort(order[wanted:]), np.sort(order[:wanted])
    unit, first, sizes = _compact(units)
    order = permutation_table(key, range(1), len(sizes))[0]
    if groups is not None:
        order = _spread_groups(order, groups[first])
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = np.zeros(len(sizes), bool)
    chosen[order] = before + sizes[order] / 2 <= wanted
    chosen[order[0]] = True
    small = chosen[unit]
    if small.all():
        raise DataError(
            f"All {rows} rows belong together: no part of them can be held back. Group by another "
            "column."
        )
    return np.flatnonzero(~small), np.flatnonzero(small)


def split_folds(key: Any, rows: int, folds: int, groups: Any = None, units: Any = None) -> Any:
    """The number of the fold of every row, (rows,), from 0; folds are as equal as units allow.

    Args:
        key: random key, uint32 (2,). rows: how many rows. folds: how many folds, at least 2.
        groups, units: as for `split_rows`.

    Raises:
        DataError: fewer units than folds.

    >>> from chainrule.ops import key_from_seed
    >>> np.bincount(split_folds(key_from_seed(0), 11, 5)).tolist()
    [3, 2, 2, 2, 2]
    """
    unit, first, sizes = _compact(np.arange(rows) if units is None else units)
    if len(sizes) < folds:
        raise DataError(
            f"{folds} folds need as many rows, or groups of rows, and there are {len(sizes)}. Ask "
            "for fewer folds."
        )
    order = permutation_table(key, range(1), len(sizes))[0]
    strata = np.zeros(len(sizes), "int64") if groups is None else np.asarray(groups)[first]
    order = order[np.lexsort((-sizes[order], strata[order]))]
    place = np.empty(len(sizes), "int64")
    if (sizes == 1).all():
        place[order] = np.arange(len(sizes)) % folds
    else:
        place[order] = _dealt(sizes[order], strata[order], folds)
    return place[unit]


def split_time(times: Any, fraction: float) -> tuple[Any, Any]:
    """Row numbers of the earlier and the latest rows; rows of one time stay together.

    Args:
        times: numbers (rows,), none missing. fraction: share of the latest rows.

    Raises:
        DataError: all rows have one time.

    >>> earlier, latest = split_time(np.array([5, 1, 3, 3]), 0.25)
    >>> earlier.tolist(), latest.tolist()
    ([1, 2, 3], [0])
    """
    present, counts = np.unique(times, return_counts=True)
    if len(present) < 2:
        raise DataError("All rows have the same time: there are no later ones to test on.")
    after = np.cumsum(counts[::-1])[::-1][1:]
    start = 1 + int(np.argmin(np.abs(after - fraction * len(times))))
    late = times >= present[start]
    return np.flatnonzero(~late), np.flatnonzero(late)


def joined_units(one: Any, other: Any) -> Any:
    """Units of rows that belong together by either of two numberings, directly or through others.

    >>> joined_units(np.array([0, 0, 1, 2]), np.array([5, 6, 6, 7])).tolist()
    [0, 0, 0, 3]
    """
    label = np.arange(len(one))
    numberings = [np.unique(numbers, return_inverse=True)[1] for numbers in (one, other)]
    while True:
        before = label
        for numbers in numberings:
            least = np.full(int(numbers.max()) + 1, len(label))
            np.minimum.at(least, numbers, label)
            label = least[numbers]
        if (label == before).all():
            return label


def _compact(units: Any) -> tuple[Any, Any, Any]:
    """Every row's unit counted from 0, the first row of every unit, and how many rows it has."""
    _, first, unit, sizes = np.unique(
        units, return_index=True, return_inverse=True, return_counts=True
    )
    return unit.reshape(-1), first, sizes


def _dealt(sizes: Any, strata: Any, folds: int) -> Any:
    """Units dealt to folds, each to the one that has the fewest rows of its class, then of all."""
    totals = np.zeros(folds)
    mine, stratum = np.zeros(folds), None
    place = np.empty(len(sizes), "int64")
    for i, size in enumerate(sizes):
        if strata[i] != stratum:
            mine, stratum = np.zeros(folds), strata[i]
        place[i] = np.lexsort((totals, mine))[0]
        mine[place[i]] += size
        totals[place[i]] += size
    return place


def _spread_groups(order: Any, groups: Any) -> Any:
    """The same rows in an order in which every beginning has the proportions of the whole."""
    shuffled = groups[order]
    place = np.empty(len(order))
    for group in np.unique(groups):
        members = np.flatnonzero(shuffled == group)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return order[np.argsort(place, kind="stable")]
