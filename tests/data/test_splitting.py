"""Splits: every row in one part, the same parts for the same seed, classes in proportion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data import split_rows
from chainrule.errors import DataError
from chainrule.ops import key_from_seed


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    rows=st.integers(4, 300),
    fraction=st.floats(0.15, 0.85),
    seed=st.integers(0, 2**64 - 1),
    classes=st.integers(1, 4),
)
def test_every_row_is_in_one_part_and_classes_keep_their_share(rows, fraction, seed, classes):
    key = key_from_seed(seed)
    groups = np.random.default_rng(rows).integers(0, classes, rows)
    for found in (None, groups):
        large, small = split_rows(key, rows, fraction, found)
        assert len(small) == round(rows * fraction)
        assert sorted([*large, *small]) == list(range(rows))
        assert (np.diff(large) > 0).all()
        assert (np.diff(small) > 0).all()
        again = split_rows(key, rows, fraction, found)[1]
        assert small.tolist() == again.tolist()
    for group in np.unique(groups):
        expected = (groups == group).sum() * fraction
        assert abs((groups[small] == group).sum() - expected) <= 2


def test_another_seed_gives_other_rows():
    parts = [tuple(split_rows(key_from_seed(s), 40, 0.25)[1]) for s in range(20)]
    assert len(set(parts)) == 20
    drawn = np.bincount(np.concatenate(parts), minlength=40)
    assert drawn.max() <= 15


@pytest.mark.parametrize(("rows", "fraction"), [(1, 0.5), (3, 0.1), (5, 0.95), (2, 0.1)])
def test_a_part_without_rows_is_refused(rows, fraction):
    with pytest.raises(DataError, match=f"{rows} rows.*{fraction}.*empty"):
        split_rows(key_from_seed(0), rows, fraction)
