"""What scikit-learn judges and predicts with: reported scores, linear models, boosted trees.

The one place that loads it. Linear models are its own and not networks of ours: their optimum is
unique, so no setting of a training loop can make the comparison look better than it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from chainrule.engine import threads_at_most

MOST_LABELS = 255
"""The trees take no more labels of a column: of more the rarest are given to them as one."""

FEW_CELLS = 500_000
"""Up to so many cells one thread is faster: starting more of them costs more than it saves."""

PENALTIES = tuple(10.0**power for power in range(-3, 5))
"""Ridge penalties that the linear model of numbers is chosen from, by leave-one-out."""


@np.errstate(all="ignore")
def reported_classes(
    truth: Any, predicted: Any, probabilities: Any, positive: int | None
) -> dict[str, float]:
    """The scores of predicted classes, by the names of `draw_classes`; arguments as there."""
    from sklearn import metrics

    present = np.unique(truth)
    average = {"average": "macro"} if positive is None else {"average": None, "labels": [positive]}
    found = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "balanced accuracy": metrics.recall_score(
            truth, predicted, labels=present, average="macro", zero_division=0
        ),
        "F1": np.mean(metrics.f1_score(truth, predicted, zero_division=0, **average)),
    }
    if probabilities is None:
        return _floats(found)
    shares = np.asarray(probabilities, "float64")
    shares = shares / shares.sum(axis=1, keepdims=True)
    found["log-loss"] = metrics.log_loss(truth, shares, labels=range(shares.shape[1]))
    if len(present) > 1:
        wanted = present[1:] if shares.shape[1] == 2 else present
        areas = [metrics.roc_auc_score(truth == label, shares[:, label]) for label in wanted]
        found["ROC AUC"] = np.mean(areas)
    return _floats(found)


@np.errstate(all="ignore")
def reported_numbers(truth: Any, predicted: Any) -> dict[str, float]:
    """The scores of predicted numbers, by the names of `draw_numbers`."""
    from sklearn import metrics

    absolute = metrics.mean_absolute_error(truth, predicted)
    found = {"MAE": absolute, "RMSE": metrics.root_mean_squared_error(truth, predicted)}
    if len(truth) > 1 and truth.min() < truth.max():
        found["R²"] = metrics.r2_score(truth, predicted)
    size = metrics.mean_absolute_error(truth, np.zeros_like(truth))
    if size > 0:
        found["relative error"] = absolute / size
    return _floats(found)


def _floats(found: dict[str, Any]) -> dict[str, float]:
    """Those that are finite; where numbers are too large for scikit-learn, ours stand."""
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def linear_model(x: Any, y: Any, weights: Any, *, classes: int) -> Any:
    """Logistic regression, or ridge regression where `classes` is 0.

    Args:
        x: encoded features (rows, width). y: class numbers (rows,), or numbers (rows, outputs).
        weights: of the rows, or None.

    Returns:
        A function from features to probabilities (rows, classes) or numbers (rows, outputs).
    """
    from sklearn.linear_model import LogisticRegression, RidgeCV

    if not classes:
        ridge = _quietly(RidgeCV(alphas=PENALTIES), x, y, weights)
        return lambda new: ridge.predict(new).reshape(len(new), -1)
    if len(np.unique(y)) < 2:
        return lambda new: _spread(np.ones((len(new), 1)), np.unique(y), classes)
    logistic = _quietly(LogisticRegression(max_iter=300), x, y, weights)
    return lambda new: _spread(logistic.predict_proba(new), logistic.classes_, classes)


def boosted_trees(x: Any, y: Any, weights: Any, *, classes: int, categories: Any, seed: int) -> Any:
    """Gradient boosted trees as they come (HistGradientBoosting, Ke et al. 2017).

    Args:
        x: columns as they are (rows, columns), NaN where missing, labels as numbers.
        y: class numbers or numbers, (rows,). weights: of the rows, or None.
        categories: which columns hold labels, bool (columns,).

    Returns:
        A function from columns to probabilities (rows, classes) or numbers (rows,).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    frequent = {i: _most_frequent(x[:, i]) for i, c in enumerate(categories) if c}
    x = _few_labels(x, frequent)
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    trees = kind(categorical_features=list(map(bool, categories)), random_state=seed % 2**32)
    if classes and len(np.unique(y)) < 2:
        return lambda new: _spread(np.ones((len(new), 1)), np.unique(y), classes)
    with _few_threads(x.size):
        trees.fit(x, y, weights)

    def predict(new: Any) -> Any:
        new = _few_labels(new, frequent)
        with _few_threads(new.size):
            if not classes:
                return trees.predict(new)
            return _spread(trees.predict_proba(new), trees.classes_, classes)

    return predict


def _most_frequent(column: Any) -> Any:
    """The labels of a column that the trees can tell apart, rising; NaN left out."""
    labels, rows = np.unique(column[~np.isnan(column)], return_counts=True)
    return np.sort(labels[np.argsort(-rows, kind="stable")[: MOST_LABELS - 1]])


def _few_labels(x: Any, frequent: dict[int, Any]) -> Any:
    """Columns with labels as their places among the most frequent, the rarer ones all one more."""
    x = np.array(x, "float64")
    for i, labels in frequent.items():
        place = np.searchsorted(labels, x[:, i])
        known = np.append(labels, np.nan)[place] == x[:, i]
        x[:, i] = np.where(np.isnan(x[:, i]), np.nan, np.where(known, place, len(labels)))
    return x


def _quietly(model: Any, x: Any, y: Any, weights: Any) -> Any:
    """A fitted model; that it has not quite converged changes no verdict."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(x, y, weights)


def _spread(shares: Any, present: Any, classes: int) -> Any:
    """Probabilities of all classes from those of the classes that were there to learn from."""
    whole = np.zeros((len(shares), classes))
    whole[:, present] = shares
    return whole


@contextmanager
def _few_threads(cells: int) -> Iterator[None]:
    """One thread for small tables, as many as there are for large ones."""
    with threads_at_most(1 if cells <= FEW_CELLS else None):
        yield
