"""What estimators with cluster centers have in common, as functions and one thin base class."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    check_random_state,
    validate_data,
)

from chainrule.clustering import nearest_centers, unit_rows
from chainrule.errors import SettingError

FLOATS = [np.float64, np.float32]


def seed_of(random_state: Any) -> int:
    """A seed of ours from scikit-learn's setting."""
    return int(check_random_state(random_state).randint(2**31 - 1))


def checked_weights(sample_weight: Any, X: Any) -> Any:
    """Weights of rows, float64, or None."""
    if sample_weight is None:
        return None
    return _check_sample_weight(sample_weight, X, dtype=np.float64)


def check_init(init: Any, X: Any, n_clusters: int, random_state: Any) -> Any:
    """`init` as the loops take it: a name or centers; a function is called for them."""
    if callable(init):
        return np.asarray(init(X, n_clusters, random_state=random_state), "float64")
    return init


def check_positive(**settings: Any) -> None:
    """Refuse settings that must be whole numbers above 0.

    Raises:
        SettingError: names the setting.
    """
    for name, value in settings.items():
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < 1:
            raise SettingError(f"{name} is {value!r}; it must be a whole number above 0.")


class CentersMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Predict, transform and score by `cluster_centers_`."""

    cluster_centers_: Any
    labels_: Any
    metric: str

    @property
    def _n_features_out(self) -> int:
        return len(self.cluster_centers_)

    def _rows(self, X: Any) -> Any:
        check_is_fitted(self)
        data = validate_data(self, X, dtype=FLOATS, order="C", reset=False)
        return unit_rows(data) if getattr(self, "metric", "euclidean") == "cosine" else data

    def predict(self, X: Any) -> Any:
        """The nearest center of every row of X (rows, features): int32 (rows,)."""
        return nearest_centers(self._rows(X), self.cluster_centers_)[0]

    def transform(self, X: Any) -> Any:
        """Distances of every row of X (rows, features) to the centers: (rows, clusters)."""
        data = self._rows(X)
        gaps = [np.sqrt(nearest_centers(data, center[None])[1]) for center in self.cluster_centers_]
        return np.stack(gaps, axis=1).astype(data.dtype)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The weighted squared distances of the rows to their centers, negated."""
        data = self._rows(X)
        weights = checked_weights(sample_weight, data)
        squared = nearest_centers(data, self.cluster_centers_)[1]
        return -float(squared.sum() if weights is None else (weights * squared).sum())
