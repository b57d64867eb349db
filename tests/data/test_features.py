"""Inputs: what can be taken as numbers is taken, what cannot is named by row and column."""

import numpy as np
import polars as pl
import pytest

from chainrule.data import as_features
from chainrule.errors import DataError

NUMBERS = [[1, 0], [0, 1], [1, 1]]


def take(source, **settings):
    return as_features(source, **{"dtype": "float32", **settings})


def test_finite_numbers_are_taken_even_where_their_sum_is_not_finite():
    assert take(np.full((2, 3), 3e38, "float32")).max() == np.float32(3e38)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "source",
    [
        NUMBERS,
        np.array(NUMBERS, "float64"),
        np.array(NUMBERS, "float32"),
        np.array(NUMBERS, "float16"),
        np.array(NUMBERS, "int32"),
        np.array(NUMBERS, "uint8"),
        np.array(NUMBERS, bool),
        np.array(NUMBERS, object),
        np.array(NUMBERS).astype(str),
        np.asfortranarray(np.array(NUMBERS, "float64")),
        np.array(NUMBERS, "float64")[::1, ::-1][:, ::-1],
        pl.DataFrame({"a": [1, 0, 1], "b": [0.0, 1.0, 1.0]}),
        pl.DataFrame({"a": [1, 0, 1], "b": [False, True, True]}),
    ],
)
def test_whatever_holds_numbers_is_taken(source, dtype):
    taken = take(source, dtype=dtype)
    assert taken.dtype == dtype
    assert taken.tolist() == NUMBERS
    assert taken.flags.c_contiguous


def test_one_axis_is_one_feature_a_row_and_images_keep_their_axes():
    assert take([1, 2, 3]).shape == (3, 1)
    assert take(pl.Series([1, 2, 3])).shape == (3, 1)
    assert take(np.zeros((2, 4, 4, 3))).shape == (2, 4, 4, 3)


def test_the_users_array_is_not_changed():
    source = np.ones((2, 2), "float64")
    take(source)[0, 0] = 5
    assert source.tolist() == [[1, 1], [1, 1]]


def test_named_inputs_keep_indices_as_integers():
    taken = take({"x": NUMBERS, "city": [0.0, 3.0, 1.0]}, indices={"city": True})
    assert taken["x"].dtype == "float32"
    assert taken["city"].dtype == "int32"
    assert taken["city"].tolist() == [0, 3, 1]


BAD = {
    "nan": ([[1, 2], [3, float("nan")]], ["X at row 1, column 1 is nan", "median"]),
    "several": ([[np.inf, 2], [3, -np.inf]], ["row 0, column 0", "inf", "2 such values"]),
    "missing": ([[1.0, None]], ["row 0, column 1", "nan"]),
    "a column's name": (
        pl.DataFrame({"age": [1.0, 2.0], "income": [3.0, None]}),
        ["row 1, column 'income'", "nan"],
    ),
    "one axis": ([1.0, float("nan")], ["X at row 1, column 0 is nan"]),
    "images": (np.full((2, 2, 2, 1), np.nan), ["(0, 0, 0, 0)", "nan", "8 such values"]),
    "text": ([["1", "2"], ["3", "red"]], ["row 1, column 1", "'red'", "not a number"]),
    "a DataFrame's text": (
        pl.DataFrame({"age": [1, 2], "color": ["red", "blue"]}),
        ["row 0, column 'color'", "'red'"],
    ),
    "objects": (np.array([[1, {}]], object), ["row 0, column 1", "{}"]),
    "complex": (np.ones((2, 2), complex), ["complex", "real and imaginary"]),
    "dates": (np.array([["2020-01-01"]], "M8[D]"), ["datetime64", "numbers"]),
    "durations": (np.array([[3]], "m8[s]"), ["timedelta64", "numbers"]),
    "ragged": ([[1, 2], [3]], ["different lengths"]),
    "no rows": (np.zeros((0, 3)), ["no rows"]),
    "an empty list": ([], ["no rows"]),
    "no columns": (np.zeros((3, 0)), ["(3, 0)", "no columns"]),
    "one value": (5.0, ["single value", "5.0"]),
    "too large": ([[1.0, 2.0], [1e39, 3.0]], ["row 1, column 0", "1e+39", "float32", "float64"]),
    "named": ({"a": NUMBERS, "b": [[1], [np.nan], [2]]}, ["X['b'] at row 1, column 0"]),
    "uneven names": ({"a": NUMBERS, "b": [1]}, ["'a': 3", "'b': 1", "rows"]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_taken_is_named(name):
    source, words = BAD[name]
    with pytest.raises(DataError) as caught:
        take(source)
    assert all(word in str(caught.value) for word in words), caught.value


def test_what_float32_cannot_hold_float64_can():
    assert take([[1e39]], dtype="float64").tolist() == [[1e39]]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ([0, 1.5], ["row 1", "1.5", "whole"]),
        ([0, float("nan")], ["row 1", "nan"]),
        (["a", "b"], ["row 0", "'a'"]),
        ([1, 2**32 + 1], ["row 1", str(2**32 + 1)]),
        ([-1e300], ["row 0", "-1e+300"]),
    ],
)
def test_indices_are_whole_numbers(source, words):
    with pytest.raises(DataError) as caught:
        take(source, indices=True)
    assert all(word in str(caught.value) for word in words), caught.value
