"""Hierarchical clustering: SciPy's trees in less memory, cuts, and where new rows belong."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist, pdist
from sklearn.metrics import adjusted_rand_score

from chainrule.clustering import LINKAGES, NearestRows, check_memory, cut_tree, linkage_tree
from chainrule.clustering.preflight import memory_there
from chainrule.errors import DataError, SettingError

rng = np.random.default_rng(0)


@pytest.mark.parametrize("method", LINKAGES)
@pytest.mark.parametrize("rows", [2, 3, 32, 33, 65, 400, 1500])
def test_the_tree_is_scipys(method, rows):
    table = rng.normal(size=(rows, 5))
    np.testing.assert_allclose(linkage_tree(table, method), linkage(table, method), rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["ward", "single"]),
    arrays(
        "float64", st.tuples(st.integers(2, 70), st.integers(1, 6)), elements=st.integers(-3, 3)
    ),
)
def test_ties_and_equal_rows_give_scipys_heights_and_a_true_tree(method, table):
    tree = linkage_tree(table, method)
    if method == "single":
        theirs = linkage(pdist(table), method)
        np.testing.assert_allclose(tree[:, 2], theirs[:, 2], rtol=1e-10, atol=1e-10)
    assert (np.diff(tree[:, 2]) >= 0).all()
    assert tree[-1, 3] == len(table)
    assert sorted(tree[:, :2].ravel().tolist()) == list(range(2 * len(table) - 2))
    members = {i: [i] for i in range(len(table))}
    for step, (a, b, height, size) in enumerate(tree):
        left, right = members[int(a)], members[int(b)]
        members[len(table) + step] = left + right
        assert len(left + right) == size
        if method == "ward":
            x, y = table[left], table[right]
            share = 2 * len(x) * len(y) / (len(x) + len(y))
            gap = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
            assert height == pytest.approx(np.sqrt(share * gap), rel=1e-10, abs=1e-9)


@pytest.mark.parametrize("clusters", [1, 2, 7, 60])
def test_cuts_are_scipys(clusters):
    tree = linkage_tree(rng.normal(size=(60, 3)))
    ours = cut_tree(tree, clusters)
    assert adjusted_rand_score(ours, fcluster(tree, clusters, "maxclust")) == 1
    assert ours[0] == 0
    assert len(set(ours)) == clusters
    height = tree[-4:-2, 2].mean()
    assert len(set(cut_tree(tree, height=height))) == 4


@pytest.mark.parametrize("features", [1, 3, 8])
def test_new_rows_belong_where_their_nearest_row_does(features):
    table = np.round(rng.normal(size=(900, features)), 1)
    new = np.round(rng.normal(size=(500, features)) * 1.5, 1)
    nearest = NearestRows.of(table)
    gaps = cdist(new, table, "sqeuclidean")
    chosen = gaps[np.arange(len(new)), nearest.find(new)]
    np.testing.assert_allclose(chosen, gaps.min(axis=1), atol=1e-12)
    labels = cut_tree(linkage_tree(table), 9)
    np.testing.assert_array_equal(labels[nearest.find(table)], labels)


@settings(max_examples=60, deadline=None)
@given(
    arrays("float64", st.tuples(st.integers(1, 200), st.just(3)), elements=st.integers(-3, 3)),
    arrays("float64", st.tuples(st.integers(1, 40), st.just(3)), elements=st.integers(-5, 5)),
)
def test_of_equally_near_rows_the_first_is_the_nearest(table, new):
    first = cdist(new, table, "sqeuclidean").argmin(axis=1)
    np.testing.assert_array_equal(NearestRows.of(table).find(new), first)


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_far_from_the_origin_the_nearest_row_is_still_found(shift):
    table, new = rng.normal(size=(5000, 2)) + shift, rng.normal(size=(2500, 2)) + shift
    first = cdist(new, table, "sqeuclidean").argmin(axis=1)
    for threads in (1, 2, 8):
        np.testing.assert_array_equal(NearestRows.of(table).find(new, threads), first)


def test_what_does_not_fit_is_said_before_it_is_asked_for():
    with pytest.raises(DataError, match=r"needs 1000000.0 GB of memory, and .* Take less"):
        check_memory(10**15, "This", "Take less.")
    with pytest.raises(DataError, match=r"Complete linkage of 3,000,000 rows .*linkage='ward'"):
        linkage_tree(np.zeros((3_000_000, 1)), "complete")
    assert memory_there() > 0


LIMITED = """
import resource
import numpy as np
from chainrule.clustering import compiled, kmeans, linkage_tree
from chainrule.errors import DataError
table = np.random.default_rng(0).normal(size=({rows}, 8))
linkage_tree(table[:100], "ward"), linkage_tree(table[:100], "single"), compiled.scipy_linkage()
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + {room}, resource.RLIM_INFINITY))
try:
    linkage_tree(table, "average")
except DataError as error:
    print(error)
for method in {methods}:
    assert len(linkage_tree(table, method)) == len(table) - 1
print("done")
"""


def limited(rows, room, methods):
    code = LIMITED.format(rows=rows, room=room, methods=methods)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are Linux's")
def test_ward_and_single_fit_where_the_distances_do_not():
    said = limited(6000, 100 * 2**20, ("ward", "single"))
    assert "Average linkage of 6,000 rows needs 29" in said
    assert said.endswith("done\n")


TWO_GB = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9, 2 * 10**9))
import numpy as np
from chainrule.clustering import linkage_tree
tree = linkage_tree(np.random.default_rng(0).normal(size=({rows}, 8)), "ward")
print(len(tree), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def ward_in_2_gb(rows):
    """Merges, and the most memory in kB, of a process that never has more than 2 GB in all."""
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "2"}
    typed = [sys.executable, "-c", TWO_GB.format(rows=rows)]
    done = subprocess.run(typed, capture_output=True, text=True, check=False, env=one_thread)
    assert done.returncode == 0, done.stderr
    return [int(x) for x in done.stdout.split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits are Linux's")
def test_ward_runs_in_a_process_limited_to_2_gb():
    assert ward_in_2_gb(2000)[0] == 1999


@pytest.mark.long
def test_ward_of_100_000_rows_runs_in_a_process_limited_to_2_gb():
    merges, memory = ward_in_2_gb(100_000)
    assert merges == 99_999
    assert memory < 2e6


def test_bad_input_is_named():
    with pytest.raises(DataError, match="2 rows or more"):
        linkage_tree(np.zeros((1, 2)))
    with pytest.raises(SettingError, match="Did you mean 'single'"):
        linkage_tree(np.zeros((3, 2)), "singel")
