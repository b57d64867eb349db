"""What the figures of a judgement are drawn from: counts of confused classes, and reliability."""

from __future__ import annotations

from typing import Any

import numpy as np

BINS = 10
"""Of equal width, in which probabilities are compared with what came true."""


def confusion_counts(truth: Any, predicted: Any, classes: int) -> Any:
    """How often each class was taken for each, int64 (classes, classes), true ones in rows.

    Args:
        truth, predicted: class numbers, (rows,).

    >>> confusion_counts(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    flat = np.asarray(truth, "int64") * classes + np.asarray(predicted, "int64")
    return np.bincount(flat, minlength=classes * classes).reshape(classes, classes)


def reliability(probability: Any, came_true: Any, bins: int = BINS) -> tuple[Any, float]:
    """How often something happened, by how probable it was said to be.

    Args:
        probability: what was said, (rows,). came_true: what happened, bool (rows,).
        bins: of equal width from 0 to 1.

    Returns:
        An array (bins, 7): from, to, rows, mean probability, share that came true and its 95 %
        interval; and the expected calibration error: the mean distance between probability and
        share, weighted by rows.

    Source: Naeini, Cooper, Hauskrecht (2015); the intervals are those of Wilson (1927).

    >>> table, error = reliability(np.array([0.9, 0.9, 0.4]), np.array([True, False, False]), 2)
    >>> table[1, :5].tolist(), round(error, 3)
    ([0.5, 1.0, 2.0, 0.9, 0.5], 0.4)
    """
    p = np.asarray(probability, "float64")
    place = np.minimum((p * bins).astype("int64"), bins - 1)
    rows = np.bincount(place, minlength=bins)
    filled = np.maximum(rows, 1)
    mean = np.bincount(place, weights=p, minlength=bins) / filled
    share = np.bincount(place, weights=np.asarray(came_true, "float64"), minlength=bins) / filled
    edges = np.linspace(0, 1, bins + 1)
    columns = [edges[:-1], edges[1:], rows.astype("float64"), mean, share, *wilson(share, filled)]
    return np.stack(columns, axis=1), float((rows * np.abs(mean - share)).sum() / max(1, len(p)))


def wilson(share: Any, rows: Any) -> tuple[Any, Any]:
    """The 95 % interval of shares counted on so many rows (Wilson 1927); arrays of one shape."""
    z = 1.959964
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2)
    return np.minimum(middle - half, share), np.maximum(middle + half, share)
