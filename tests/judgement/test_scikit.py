"""What the rivals from scikit-learn are given."""

import numpy as np
import pytest

from chainrule.judgement import boosted_trees
from chainrule.judgement.scikit import MOST_LABELS, _few_labels, _most_frequent

NAN = float("nan")


def test_of_more_labels_than_trees_take_the_rarest_are_one():
    seldom = np.arange(MOST_LABELS + 20.0)
    column = np.concatenate([seldom, np.repeat(seldom[::-1][: MOST_LABELS - 1], 2), [NAN]])
    frequent = {0: _most_frequent(column)}
    assert frequent[0].tolist() == seldom[21:].tolist()
    found = _few_labels(np.array([[21.0], [22], [5], [20], [9999], [NAN]]), frequent)[:, 0]
    assert found[:5].tolist() == [0, 1, MOST_LABELS - 1, MOST_LABELS - 1, MOST_LABELS - 1]
    assert np.isnan(found[5])


def test_trees_tell_the_most_frequent_of_very_many_labels_apart():
    """As numbers in a random order these labels say nothing that few trees can use."""
    random = np.random.default_rng(0)
    labels = np.concatenate([random.integers(0, 40, 2000), np.arange(40, 400)])
    order = random.permutation(400)
    x, y = order[labels][:, None].astype("float64"), (labels % 2).astype("float64")
    settings = {"classes": 0, "categories": np.array([True]), "seed": 0}
    said = boosted_trees(x, y, None, **settings)(order[:40][:, None].astype("float64"))
    assert said == pytest.approx(np.arange(40) % 2, abs=0.1)
