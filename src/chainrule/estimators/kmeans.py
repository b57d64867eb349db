"""`KMeans`, with scikit-learn's parameters and attributes."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_random_state, validate_data

from chainrule.clustering import kmeans
from chainrule.errors import SettingError
from chainrule.estimators.centers import (
    FLOATS,
    CentersMixin,
    check_init,
    check_positive,
    checked_weights,
    seed_of,
)


class KMeans(CentersMixin):
    """K-means: rows are grouped around centers so that squared distances are small.

    Parameters and attributes are scikit-learn's. Differs from it: the same seed gives the same bits
    on any number of threads; `metric="cosine"` compares directions (rows and centers are brought to
    length 1); rows are passed over that distance bounds (Hamerly 2010) show cannot change, whatever
    `algorithm` says; the result is the same.

    Args:
        n_clusters: how many. init: "k-means++", "random", centers or a function.
        n_init: how many starts; "auto" is 1 for "k-means++" and for centers, else 10.
        max_iter, tol: as scikit-learn's. verbose, copy_x: taken, without effect.
        random_state: seed. algorithm: "lloyd" or "elkan", which both mean the bounded loop.
        metric: "euclidean" or "cosine". engine: "numba" on the processor, "xla": one compiled
            program, or "auto": xla where there is a GPU and the work is large.

    Attributes:
        cluster_centers_: (clusters, features). labels_: int32 (rows,). inertia_: float.
        n_iter_: iterations of the best start. n_features_in_, feature_names_in_: as everywhere.

    Example:
        >>> found = KMeans(2, random_state=0).fit([[0.0], [1.0], [9.0], [10.0]])
        >>> found.predict([[2.0]]) == found.labels_[0]
        array([ True])
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        n_init: Any = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: Any = None,
        copy_x: bool = True,
        algorithm: str = "lloyd",
        metric: str = "euclidean",
        engine: str = "auto",
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm
        self.metric = metric
        self.engine = engine

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find the centers of rows X (rows, features); `y` is ignored.

        Raises:
            DataError: fewer rows than clusters. SettingError: a setting that cannot be.
        """
        data = validate_data(self, X, dtype=FLOATS, order="C")
        self._check_settings()
        weights = checked_weights(sample_weight, data)
        state = check_random_state(self.random_state)
        init = check_init(self.init, data, self.n_clusters, state)
        many = 10 if isinstance(init, str) and init == "random" else 1
        found = kmeans(
            data, self.n_clusters, weights=weights, init=init,
            starts=many if self.n_init == "auto" else self.n_init,
            max_iter=self.max_iter, tol=self.tol, cosine=self.metric == "cosine",
            seed=seed_of(state), engine=self.engine,
        )  # fmt: skip
        different = len(np.unique(found.labels))
        if different < self.n_clusters:
            warnings.warn(
                f"Only {different} of {self.n_clusters} clusters have rows: there are fewer "
                "different rows than clusters. Ask for fewer clusters.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.cluster_centers_ = found.centers.astype(data.dtype)
        self.labels_ = found.labels
        if data.dtype != np.float64:
            self.labels_ = self.predict(X)
        self.inertia_ = found.inertia
        self.n_iter_ = found.iterations
        return self

    def _check_settings(self) -> None:
        check_positive(n_clusters=self.n_clusters, max_iter=self.max_iter)
        if self.n_init != "auto":
            check_positive(n_init=self.n_init)
        if not (isinstance(self.tol, int | float) and self.tol >= 0):
            raise SettingError(f"tol is {self.tol!r}; it must be a number of at least 0.")
        if self.algorithm not in ("lloyd", "elkan"):
            raise SettingError(f"algorithm is {self.algorithm!r}; it is 'lloyd' or 'elkan'.")
        if self.metric not in ("euclidean", "cosine"):
            raise SettingError(f"metric is {self.metric!r}; it is 'euclidean' or 'cosine'.")
