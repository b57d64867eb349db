"""A score on the test part beside that of the simplest guess: the majority class, or the mean."""

from __future__ import annotations

from typing import Any

import numpy as np


def judge_classes(truth: Any, predicted: Any, training: Any) -> dict[str, Any]:
    """Accuracy beside that of always saying the most frequent label of the training part.

    Args:
        truth, predicted: labels of the test part, (rows,). training: those of the training part.

    >>> judged = judge_classes(
    ...     np.array(["a", "b"]), np.array(["a", "b"]), np.array(["a", "a", "b"])
    ... )
    >>> judged["score"], judged["trivial"], judged["trivial_score"]
    (1.0, 'always a', 0.5)
    """
    labels, counts = np.unique(training, return_counts=True)
    majority = labels[counts.argmax()]
    return {
        "metric": "accuracy",
        "rows": len(truth),
        "score": float((predicted == truth).mean()),
        "trivial": f"always {majority}",
        "trivial_score": float((truth == majority).mean()),
    }


def judge_numbers(truth: Any, predicted: Any, training: Any) -> dict[str, Any]:
    """Root mean squared error beside that of always saying the mean of the training part.

    Args:
        truth, predicted: numbers of the test part, (rows,). training: those of the training part.

    >>> judge_numbers(np.array([1.0, 3.0]), np.array([1.0, 3.0]), np.array([2.0]))["trivial_score"]
    1.0
    """
    mean = float(training.mean())
    return {
        "metric": "RMSE",
        "rows": len(truth),
        "score": _rmse(truth, predicted),
        "trivial": f"always the mean, {mean:.4g}",
        "trivial_score": _rmse(truth, mean),
    }


def _rmse(truth: Any, predicted: Any) -> float:
    """√(mean of squares), without overflow."""
    error = np.abs(truth - predicted)
    unit = float(error.max()) or 1.0
    return unit * float(np.sqrt(np.square(error / unit).mean()))
