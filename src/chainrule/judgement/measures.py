"""Scores with the interval that so few rows leave open, by the bootstrap (Efron 1979).

Every score here is a function of means over the rows, so a resampled table needs only resampled
means: one product of a matrix of counts with a matrix of what every row contributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.judgement.tables import BINS, wilson
from chainrule.ops import key_from_seed, random_normal, random_uniform

DRAWS = 1_000
"""Resampled tables."""

EXACT_ROWS = 5_000
"""Up to so many rows are drawn with replacement; of more, so many evenly spaced ones say how far
the means of all rows scatter, which is normal then (the multiplier bootstrap)."""

LEAST = 1e-12
"""A probability is taken for at least this in the log-loss."""


@dataclass(frozen=True)
class Measure:
    """A score with its 95 % interval; `lower_is_better` says which way is good."""

    value: float
    low: float
    high: float
    lower_is_better: bool = False


def measure_classes(
    truth: Any, predicted: Any, probabilities: Any, classes: int
) -> dict[str, Measure]:
    """Scores of predicted classes.

    Args:
        truth, predicted: class numbers, (rows,).
        probabilities: (rows, classes), or None where there are none.
        classes: how many there are.

    Returns:
        "accuracy" (its interval is Wilson's, which is right for few errors too), "balanced
        accuracy" and "F1" (means over the classes that occur), and with probabilities "log-loss"
        and "calibration error".

    Example:
        >>> truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
        >>> found = measure_classes(truth, predicted, None, 2)
        >>> found["accuracy"].value, round(found["F1"].value, 3)
        (0.75, 0.733)
    """
    right = truth == predicted
    own = np.arange(classes)
    scores = {"balanced accuracy": _recall(classes), "F1": _f1(classes)}
    lower = set()
    if probabilities is not None:
        scores["log-loss"] = lambda means: means[:, 3 * classes]
        scores["calibration error"] = lambda means: np.abs(means[:, 3 * classes + 1 :]).sum(axis=1)
        lower = {"log-loss", "calibration error"}

    def contribute(rows: Any) -> Any:
        there, said = truth[rows, None] == own, predicted[rows, None] == own
        columns = [there, said, there & said]
        if probabilities is not None:
            shares = np.asarray(probabilities[rows], "float64")
            loss = -np.log(np.maximum(shares[np.arange(len(shares)), truth[rows]], LEAST))
            best = shares.max(axis=1)
            place = np.minimum((best * BINS).astype("int64"), BINS - 1)
            gap = (place[:, None] == np.arange(BINS)) * (best - right[rows])[:, None]
            columns += [loss[:, None], gap]
        return np.concatenate(columns, axis=1)

    low, high = (float(end[0]) for end in wilson(right.mean()[None], np.array([len(truth)])))
    accuracy = Measure(float(right.mean()), low, high)
    return {"accuracy": accuracy} | _measures(contribute, len(truth), scores, lower)


def measure_numbers(truth: Any, predicted: Any) -> dict[str, Measure]:
    """Scores of predicted numbers: "RMSE", "MAE" and "R²".

    Args:
        truth, predicted: (rows,).

    Example:
        >>> found = measure_numbers(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
        >>> round(found["MAE"].value, 3), found["R²"].value
        (0.333, 0.5)
    """
    unit = float(np.abs(truth - predicted).max()) or 1.0
    spread = float(np.abs(truth - truth.mean()).max()) or 1.0
    error, centered = (truth - predicted) / unit, (truth - truth.mean()) / spread

    def contribute(rows: Any) -> Any:
        e, c = error[rows], centered[rows]
        return np.stack([e**2, np.abs(e), c, c**2], axis=1)

    def r_squared(means: Any) -> Any:
        variance = np.maximum(means[:, 3] - means[:, 2] ** 2, 1e-300)
        return 1 - means[:, 0] / variance * (unit / spread) ** 2

    scores: dict[str, Callable[[Any], Any]] = {
        "RMSE": lambda means: unit * np.sqrt(np.maximum(means[:, 0], 0)),
        "MAE": lambda means: unit * means[:, 1],
        "R²": r_squared,
    }
    return _measures(contribute, len(error), scores, {"RMSE", "MAE"})


def measure_difference(better: Any, worse: Any) -> Measure:
    """The mean of paired differences, (rows,) each, with its interval."""
    difference = (np.asarray(better, "float64") - np.asarray(worse, "float64"))[:, None]
    scores = {"": lambda means: means[:, 0]}
    return _measures(lambda rows: difference[rows], len(difference), scores, set())[""]


def _recall(classes: int) -> Callable[[Any], Any]:
    """The mean over the classes of the share of their rows that is right."""

    def score(means: Any) -> Any:
        there, hits = means[:, :classes], means[:, 2 * classes : 3 * classes]
        return _mean_where(hits / np.maximum(there, 1e-300), there > 0)

    return score


def _f1(classes: int) -> Callable[[Any], Any]:
    """The mean over the classes of 2·hits / (rows + predictions)."""

    def score(means: Any) -> Any:
        there, said = means[:, :classes], means[:, classes : 2 * classes]
        hits = means[:, 2 * classes : 3 * classes]
        return _mean_where(2 * hits / np.maximum(there + said, 1e-300), there + said > 0)

    return score


def _mean_where(values: Any, there: Any) -> Any:
    return np.where(there, values, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)


def _measures(
    contribute: Callable[[Any], Any],
    rows: int,
    scores: Mapping[str, Callable[[Any], Any]],
    lower: set[str],
) -> dict[str, Measure]:
    """Scores of the means over all rows, and of resampled means.

    `contribute(numbers of rows)` gives what these rows contribute, (rows, columns).
    """
    starts = range(0, rows, EXACT_ROWS)
    blocks = (np.arange(start, min(rows, start + EXACT_ROWS)) for start in starts)
    totals = [contribute(block).sum(axis=0, dtype="float64") for block in blocks]
    means = np.sum(totals, axis=0)[None] / rows
    drawn = means + _deviations(contribute, rows)
    found = {}
    for name, score in scores.items():
        low, high = np.quantile(score(drawn), [0.025, 0.975])
        value = float(score(means)[0])
        found[name] = Measure(value, min(float(low), value), max(float(high), value), name in lower)
    return found


def _deviations(contribute: Callable[[Any], Any], rows: int) -> Any:
    """How resampled means differ from the means, (DRAWS, columns)."""
    key = key_from_seed(0)
    some = np.linspace(0, rows - 1, min(rows, EXACT_ROWS)).astype("int64")
    contributed = np.asarray(contribute(some), "float64")
    centered = contributed - contributed.mean(axis=0)
    if rows <= EXACT_ROWS:
        drawn = random_uniform(key, shape=(DRAWS, rows), dtype="float64") * rows
        flat = drawn.astype("int64") + rows * np.arange(DRAWS)[:, None]
        counts = np.bincount(flat.reshape(-1), minlength=DRAWS * rows).reshape(DRAWS, rows)
        return counts @ centered / rows
    multipliers = random_normal(key, shape=(DRAWS, EXACT_ROWS), dtype="float64")
    return multipliers @ centered / np.sqrt(EXACT_ROWS * rows)
