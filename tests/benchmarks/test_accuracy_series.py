"""Networks on series reach what is asked of them, and a baseline is judged on the same days."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks import accuracy_series
from benchmarks.data import DataUnavailableError


@pytest.mark.long
@pytest.mark.parametrize("name", accuracy_series.CASES)
def test_series_are_learnt_as_well_as_asked(name):
    try:
        found = accuracy_series.measured(accuracy_series.CASES[name], accuracy_series.SEEDS)
    except DataUnavailableError as error:
        pytest.skip(str(error))
    assert found.passed, found.values


def test_features_are_scaled_by_the_valid_steps_of_training_alone():
    values = np.array([[[1.0], [3.0], [99.0]], [[5.0], [99.0], [99.0]]])
    train, test = accuracy_series.scaled(
        [(values, np.array([2, 1])), (np.full((1, 3, 1), 3.0), np.array([3]))]
    )
    np.testing.assert_allclose(train["values"][0, :2, 0], [-(1.5**0.5), 0])
    np.testing.assert_allclose(train["values"][1, 0, 0], 1.5**0.5)
    assert (test["values"] == 0).all()
    assert train["lengths"].tolist() == [2, 1]


def test_the_error_is_compared_with_the_better_baseline_of_all_half_years(monkeypatch):
    half = {"truth": np.zeros(4), "network": np.full(4, 3.0), "as today": np.full(4, 4.0),
            "as last year": np.full(4, 6.0), "season alone": np.zeros(4)}  # fmt: skip
    monkeypatch.setattr(accuracy_series.temperature, "city", lambda name: name)
    monkeypatch.setattr(accuracy_series.temperature, "told", lambda *given: half)
    assert accuracy_series.told_ahead("Oslo")(0) == pytest.approx(25)


@pytest.mark.parametrize("argument", ["--seeds=0", "--data=cats"])
def test_settings_that_cannot_be_are_refused(argument):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.accuracy_series", argument],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "at least 1, and --data some of gun_point" in done.stderr
