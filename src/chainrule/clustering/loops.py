"""The loops of k-means, compiled by Numba; each works on one block of rows and releases the lock.

Rows are turned into tiles, (features, TILE), so that a processor's vectors hold one feature of
several rows; a row's distances are then the same numbers wherever it stands. Distances are sums of
squared differences, never expanded into products, so that they are right where rows lie close
together. Nothing here depends on how many threads there are.
"""

from __future__ import annotations

import math

import numba
import numpy as np

TILE = 64
"""Rows that are measured together; a multiple of every vector length, and constant for speed."""

SAFETY = 1.0 - 1e-9
"""A bound decides only where it is this much clear, so that rounding decides nothing."""

compiled = numba.njit(
    nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "nsz", "reassoc", "contract"}
)


@compiled
def fill(rows, first, count, tile):  # type: ignore[no-untyped-def]
    """Turn so many rows from the first on into a tile."""
    for r in range(count):
        for f in range(tile.shape[0]):
            tile[f, r] = rows[first + r, f]


@compiled
def _measure(tile, centers, j, out):  # type: ignore[no-untyped-def]
    """Squared distances of the rows of a tile to center j; four features in one pass over `out`."""
    features = tile.shape[0]
    whole = features // 4 * 4
    for r in range(TILE):
        out[r] = 0.0
    for f in range(0, whole, 4):
        c0, c1 = centers[j, f], centers[j, f + 1]
        c2, c3 = centers[j, f + 2], centers[j, f + 3]
        for r in range(TILE):
            g0, g1 = tile[f, r] - c0, tile[f + 1, r] - c1
            g2, g3 = tile[f + 2, r] - c2, tile[f + 3, r] - c3
            out[r] += g0 * g0 + g1 * g1 + g2 * g2 + g3 * g3
    for f in range(whole, features):
        c0 = centers[j, f]
        for r in range(TILE):
            g0 = tile[f, r] - c0
            out[r] += g0 * g0


@compiled
def nearest_two(tile, centers, out, best, second, place):  # type: ignore[no-untyped-def]
    """The nearest center of every row of a tile (the first of equal ones), and both distances."""
    best[:] = np.inf
    second[:] = np.inf
    for j in range(centers.shape[0]):
        _measure(tile, centers, j, out)
        for r in range(TILE):
            square = out[r]
            place[r] = j if square < best[r] else place[r]
            second[r] = min(second[r], max(square, best[r]))
            best[r] = min(square, best[r])


@compiled
def assign(rows, centers, labels, squared, start, stop):  # type: ignore[no-untyped-def]
    """The nearest center of the rows of a block and the squared distance to it."""
    tile, out = np.zeros((rows.shape[1], TILE)), np.empty(TILE)
    best, second, place = np.empty(TILE), np.empty(TILE), np.zeros(TILE, np.int32)
    for first in range(start, stop, TILE):
        count = min(TILE, stop - first)
        fill(rows, first, count, tile)
        nearest_two(tile, centers, out, best, second, place)
        for r in range(count):
            labels[first + r] = place[r]
            squared[first + r] = best[r]


@compiled
def assign_and_bound(  # type: ignore[no-untyped-def]
    rows, weights, centers, labels, upper, lower, start, stop, sums, mass
):
    """The same with bounds, and the weighted sums of rows by center."""
    tile, out = np.zeros((rows.shape[1], TILE)), np.empty(TILE)
    best, second, place = np.empty(TILE), np.empty(TILE), np.zeros(TILE, np.int32)
    sums[:] = 0.0
    mass[:] = 0.0
    for first in range(start, stop, TILE):
        count = min(TILE, stop - first)
        fill(rows, first, count, tile)
        nearest_two(tile, centers, out, best, second, place)
        for r in range(count):
            i, mine = first + r, place[r]
            labels[i] = mine
            upper[i] = math.sqrt(best[r])
            lower[i] = math.sqrt(second[r])
            mass[mine] += weights[i]
            for f in range(rows.shape[1]):
                sums[mine, f] += weights[i] * rows[i, f]


@compiled
def add_deviations(rows, middle, start, stop, sums, squares):  # type: ignore[no-untyped-def]
    """By feature, the sums of a block's deviations from `middle` and of their squares."""
    sums[:] = 0.0
    squares[:] = 0.0
    for i in range(start, stop):
        for f in range(rows.shape[1]):
            gap = rows[i, f] - middle[f]
            sums[f] += gap
            squares[f] += gap * gap


@compiled
def left_by(rows, weights, candidates, closest, start, stop, pots):  # type: ignore[no-untyped-def]
    """What is left of the weighted squared distances in a block if a candidate became a center.

    Args:
        closest: squared distances to the centers so far. pots: filled, one number a candidate.
    """
    tile, out = np.zeros((rows.shape[1], TILE)), np.empty(TILE)
    near, mass = np.zeros(TILE), np.zeros(TILE)
    pots[:] = 0.0
    for first in range(start, stop, TILE):
        count = min(TILE, stop - first)
        fill(rows, first, count, tile)
        mass[count:] = 0.0
        mass[:count] = weights[first : first + count]
        near[:count] = closest[first : first + count]
        for j in range(candidates.shape[0]):
            _measure(tile, candidates, j, out)
            total = 0.0
            for r in range(TILE):
                total += mass[r] * min(out[r], near[r])
            pots[j] += total


@compiled
def bring_closer(rows, weights, centers, closest, start, stop):  # type: ignore[no-untyped-def]
    """Squared distances to the nearest center with one more. Returns their sum in the block."""
    tile, out = np.zeros((rows.shape[1], TILE)), np.empty(TILE)
    total = 0.0
    for first in range(start, stop, TILE):
        count = min(TILE, stop - first)
        fill(rows, first, count, tile)
        _measure(tile, centers, 0, out)
        for r in range(count):
            closest[first + r] = min(closest[first + r], out[r])
            total += weights[first + r] * closest[first + r]
    return total
