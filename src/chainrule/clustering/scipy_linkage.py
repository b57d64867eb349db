"""Complete and average linkage by SciPy, from a distance matrix; loaded when one is asked for."""

from __future__ import annotations

from typing import Any

from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist


def matrix_linkage(rows: Any, method: str) -> Any:
    """SciPy's linkage matrix of rows (rows, features), float64."""
    return linkage(pdist(rows), method)
