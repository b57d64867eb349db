"""How odd rows are: their distance to the centers, or what an autoencoder cannot give back."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.clustering.kmeans import kmeans, nearest_centers
from chainrule.nn import Dense, Network, Tanh
from chainrule.optim import Adam
from chainrule.training import fit

NORMAL_SHARE = 0.01
"""A segment with a smaller share of the rows is odd itself."""

CENTERS, LARGE_SHARE = 8, 0.9
"""Clusters of a detector, and the share of rows in those that are normal; as in CBLOF (2003)."""


def distance_parts(rows: Any, centers: Any, widths: Any) -> tuple[Any, Any]:
    """Oddness of every row, (rows,), and the part of every feature in it, (rows, features).

    Args:
        centers: (clusters, features). widths: root mean squared distance of a cluster's rows.
    """
    labels, squared = nearest_centers(rows, centers)
    gaps = (np.asarray(rows, "float64") - centers[labels]) / widths[labels, None]
    return np.sqrt(squared) / widths[labels], gaps


def cluster_widths(labels: Any, squared: Any, clusters: int) -> Any:
    """The root mean squared distance of the rows of every cluster; at least a tenth of all's."""
    counts = np.bincount(labels, minlength=clusters)
    mean = np.bincount(labels, squared, clusters) / np.maximum(counts, 1)
    whole = squared.mean() or 1.0
    return np.sqrt(np.maximum(mean, 0.01 * whole))


def normal_centers(rows: Any, clusters: int, seed: int) -> tuple[Any, Any]:
    """Centers and widths of normal rows: of the largest clusters, which hold LARGE_SHARE of them.

    So odd rows that lie together are odd all the same (He, Xu and Deng, CBLOF, 2003).
    """
    found = kmeans(rows, min(clusters, len(rows)), seed=seed, starts=3)
    widths = cluster_widths(found.labels, found.squared, len(found.centers))
    sizes = np.bincount(found.labels, minlength=len(found.centers))
    order = np.argsort(-sizes, kind="stable")
    enough = int(np.searchsorted(np.cumsum(sizes[order]), LARGE_SHARE * len(rows))) + 1
    large = order[:enough]
    return found.centers[large], widths[large]


def autoencoder(rows: Any, code: int, seed: int, epochs: int) -> Any:
    """A network that gives its rows back through a narrow layer, fitted.

    Args:
        rows: scaled features (rows, features). code: units of the narrow layer.
    """
    features = rows.shape[1]
    wide = max(2 * code, features)
    network = Network([Dense(wide), Tanh(), Dense(code), Dense(wide), Tanh(), Dense(features)])
    return fit(
        network, rows, rows, loss="mse", optimizer=Adam(3e-3), epochs=epochs,
        batch_size=min(256, len(rows)), seed=seed,
    )  # fmt: skip


def reconstruction_parts(model: Any, rows: Any) -> tuple[Any, Any]:
    """Root mean squared error of every row given back, and of every feature (rows, features)."""
    back = np.asarray(model.predict(rows), "float64").reshape(len(rows), -1)
    gaps = np.asarray(rows, "float64") - back
    return np.sqrt((gaps**2).mean(axis=1)), gaps
