"""Hierarchical clustering: a tree of merges, its cuts, and where new rows belong.

Ward (Ward 1963) and single linkage need memory in proportion to the rows; complete and average
linkage need all distances between them, and say beforehand whether they fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.clustering.blocks import block_runner
from chainrule.clustering.compiled import loops, scipy_linkage, tree_loops
from chainrule.clustering.kmeans import check_count, kmeans
from chainrule.clustering.preflight import check_memory
from chainrule.errors import DataError, SettingError, unknown_name

LINKAGES = ("ward", "single", "complete", "average")
PAIRS_A_CALL = 50_000_000
"""Distances that are measured between two looks at Ctrl-C: a tenth of a second."""


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
    near = 8 * rows * (2 * features + 16)
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


def _slots(rows: Any, spare: int) -> Any:
    """Rows side by side, (features, slots), filled up with infinitely far ones to whole tiles.

    Args:
        spare: so many tiles more.
    """
    tile = loops().TILE
    width = (-(-len(rows) // tile) + spare) * tile
    slots = np.full((rows.shape[1], width), np.inf)
    slots[:, : len(rows)] = rows.T
    return slots


def _ward(rows: Any) -> tuple[Any, Any]:
    count = len(rows)
    slots = _slots(rows - rows.mean(axis=0), 0)
    width, tile = slots.shape[1], loops().TILE
    sizes, least = np.ones(width), np.ones(width // tile)
    member = np.arange(width)
    chain, in_chain = np.zeros(count + 1, "int64"), np.full(width, -1)
    merges, heights = np.empty((count - 1, 2), "int64"), np.empty(count - 1)
    state = np.array([count, 0, 0])
    while state[0] > 1:
        budget = max(1, PAIRS_A_CALL // int(state[0]))
        tree_loops().ward_chain(
            slots, sizes, least, member, chain, in_chain, merges, heights, state, budget
        )
    return merges, heights


def _single(rows: Any) -> tuple[Any, Any]:
    count = len(rows)
    slots = _slots(rows[1:], 1)
    slots[:, -1] = rows[0]
    width = slots.shape[1]
    member = np.arange(1, width + 1)
    nearest, reached = np.full(width, np.inf), np.zeros(width, "int64")
    merges, heights = np.empty((count - 1, 2), "int64"), np.empty(count - 1)
    state = np.array([count - 1, 0, 0])
    while state[0] > 0:
        budget = max(1, PAIRS_A_CALL // int(state[0]))
        tree_loops().grow_tree(slots, member, nearest, reached, merges, heights, state, budget)
    return merges, heights


@dataclass(frozen=True, eq=False)
class NearestRows:
    """Rows prepared for the question which of them is nearest to a new one.

    Equal rows are kept once, which gives the same answers: equal rows are always in one cluster.

    Attributes:
        rows, order, centers, ends, radii, reach: as `tree_loops.nearest_rows` takes them.
    """

    rows: Any
    order: Any
    centers: Any
    ends: Any
    radii: Any
    reach: Any

    @staticmethod
    def of(rows: Any) -> NearestRows:
        """Prepare rows (rows, features)."""
        data, first = np.unique(np.asarray(rows, "float64"), axis=0, return_index=True)
        groups = max(1, int(np.sqrt(len(data))))
        found = kmeans(data, groups, max_iter=10, init="random")
        radii = np.sqrt(found.squared)
        order = np.lexsort((-radii, found.labels))
        ends = np.searchsorted(found.labels[order], np.arange(groups + 1))
        reach = np.zeros(groups)
        np.maximum.at(reach, found.labels, radii)
        return NearestRows(data[order], first[order], found.centers, ends, radii[order], reach)

    def find(self, queries: Any, threads: int | None = None) -> Any:
        """The number of the nearest row of every query, int64 (queries,)."""
        data, found = np.asarray(queries, "float64"), np.empty(len(queries), "int64")
        search = tree_loops().nearest_rows
        with block_runner(threads, data.size * len(self.rows) // 10) as run:
            run(
                lambda _, start, stop: search(
                    data, self.rows, self.order, self.centers, self.ends, self.radii, self.reach,
                    found, start, stop,
                ),
                len(data),
            )  # fmt: skip
        return found


def check_cut(clusters: int | None, height: float | None) -> None:
    """Refuse both ways to cut, or neither."""
    if (clusters is None) == (height is None):
        raise SettingError(
            "Exactly one of n_clusters and distance_threshold has to be set, the other to None."
        )
