"""Targets: from what the user has to what a loss takes, and predictions back in her terms."""

import numpy as np
import polars as pl
import pytest

from chainrule.data import make_targets
from chainrule.errors import DataError, ShapeError

CLASSES = ["b", "a", "c", "a"]


def encoded(kind, y, outputs):
    targets = make_targets(kind, y, outputs)
    return targets, targets.encode(y, "float32")


@pytest.mark.parametrize(
    ("kind", "y", "outputs", "expected"),
    [
        ("numbers", [1, 2], 1, [[1], [2]]),
        ("numbers", [True, False], 1, [[1], [0]]),
        ("numbers", [[1, 2], [3, 4]], 2, [[1, 2], [3, 4]]),
        ("numbers", np.array([[1.5], [2.5]]), 1, [[1.5], [2.5]]),
        ("numbers", pl.Series([1, 2]), 1, [[1], [2]]),
        ("classes", CLASSES, 3, [1, 0, 2, 0]),
        ("classes", np.array(CLASSES, object), 3, [1, 0, 2, 0]),
        ("classes", pl.Series(CLASSES), 3, [1, 0, 2, 0]),
        ("classes", np.array(CLASSES)[:, None], 3, [1, 0, 2, 0]),
        ("classes", [0, 2, 1], 3, [0, 2, 1]),
        ("classes", [0, 1], 3, [0, 1]),
        ("classes", np.array([0, 2, 1], "int8"), 3, [0, 2, 1]),
        ("classes", [0.0, 2.0], 3, [0, 2]),
        ("classes", [10, 30, 20], 3, [0, 2, 1]),
        ("classes", [-1, 1], 2, [0, 1]),
        ("classes", [True, False], 2, [1, 0]),
        ("classes", [[0, 1], [0.5, 0.5]], 2, [[0, 1], [0.5, 0.5]]),
        ("binary", [0, 1], 1, [[0], [1]]),
        ("binary", ["yes", "no"], 1, [[1], [0]]),
        ("binary", [True, True], 1, [[1], [1]]),
        ("binary", [0, 0], 1, [[0], [0]]),
        ("binary", [0.25, 1.0], 1, [[0.25], [1]]),
        ("binary", [2, 5], 1, [[0], [1]]),
        ("binary", [[0, 1], [1, 1]], 2, [[0, 1], [1, 1]]),
        ("signs", [0, 1], 1, [[-1], [1]]),
        ("signs", [-1, 1], 1, [[-1], [1]]),
        ("signs", ["no", "yes"], 1, [[-1], [1]]),
        ("signs", [[-1, 1], [1, 1]], 2, [[-1, 1], [1, 1]]),
    ],
)
def test_targets_as_the_loss_takes_them(kind, y, outputs, expected):
    _, found = encoded(kind, y, outputs)
    assert found.tolist() == expected
    whole = kind == "classes" and found.ndim == 1
    assert found.dtype == ("int32" if whole else "float32")


@pytest.mark.parametrize(
    ("kind", "y", "outputs"),
    [
        ("numbers", [1.0, 2.0], 1),
        ("numbers", [[1.0, 2.0], [3.0, 4.0]], 2),
        ("classes", CLASSES, 3),
        ("classes", [10, 30, 20], 3),
        ("classes", [True, False], 2),
        ("binary", ["yes", "no"], 1),
        ("binary", [2, 5], 1),
        ("binary", [[0, 1], [1, 1]], 2),
        ("signs", [-1, 1], 1),
        ("signs", ["no", "yes"], 1),
    ],
)
def test_perfect_outputs_are_read_back_as_the_targets_were_written(kind, y, outputs):
    targets, found = encoded(kind, y, outputs)
    if kind == "classes":
        found = np.eye(outputs)[found]
    assert targets.decode(found).tolist() == y


def test_a_column_of_targets_gives_a_column_of_predictions():
    targets, found = encoded("numbers", [[1.0], [2.0]], 1)
    assert targets.decode(found).tolist() == [[1.0], [2.0]]


def test_probabilities_are_read_back_as_class_numbers():
    targets, found = encoded("classes", [[0.1, 0.9], [0.8, 0.2]], 2)
    assert targets.decode(found).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("kind", "y", "outputs", "error", "words"),
    [
        ("numbers", [1, float("nan")], 1, DataError, ["y at row 1", "nan"]),
        ("numbers", [[1, 2], [np.inf, 0]], 2, DataError, ["y at row 1, column 0", "inf"]),
        ("numbers", ["a", "b"], 1, DataError, ["'a'", "numbers", "cross_entropy"]),
        ("numbers", [1e39], 1, DataError, ["row 0", "1e+39", "float64"]),
        ("numbers", [[1, 2]], 1, ShapeError, ["(1, 2)", "1 outputs", "Dense(2)"]),
        ("numbers", [1, 2], 3, ShapeError, ["(2,)", "3 outputs", "Dense(1)"]),
        ("numbers", [], 1, DataError, ["no rows"]),
        ("numbers", 3.0, 1, DataError, ["single value"]),
        ("classes", CLASSES, 2, DataError, ["3 classes (a, b, c)", "2 outputs", "Dense(3)"]),
        ("classes", [0, 5], 3, DataError, ["2 classes (0, 5)", "3 outputs", "Dense(2)"]),
        ("classes", [0.5, 1.5], 2, DataError, ["0.5", "whole numbers", "'mse'"]),
        ("classes", ["a", None], 2, DataError, ["row 1", "missing", "None"]),
        ("classes", [1.0, float("nan")], 2, DataError, ["row 1", "nan"]),
        ("classes", [[0.5, 0.5, 0]], 2, ShapeError, ["3 columns", "2 outputs", "Dense(3)"]),
        ("classes", [[1.5, -0.5]], 2, DataError, ["row 0, column 1", "-0.5", "negative"]),
        ("classes", [[0.5, 0.2], [0.2, 0.2]], 2, DataError, ["row 0", "0.7", "sum to 1"]),
        ("binary", ["a", "b", "c"], 1, DataError, ["3 different values", "'cross_entropy'"]),
        ("binary", [0, 1, 2], 1, DataError, ["(0, 1, 2)", "two classes"]),
        ("binary", ["a", "a"], 1, DataError, ["All targets are", "a", "two classes"]),
        ("binary", [0, 1], 2, ShapeError, ["2 outputs", "Dense(1)", "'cross_entropy'"]),
        ("binary", [[0, 2]], 2, DataError, ["row 0, column 1", "2", "0 to 1"]),
        ("binary", [[0, 1, 1]], 2, ShapeError, ["(1, 3)", "2 outputs", "Dense(3)"]),
        ("signs", [0.5, 1.5], 1, DataError, ["2 different values", "'mse'"]),
        ("signs", [[0, 1]], 2, DataError, ["-1 and 1"]),
    ],
)
def test_targets_that_cannot_be_are_refused(kind, y, outputs, error, words):
    with pytest.raises(error) as caught:
        encoded(kind, y, outputs)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (["a", "z"], ["validation y at row 1", "z", "none of the 3 classes (a, b, c)"]),
        ([0, 1], ["0", "classes"]),
        (["a", None], ["validation y at row 1", "missing"]),
    ],
)
def test_labels_outside_the_classes_are_named(y, words):
    targets = make_targets("classes", CLASSES, 3)
    with pytest.raises(DataError) as caught:
        targets.encode(y, "float32", "validation y")
    assert all(word in str(caught.value) for word in words), caught.value
