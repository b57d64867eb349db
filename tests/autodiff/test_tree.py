"""Trees are dicts with sorted keys, tuples, and anything else as a leaf."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.autodiff import describe, leaves, paths, rebuild, tree_map

TREES = st.recursive(
    st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(TREES)
def test_taken_apart_and_put_together_it_is_the_same(tree):
    again = rebuild(tree, iter(leaves(tree)))
    assert again == tree
    assert [leaf for _, leaf in paths(tree)] == leaves(tree)


@given(TREES)
def test_leaves_come_in_the_order_of_jax(tree):
    assert leaves(tree) == jax.tree.leaves(tree)


@given(TREES)
def test_mapping_keeps_the_structure_and_the_order_of_keys(tree):
    doubled = tree_map(lambda x: 2 * x, tree)
    assert leaves(doubled) == [2 * x for x in leaves(tree)]
    assert str(tree_map(lambda x: x, tree)) == str(tree)


def test_lists_and_none_are_leaves():
    assert leaves(([1, 2], None)) == [[1, 2], None]


def test_paths_name_the_leaves():
    assert paths({"b": (1, {"c": 2}), "a": 3}) == [("a", 3), ("b.0", 1), ("b.1.c", 2)]
    assert paths(7) == [("", 7)]


def test_trees_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        tree_map(lambda a, b: a, (1, 2), (1,))


def test_a_description_tells_shapes_and_dtypes():
    assert describe({"w": np.zeros((2, 3), "float32")}) == {"w": ((2, 3), "float32")}
