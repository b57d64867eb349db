"""K-means: as scikit-learn's Lloyd from the same start, and the same bits everywhere."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans as Peer

from chainrule.clustering import batch_step, chunked_kmeans, kmeans, nearest_centers
from chainrule.clustering.compiled import bounded_loops
from chainrule.errors import DataError, SettingError

rng = np.random.default_rng(0)


def planted(rows, features, clusters, spread=6.0, seed=0):
    r = np.random.default_rng(seed)
    centers = r.normal(size=(clusters, features)) * spread
    labels = r.integers(0, clusters, rows)
    return centers[labels] + r.normal(size=(rows, features)), labels


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_same_as_scikit_learns_lloyd_from_the_same_start(data):
    features = data.draw(st.integers(1, 6))
    rows = data.draw(
        arrays("float64", (data.draw(st.integers(6, 90)), features), elements=st.integers(-4, 4))
    )
    different = np.unique(rows, axis=0)
    clusters = data.draw(st.integers(1, min(5, len(different))))
    start = different[:clusters].astype(float) + 1e-3 * np.arange(1, features + 1)
    ours = kmeans(rows, clusters, init=start, tol=0.0)
    theirs = Peer(clusters, init=start, n_init=1, tol=0.0, algorithm="lloyd").fit(rows)
    gaps = ((rows[:, None] - ours.centers) ** 2).sum(axis=2)
    if clusters > 1:
        two = np.sort(gaps, axis=1)[:, :2]
        assume((two[:, 1] - two[:, 0] > 1e-9).all())
    assume(len(np.unique(theirs.labels_)) == clusters)
    assume(np.allclose(ours.centers, theirs.cluster_centers_))  # a tie on the way parts them
    assert ours.inertia == pytest.approx(theirs.inertia_, rel=1e-10, abs=1e-10)
    np.testing.assert_array_equal(ours.labels, theirs.labels_)


@pytest.mark.parametrize(
    ("rows", "features", "clusters"), [(4000, 3, 5), (3000, 16, 12), (2500, 33, 40), (700, 1, 3)]
)
def test_planted_and_shapeless_rows_as_scikit_learn(rows, features, clusters):
    for table in (
        planted(rows, features, clusters, 1.5)[0],
        rng.random((rows, features)),
    ):
        start = table[:clusters]
        ours = kmeans(table, clusters, init=start)
        theirs = Peer(clusters, init=start, n_init=1).fit(table)
        assert ours.inertia == pytest.approx(theirs.inertia_, rel=1e-10)
        np.testing.assert_array_equal(ours.labels, theirs.labels_)
        assert ours.iterations == theirs.n_iter_
        np.testing.assert_allclose(ours.centers, theirs.cluster_centers_, rtol=1e-10, atol=1e-12)


def test_bounds_change_nothing():
    table = planted(5000, 8, 10, 1.0)[0]
    one = kmeans(table, 10, seed=3)
    other = kmeans(table, 10, seed=3, bounds=False)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert one.inertia == pytest.approx(other.inertia, rel=1e-13)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_rows_in_doubt_are_measured_one_by_one_or_by_whole_tiles(share):
    """Every row that its bounds leave in doubt finds its center, and the others are not touched."""
    table = planted(3001, 5, 6, 3.0)[0]
    found = kmeans(table, 6, seed=2)
    loop = bounded_loops()
    labels, weights = found.labels.copy(), np.ones(len(table))
    upper, lower = np.sqrt(found.squared), np.zeros(len(table))
    sure = rng.random(len(table)) >= share
    lower[sure] = np.inf
    labels[~sure] = (labels[~sure] + 1) % 6
    sums, mass = np.zeros((6, 5)), np.zeros(6)
    changed = loop.assign_where_needed(
        table, weights, found.centers, np.zeros(6), 0, 0.0, 0.0, np.zeros(6),
        labels, upper, lower, 0, len(table), sums, mass,
    )  # fmt: skip
    assert changed == (~sure).sum()
    np.testing.assert_array_equal(labels, found.labels)
    np.testing.assert_allclose(upper, np.sqrt(found.squared))
    joined = np.bincount(found.labels[~sure], minlength=6)
    left = np.bincount((found.labels[~sure] + 1) % 6, minlength=6)
    np.testing.assert_array_equal(mass, joined - left)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_seed_gives_the_same_bits_on_1_2_and_8_threads(dtype):
    table = planted(30_000, 6, 9, 1.2)[0].astype(dtype)
    weights = rng.random(len(table))
    found = [
        kmeans(table, 9, weights=weights, starts=2, seed=5, threads=threads)
        for threads in (1, 2, 8)
    ]
    for other in found[1:]:
        assert found[0].centers.tobytes() == other.centers.tobytes()
        assert found[0].labels.tobytes() == other.labels.tobytes()
        assert found[0].inertia == other.inertia


def test_weights_are_repetitions():
    table, times = planted(300, 2, 3)[0], rng.integers(0, 4, 300)
    start = table[times > 0][:3]
    weighted = kmeans(table, 3, weights=times, init=start, tol=0.0)
    repeated = kmeans(np.repeat(table, times, axis=0), 3, init=start, tol=0.0)
    np.testing.assert_allclose(weighted.centers, repeated.centers)
    assert weighted.inertia == pytest.approx(repeated.inertia)


def test_an_empty_cluster_gets_the_farthest_row():
    table = np.array([[0.0], [1.0], [2.0], [50.0]])
    found = kmeans(table, 3, init=np.array([[0.0], [2.0], [1000.0]]))
    assert found.centers[2].tolist() == [50.0]


def test_planted_clusters_are_found():
    table, truth = planted(3000, 5, 7, 10.0)
    found = kmeans(table, 7, starts=3)
    together = np.zeros((7, 7))
    np.add.at(together, (truth, found.labels), 1)
    assert together.max(axis=1).sum() == len(table)


def test_cosine_counts_directions_alone():
    angles = np.concatenate([rng.normal(0.2, 0.05, 200), rng.normal(1.3, 0.05, 200)])
    lengths = rng.uniform(0.1, 100, 400)
    table = np.stack([np.cos(angles), np.sin(angles)], axis=1) * lengths[:, None]
    found = kmeans(table, 2, cosine=True, starts=3)
    assert len(set(found.labels[:200])) == len(set(found.labels[200:])) == 1
    np.testing.assert_allclose(np.linalg.norm(found.centers, axis=1), 1)
    with pytest.raises(DataError, match="all zeros"):
        kmeans(np.array([[0.0, 0.0], [1.0, 1.0]]), 1, cosine=True)


def test_a_row_has_one_distance_wherever_it_stands():
    table = planted(1000, 7, 4)[0]
    found = kmeans(table, 4)
    for start in (1, 63, 500):
        labels, squared = nearest_centers(table[start:], found.centers)
        np.testing.assert_array_equal(labels, found.labels[start:])
        np.testing.assert_array_equal(squared, found.squared[start:])


def test_chunks_give_what_the_whole_table_gives():
    table = planted(5000, 4, 5, 4.0)[0]
    start = table[:5]
    whole = kmeans(table, 5, init=start, tol=1e-12)
    pieces = chunked_kmeans(lambda: np.array_split(table, 7), 5, init=start, tol=1e-12)
    np.testing.assert_allclose(pieces.centers, whole.centers, rtol=1e-6)


def test_a_batch_moves_centers_by_the_share_of_its_rows():
    centers, mass = np.array([[0.0], [10.0]]), np.array([2.0, 0.0])
    batch_step(np.array([[3.0], [11.0], [13.0]]), np.ones(3), centers, mass)
    assert centers.tolist() == [[1.0], [12.0]]
    assert mass.tolist() == [3.0, 2.0]


@pytest.mark.parametrize("count", [0, -1, 2.5, True, None])
def test_a_number_of_clusters_that_cannot_be_is_refused(count):
    with pytest.raises(SettingError, match="1 or more"):
        kmeans(np.zeros((3, 1)), count)


def test_more_clusters_than_rows_are_refused():
    with pytest.raises(DataError, match="ask for 3 or fewer"):
        kmeans(np.zeros((3, 1)), 4)


def test_equal_rows_leave_clusters_empty_and_end():
    found = kmeans(np.ones((50, 2)), 3)
    assert found.inertia == 0
    assert set(found.labels) == {0}
