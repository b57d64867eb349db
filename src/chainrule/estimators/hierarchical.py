"""`HierarchicalClustering`: a tree of merges as SciPy has it, and `predict` for new rows."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.clustering import NearestRows, check_cut, check_distinct, cut_tree, linkage_tree
from chainrule.errors import SettingError
from chainrule.estimators.centers import check_positive


class HierarchicalClustering(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Hierarchical clustering, Euclidean.

    A new row belongs where its nearest training row does, the first of equally near ones; so
    `predict` of the training rows gives `labels_`. The estimator keeps its rows for that.

    Differs from scikit-learn's AgglomerativeClustering: `linkage_`, `predict`, and memory in
    proportion to the rows for "ward" and "single"; more clusters than different rows are refused.

    Args:
        n_clusters: where to cut. linkage: "ward", "single", "complete" or "average".
        distance_threshold: the height to cut at, with n_clusters=None: merges there and above are
            undone.

    Attributes:
        labels_: int64 (rows,). linkage_: SciPy's matrix (rows - 1, 4), for its `dendrogram`.
        n_clusters_, n_leaves_: numbers. children_, distances_: its columns as scikit-learn has
            them.

    Example:
        >>> found = HierarchicalClustering(2).fit([[0.0], [1.0], [9.0]])
        >>> found.labels_.tolist(), found.predict([[8.0]]).tolist()
        ([0, 0, 1], [1])
    """

    def __init__(
        self,
        n_clusters: int | None = 2,
        *,
        linkage: str = "ward",
        distance_threshold: float | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.linkage = linkage
        self.distance_threshold = distance_threshold

    def fit(self, X: Any, y: Any = None) -> Self:
        """Merge rows X (rows, features); `y` is ignored.

        Raises:
            DataError: one row, fewer different rows than clusters, or more rows than memory allows.
        """
        data = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        check_cut(self.n_clusters, self.distance_threshold)
        if self.n_clusters is not None:
            check_positive(n_clusters=self.n_clusters)
            check_distinct(data, self.n_clusters)
        elif not self.distance_threshold >= 0:  # type: ignore[operator]
            raise SettingError(
                f"distance_threshold is {self.distance_threshold!r}; it must be at least 0."
            )
        tree = linkage_tree(data, self.linkage)
        self.linkage_ = tree
        self.children_ = tree[:, :2].astype("int64")
        self.distances_ = tree[:, 2]
        self.n_leaves_ = len(data)
        self.labels_ = cut_tree(tree, self.n_clusters, self.distance_threshold)
        self.n_clusters_ = int(self.labels_.max()) + 1
        self._nearest = NearestRows.of(data)
        return self

    def predict(self, X: Any) -> Any:
        """The cluster of the nearest training row of every row of X (rows, features)."""
        check_is_fitted(self)
        data = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self.labels_[self._nearest.find(data)]
