"""Hierarchical clustering: a tree of merges, and its cuts.

Ward (Ward 1963) and single linkage need memory in proportion to the rows; complete and average
linkage need all distances between them, and say beforehand whether they fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.clustering.compiled import scipy_linkage, tree_loops
from chainrule.clustering.kmeans import check_count
from chainrule.clustering.nearest import Tiles, near_order
from chainrule.clustering.preflight import check_memory
from chainrule.errors import DataError, SettingError, unknown_name

LINKAGES = ("ward", "single", "complete", "average")
PAIRS_A_CALL = 50_000_000
"""Distances that are measured between two looks at Ctrl-C: a tenth of a second at most."""

SORTED_AGAIN = 0.6
"""Ward's clusters are sorted into tiles again where no more than this share of them is left."""


def linkage_tree(rows: Any, linkage: str = "ward") -> Any:
    """The tree of merges of rows, Euclidean.

    Args:
        rows: float array (rows, features), finite, at least 2 rows.
        linkage: "ward", "single", "complete" or "average".

    Returns:
        SciPy's linkage matrix, float64 (rows - 1, 4): the two nodes that are merged (rows are 0 to
        rows - 1, later ones count on), the height, how many rows lie below.

    Raises:
        DataError: one row, or more rows than memory allows; both numbers are said.

    Example:
        >>> linkage_tree(np.array([[0.0], [1.0], [5.0]]), "single").tolist()
        [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.0, 3.0]]
    """
    if linkage not in LINKAGES:
        raise unknown_name("linkage", linkage, LINKAGES)
    data = np.asarray(rows, "float64")
    if len(data) < 2:
        raise DataError(f"{len(data)} row cannot be merged with another: give 2 rows or more.")
    check_memory(memory_needed(len(data), data.shape[1], linkage), *_words(len(data), linkage))
    if linkage in ("complete", "average"):
        return scipy_linkage().matrix_linkage(data, linkage)
    merges, heights = (_ward if linkage == "ward" else _single)(data)
    order = np.argsort(heights, kind="stable")
    tree = np.empty((len(merges), 4))
    tree_loops().name_merges(merges[order], heights[order], tree)
    return tree


def memory_needed(rows: int, features: int, linkage: str) -> int:
    """Bytes that a tree takes at its largest; SciPy copies the distances once."""
    near = 8 * rows * (5 * features + 16)
    return near + 8 * rows * (rows - 1) if linkage in ("complete", "average") else near


def _words(rows: int, linkage: str) -> tuple[str, str]:
    return f"{linkage.capitalize()} linkage of {rows:,} rows", (
        "Ward and single linkage need far less: linkage='ward'. Or cluster a part of the rows."
    )


def cut_tree(tree: Any, clusters: int | None = None, height: float | None = None) -> Any:
    """Labels of the rows when the tree is cut, int64 (rows,), counted in the order of the rows.

    Args:
        clusters: so many are left. height: merges at this height or above are undone.

    Example:
        >>> cut_tree(linkage_tree(np.array([[0.0], [9.0], [1.0]])), clusters=2).tolist()
        [0, 1, 0]
    """
    rows = len(tree) + 1
    if height is not None:
        clusters = int((tree[:, 2] >= height).sum()) + 1
    assert clusters is not None
    check_count(clusters, rows)
    parent = np.arange(2 * rows - 1)
    kept = rows - clusters
    for i in range(kept - 1, -1, -1):
        parent[tree[i, :2].astype("int64")] = parent[rows + i]
    tops = parent[:rows]
    _, first, labels = np.unique(tops, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first, kind="stable"), kind="stable")[labels]


def check_distinct(rows: Any, clusters: int) -> None:
    """Refuse more clusters than different rows.

    Raises:
        DataError, SettingError: both numbers are named.
    """
    check_count(clusters, len(rows))
    if clusters > 1 and (different := _different(rows, clusters)) < clusters:
        raise DataError(
            f"The rows have {different} different {'value' if different == 1 else 'values'}, and "
            f"{clusters} clusters were asked for: ask for {different} or fewer."
        )


def _different(rows: Any, enough: int) -> int:
    """How many different rows there are, counted no further than is needed."""
    some = len(np.unique(rows[: 100 * enough], axis=0))
    return some if some >= enough else len(np.unique(rows, axis=0))


def _ward(rows: Any) -> tuple[Any, Any]:
    left = rows - rows.mean(axis=0)
    count = len(left)
    sizes, member, chain = np.ones(count), np.arange(count), np.zeros(count + 1, "int64")
    merges, heights = np.empty((count - 1, 2), "int64"), np.empty(count - 1)
    state = np.array([count, 0, 0, 0])
    hole = tree_loops().HOLE
    while state[0] > 1:
        order = near_order(left)
        slots = Tiles.of(left, order)
        widths, names = slots.fill(sizes, hole), slots.fill(member, 0)
        least = widths.reshape(len(slots.rows), -1).min(axis=1)
        chain[: state[1]] = np.argsort(order)[chain[: state[1]]]
        state[3] = 0
        enough = max(1, int(state[0] * SORTED_AGAIN))
        while state[0] > enough:
            tree_loops().ward_chain(
                slots.rows, widths, slots.low, slots.high, least, names, chain, merges, heights,
                state, enough, max(1, PAIRS_A_CALL // int(state[0])),
            )  # fmt: skip
        there = np.flatnonzero(widths < hole)
        left, sizes, member = slots.take(there), widths[there], names[there]
        chain[: state[1]] = np.searchsorted(there, chain[: state[1]])
    return merges, heights


def _single(rows: Any) -> tuple[Any, Any]:
    count = len(rows)
    slots = Tiles.of(rows[1:], np.arange(count - 1), spare=1).rows
    slots[-1, :, -1] = rows[0]
    width = slots.shape[0] * slots.shape[2]
    member = np.arange(1, width + 1)
    nearest, reached = np.full(width, np.inf), np.zeros(width, "int64")
    merges, heights = np.empty((count - 1, 2), "int64"), np.empty(count - 1)
    state = np.array([count - 1, 0, 0])
    while state[0] > 0:
        budget = max(1, PAIRS_A_CALL // int(state[0]))
        tree_loops().grow_tree(slots, member, nearest, reached, merges, heights, state, budget)
    return merges, heights


def check_cut(clusters: int | None, height: float | None) -> None:
    """Refuse both ways to cut, or neither."""
    if (clusters is None) == (height is None):
        raise SettingError(
            "Exactly one of n_clusters and distance_threshold has to be set, the other to None."
        )
