"""Hamerly's bounds, compiled by Numba: which rows have to be measured again, and their new centers.

Whether a tile is measured whole or row by row follows from its bounds alone, never from threads.

Source: Hamerly, Making k-means even faster (2010).
"""

from __future__ import annotations

import math

import numpy as np

from chainrule.clustering.loops import SAFETY, TILE, compiled, fill, nearest_two

GATHERING = 40
"""To gather a doubtful row costs about as much as to measure it to so many more centers."""


@compiled
def _move(i, new, rows, weights, labels, sums, mass):  # type: ignore[no-untyped-def]
    """Row i leaves its center for another one, and takes its share of the sums along."""
    old = labels[i]
    labels[i] = new
    mass[old] -= weights[i]
    mass[new] += weights[i]
    for f in range(rows.shape[1]):
        part = weights[i] * rows[i, f]
        sums[old, f] -= part
        sums[new, f] += part


@compiled
def _in_doubt(  # type: ignore[no-untyped-def]
    rows, centers, moved, farthest, most, next_most, half_gap,
    labels, upper, lower, start, stop, doubtful, whole,
):  # fmt: skip
    """Bring the bounds of a block up to date and list what has to be measured.

    Rows are listed without a branch, so that a processor fetches the next before it knows of one.
    A tile of which much is in doubt is listed whole: its rows stand in order and come fast.

    Returns:
        How many `doubtful` rows, and how many `whole` tiles (by their first rows) are listed.
    """
    total = tiles = 0
    for first in range(start, stop, TILE):
        before, end = total, min(first + TILE, stop)
        for i in range(first, end):
            mine = labels[i]
            upper[i] += moved[mine]
            lower[i] -= next_most if mine == farthest else most
            doubtful[total] = i
            total += upper[i] >= max(lower[i], half_gap[mine]) * SAFETY
        if (total - before) * (len(centers) + GATHERING) >= TILE * len(centers):
            whole[tiles] = first
            tiles += 1
            total = before
            continue
        listed, total = total, before
        for q in range(before, listed):
            i, square = doubtful[q], 0.0
            mine = labels[i]
            for f in range(rows.shape[1]):
                gap = rows[i, f] - centers[mine, f]
                square += gap * gap
            upper[i] = math.sqrt(square)
            doubtful[total] = i
            total += upper[i] >= max(lower[i], half_gap[mine]) * SAFETY
    return total, tiles


@compiled
def assign_where_needed(  # type: ignore[no-untyped-def]
    rows, weights, centers, moved, farthest, most, next_most, half_gap,
    labels, upper, lower, start, stop, sums, mass,
):  # fmt: skip
    """Hamerly (2010): only rows that the bounds leave in doubt are measured.

    Args:
        moved: how far every center moved. farthest: which one moved most. most, next_most: how far
            it and the next one did. half_gap: half the distance of every center to its nearest one.
        sums, mass: filled with the changes of the sums and weights by center.

    Returns:
        How many rows have another center than before.
    """
    tile, out = np.zeros((rows.shape[1], TILE)), np.empty(TILE)
    best, second, place = np.empty(TILE), np.empty(TILE), np.zeros(TILE, np.int32)
    doubtful, whole = (
        np.empty(stop - start, np.int64),
        np.empty((stop - start) // TILE + 1, np.int64),
    )
    standing = np.empty(TILE, np.int64)
    sums[:] = 0.0
    mass[:] = 0.0
    changed = 0
    total, tiles = _in_doubt(
        rows, centers, moved, farthest, most, next_most, half_gap,
        labels, upper, lower, start, stop, doubtful, whole,
    )  # fmt: skip
    for turn in range(tiles + (total + TILE - 1) // TILE):
        if turn < tiles:
            count = min(TILE, stop - whole[turn])
            fill(rows, whole[turn], count, tile)
            for r in range(count):
                standing[r] = whole[turn] + r
        else:
            first = (turn - tiles) * TILE
            count = min(TILE, total - first)
            for r in range(count):
                standing[r] = doubtful[first + r]
                for f in range(rows.shape[1]):
                    tile[f, r] = rows[standing[r], f]
        nearest_two(tile, centers, out, best, second, place)
        for r in range(TILE):
            best[r] = math.sqrt(best[r])
        for r in range(TILE):
            second[r] = math.sqrt(second[r])
        for r in range(count):
            i = standing[r]
            upper[i], lower[i] = best[r], second[r]
            if place[r] != labels[i]:
                changed += 1
                _move(i, place[r], rows, weights, labels, sums, mass)
    return changed


@compiled
def half_gaps(centers, gaps):  # type: ignore[no-untyped-def]
    """Half the distance of every center to the nearest other one; infinite for a single one."""
    gaps[:] = np.inf
    for i in range(centers.shape[0]):
        for j in range(i):
            square = 0.0
            for f in range(centers.shape[1]):
                gap = centers[i, f] - centers[j, f]
                square += gap * gap
            gaps[i] = min(gaps[i], square)
            gaps[j] = min(gaps[j], square)
    gaps[:] = np.sqrt(gaps) / 2
