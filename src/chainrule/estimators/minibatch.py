"""`MiniBatchKMeans`: k-means from small batches, for rows that come piece by piece."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_random_state, validate_data

from chainrule.clustering import batch_step, kmeans, nearest_centers
from chainrule.errors import DataError
from chainrule.estimators.centers import (
    FLOATS,
    CentersMixin,
    check_init,
    check_positive,
    checked_weights,
    seed_of,
)


class MiniBatchKMeans(CentersMixin):
    """K-means by small batches (Sculley 2010): each center moves by its share of what it has had.

    Parameters and attributes are scikit-learn's. First centers are k-means++ of `init_size` rows.

    Args:
        n_clusters, init, max_iter, batch_size, verbose, compute_labels, random_state, tol,
            max_no_improvement, init_size, n_init, reassignment_ratio: as scikit-learn's. A center
            whose weight falls below `reassignment_ratio` of the largest is put on a row of the
            batch now and then.

    Attributes:
        cluster_centers_, labels_, inertia_, n_iter_, n_steps_, counts_: as scikit-learn's.

    Example:
        >>> found = MiniBatchKMeans(2, random_state=0).fit([[0.0], [1.0], [9.0], [10.0]])
        >>> len(found.cluster_centers_)
        2
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        max_iter: int = 100,
        batch_size: int = 1024,
        verbose: int = 0,
        compute_labels: bool = True,
        random_state: Any = None,
        tol: float = 0.0,
        max_no_improvement: int | None = 10,
        init_size: int | None = None,
        n_init: Any = "auto",
        reassignment_ratio: float = 0.01,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.verbose = verbose
        self.compute_labels = compute_labels
        self.random_state = random_state
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.init_size = init_size
        self.n_init = n_init
        self.reassignment_ratio = reassignment_ratio

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find centers of rows X (rows, features) by batches drawn from them; `y` is ignored."""
        data = validate_data(self, X, dtype=FLOATS, order="C")
        weights = checked_weights(sample_weight, data)
        mass = np.ones(len(data)) if weights is None else weights
        self._begin(data, mass)
        rng = np.random.default_rng(seed_of(self.random_state))
        size = min(self.batch_size, len(data))
        least, worse, average = np.inf, 0, None
        steps = max(1, self.max_iter * len(data) // size)
        for step in range(1, steps + 1):
            rows = rng.integers(0, len(data), size)
            before = self._centers.copy()
            loss = batch_step(data[rows], mass[rows], self._centers, self._mass) / size
            self._reassign(data[rows], rng, step)
            share = min(1.0, 2.0 * size / (len(data) + 1))
            average = loss if average is None else average * (1 - share) + loss * share
            self.n_steps_ = step
            if self.tol > 0 and ((self._centers - before) ** 2).sum() <= self.tol * data.var():
                break
            worse = 0 if average < least else worse + 1
            least = min(least, average)
            if self.max_no_improvement is not None and worse >= self.max_no_improvement:
                break
        self.n_iter_ = int(np.ceil(self.n_steps_ * size / len(data)))
        self._publish(data.dtype)
        if self.compute_labels:
            self.labels_, squared = nearest_centers(data, self.cluster_centers_)
            self.inertia_ = float((mass * squared).sum())
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Go on with one batch of rows X (rows, features); the first one makes the centers."""
        first = not hasattr(self, "cluster_centers_")
        data = validate_data(self, X, dtype=FLOATS, order="C", reset=first)
        weights = checked_weights(sample_weight, data)
        mass = np.ones(len(data)) if weights is None else weights
        if first:
            self._begin(data, mass)
            self.n_steps_ = 0
        batch_step(data, mass, self._centers, self._mass)
        self.n_steps_ += 1
        self._publish(data.dtype)
        if self.compute_labels:
            self.labels_, squared = nearest_centers(data, self.cluster_centers_)
            self.inertia_ = float((mass * squared).sum())
        return self

    def _begin(self, data: Any, weights: Any) -> None:
        check_positive(
            n_clusters=self.n_clusters, max_iter=self.max_iter, batch_size=self.batch_size
        )
        if len(data) < self.n_clusters:
            raise DataError(
                f"n_samples={len(data)} should be >= n_clusters={self.n_clusters}: the first rows "
                "make the centers. Give more rows, or ask for fewer clusters."
            )
        state = check_random_state(self.random_state)
        init = check_init(self.init, data, self.n_clusters, state)
        seed = seed_of(state)
        size = self.init_size or 3 * max(self.batch_size, self.n_clusters)
        part = np.random.default_rng(seed).permutation(len(data))[: max(size, self.n_clusters)]
        starts = 3 if isinstance(init, str) and init == "random" else 1
        found = kmeans(
            data[part], self.n_clusters, weights=weights[part], init=init, seed=seed, max_iter=1,
            starts=starts if self.n_init == "auto" else self.n_init,
        )  # fmt: skip
        self._centers = found.centers.copy()
        self._mass = np.zeros(self.n_clusters)

    def _reassign(self, rows: Any, rng: Any, step: int) -> None:
        """Put centers that hardly any row is near to on rows of the batch."""
        if step % (10 + self.n_clusters) or self.reassignment_ratio <= 0:
            return
        rare = np.flatnonzero(self._mass < self.reassignment_ratio * self._mass.max())
        rare = rare[: len(rows) // 2]
        if len(rare):
            others = np.delete(self._mass, rare)
            self._centers[rare] = rows[rng.permutation(len(rows))[: len(rare)]]
            self._mass[rare] = others.min() if len(others) else 1.0

    def _publish(self, dtype: Any) -> None:
        self.cluster_centers_ = self._centers.astype(dtype)
        self.counts_ = self._mass.copy()
