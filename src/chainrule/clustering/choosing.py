"""How many clusters there are, none among the answers: silhouette, gap statistic, stability.

Noise is told from clusters by what the same method makes of rows without any: drawn evenly from the
box around the rows along their principal axes (the gap statistic's reference, Tibshirani, Walther
and Hastie 2001), and from a normal distribution with their covariance. Clusters have to lower the
squares by clearly more than in either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.clustering.agreement import adjusted_rand, silhouettes
from chainrule.clustering.hierarchy import cut_tree, linkage_tree
from chainrule.clustering.kmeans import kmeans
from chainrule.clustering.nearest import NearestRows

MOST_ROWS = 1_000
"""Rows that are looked at for the choice, drawn from all."""

REFERENCES, BOOTSTRAPS, STARTS = 20, 10, 2
CLEAR = 4.0
"""So many standard deviations beyond what noise gives is a finding."""

NEIGHBOR, MOST_FAR = 5, 0.05
"""Which nearest row says whether one is far off; where more rows than this share are, none is."""

ENOUGH_TO_SPLIT, PARTED = 20, 0.7
"""Rows of a cluster that may be two, and the silhouette that its halves must have along the line
through their middles: 0.63 is that of the halves of an even distribution."""

STABLE = 0.6
"""Groupings below it are not to be trusted (Hennig 2007 says so of clusters)."""

AS_GOOD = 0.02
"""Silhouettes that differ by no more tell nothing apart."""

Grouping = Callable[[Any, Sequence[int], int], dict[int, Any]]
"""From rows, numbers of clusters and a seed to labels for each number."""


@dataclass(frozen=True)
class Candidate:
    """One number of clusters.

    Attributes:
        clusters: how many. silhouette: mean over rows. gap, gap_error: the gap statistic and its
            standard error. stability: mean adjusted Rand index of groupings of bootstrap samples.
        beyond_noise: by how many standard deviations the squares fall more than in noise.
    """

    clusters: int
    silhouette: float
    gap: float
    gap_error: float
    stability: float
    beyond_noise: float


@dataclass(frozen=True)
class Choice:
    """What was chosen and from what.

    Attributes:
        clusters: 1 where there are none. candidates: all that were looked at, from 1 on.
        rows: how many rows were looked at. reason: one sentence.
    """

    clusters: int
    candidates: tuple[Candidate, ...]
    rows: int
    reason: str


def by_kmeans(rows: Any, counts: Sequence[int], seed: int) -> dict[int, Any]:
    """Labels by k-means."""
    return {k: kmeans(rows, k, seed=seed, starts=STARTS, max_iter=50).labels for k in counts}


def by_tree(linkage: str) -> Grouping:
    """Labels by cutting a tree."""

    def group(rows: Any, counts: Sequence[int], seed: int) -> dict[int, Any]:
        tree = linkage_tree(rows, linkage)
        return {k: cut_tree(tree, k) for k in counts}

    return group


def choose_clusters(rows: Any, group: Grouping, *, most: int = 10, seed: int = 0) -> Choice:
    """Choose how many clusters rows (rows, features) have, or that they have none.

    Args:
        group: the method. most: the largest number that is looked at.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> choose_clusters(rng.random((200, 2)), by_kmeans, most=4).clusters
        1
    """
    rng = np.random.default_rng(seed)
    some = np.asarray(rows, "float64")
    if len(some) > MOST_ROWS:
        some = some[rng.permutation(len(some))[:MOST_ROWS]]
    some = some[~far_off(some)]
    different = len(np.unique(some, axis=0))
    counts = list(range(1, min(most, different - 1, len(some) // 3) + 1))
    if len(counts) < 2:
        return Choice(1, (), len(some), "There are too few different rows to tell clusters apart.")
    labels = group(some, counts, seed)
    squares = _log_squares(some, labels)
    even, normal = (
        _falls(references, group, counts, seed)
        for references in (_even(some, rng), _normal(some, rng))
    )
    gaps = even.mean(axis=0) - squares
    errors = even.std(axis=0) * np.sqrt(1 + 1 / REFERENCES)
    beyond = np.minimum(_beyond(squares, even), _beyond(squares, normal))
    distances = _distances(some)
    stable = _stability(some, labels, counts, group, rng)
    candidates = tuple(
        Candidate(
            k, float(silhouettes(distances, labels[k]).mean()) if k > 1 else float("nan"),
            float(gaps[i]), float(errors[i]), stable[i], float(beyond[i]),
        )
        for i, k in enumerate(counts)
    )  # fmt: skip
    choice = _decide(candidates, len(some))
    return _finer(choice, some, labels, group, rng, seed) if choice.clusters > 1 else choice


def _finer(
    choice: Choice, rows: Any, labels: dict[int, Any], group: Grouping, rng: Any, seed: int
) -> Choice:
    """A larger number where a cluster is several itself, told from noise by the same test.

    The silhouette compares a row with the nearest other cluster alone, so it likes two that lie
    near each other as one if all others are far away.
    """
    k = choice.clusters
    while True:
        parts = [rows[labels[k] == number] for number in range(k)]
        more = k + sum(_are_two(part, group, rng, seed) for part in parts)
        stable = more < len(choice.candidates) + 1 and (
            choice.candidates[more - 1].stability >= STABLE
        )
        if more == k or not stable:
            break
        k = more
    if k == choice.clusters:
        return choice
    reason = (
        f"{k} clusters: {choice.clusters} are best by silhouette among those that are stable, but "
        "some of them fall into clearly separate parts."
    )
    return Choice(k, choice.candidates, choice.rows, reason)


def _are_two(rows: Any, group: Grouping, rng: Any, seed: int) -> bool:
    """Whether the rows of a cluster fall into two halves, clearly more than noise would."""
    if len(rows) < ENOUGH_TO_SPLIT or len(np.unique(rows, axis=0)) < ENOUGH_TO_SPLIT:
        return False
    labels = group(rows, [1, 2], seed)
    if silhouettes(_distances(_between(rows, labels[2])), labels[2]).mean() < PARTED:
        return False
    squares = _log_squares(rows, labels)
    return all(
        _beyond(squares, _falls(references, group, [1, 2], seed))[1] > CLEAR
        for references in (_even(rows, rng), _normal(rows, rng))
    )


def _between(rows: Any, halves: Any) -> Any:
    """Rows along the line through the middles of two halves, (rows, 1).

    Along it halves are as far apart however many features there are.
    """
    way = rows[halves == 1].mean(axis=0) - rows[halves == 0].mean(axis=0)
    return (rows @ way / max(float(np.linalg.norm(way)), 1e-300))[:, None]


def _falls(references: list[Any], group: Grouping, counts: Sequence[int], seed: int) -> Any:
    """The logarithms of the squares of rows without clusters, (references, counts)."""
    return np.array([_log_squares(x, group(x, counts, seed + i)) for i, x in enumerate(references)])


def far_off(rows: Any) -> Any:
    """Rows that lie far from all others, bool (rows,): they would be clusters of their own.

    Far is a distance to the NEIGHBOR-th nearest row that is beyond the third quartile of it by more
    than 3 times the quartiles' distance (Tukey 1977), and by more than the median itself.
    """
    if len(rows) <= 2 * NEIGHBOR:
        return np.zeros(len(rows), bool)
    reach = np.partition(_distances(rows), NEIGHBOR, axis=1)[:, NEIGHBOR]
    low, middle, high = np.quantile(reach, [0.25, 0.5, 0.75])
    far = reach > high + np.maximum(3 * (high - low), middle)
    return far & (far.mean() <= MOST_FAR)


def _decide(candidates: tuple[Candidate, ...], rows: int) -> Choice:
    several = candidates[1:]
    found = [c for c in several if c.beyond_noise > CLEAR]
    if not found:
        best = max(several, key=lambda c: c.beyond_noise)
        return Choice(
            1, candidates, rows,
            "There are no clusters here: cutting the rows up lowers the squares no more than it "
            f"does in noise (at best {best.beyond_noise:.1f} standard deviations more, and "
            f"{CLEAR:.0f} are needed).",
        )  # fmt: skip
    trusted = [c for c in found if c.stability >= STABLE]
    if trusted:
        return _of_stable(trusted, candidates, rows)
    chosen = max(found, key=lambda c: c.stability)
    why = f"the most stable ({chosen.stability:.2f}), and none is stable"
    return Choice(chosen.clusters, candidates, rows, f"{chosen.clusters} clusters: {why}.")


def _of_stable(stable: list[Candidate], candidates: tuple[Candidate, ...], rows: int) -> Choice:
    """The largest silhouette; of silhouettes that are as good, the one farthest beyond noise."""
    largest = max(c.silhouette for c in stable)
    near = [c for c in stable if c.silhouette >= largest - AS_GOOD]
    chosen = max(near, key=lambda c: c.beyond_noise)
    if len(near) == 1:
        why = f"the largest silhouette ({largest:.2f}) of those that are stable"
    else:
        others = " and ".join(f"{c.clusters} ({c.silhouette:.2f})" for c in near if c != chosen)
        why = (
            f"of the stable ones with nearly the same silhouette ({chosen.silhouette:.2f}) the "
            f"farthest beyond noise; {others} {'is' if len(near) == 2 else 'are'} nearly as good"
        )
    return Choice(chosen.clusters, candidates, rows, f"{chosen.clusters} clusters: {why}.")


def _log_squares(rows: Any, labels: dict[int, Any]) -> Any:
    """The logarithm of the squared distances to the means, for every number of clusters."""
    return np.array([np.log(max(_squares(rows, found), 1e-300)) for found in labels.values()])


def _squares(rows: Any, labels: Any) -> float:
    counts = np.maximum(np.bincount(labels), 1)
    means = np.stack([np.bincount(labels, column) / counts for column in rows.T], axis=1)
    return float(((rows - means[labels]) ** 2).sum())


def _beyond(squares: Any, references: Any) -> Any:
    """By how many standard deviations the squares fall more, from one cluster on, than in noise."""
    falls = references[:, :1] - references
    spread = np.maximum(falls.std(axis=0, ddof=1), 1e-3)
    return (squares[0] - squares - falls.mean(axis=0)) / spread


def _axes(rows: Any) -> tuple[Any, Any, Any]:
    """Mean, rows along their principal axes, and the axes."""
    mean = rows.mean(axis=0)
    _, _, axes = np.linalg.svd(rows - mean, full_matrices=False)
    return mean, (rows - mean) @ axes.T, axes


def _even(rows: Any, rng: Any) -> list[Any]:
    mean, turned, axes = _axes(rows)
    low, high = turned.min(axis=0), turned.max(axis=0)
    return [rng.uniform(low, high, turned.shape) @ axes + mean for _ in range(REFERENCES)]


def _normal(rows: Any, rng: Any) -> list[Any]:
    mean, turned, axes = _axes(rows)
    scale = turned.std(axis=0)
    return [rng.normal(size=turned.shape) * scale @ axes + mean for _ in range(REFERENCES)]


def _distances(rows: Any) -> Any:
    norms = (rows**2).sum(axis=1)
    return np.sqrt(np.maximum(norms[:, None] + norms - 2 * rows @ rows.T, 0))


def _stability(
    rows: Any, labels: dict[int, Any], counts: Sequence[int], group: Grouping, rng: Any
) -> list[float]:
    """Mean adjusted Rand index of the grouping and those of bootstrap samples, for each number."""
    found = np.zeros((BOOTSTRAPS, len(counts)))
    for draw in range(BOOTSTRAPS):
        taken = rng.integers(0, len(rows), len(rows))
        sample = rows[taken]
        possible = [k for k in counts if k <= len(np.unique(taken))]
        others = group(sample, possible, draw)
        nearest = NearestRows.of(sample)
        places = nearest.find(rows)
        for i, k in enumerate(possible):
            found[draw, i] = adjusted_rand(labels[k], others[k][places])
    return [float(x) for x in found.mean(axis=0)]
