"""Scores are scikit-learn's, and their intervals hold what they promise."""

import numpy as np
import pytest
from sklearn import metrics

from chainrule.judgement import (
    draws,
    measure_classes,
    measure_difference,
    measure_numbers,
    reliability,
)

RANDOM = np.random.default_rng(0)


def drawn_classes(rows, classes=4, skill=1.5):
    truth = RANDOM.integers(0, classes, rows)
    logits = RANDOM.normal(size=(rows, classes)) + skill * np.eye(classes)[truth]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return truth, shares.argmax(axis=1), shares


@pytest.mark.parametrize("rows", [7, 300, 20_000])
def test_classes_are_scored_as_by_scikit_learn(rows):
    truth, predicted, shares = drawn_classes(rows)
    found = measure_classes(truth, predicted, shares, 4)
    for name, expected in {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "balanced accuracy": metrics.recall_score(
            truth, predicted, labels=np.unique(truth), average="macro", zero_division=0
        ),
        "F1": metrics.f1_score(truth, predicted, average="macro", zero_division=0),
        "log-loss": metrics.log_loss(truth, shares, labels=range(4)),
        "ROC AUC": metrics.roc_auc_score(
            truth[:, None] == np.unique(truth), shares[:, np.unique(truth)], average="macro"
        ),
        "calibration error": reliability(shares.max(axis=1), truth == predicted)[1],
    }.items():
        assert found[name].value == pytest.approx(expected), name
        assert found[name].low <= found[name].value <= found[name].high
    assert found["log-loss"].lower_is_better
    assert not found["accuracy"].lower_is_better


@pytest.mark.parametrize("rows", [2, 300, 20_000])
def test_numbers_are_scored_as_by_scikit_learn(rows):
    truth = RANDOM.normal(size=rows) * 1e6 + 5e6
    predicted = truth + RANDOM.normal(size=rows) * 3e5
    found = measure_numbers(truth, predicted)
    assert found["RMSE"].value == pytest.approx(metrics.root_mean_squared_error(truth, predicted))
    assert found["MAE"].value == pytest.approx(metrics.mean_absolute_error(truth, predicted))
    assert found["R²"].value == pytest.approx(metrics.r2_score(truth, predicted))
    relative = np.abs(truth - predicted).sum() / np.abs(truth).sum()
    assert found["relative error"].value == pytest.approx(relative)


@pytest.mark.parametrize("rows", [60, 400])
def test_nineteen_of_twenty_intervals_hold_the_truth(rows):
    """The truth is the score of a very long table drawn alike."""
    expected = measure_classes(*drawn_classes(400_000), 4)
    held = dict.fromkeys(expected, 0)
    for _ in range(200):
        found = measure_classes(*drawn_classes(rows), 4)
        for name, measure in found.items():
            held[name] += measure.low <= expected[name].value <= measure.high
    del held["calibration error"]  # of few rows it is too high by its nature: an error is never < 0
    assert min(held.values()) >= 180, held


def test_many_rows_have_the_interval_of_drawing_with_replacement(monkeypatch):
    truth = RANDOM.normal(size=6_000)
    predicted = truth + RANDOM.normal(size=6_000)
    normal = measure_numbers(truth, predicted)
    monkeypatch.setattr(draws, "EXACT_ROWS", 10_000)
    exact = measure_numbers(truth, predicted)
    for name in exact:
        width = exact[name].high - exact[name].low
        assert normal[name].low == pytest.approx(exact[name].low, abs=0.15 * width)
        assert normal[name].high == pytest.approx(exact[name].high, abs=0.15 * width)


def test_no_error_in_few_rows_is_not_certainty():
    found = measure_classes(np.arange(60) % 3, np.arange(60) % 3, None, 3)
    assert found["accuracy"].value == 1
    assert found["accuracy"].low < 0.95


def test_odd_targets_are_scored_too():
    one = measure_classes(np.zeros(3, int), np.zeros(3, int), None, 2)
    assert one["balanced accuracy"].value == 1
    constant = measure_numbers(np.ones(5), np.ones(5))
    assert (constant["RMSE"].value, constant["MAE"].value) == (0, 0)
    large = measure_numbers(np.array([1e300, -1e300]), np.array([0.0, 0.0]))
    assert np.isfinite(large["RMSE"].value)
    sure = np.array([[1.0, 0.0]])
    assert np.isfinite(measure_classes(np.array([1]), np.array([0]), sure, 2)["log-loss"].value)


def test_paired_differences_are_narrower_than_the_scores():
    hard = RANDOM.normal(size=500)
    found = measure_difference(hard + 0.1, hard + 0.01 * RANDOM.normal(size=500))
    assert 0.095 < found.low < 0.1 < found.high < 0.105


def test_the_same_rows_have_the_same_interval():
    drawn = drawn_classes(100)
    assert measure_classes(*drawn, 4) == measure_classes(*drawn, 4)
