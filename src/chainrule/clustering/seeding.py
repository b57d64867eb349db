"""First centers: greedy k-means++ (Arthur and Vassilvitskii 2007), the best of a few candidates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.clustering.blocks import Runner, row_blocks
from chainrule.clustering.compiled import loops


def seed_centers(rows: Any, weights: Any, clusters: int, rng: Any, run: Runner) -> Any:
    """Centers drawn from the rows, each with a chance that grows with its squared distance.

    Of 2 + log(clusters) candidates the one is taken that leaves the least behind (as scikit-learn).
    """
    centers = np.empty((clusters, rows.shape[1]))
    nearer, trials = loops().bring_closer, 2 + int(math.log(clusters))
    closest = np.full(len(rows), np.inf)
    totals: list[float] = []
    for place in range(clusters):
        if place:
            candidates = _draw(weights * closest, np.array(totals), rng.random(trials))
            chosen = candidates[_best(rows, weights, candidates, closest, run)]
        else:
            (chosen,) = _draw(weights, _block_sums(weights), rng.random(1))
        centers[place] = rows[chosen]

        def bring(_: int, start: int, stop: int, at: int = place) -> Any:
            return nearer(rows, weights, centers[at : at + 1], closest, start, stop)

        totals = run(bring, len(rows))
    return centers


def random_rows(rows: Any, weights: Any, clusters: int, rng: Any) -> Any:
    """Different rows as centers, each with a chance that grows with its weight."""
    keys = np.log(1.0 - rng.random(len(rows))) / np.where(weights > 0, weights, 1e-300)
    return np.asarray(rows[np.argsort(-keys, kind="stable")[:clusters]], "float64")


def _block_sums(values: Any) -> Any:
    return np.array([values[start:stop].sum() for start, stop in row_blocks(len(values))])


def _draw(values: Any, sums: Any, chances: Any) -> Any:
    """Row numbers with chances in proportion to their values; `sums` are those of the blocks."""
    ends, blocks = np.cumsum(sums), row_blocks(len(values))
    found = []
    for wanted in chances * ends[-1]:
        block = min(int(np.searchsorted(ends, wanted, side="right")), len(blocks) - 1)
        start, stop = blocks[block]
        inner = np.cumsum(values[start:stop])
        rest = wanted - (ends[block - 1] if block else 0.0)
        place = min(int(np.searchsorted(inner, rest, side="right")), stop - start - 1)
        found.append(start + place)
    return np.array(found)


def _best(rows: Any, weights: Any, candidates: Any, closest: Any, run: Runner) -> int:
    """Which candidate leaves the least."""
    others = np.asarray(rows[candidates], "float64")
    pots = np.empty((len(row_blocks(len(rows))), len(candidates)))
    measure = loops().left_by
    run(
        lambda b, start, stop: measure(rows, weights, others, closest, start, stop, pots[b]),
        len(rows),
    )
    return int(np.argmin(pots.sum(axis=0)))
