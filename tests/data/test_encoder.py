"""The encoder: learnt from the training part alone, right for what it has not seen."""

import numpy as np
import pytest

from chainrule.data import as_table, fit_encoder
from chainrule.errors import DataError


def encoder_for(columns, target=(1.0, 3.0, 5.0, 7.0)):
    table = as_table({**columns, "target": list(target)})
    return fit_encoder(table, list(columns), table.column("target")), table


def test_numbers_are_standardized_and_missing_ones_become_the_median():
    encoder, table = encoder_for({"a": [1.0, 2.0, np.nan, 9.0]})
    filled = np.array([1, 2, 2, 9])
    encoded = encoder.encode(table, "float64")
    np.testing.assert_allclose(encoded[:, 0], (filled - filled.mean()) / filled.std())
    assert encoded[:, 1].tolist() == [0, 0, 1, 0]


def test_without_missing_values_to_learn_from_there_is_no_indicator():
    encoder, _ = encoder_for({"a": [1.0, 2.0, 3.0, 6.0]})
    assert encoder.width == 1
    encoded = encoder.encode(as_table({"a": [np.nan, 2.5]}))
    assert encoded[0] == encoded[1]


def test_categories_are_one_hot_and_what_is_unseen_goes_to_the_slot():
    encoder, table = encoder_for({"c": ["b", "a", None, "b"]})
    assert encoder.encode(table).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert encoder.encode(as_table({"c": ["new", "a", None]})).tolist() == [
        [0, 0, 1],
        [1, 0, 0],
        [0, 0, 1],
    ]


def test_without_a_slot_to_learn_the_unseen_is_the_average_row():
    encoder, _ = encoder_for({"c": ["b", "a", "b", "b"]})
    assert encoder.encode(as_table({"c": ["new", "a"]})).tolist() == [[0.25, 0.75], [1, 0]]


def test_features_do_not_depend_on_the_order_of_the_columns_or_on_extra_ones():
    encoder, table = encoder_for({"a": [1.0, 2.0, 3.0, 5.0], "c": ["x", "y", "x", "y"]})
    other = as_table({"z": [1] * 4, "c": ["x", "y", "x", "y"], "a": [1.0, 2.0, 3.0, 5.0]})
    assert encoder.encode(other).tolist() == encoder.encode(table).tolist()


def test_missing_columns_are_all_named():
    encoder, _ = encoder_for({"a": [1.0, 2.0, 3.0, 5.0], "b": [1.0, 2.0, 3.0, 5.0]})
    with pytest.raises(DataError, match=r"'a', 'b'\. Its columns: c"):
        encoder.encode(as_table({"c": [1]}))
    with pytest.raises(DataError, match="column 'a' is a category"):
        encoder.encode(as_table({"a": ["x"], "b": [1]}))


def test_numbers_of_the_target_come_back_in_their_units():
    encoder, table = encoder_for({"a": [1.0, 2.0, 3.0, 4.0]}, target=(1e6, 3e6, 5e6, 7e6))
    target = table.column("target").values
    scaled = (target - encoder.target.center) / encoder.target.scale
    assert abs(scaled.mean()) < 1e-12
    assert abs(scaled.std() - 1) < 1e-12
    np.testing.assert_allclose(encoder.decode(scaled), target)


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
def test_numbers_of_every_size_stay_finite(size):
    encoder, table = encoder_for({"a": [size, -size, size / 2, 0.0]})
    encoded = encoder.encode(table)
    assert np.isfinite(encoded).all()
    assert np.ptp(encoded) > 0


def test_a_constant_in_the_training_part_does_not_divide_by_zero():
    encoder, table = encoder_for({"a": [5.0, 5.0, 5.0, 5.0]})
    assert encoder.encode(table).tolist() == [[0]] * 4
