"""Sequences of different lengths become values and lengths, and what is wrong with them is said."""

import re

import numpy as np
import pytest

from chainrule.data import as_features, step_targets
from chainrule.errors import ChainruleError, DataError, ShapeError


def taken(source, **settings):
    return as_features(source, dtype="float32", **settings)


def test_a_list_of_arrays_of_unequal_length_is_padded():
    found = taken([np.ones((2, 3)), np.ones((4, 3)), [[5, 6, 7]]])
    assert found["lengths"].tolist() == [2, 4, 1]
    assert found["lengths"].dtype == "int32"
    assert found["values"].shape == (3, 4, 3)
    assert found["values"].dtype == "float32"
    assert found["values"][2].tolist() == [[5, 6, 7], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_an_array_of_arrays_is_taken_alike():
    source = np.empty(2, object)
    source[0], source[1] = np.ones((2, 3)), np.ones((1, 3))
    assert taken(source)["lengths"].tolist() == [2, 1]


def test_a_list_of_arrays_of_equal_length_is_one_array():
    assert taken([np.ones((2, 3)), np.ones((2, 3))]).shape == (2, 2, 3)


def test_whatever_lies_beyond_the_lengths_is_overwritten_and_the_users_array_is_not():
    values = np.ones((2, 3, 1))
    values[1, 1:] = np.nan
    found = taken({"values": values, "lengths": [3, 1]})
    assert found["values"][1].tolist() == [[1], [0], [0]]
    assert np.isnan(values[1, 1:]).all()


def test_indices_of_unequal_length_are_sequences_too():
    found = taken([[4, 5], [6]], indices=True)
    assert found["values"].tolist() == [[4, 5], [6, 0]]
    assert found["values"].dtype == "int32"


def test_a_named_input_may_be_a_sequence():
    found = taken({"a": [np.ones((2, 1)), np.ones((1, 1))], "b": [1.0, 2.0]})
    assert found["a"]["lengths"].tolist() == [2, 1]
    assert found["b"].shape == (2, 1)


VALUES = np.ones((2, 3, 1))
BAD = {
    "a length of 0": ([3, 0], DataError, ["row 1 is 0", "(2, 3, 1)", "at least 1", "at most 3"]),
    "a length beyond": ([4, 1], DataError, ["row 0 is 4", "(2, 3, 1)", "at most 3"]),
    "too few lengths": ([3], ShapeError, ["(1,)", "(2, 3, 1)", "(2,)"]),
    "a mask": (np.ones((2, 3), bool), ShapeError, ["(2, 3)", "mask.sum(axis=1)"]),
    "broken lengths": ([1.5, 2], DataError, ["float64 such as 1.5", "whole"]),
    "lengths as text": (["1", "2"], DataError, ["<U1", "whole"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_lengths_are_refused(name):
    lengths, error, words = BAD[name]
    with pytest.raises(ChainruleError) as caught:
        taken({"values": VALUES, "lengths": np.array(lengths)})
    assert type(caught.value) is error
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_sequences_that_differ_in_their_features_are_refused():
    uneven = [np.ones((2, 3)), np.ones((1, 2))]
    fault = re.escape("X at row 1 has shape (1, 2) and at row 0 (2, 3)")
    for source in (uneven, {"values": uneven, "lengths": [2, 1]}):
        with pytest.raises(ShapeError, match=fault):
            taken(source)


def test_values_without_features_are_refused():
    with pytest.raises(ShapeError, match=re.escape("values[:, :, None]")):
        taken({"values": np.ones((2, 3)), "lengths": [1, 2]})


def test_nan_within_a_length_is_refused_with_its_place():
    values = np.ones((2, 3, 1))
    values[1, 1] = np.nan
    with pytest.raises(DataError, match=re.escape("(1, 1, 0) is nan")):
        taken({"values": values, "lengths": [3, 2]})


def test_targets_beyond_a_length_become_one_that_is_allowed():
    y = np.array([["a", "b"], ["c", "?"]])
    lengths = np.array([2, 1])
    assert step_targets(y, lengths, (2, 3), "y").tolist() == [["a", "b"], ["c", "c"]]
    assert step_targets([["a", "b"], ["c"]], lengths, (2, 3), "y").tolist() == [
        ["a", "b"],
        ["c", "c"],
    ]
    both = {"values": y, "lengths": lengths}
    assert step_targets(both, lengths, (2, 3), "y").tolist() == [["a", "b"], ["c", "c"]]


def test_targets_of_other_lengths_than_the_inputs_are_refused():
    with pytest.raises(ShapeError, match="row 1 has 1 steps and its input 2"):
        step_targets([[1, 2], [1]], np.array([2, 2]), (2, 3), "y")


def test_targets_without_a_time_axis_are_refused():
    with pytest.raises(ShapeError, match="sequences=False"):
        step_targets([1, 2], np.array([2, 2]), (2, 3), "y")
