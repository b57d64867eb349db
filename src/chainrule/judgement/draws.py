"""Scores of resampled tables, by the bootstrap (Efron 1979): what so few rows leave open.

Every score here is a function of means over the rows, so a resampled table needs only resampled
means: one product of a matrix of counts with a matrix of what every row contributes. The counts
follow from the number of rows alone, so two scores of the same rows are drawn on the same resampled
tables, and their difference is paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.ops import fold_in, key_from_seed, random_uniform
from chainrule.ops.random import permutation_table

DRAWS = 1_000
"""Resampled tables."""

PIECE = 50
"""Of them are drawn and counted at a time: all at once would take 170 MB."""

EXACT_ROWS = 5_000
"""Up to so many rows are drawn with replacement; of more, as many blocks of rows put together at
random: a score's scatter is the same, and the draws stay as few."""

ROUNDING = 1e-9
"""Differences smaller than this share of the scores come from rounding, and are 0."""


@dataclass(frozen=True)
class Measure:
    """A score with its 95 % interval; `lower_is_better` says which way is good."""

    value: float
    low: float
    high: float
    lower_is_better: bool = False


@dataclass(frozen=True, eq=False)
class Drawn:
    """A score, and what it was on resampled tables.

    Attributes:
        value: on the table itself. draws: on the resampled ones, (DRAWS,).
        lower_is_better: which way is good.
    """

    value: float
    draws: Any
    lower_is_better: bool = False

    def measure(self) -> Measure:
        """The score with the interval that holds 95 % of the draws."""
        low, high = (float(end) for end in np.quantile(self.draws, [0.025, 0.975]))
        ends = min(low, self.value), max(high, self.value)
        return Measure(self.value, *ends, self.lower_is_better)

    def minus(self, other: Drawn) -> Drawn:
        """The difference to another score of the same rows, drawn in pairs."""
        value, draws = self.value - other.value, self.draws - other.draws
        least = ROUNDING * max(abs(self.value), abs(other.value))
        draws = np.where(np.abs(draws) <= least, 0.0, draws)
        return Drawn(value if abs(value) > least else 0.0, draws, self.lower_is_better)

    def share_saved(self, other: Drawn) -> Drawn:
        """How much smaller this error is, as a share of another one's; 0 where that is 0."""
        saved = other.minus(self)
        there = np.where(other.draws != 0, other.draws, np.inf)
        value = saved.value / other.value if other.value else 0.0
        return Drawn(value, saved.draws / there)

    def valued(self, value: float) -> Drawn:
        """The same scatter about another value."""
        return replace(self, value=value, draws=self.draws + (value - self.value))


def mean_drawn(drawn: Sequence[Drawn]) -> Drawn:
    """The mean of several scores of the same rows."""
    return Drawn(
        float(np.mean([one.value for one in drawn])),
        np.mean([one.draws for one in drawn], axis=0),
        drawn[0].lower_is_better,
    )


def draw_scores(
    contribute: Callable[[Any], Any],
    rows: int,
    scores: Mapping[str, Callable[[Any], Any]],
    lower: set[str],
) -> dict[str, Drawn]:
    """Scores of the means over all rows, and of resampled means.

    Args:
        contribute: from numbers of rows to what these contribute, (rows, columns).
        rows: how many there are.
        scores: by name, from means (tables, columns) to scores (tables,).
        lower: the names of those of which less is better.
    """
    blocks = _block_sums(contribute, rows)
    means = blocks.sum(axis=0)[None] / rows
    drawn = (
        np.concatenate([part.astype("float64") @ blocks for part in _counts(len(blocks))]) / rows
    )
    return {
        name: Drawn(float(score(means)[0]), score(drawn), name in lower)
        for name, score in scores.items()
    }


def _block_sums(contribute: Callable[[Any], Any], rows: int) -> Any:
    """What blocks of rows contribute, (blocks, columns): single rows where these are few."""
    if rows <= EXACT_ROWS:
        return np.asarray(contribute(np.arange(rows)), "float64")
    order = permutation_table(key_from_seed(0), range(1), rows)[0]
    sums: Any = 0.0
    for start in range(0, rows, EXACT_ROWS):
        chosen = order[start : start + EXACT_ROWS]
        part = np.asarray(contribute(chosen), "float64")
        if len(part) < EXACT_ROWS:
            part = np.concatenate([part, np.zeros((EXACT_ROWS - len(part), part.shape[1]))])
        sums = sums + part
    return sums


@lru_cache(maxsize=1)
def _counts(blocks: int) -> list[Any]:
    """How often every block is drawn in every resampled table: pieces of (PIECE, blocks)."""
    return [_piece(blocks, number) for number in range(DRAWS // PIECE)]


def _piece(blocks: int, number: int) -> Any:
    key = fold_in(key_from_seed(0), number)
    drawn = random_uniform(key, shape=(PIECE, blocks), dtype="float64") * blocks
    flat = drawn.astype("int64") + blocks * np.arange(PIECE)[:, None]
    counts = np.bincount(flat.reshape(-1), minlength=PIECE * blocks)
    return counts.reshape(PIECE, blocks).astype("int16")
