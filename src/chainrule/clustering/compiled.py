"""The one place that loads what Numba compiles, and SciPy's linkage, when they are needed first."""

from __future__ import annotations

from typing import Any


def loops() -> Any:
    """The loops of k-means."""
    from chainrule.clustering import loops as found

    return found


def bounded_loops() -> Any:
    """The loops of k-means that pass over rows which cannot change."""
    from chainrule.clustering import bounded_loops as found

    return found


def near_loops() -> Any:
    """The loops that find what is nearest."""
    from chainrule.clustering import near_loops as found

    return found


def tree_loops() -> Any:
    """The loops of hierarchical clustering."""
    from chainrule.clustering import tree_loops as found

    return found


def scipy_linkage() -> Any:
    """SciPy's linkage from a distance matrix."""
    from chainrule.clustering import scipy_linkage as found

    return found
