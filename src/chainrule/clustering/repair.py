"""What every iteration of k-means ends with: middles from sums, and empty clusters repaired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError


@dataclass(eq=False)
class Assigned:
    """Rows at their centers; sums and weights by center are changed in place.

    Attributes:
        rows: (rows, features). weights: (rows,). labels: int32 (rows,).
        sums: float64 (clusters, features). mass: float64 (clusters,).
    """

    rows: Any
    weights: Any
    labels: Any
    sums: Any
    mass: Any

    def fill_empty(self, centers: Any) -> bool:
        """Give every empty cluster the row farthest from its own center; whether any was empty."""
        empty = np.flatnonzero(self.mass <= 0)
        if not len(empty):
            return False
        gaps = ((self.rows - centers[self.labels]) ** 2).sum(axis=1) * (self.weights > 0)
        for cluster, row in zip(empty, np.argsort(-gaps, kind="stable"), strict=False):
            if gaps[row] <= 0:
                break
            old, part = self.labels[row], self.weights[row] * self.rows[row]
            self.sums[old] -= part
            self.mass[old] -= self.weights[row]
            self.sums[cluster] = part
            self.mass[cluster] = self.weights[row]
            self.labels[row] = cluster
        return True

    def middles(self, centers: Any, cosine: bool) -> Any:
        """The new centers; one without rows stays where it is."""
        new = self.sums / np.where(self.mass > 0, self.mass, 1.0)[:, None]
        new = np.where((self.mass > 0)[:, None], new, centers)
        return unit_rows(np.where(np.any(new, axis=1)[:, None], new, centers)) if cosine else new


def unit_rows(rows: Any) -> Any:
    """Rows brought to length 1.

    Raises:
        DataError: a row is all zeros and has no direction.
    """
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype="float64"))
    if not lengths.all():
        raise DataError(
            f"Row {int(np.argmin(lengths)) + 1} is all zeros and has no direction: leave it out, "
            "or use Euclidean distance."
        )
    return rows / lengths[:, None]
