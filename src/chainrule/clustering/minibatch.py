"""K-means on rows that come piece by piece: batches (Sculley 2010), and exact passes of chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from chainrule.clustering.kmeans import Clusters, kmeans, nearest_centers
from chainrule.errors import DataError


def batch_step(rows: Any, weights: Any, centers: Any, mass: Any) -> float:
    """Move centers toward the rows of a batch, in place; each by its share of all rows it has had.

    Args:
        rows: (rows, features). weights: (rows,). centers: float64 (clusters, features).
        mass: float64 (clusters,), the weight that each center has had so far; raised.

    Returns:
        The weighted squared distances of the batch to the centers as they were.
    """
    labels, squared = nearest_centers(rows, centers)
    new = np.bincount(labels, weights, len(centers))
    sums = np.stack(
        [np.bincount(labels, weights * column, len(centers)) for column in rows.T], axis=1
    )
    met = new > 0
    mass += new
    centers[met] += (sums[met] - new[met, None] * centers[met]) / mass[met, None]
    return float((weights * squared).sum())


def chunked_kmeans(
    chunks: Callable[[], Iterable[Any]],
    clusters: int,
    *,
    init: Any = None,
    max_iter: int = 100,
    tol: float = 1e-4,
    seed: int = 0,
) -> Clusters:
    """Lloyd's k-means over rows that do not fit into memory: each iteration is one pass of chunks.

    Args:
        chunks: called once a pass; gives arrays (rows, features), the same ones each time.
        clusters: how many. init: centers; None: k-means of the first chunk.
        max_iter, tol: as for `kmeans`. seed: of the first centers.

    Returns:
        As `kmeans`, but labels and distances are empty: they would not fit.

    Raises:
        DataError: the first chunk has fewer rows than clusters, or a cluster stays empty.

    Example:
        >>> parts = [np.array([[0.0], [9.0]]), np.array([[1.0], [10.0]])]
        >>> sorted(chunked_kmeans(lambda: parts, 2).centers[:, 0].tolist())
        [0.5, 9.5]
    """
    first = next(iter(chunks()), None)
    if first is None:
        raise DataError("There are no chunks: nothing can be clustered.")
    centers = kmeans(first, clusters, seed=seed).centers if init is None else np.array(init, float)
    iteration, converged, inertia = 0, False, 0.0
    while iteration < max_iter and not converged:
        iteration += 1
        sums, mass, inertia, spread = _pass(chunks, centers)
        new = np.where((mass > 0)[:, None], sums / np.where(mass > 0, mass, 1)[:, None], centers)
        shift = float(((new - centers) ** 2).sum())
        centers = new
        converged = shift <= tol * spread
    nothing = np.empty(0)
    return Clusters(centers, nothing.astype("int32"), nothing, inertia, iteration, converged)


def _pass(chunks: Callable[[], Iterable[Any]], centers: Any) -> tuple[Any, Any, float, float]:
    """Sums and numbers of rows by center, their squared distances, the mean variance."""
    sums, mass, squares = np.zeros_like(centers), np.zeros(len(centers)), 0.0
    total, total_squares, rows = np.zeros(centers.shape[1]), np.zeros(centers.shape[1]), 0
    for chunk in chunks():
        data = np.asarray(chunk, "float64")
        labels, squared = nearest_centers(data, centers)
        mass += np.bincount(labels, minlength=len(centers))
        for f, column in enumerate(data.T):
            sums[:, f] += np.bincount(labels, column, len(centers))
        squares += float(squared.sum())
        total += data.sum(axis=0)
        total_squares += (data**2).sum(axis=0)
        rows += len(data)
    spread = float(np.maximum(total_squares / rows - (total / rows) ** 2, 0).mean())
    return sums, mass, squares, spread
