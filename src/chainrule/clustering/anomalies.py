"""How odd rows are: their distance to the centers, or what an autoencoder cannot give back."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.clustering.kmeans import kmeans, nearest_centers
from chainrule.nn import Dense, Network, Tanh
from chainrule.optim import Adam
from chainrule.training import fit

NORMAL_SHARE = 0.01
"""A cluster with a smaller share of the rows is odd itself."""


def center_count(rows: int) -> int:
    """How many centers stand for normal rows where nothing else is said.

    >>> center_count(10), center_count(1_000), center_count(100_000)
    (1, 8, 32)
    """
    return int(np.clip(np.sqrt(rows) // 4 + 1, 1, 32)) if rows >= 50 else 1


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
    """Centers and widths of normal rows: k-means, and once more without the oddest hundredth."""
    kept = np.asarray(rows, "float64")
    for _ in range(2):
        found = kmeans(kept, min(clusters, len(kept)), seed=seed, starts=3)
        widths = cluster_widths(found.labels, found.squared, len(found.centers))
        sizes = np.bincount(found.labels, minlength=len(found.centers))
        large = (
            sizes >= min(NORMAL_SHARE * len(kept), sizes.max()) if len(kept) > 100 else sizes > 0
        )
        centers, widths = found.centers[large], widths[large]
        odd, _ = distance_parts(kept, centers, widths)
        if len(kept) < 200:
            break
        kept = kept[odd <= np.quantile(odd, 0.99)]
    return centers, widths


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
