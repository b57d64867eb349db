"""The loops of hierarchical clustering, compiled by Numba: memory grows with the rows, not squared.

Ward walks along nearest neighbors (Murtagh 1983) with one center a cluster; single linkage grows a
spanning tree (Prim 1957). Clusters lie in tiles, (tiles, features, LEAF), and one pass measures a
whole tile. Both stop after a budget of steps, so that Ctrl-C is heard.
"""

from __future__ import annotations

import math

import numpy as np

from chainrule.clustering.loops import compiled
from chainrule.clustering.near_loops import (
    LEAF,
    box_of_tile,
    gaps_to_boxes,
    measure_tile,
    smallest_of,
)

NO_SLOT = -1

HOLE = 1e30
"""The size of a slot that holds no cluster."""


@compiled
def _union_costs(sizes, base, own, out):  # type: ignore[no-untyped-def]
    """From squared distances of a tile to twice what a union would add to the squares."""
    for r in range(LEAF):
        out[r] = out[r] * (2.0 * own * sizes[base + r] / (own + sizes[base + r]))


@compiled
def _nearest_slot(  # type: ignore[no-untyped-def]
    slots, sizes, low, high, least, mine, before, x, out, bounds
):
    """The slot whose union with `mine` adds the least to the squares, and twice what it adds.

    Args:
        low, high, least: box around the centers of every tile, and its smallest size; a tile is
            passed over where they show that nothing in it is nearer.
        before: wins among equals; NO_SLOT: the first that was looked at does.
    """
    home, own = mine // LEAF, sizes[mine]
    for f in range(slots.shape[1]):
        x[f] = slots[home, f, mine % LEAF]
    best, place = np.inf, before
    if before != NO_SLOT:
        measure_tile(slots, before // LEAF, x, out)
        _union_costs(sizes, before // LEAF * LEAF, own, out)
        best = out[before % LEAF]
    gaps_to_boxes(low, high, x, bounds)
    for t in range(slots.shape[0]):
        bounds[t] = bounds[t] * (2.0 * own * least[t] / (own + least[t]))
    bounds[home] = 0.0
    for step in range(slots.shape[0] + 1):
        t = home if step == 0 else step - 1
        if bounds[t] > best or (step > 0 and t == home):
            continue
        measure_tile(slots, t, x, out)
        if t == home:
            out[mine % LEAF] = np.inf
        _union_costs(sizes, t * LEAF, own, out)
        found = smallest_of(out)
        if found < best:
            best = found
            r = 0
            while out[r] != found:
                r += 1
            place = t * LEAF + r
    return place, best


@compiled
def _refresh_tile(slots, sizes, low, high, least, t):  # type: ignore[no-untyped-def]
    """The box and the smallest size of a tile, after one of its clusters changed."""
    box_of_tile(slots, t, low, high)
    least[t] = smallest_of(sizes[t * LEAF : (t + 1) * LEAF])


@compiled
def ward_chain(  # type: ignore[no-untyped-def]
    slots, sizes, low, high, least, member, chain, merges, heights, state, enough, budget
):
    """Go on along the chain of nearest neighbors until `enough` are left or the budget is spent.

    Args:
        slots: centers, (tiles, features, LEAF). sizes: rows in each slot; HOLE where there is none.
        low, high, least: as `_nearest_slot` takes them.
        member: a row of each cluster. chain: slots.
        merges: (rows - 1, 2), filled with a row of either side. heights: filled beside it.
        state: how many clusters are left, how long the chain is, how many merges were made, a slot
            before which there are only holes.
    """
    x, out, bounds = np.empty(slots.shape[1]), np.empty(LEAF), np.empty(slots.shape[0])
    count, length, made, begin = state[0], state[1], state[2], state[3]
    while count > enough and budget > 0:
        budget -= 1
        if length == 0:
            while sizes[begin] == HOLE:
                begin += 1
            chain[0] = begin
            length = 1
        tip = chain[length - 1]
        before = chain[length - 2] if length > 1 else NO_SLOT
        found, height = _nearest_slot(slots, sizes, low, high, least, tip, before, x, out, bounds)
        if found != before:
            chain[length] = found
            length += 1
            continue
        length -= 2
        keep, drop = min(tip, before), max(tip, before)
        merges[made, 0], merges[made, 1] = member[keep], member[drop]
        heights[made] = math.sqrt(height)
        made += 1
        total = sizes[keep] + sizes[drop]
        share = sizes[drop] / total
        to, of = keep // LEAF, drop // LEAF
        for f in range(slots.shape[1]):
            gap = slots[of, f, drop % LEAF] - slots[to, f, keep % LEAF]
            slots[to, f, keep % LEAF] += share * gap
            slots[of, f, drop % LEAF] = np.inf
        sizes[keep], sizes[drop] = total, HOLE
        _refresh_tile(slots, sizes, low, high, least, to)
        _refresh_tile(slots, sizes, low, high, least, of)
        count -= 1
    state[0], state[1], state[2], state[3] = count, length, made, begin


@compiled
def grow_tree(slots, member, nearest, reached, merges, heights, state, budget):  # type: ignore[no-untyped-def]
    """Go on with the spanning tree: every step takes the row nearest to it.

    Args:
        slots: the rows outside of the tree, (tiles, features, LEAF); the last slot is for the row
            that was taken last. member: which they are. nearest: squared distance of
            each to the tree. reached: the row of the tree it is nearest to.
        state: how many slots are left, the row that was taken last, how many edges were made.
    """
    features = slots.shape[1]
    x, out = np.empty(features), np.empty(LEAF)
    count, newest, made = state[0], state[1], state[2]
    end = slots.shape[0] - 1
    while count > 0 and budget > 0:
        budget -= 1
        for f in range(features):
            x[f] = slots[end, f, LEAF - 1]
        best, place = np.inf, 0
        for base in range(0, count, LEAF):
            measure_tile(slots, base // LEAF, x, out)
            for r in range(LEAF):
                nearer = out[r] < nearest[base + r]
                nearest[base + r] = out[r] if nearer else nearest[base + r]
                reached[base + r] = newest if nearer else reached[base + r]
            found = smallest_of(nearest[base : base + LEAF])
            if found < best:
                best = found
                r = 0
                while nearest[base + r] != found:
                    r += 1
                place = base + r
        merges[made, 0] = reached[place]
        merges[made, 1] = member[place]
        heights[made] = math.sqrt(nearest[place])
        made += 1
        newest = member[place]
        last = count - 1
        to, of = place // LEAF, last // LEAF
        for f in range(features):
            slots[end, f, LEAF - 1] = slots[to, f, place % LEAF]
            slots[to, f, place % LEAF] = slots[of, f, last % LEAF]
            slots[of, f, last % LEAF] = np.inf
        nearest[place] = nearest[last]
        reached[place] = reached[last]
        member[place] = member[last]
        nearest[last] = np.inf
        count = last
    state[0], state[1], state[2] = count, newest, made


@compiled
def _root(parent, i):  # type: ignore[no-untyped-def]
    top = i
    while parent[top] != top:
        top = parent[top]
    while parent[i] != top:
        parent[i], i = top, parent[i]
    return top


@compiled
def name_merges(merges, heights, out):  # type: ignore[no-untyped-def]
    """SciPy's linkage matrix from merges in the order of their heights, each named by two rows."""
    rows = len(merges) + 1
    parent, size = np.arange(2 * rows - 1), np.ones(2 * rows - 1)
    for i in range(rows - 1):
        a, b = _root(parent, merges[i, 0]), _root(parent, merges[i, 1])
        new = rows + i
        parent[a] = new
        parent[b] = new
        size[new] = size[a] + size[b]
        out[i, 0], out[i, 1] = min(a, b), max(a, b)
        out[i, 2], out[i, 3] = heights[i], size[new]
