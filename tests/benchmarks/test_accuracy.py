"""Networks predict as well as scikit-learn's, on data that everybody has."""

import json
import subprocess
import sys

import pytest

from benchmarks import accuracy


@pytest.mark.long
@pytest.mark.parametrize("name", accuracy.DATA)
def test_predictions_are_as_good_as_scikit_learns(name):
    found = accuracy.compare(name, seeds=4)
    assert found.passed, found


def test_the_comparison_is_paired_and_says_its_interval(monkeypatch):
    pairs = {0: (90.0, 91.0), 1: (92.0, 92.0), 2: (94.0, 92.0)}
    monkeypatch.setattr(accuracy, "scores_of", lambda name, seed: pairs[seed])
    found = accuracy.compare("wine", 3)
    assert (found.ours, found.theirs) == (92.0, pytest.approx(275 / 3))
    assert found.difference == pytest.approx(1 / 3)
    assert found.high - found.difference == pytest.approx(4.3027 * 1.5275 / 3**0.5, rel=1e-3)
    assert found.passed
    monkeypatch.setattr(accuracy, "scores_of", lambda name, seed: (1.02 + seed / 1e4, 1.0))
    worse = accuracy.compare("diabetes", 3)
    assert worse.difference == pytest.approx(1.0201)
    assert not worse.passed


@pytest.mark.parametrize("argument", ["--seeds=1", "--data=cats"])
def test_settings_that_cannot_be_are_refused(argument):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.accuracy", argument],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "at least 2" in done.stderr


@pytest.mark.long
def test_every_data_set_is_a_line_of_json():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.accuracy", "--seeds=2", "--data=wine", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["data"] == "wine"
