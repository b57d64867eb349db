"""Scores beside the simplest guess, worked by hand."""

import numpy as np
import pytest

from chainrule.judgement import judge_classes, judge_numbers


def test_accuracy_stands_beside_the_majority_of_the_training_part():
    judged = judge_classes(
        truth=np.array(["b", "b", "b", "a"]),
        predicted=np.array(["b", "b", "a", "b"]),
        training=np.array(["a", "a", "b"]),
    )
    assert judged["score"] == 0.5
    assert (judged["trivial"], judged["trivial_score"]) == ("always a", 0.25)
    assert judged["rows"] == 4


def test_errors_stand_beside_those_of_the_mean_of_the_training_part():
    judged = judge_numbers(
        truth=np.array([0.0, 2.0]), predicted=np.array([3.0, 6.0]), training=np.array([4.0, 6.0])
    )
    assert judged["score"] == pytest.approx(np.sqrt((9 + 16) / 2))
    assert judged["trivial_score"] == pytest.approx(np.sqrt((25 + 9) / 2))


def test_huge_errors_stay_finite():
    truth = np.array([1e300, -1e300])
    assert np.isfinite(judge_numbers(truth, np.zeros(2), truth)["score"])
    assert judge_numbers(truth, truth, truth)["score"] == 0
