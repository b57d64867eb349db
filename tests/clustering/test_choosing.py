"""How many clusters: planted ones are counted, and noise is called noise."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from chainrule.clustering import (
    adjusted_rand,
    by_kmeans,
    by_tree,
    choose_clusters,
    jaccards,
    silhouettes,
)

rng = np.random.default_rng(0)


def noise(draw):
    r = np.random.default_rng(1000 + draw)
    return r.random(((100, 300, 1000)[draw % 3], (1, 2, 5, 10)[draw % 4]))


def planted(clusters, rows=300, features=3, seed=0):
    """Clusters of standard deviation 1 whose middles lie on a line, 8 apart, turned at will."""
    r = np.random.default_rng(seed)
    middle = np.zeros((clusters, features))
    middle[:, 0] = 8 * np.arange(clusters)
    turn, _ = np.linalg.qr(r.normal(size=(features, features)))
    return (middle[np.arange(rows) % clusters] + r.normal(size=(rows, features))) @ turn


@pytest.mark.parametrize("draw", range(3))
def test_noise_is_called_noise(draw):
    choice = choose_clusters(noise(draw)[:200], by_kmeans, most=5, seed=draw)
    assert choice.clusters == 1
    assert "no clusters here" in choice.reason


@pytest.mark.long
def test_noise_is_called_noise_in_95_of_100_draws():
    found = [choose_clusters(noise(i), by_kmeans, seed=i).clusters for i in range(100)]
    assert found.count(1) >= 95


@pytest.mark.parametrize("clusters", [2, 4])
@pytest.mark.parametrize("group", [by_kmeans, by_tree("ward")], ids=["kmeans", "ward"])
def test_planted_clusters_are_counted(clusters, group):
    choice = choose_clusters(planted(clusters), group, most=5)
    assert choice.clusters == clusters
    chosen = choice.candidates[clusters - 1]
    assert chosen.stability > 0.9
    assert chosen.silhouette == max(c.silhouette for c in choice.candidates[1:])


def scattered(clusters, features, shape, seed, rows=400):
    """Clusters at random places, at least 6 standard deviations apart; in pairs if "paired"."""
    r = np.random.default_rng(seed)
    middles = []
    while len(middles) < clusters:
        place = r.uniform(0, 60, features)
        if shape == "paired" and len(middles) % 2:
            away = r.normal(size=features)
            place = middles[-1] + 6.5 * away / np.linalg.norm(away)
        if all(np.linalg.norm(place - other) >= 6 for other in middles):
            middles.append(place)
    share = np.arange(3.0, 3 + clusters) if shape == "sizes" else np.ones(clusters)
    member = r.choice(clusters, rows, p=share / share.sum())
    around = (
        r.uniform(-1.7, 1.7, (rows, features))
        if shape == "even"
        else r.normal(size=(rows, features))
    )
    around[:, 0] *= 1.6 if shape == "long" else 1.0
    return np.array(middles)[member] + around


@pytest.mark.parametrize("clusters", [4, 5])
def test_two_clusters_near_each_other_are_two_though_others_are_far(clusters):
    choice = choose_clusters(scattered(clusters, 2, "paired", clusters), by_kmeans, most=6)
    assert choice.clusters == clusters


@pytest.mark.long
def test_scattered_clusters_are_counted_in_95_of_100_draws():
    shapes = ("round", "even", "long", "sizes", "paired")
    right = 0
    for draw in range(100):
        clusters, features = 3 + draw % 4, (2, 5, 8)[draw % 3]
        table = scattered(clusters, features, shapes[draw % 5], draw)
        right += choose_clusters(table, by_kmeans, seed=draw).clusters == clusters
    assert right >= 95


def test_of_silhouettes_as_good_the_number_farthest_beyond_noise_is_taken_and_the_other_said():
    r = np.random.default_rng(0)
    middles = np.array([[0, 0, 0, 0, 0], [4.8, 0, 0, 0, 0], [3.3, 3, 0, 0, 0]])
    choice = choose_clusters(
        middles[np.arange(300) % 3] + r.normal(size=(300, 5)), by_kmeans, most=4
    )
    two, three = choice.candidates[1:3]
    assert two.silhouette > three.silhouette
    assert two.beyond_noise < three.beyond_noise
    assert choice.clusters == 3
    assert f"2 ({two.silhouette:.2f}) is nearly as good" in choice.reason


def test_one_long_cloud_is_no_cluster():
    assert choose_clusters(rng.normal(size=(300, 3)) * [1, 3, 9], by_kmeans, most=5).clusters == 1


def test_rows_without_difference_have_no_clusters():
    assert choose_clusters(np.ones((30, 2)), by_kmeans).clusters == 1
    assert choose_clusters(np.zeros((1, 2)), by_kmeans).clusters == 1


def test_measures_are_scikit_learns():
    one, other = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other))
    x = rng.normal(size=(200, 2))
    x[:, 0] += 3 * one
    np.testing.assert_allclose(
        silhouettes(cdist(x, x), one), silhouette_samples(x, one), atol=1e-12
    )
    assert jaccards(np.array([0, 0, 1, 1]), np.array([7, 7, 7, 3])).tolist() == [2 / 3, 0.5]


def test_a_few_rows_far_off_are_no_clusters():
    table = planted(3)
    table[:2] = [[90, 90, 90], [-70, 80, 10]]
    assert choose_clusters(table, by_kmeans, most=5).clusters == 3
