"""The estimators keep scikit-learn's contract: no failure beyond those it declares for its own."""

import warnings

import numpy as np
import pytest
from scipy.cluster.hierarchy import dendrogram
from sklearn.base import clone
from sklearn.cluster import KMeans as Peer
from sklearn.cluster import MiniBatchKMeans as PeerMiniBatchKMeans
from sklearn.datasets import make_blobs
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._test_common.instance_generator import _get_expected_failed_checks
from sklearn.utils.estimator_checks import check_estimator

from chainrule.errors import ChainruleError, DataError, SettingError
from chainrule.estimators import AnomalyDetector, HierarchicalClustering, KMeans, MiniBatchKMeans

DECLARED = {
    KMeans: {"check_sample_weight_equivalence_on_dense_data"},
    MiniBatchKMeans: {"check_sample_weight_equivalence_on_dense_data"},
}
"""Starts are drawn from the rows, so that a row of weight 2 is not two rows."""

ESTIMATORS: list = [
    KMeans(),
    MiniBatchKMeans(),
    HierarchicalClustering(),
    AnomalyDetector(),
    AnomalyDetector("autoencoder", epochs=2),
]
rng = np.random.default_rng(0)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
@pytest.mark.filterwarnings("ignore")
def test_check_estimator(estimator):
    results = check_estimator(estimator, on_fail=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert set(failed) == DECLARED.get(type(estimator), set()), failed


@pytest.mark.parametrize("peer", [Peer(), PeerMiniBatchKMeans()], ids=str)
def test_what_fails_scikit_learn_declares_for_its_own(peer):
    """Its list is in no public place; the marks that its own tests are run with are read."""
    names = {"KMeans": KMeans, "MiniBatchKMeans": MiniBatchKMeans}
    declared = set(_get_expected_failed_checks(peer))
    assert DECLARED[names[type(peer).__name__]] <= declared


def test_kmeans_has_scikit_learns_attributes():
    X, _ = make_blobs(400, centers=5, random_state=0)
    ours, theirs = KMeans(5, init=X[:5]).fit(X), Peer(5, init=X[:5], n_init=1).fit(X)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-10)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-9)
    assert ours.score(X) == pytest.approx(theirs.score(X))
    assert set(Peer(5).get_params()) <= set(KMeans(5).get_params())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predict_of_the_training_rows_is_labels(dtype):
    X = rng.normal(size=(3000, 4)).astype(dtype)
    for estimator in (KMeans(7, random_state=1), HierarchicalClustering(7), MiniBatchKMeans(7)):
        found = estimator.fit(X)
        np.testing.assert_array_equal(found.predict(X), found.labels_)


@pytest.mark.parametrize("linkage", ["ward", "single", "complete", "average"])
def test_hierarchical_with_equal_rows_predicts_its_labels(linkage):
    X = np.round(rng.normal(size=(300, 2)), 1)
    X = np.concatenate([X, X[:100]])
    found = HierarchicalClustering(8, linkage=linkage).fit(X)
    np.testing.assert_array_equal(found.predict(X), found.labels_)
    assert found.n_clusters_ == len(set(found.labels_)) == 8
    dendrogram(found.linkage_, no_plot=True, truncate_mode="lastp", p=5)


def test_a_tree_is_cut_by_height():
    found = HierarchicalClustering(None, distance_threshold=3.0, linkage="single")
    assert found.fit_predict([[0.0], [1.0], [9.0], [10.0]]).tolist() == [0, 0, 1, 1]
    with pytest.raises(SettingError, match="Exactly one"):
        HierarchicalClustering(None).fit([[0.0], [1.0]])


def test_they_compose():
    X, _ = make_blobs(300, centers=4, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), KMeans(random_state=0)),
        {"kmeans__n_clusters": [2, 4]},
        n_jobs=2,
    ).fit(X)
    assert search.best_params_ == {"kmeans__n_clusters": 4}
    frame = clone(KMeans(3, random_state=0)).set_output(transform="pandas").fit_transform(X)
    assert list(frame.columns) == ["kmeans0", "kmeans1", "kmeans2"]


def test_planted_anomalies_are_ranked_first():
    X, _ = make_blobs(2000, centers=3, n_features=4, random_state=1)
    odd = np.random.default_rng(1).uniform(30, 40, size=(8, 4))
    table = np.concatenate([X, odd])
    for detector in (
        AnomalyDetector(random_state=0),
        AnomalyDetector("autoencoder", epochs=20, random_state=0),
    ):
        scores = detector.fit(table).score_samples(table)
        assert set(np.argsort(scores)[:8]) == set(range(2000, 2008)), detector
        assert (detector.predict(odd) == -1).all()


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (KMeans(0), "n_clusters is 0"),
        (KMeans(2, tol=-1), "tol is -1"),
        (KMeans(2, n_init=0), "n_init is 0"),
        (KMeans(2, metric="manhattan"), "euclidean"),
        (KMeans(2, algorithm="other"), "elkan"),
        (KMeans(2, init="best"), "k-means"),
        (KMeans(2, init=np.zeros((3, 1))), "shape"),
        (KMeans(9), "ask for 3 or fewer"),
        (MiniBatchKMeans(9), "Give more rows"),
        (HierarchicalClustering(3), "2 different values"),
        (HierarchicalClustering(None, distance_threshold=-1.0), "at least 0"),
        (AnomalyDetector("other"), "autoencoder"),
        (AnomalyDetector(contamination=0.9), "contamination"),
    ],
)
def test_bad_settings_are_named(estimator, said):
    with pytest.raises(ChainruleError, match=said):
        estimator.fit([[0.0], [1.0], [1.0]])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("estimator", ESTIMATORS[:4], ids=str)
def test_missing_and_infinite_cells_are_refused_as_scikit_learn_does(estimator, bad):
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        estimator.fit([[0.0], [bad], [1.0], [2.0]])


def test_more_clusters_than_different_rows_are_warned_of():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        KMeans(3, random_state=0).fit([[1.0]] * 5 + [[2.0]])
    assert any("fewer different rows" in str(w.message) for w in said)
    with pytest.raises(DataError):
        KMeans(3).fit([[1.0]] * 2)
