"""The compiled iteration: as the one of the processor from the same start, whatever the dtype."""

import sys

import numpy as np
import pytest

from chainrule.clustering import kmeans
from chainrule.clustering.kmeans import GPU_WORK
from chainrule.errors import SettingError
from chainrule.estimators import KMeans

pytest.importorskip("jax")
rng = np.random.default_rng(0)


def planted(rows, features, clusters, seed=0):
    r = np.random.default_rng(seed)
    centers = r.normal(size=(clusters, features)) * 6
    return centers[r.integers(0, clusters, rows)] + r.normal(size=(rows, features))


def same(rows, start, tolerance, **settings):
    """Both engines from one start, with the same answer."""
    ours = kmeans(rows, len(start), init=start, engine="numba", **settings)
    theirs = kmeans(rows, len(start), init=start, engine="xla", **settings)
    np.testing.assert_array_equal(theirs.labels, ours.labels)
    assert theirs.inertia == pytest.approx(ours.inertia, rel=tolerance)
    np.testing.assert_allclose(theirs.centers, ours.centers, rtol=100 * tolerance, atol=1e-5)
    assert (theirs.iterations, theirs.converged) == (ours.iterations, ours.converged)
    return theirs


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-10)])
@pytest.mark.parametrize(
    ("rows", "features", "clusters"), [(900, 2, 4), (600, 17, 7), (500, 40, 3)]
)
def test_labels_and_inertia_are_those_of_the_processor(rows, features, clusters, dtype, tolerance):
    table = planted(rows, features, clusters).astype(dtype)
    same(table, table[:clusters], tolerance)


def test_weights_directions_and_a_last_iteration():
    table = planted(400, 3, 4)
    same(table, table[:4], 1e-10, weights=rng.integers(0, 3, 400))
    same(table, table[:4], 1e-10, cosine=True)
    assert same(table, table[[0, 1, 2, 3]], 1e-10, max_iter=1).iterations == 1


def test_empty_clusters_are_repaired():
    table = planted(400, 3, 3)
    start = np.concatenate([table[:3], [[1e3] * 3, [-1e3] * 3]])
    assert len(np.unique(same(table, start, 1e-10).labels)) == 5


def test_fewer_different_rows_than_clusters_leave_one_empty():
    table = np.repeat(np.eye(3), 10, axis=0)
    same(table, np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [5, 5, 5]]), 1e-10)


def test_the_best_of_several_starts_is_as_good():
    table = planted(300, 5, 3, seed=1).astype("float32")
    found = KMeans(3, n_init=4, init="random", random_state=0, engine="xla").fit(table)
    assert np.array_equal(found.predict(table), found.labels_)
    beside = KMeans(3, n_init=4, init="random", random_state=0, engine="numba").fit(table)
    assert found.inertia_ == pytest.approx(beside.inertia_, rel=1e-6)


@pytest.mark.parametrize(("gpu", "work", "expected"), [
    (True, GPU_WORK, "xla"), (True, GPU_WORK - 1, "numba"), (False, 100 * GPU_WORK, "numba"),
])  # fmt: skip
def test_auto_takes_xla_for_much_work_beside_a_gpu_only(monkeypatch, gpu, work, expected):
    module = sys.modules["chainrule.clustering.kmeans"]
    monkeypatch.setattr(module, "gpu_is_there", lambda: gpu)
    assert module.chosen_engine("auto", work) == expected


def test_an_unknown_engine_is_named():
    with pytest.raises(SettingError, match="Did you mean 'numba'"):
        kmeans(np.eye(3), 2, engine="numbe")
