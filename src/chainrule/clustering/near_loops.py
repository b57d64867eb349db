"""The loops that find what is nearest, compiled by Numba: rows in tiles, each with a box around it.

A tile holds rows that lie close together, (features, LEAF), so that one pass measures all of them;
a tile whose box is farther than what was found already is passed over (Bentley's k-d tree, 1975,
with leaves as wide as a processor's vectors like them).
"""

from __future__ import annotations

import numpy as np

from chainrule.clustering.loops import SAFETY, compiled

LEAF = 32
"""Rows in a tile: few enough for a small box, and a multiple of every vector length."""


@compiled
def measure_tile(tiles, t, x, out):  # type: ignore[no-untyped-def]
    """Squared distances of a point to the rows of tile t."""
    features = tiles.shape[1]
    whole = features // 4 * 4
    for r in range(LEAF):
        out[r] = 0.0
    for f in range(0, whole, 4):
        x0, x1, x2, x3 = x[f], x[f + 1], x[f + 2], x[f + 3]
        for r in range(LEAF):
            g0, g1 = tiles[t, f, r] - x0, tiles[t, f + 1, r] - x1
            g2, g3 = tiles[t, f + 2, r] - x2, tiles[t, f + 3, r] - x3
            out[r] += g0 * g0 + g1 * g1 + g2 * g2 + g3 * g3
    for f in range(whole, features):
        x0 = x[f]
        for r in range(LEAF):
            g0 = tiles[t, f, r] - x0
            out[r] += g0 * g0


@compiled
def smallest_of(values):  # type: ignore[no-untyped-def]
    """The smallest of LEAF values."""
    best = values[0]
    for r in range(1, LEAF):
        best = min(best, values[r])
    return best


@compiled
def box_of_tile(tiles, t, low, high):  # type: ignore[no-untyped-def]
    """The smallest and largest value of every feature in tile t, infinite rows left out."""
    for f in range(tiles.shape[1]):
        least, most = np.inf, -np.inf
        for r in range(LEAF):
            value = tiles[t, f, r]
            least = min(least, value)
            most = max(most, value if value < np.inf else -np.inf)
        low[f, t], high[f, t] = least, most


@compiled
def boxes_of_tiles(tiles, low, high):  # type: ignore[no-untyped-def]
    """The boxes of all tiles, (features, tiles)."""
    for t in range(tiles.shape[0]):
        box_of_tile(tiles, t, low, high)


@compiled
def gaps_to_boxes(low, high, x, out):  # type: ignore[no-untyped-def]
    """Squared distances of a point to all boxes, made smaller by more than rounding makes them."""
    out[:] = 0.0
    for f in range(low.shape[0]):
        value = x[f]
        for t in range(low.shape[1]):
            gap = max(max(low[f, t] - value, value - high[f, t]), 0.0)
            out[t] += gap * gap
    for t in range(low.shape[1]):
        out[t] *= SAFETY


@compiled
def nearest_rows(tiles, low, high, order, queries, found, start, stop):  # type: ignore[no-untyped-def]
    """The nearest row of every query of a block; of equally near ones the first.

    Args:
        tiles, low, high: rows and boxes. order: the numbers of the rows, tile by tile.
    """
    x, out, bounds = np.empty(tiles.shape[1]), np.empty(LEAF), np.empty(tiles.shape[0])
    for i in range(start, stop):
        for f in range(queries.shape[1]):
            x[f] = queries[i, f]
        gaps_to_boxes(low, high, x, bounds)
        first = np.argmin(bounds)
        best, place = np.inf, order[0]
        for step in range(tiles.shape[0] + 1):
            t = first if step == 0 else step - 1
            if bounds[t] > best or (step > 0 and t == first):
                continue
            measure_tile(tiles, t, x, out)
            smallest = smallest_of(out)
            if smallest > best:
                continue
            for r in range(LEAF):
                number = order[t * LEAF + r]
                if out[r] == smallest and (smallest < best or number < place):
                    best = smallest
                    place = number
        found[i] = place
