"""Counts of confused classes and reliability, against numbers worked by hand and scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix

from chainrule.judgement import confusion_counts, reliability

RANDOM = np.random.default_rng(0)


def test_counts_are_those_of_scikit_learn():
    truth, predicted = RANDOM.integers(0, 5, (2, 300))
    expected = confusion_matrix(truth, predicted, labels=range(6))
    assert (confusion_counts(truth, predicted, 6) == expected).all()


def test_reliability_is_that_of_scikit_learn():
    p = RANDOM.uniform(size=500)
    came_true = RANDOM.uniform(size=500) < p**2
    table, error = reliability(p, came_true)
    shares, means = calibration_curve(came_true, p, n_bins=10)
    assert table[:, 3] == pytest.approx(means)
    assert table[:, 4] == pytest.approx(shares)
    assert error == pytest.approx((table[:, 2] / 500 * np.abs(shares - means)).sum())
    assert (table[:, 5] <= table[:, 4]).all()
    assert (table[:, 4] <= table[:, 6]).all()


def test_ends_and_empty_bins_are_kept():
    table, error = reliability(np.array([0.0, 1.0]), np.array([False, True]))
    assert table[:, 2].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert error == 0
    assert np.isfinite(table).all()


def test_the_intervals_are_wilsons():
    table, _ = reliability(np.full(10, 0.65), np.arange(10) < 8)
    assert table[6, 5:] == pytest.approx([0.4902, 0.9433], abs=1e-4)  # 8 of 10
