"""How alike two groupings are, and how well one parts its rows: numbers between them."""

from __future__ import annotations

from typing import Any

import numpy as np


def adjusted_rand(one: Any, other: Any) -> float:
    """The adjusted Rand index (Hubert and Arabie 1985): 1 for the same grouping, 0 for chance.

    >>> adjusted_rand([0, 0, 1, 1], [5, 5, 3, 3])
    1.0
    """
    table = _counts(one, other)
    rows = table.sum()
    pairs = (table * (table - 1)).sum() / 2
    of_one, of_other = (
        float((side * (side - 1)).sum()) / 2 for side in (table.sum(axis=1), table.sum(axis=0))
    )
    expected = of_one * of_other / max(rows * (rows - 1) / 2, 1)
    most = (of_one + of_other) / 2
    return 1.0 if most == expected else float((pairs - expected) / (most - expected))


def jaccards(one: Any, other: Any) -> Any:
    """For every cluster of `one` its likeness to the most similar cluster of `other`, 0 to 1."""
    table = _counts(one, other)
    union = table.sum(axis=1)[:, None] + table.sum(axis=0)[None] - table
    return (table / union).max(axis=1)


def silhouettes(distances: Any, labels: Any) -> Any:
    """The silhouette of every row (Rousseeuw 1987): 1 well inside its cluster, below 0 misplaced.

    Args:
        distances: (rows, rows). labels: 0 to clusters - 1, at least two of them.

    >>> silhouettes(np.array([[0.0, 1, 9], [1, 0, 9], [9, 9, 0]]), np.array([0, 0, 1])).round(2)
    array([0.89, 0.89, 0.  ])
    """
    clusters = int(labels.max()) + 1
    member = np.eye(clusters)[labels]
    sizes = member.sum(axis=0)
    sums = distances @ member
    rows = np.arange(len(labels))
    inside = sums[rows, labels] / np.maximum(sizes[labels] - 1, 1)
    mean = sums / sizes
    mean[rows, labels] = np.inf
    outside = mean.min(axis=1)
    larger = np.maximum(inside, outside)
    found = np.divide(outside - inside, larger, out=np.zeros(len(rows)), where=larger > 0)
    return np.where(sizes[labels] > 1, found, 0.0)


def _counts(one: Any, other: Any) -> Any:
    """How many rows have each pair of labels."""
    _, first = np.unique(one, return_inverse=True)
    _, second = np.unique(other, return_inverse=True)
    table = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(table, (first, second), 1)
    return table
