"""Temperature: one number that brings probabilities to what comes true (Guo et al. 2017)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

LOWEST, HIGHEST = 0.1, 10.0
"""Temperatures that are considered."""

STEPS = 60
"""Of the search by golden section: the interval shrinks to 10⁻¹² of its length."""


def fit_temperature(scores: Any, truth: Any) -> float:
    """The temperature T for which softmax(scores / T) fits best what came true.

    It minimizes the log-loss, with what came true in n rows taken for true with a chance of
    (n + 1) / (n + classes) only (Platt 1999): that few rows were all right proves no certainty.

    Args:
        scores: logits (rows, classes) of rows that were not trained on, or (rows,) or (rows, 1) for
            a sigmoid; (rows, outputs) with `truth` of that shape for several sigmoids.
        truth: class numbers (rows,), or 0 and 1 in the shape of the scores.

    Returns:
        T from 0.1 to 10; above 1 where the network was too sure of itself.

    Example:
        >>> logits, truth = np.array([4.0, 4.0, 4.0, -4.0] * 50), np.array([1, 1, 0, 0] * 50)
        >>> round(fit_temperature(logits, truth), 1)  # right 3 times of 4: sigmoid(4 / T) is 0.75
        3.7
    """
    logits, truth = np.asarray(scores, "float64"), np.asarray(truth)
    if logits.shape != truth.shape and logits.ndim == 2 and logits.shape[1] == 1:
        logits = logits[:, 0]
    loss = _sigmoid_loss if logits.shape == truth.shape else _softmax_loss

    def total(logarithm: float) -> float:
        return loss(logits / np.exp(logarithm), truth)

    return float(np.exp(_smallest(total, np.log(LOWEST), np.log(HIGHEST))))


def _softmax_loss(logits: Any, truth: Any) -> float:
    rows, classes = logits.shape
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1))[:, None] - shifted
    doubt = 1 / (rows + classes)
    true = losses[np.arange(rows), truth].sum()
    return float((1 - classes * doubt) * true + doubt * losses.sum())


def _sigmoid_loss(logits: Any, truth: Any) -> float:
    doubt = 1 / (len(logits) + 2)
    expected = truth * (1 - 2 * doubt) + doubt
    return float((np.logaddexp(0, logits) - expected * logits).sum())


def _smallest(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley is smallest, by golden section."""
    ratio = (np.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2
