"""Scores of predicted classes and numbers, each drawn on resampled tables, or with its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.judgement.draws import Drawn, Measure, draw_scores
from chainrule.judgement.tables import BINS, wilson

LEAST = 1e-12
"""A probability is taken for at least this in the log-loss."""

Scores = dict[str, Callable[[Any], Any]]


def measure_classes(
    truth: Any, predicted: Any, probabilities: Any, classes: int, positive: int | None = None
) -> dict[str, Measure]:
    """Scores of predicted classes.

    Args:
        truth, predicted: class numbers, (rows,).
        probabilities: (rows, classes), or None where there are none.
        classes: how many there are.
        positive: of two classes the one that F1 is about; None: the mean over the classes.

    Returns:
        "accuracy" (its interval is Wilson's, which is right for few errors too), "balanced
        accuracy" and "F1", and with probabilities "log-loss", "ROC AUC" (of every class against the
        others; only where the rows have more than one) and "calibration error".

    Example:
        >>> truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
        >>> found = measure_classes(truth, predicted, None, 2)
        >>> found["accuracy"].value, round(found["F1"].value, 3)
        (0.75, 0.733)
    """
    drawn = draw_classes(truth, predicted, probabilities, classes, positive)
    found = {name: one.measure() for name, one in drawn.items()}
    return found | {"accuracy": accuracy_measure(truth == predicted)}


def accuracy_measure(right: Any) -> Measure:
    """The share of right answers with Wilson's interval; right: bool (rows,)."""
    low, high = (float(end[0]) for end in wilson(right.mean()[None], np.array([len(right)])))
    return Measure(float(right.mean()), low, high)


def draw_classes(
    truth: Any, predicted: Any, probabilities: Any, classes: int, positive: int | None = None
) -> dict[str, Drawn]:
    """The scores of `measure_classes` on resampled tables."""
    right = truth == predicted
    own = np.arange(classes)
    scores: Scores = {
        "accuracy": lambda means: means[:, 2 * classes : 3 * classes].sum(axis=1),
        "balanced accuracy": _recall(classes),
        "F1": _f1(classes, positive),
    }
    areas = None
    if probabilities is not None:
        shares = np.asarray(probabilities, "float64")
        scores["log-loss"] = lambda means: means[:, 3 * classes]
        area, areas = area_under_curve(truth, shares)
        if areas is not None:
            scores["ROC AUC"] = lambda means: _shifted(area, means[:, -1], len(truth))
        scores["calibration error"] = lambda means: np.abs(
            means[:, 3 * classes + 1 : 3 * classes + 1 + BINS]
        ).sum(axis=1)

    def contribute(rows: Any) -> Any:
        there, said = truth[rows, None] == own, predicted[rows, None] == own
        columns = [there, said, there & said]
        if probabilities is not None:
            mine = shares[rows]
            loss = -np.log(np.maximum(mine[np.arange(len(mine)), truth[rows]], LEAST))
            best = mine.max(axis=1)
            place = np.minimum((best * BINS).astype("int64"), BINS - 1)
            gap = (place[:, None] == np.arange(BINS)) * (best - right[rows])[:, None]
            columns += [loss[:, None], gap]
        if areas is not None:
            columns.append(areas[rows, None])
        return np.concatenate(columns, axis=1)

    return draw_scores(contribute, len(truth), scores, {"log-loss", "calibration error"})


def measure_numbers(truth: Any, predicted: Any) -> dict[str, Measure]:
    """Scores of predicted numbers: "RMSE", "MAE", "R²" and "relative error" (Σ|error| / Σ|truth|).

    Args:
        truth, predicted: (rows,).

    Example:
        >>> found = measure_numbers(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
        >>> round(found["MAE"].value, 3), found["R²"].value
        (0.333, 0.5)
    """
    return {name: one.measure() for name, one in draw_numbers(truth, predicted).items()}


def draw_numbers(truth: Any, predicted: Any) -> dict[str, Drawn]:
    """The scores of `measure_numbers` on resampled tables."""
    unit = float(np.abs(truth - predicted).max()) or 1.0
    spread = float(np.abs(truth - truth.mean()).max()) or 1.0
    size = float(np.abs(truth).max()) or 1.0
    error, centered = (truth - predicted) / unit, (truth - truth.mean()) / spread

    def contribute(rows: Any) -> Any:
        e, c = error[rows], centered[rows]
        return np.stack([e**2, np.abs(e), c, c**2, np.abs(truth[rows] / size)], axis=1)

    def r_squared(means: Any) -> Any:
        variance = np.maximum(means[:, 3] - means[:, 2] ** 2, 1e-300)
        return 1 - means[:, 0] / variance * (unit / spread) ** 2

    scores: Scores = {
        "RMSE": lambda means: unit * np.sqrt(np.maximum(means[:, 0], 0)),
        "MAE": lambda means: unit * means[:, 1],
        "R²": r_squared,
        "relative error": lambda means: unit / size * means[:, 1] / np.maximum(means[:, 4], 1e-300),
    }
    return draw_scores(contribute, len(error), scores, {"RMSE", "MAE", "relative error"})


def measure_difference(better: Any, worse: Any) -> Measure:
    """The mean of paired differences, (rows,) each, with its interval."""
    difference = (np.asarray(better, "float64") - np.asarray(worse, "float64"))[:, None]
    scores: Scores = {"": lambda means: means[:, 0]}
    drawn = draw_scores(lambda rows: difference[rows], len(difference), scores, set())[""]
    return drawn.measure()


def area_under_curve(truth: Any, probabilities: Any) -> tuple[float, Any]:
    """The area under the ROC curve, and how every row moves it: its influence, (rows,).

    The mean over the classes, each against the others; of two classes both areas are equal. The
    influence of a row is its placement among the rows of the other side (DeLong et al. 1988).
    Returns: (0.5, None) where the rows have one class only.

    >>> area_under_curve(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]))[0]
    1.0
    """
    present = np.unique(truth)
    if len(present) < 2:
        return 0.5, None
    wanted = present[1:] if probabilities.shape[1] == 2 else present
    found = [_area(truth == label, probabilities[:, label]) for label in wanted]
    return float(np.mean([area for area, _ in found])), np.mean([part for _, part in found], axis=0)


def _area(positive: Any, score: Any) -> tuple[float, Any]:
    """One class against the others: the area, and the influence of every row."""
    ranks = _ranks(score)
    within = np.empty(len(score))
    within[positive], within[~positive] = _ranks(score[positive]), _ranks(score[~positive])
    ups, downs = positive.sum(), (~positive).sum()
    placed = (ranks - within) / np.where(positive, downs, ups)
    area = float(placed[positive].mean())
    centered = np.where(positive, placed - area, 1 - placed - area)
    return area, centered * len(score) / np.where(positive, ups, downs)


def _shifted(area: float, shift: Any, rows: int) -> Any:
    """An area moved by small amounts, on the scale of its log-odds: it stays between 0 and 1."""
    inside = min(max(area, 1 / (2 * rows)), 1 - 1 / (2 * rows))
    odds = np.log(inside / (1 - inside)) + shift / (inside * (1 - inside))
    return np.where(shift == 0, area, 1 / (1 + np.exp(-odds)))


def _ranks(values: Any) -> Any:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _recall(classes: int) -> Callable[[Any], Any]:
    """The mean over the classes of the share of their rows that is right."""

    def score(means: Any) -> Any:
        there, hits = means[:, :classes], means[:, 2 * classes : 3 * classes]
        return _mean_where(hits / np.maximum(there, 1e-300), there > 0)

    return score


def _f1(classes: int, positive: int | None) -> Callable[[Any], Any]:
    """2·hits / (rows + predictions), of the positive class or as the mean over the classes."""

    def score(means: Any) -> Any:
        there, said = means[:, :classes], means[:, classes : 2 * classes]
        hits = means[:, 2 * classes : 3 * classes]
        each = 2 * hits / np.maximum(there + said, 1e-300)
        return each[:, positive] if positive is not None else _mean_where(each, there + said > 0)

    return score


def _mean_where(values: Any, there: Any) -> Any:
    return np.where(there, values, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
