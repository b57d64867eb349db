"""Splits into parts, drawn with chainrule's own generator: the same seed, the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.ops.random import permutation_table


def split_rows(key: Any, rows: int, fraction: float, groups: Any = None) -> tuple[Any, Any]:
    """Row numbers of a large and a small part, each in ascending order.

    Args:
        key: random key, uint32 (2,).
        rows: how many rows there are.
        fraction: share of the small part, above 0 and below 1.
        groups: class numbers (rows,) to keep the proportions of (stratified), or None.

    Raises:
        DataError: too few rows for a part of that size.

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
    order = permutation_table(key, range(1), rows)[0]
    if groups is not None:
        order = _spread_groups(order, groups)
    return np.sort(order[wanted:]), np.sort(order[:wanted])


def _spread_groups(order: Any, groups: Any) -> Any:
    """The same rows in an order in which every beginning has the proportions of the whole."""
    shuffled = groups[order]
    place = np.empty(len(order))
    for group in np.unique(groups):
        members = np.flatnonzero(shuffled == group)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return order[np.argsort(place, kind="stable")]
