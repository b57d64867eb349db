"""`AnomalyDetector`: rows far from every cluster, or that an autoencoder cannot give back."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.clustering import (
    CENTERS,
    autoencoder,
    distance_parts,
    normal_centers,
    reconstruction_parts,
)
from chainrule.errors import SettingError
from chainrule.estimators.centers import FLOATS, check_positive, seed_of

METHODS = ("distance", "autoencoder")


class AnomalyDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """How odd rows are beside those it was fitted to; features are standardized first.

    Args:
        method: "distance": to the nearest of the large k-means clusters, those that hold 90 % of
            the rows (CBLOF, He et al. 2003), in widths of that cluster; or
            "autoencoder": the error with which a network gives the row back through a narrow layer
            (Hawkins et al. 2002).
        n_clusters: of "distance"; None: 8. code: units of the narrow
            layer; None: a third of the features. epochs: of the network.
        contamination: share of odd rows, at which `predict` says -1; "auto": scores beyond the
            third quartile plus 1.5 times the distance of the quartiles (Tukey 1977).
        random_state: seed.

    Attributes:
        offset_: the score below which a row is odd. scores_: of the rows it was fitted to.

    Example:
        >>> table = np.append(np.linspace(0, 1, 40), 9)[:, None]
        >>> AnomalyDetector(random_state=0).fit(table).predict([[0.5], [9.0]]).tolist()
        [1, -1]
    """

    def __init__(
        self,
        method: str = "distance",
        *,
        n_clusters: int | None = None,
        code: int | None = None,
        epochs: int = 50,
        contamination: Any = "auto",
        random_state: Any = None,
    ) -> None:
        self.method = method
        self.n_clusters = n_clusters
        self.code = code
        self.epochs = epochs
        self.contamination = contamination
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what rows X (rows, features) are like; `y` is ignored."""
        data = validate_data(self, X, dtype=FLOATS, ensure_min_samples=2)
        self._check_settings()
        self._mean = data.mean(axis=0, dtype="float64")
        scale = data.std(axis=0, dtype="float64")
        self._scale = np.where(scale > 0, scale, 1.0)
        rows, seed = self._scaled(data), seed_of(self.random_state)
        if self.method == "distance":
            count = self.n_clusters or CENTERS
            self._centers, self._widths = normal_centers(rows, count, seed)
        else:
            code = self.code or max(1, rows.shape[1] // 3)
            self._model = autoencoder(rows.astype("float32"), code, seed, self.epochs)
        self.scores_ = -self._parts(rows)[0]
        self.offset_ = self._cut(self.scores_)
        return self

    def score_samples(self, X: Any) -> Any:
        """The oddness of rows X (rows, features), negated: float64 (rows,), low is odd."""
        return -self._parts(self._checked(X))[0]

    def decision_function(self, X: Any) -> Any:
        """The score above `offset_`: below 0 is odd."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> Any:
        """1 for rows that are like the others, -1 for odd ones: int64 (rows,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def explain(self, X: Any) -> Any:
        """How far every feature is from what is normal there, in standard deviations, signed."""
        return self._parts(self._checked(X))[1]

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        return self._scaled(validate_data(self, X, dtype=FLOATS, reset=False))

    def _scaled(self, data: Any) -> Any:
        return (data.astype("float64") - self._mean) / self._scale

    def _parts(self, rows: Any) -> tuple[Any, Any]:
        if self.method == "distance":
            return distance_parts(rows, self._centers, self._widths)
        return reconstruction_parts(self._model, rows.astype("float32"))

    def _cut(self, scores: Any) -> float:
        if self.contamination == "auto":
            low, high = np.quantile(-scores, [0.25, 0.75])
            return -float(high + 1.5 * (high - low))
        return float(np.percentile(scores, 100.0 * self.contamination))

    def _check_settings(self) -> None:
        if self.method not in METHODS:
            raise SettingError(f"method is {self.method!r}; it is 'distance' or 'autoencoder'.")
        check_positive(epochs=self.epochs, n_clusters=self.n_clusters or 1, code=self.code or 1)
        share = self.contamination
        if share != "auto" and not (isinstance(share, int | float) and 0 < share <= 0.5):
            raise SettingError(
                f"contamination is {share!r}; it must be 'auto' or above 0 and at most 0.5."
            )
