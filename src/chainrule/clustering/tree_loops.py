"""The loops of hierarchical clustering, compiled by Numba: memory grows with the rows, not squared.

Ward walks along nearest neighbors (Murtagh 1983) with one center a cluster; single linkage grows a
spanning tree (Prim 1957). Clusters that are left lie side by side, (features, slots), so that one
pass measures a whole tile of them. Both stop after a budget of steps, so that Ctrl-C is heard.
"""

from __future__ import annotations

import math

import numpy as np

from chainrule.clustering.loops import TILE, compiled

NO_SLOT = -1


@compiled
def _measure_slots(slots, base, x, out):  # type: ignore[no-untyped-def]
    """Squared distances of a point to a tile of slots that begins at `base`."""
    features = slots.shape[0]
    whole = features // 4 * 4
    for r in range(TILE):
        out[r] = 0.0
    for f in range(0, whole, 4):
        x0, x1, x2, x3 = x[f], x[f + 1], x[f + 2], x[f + 3]
        for r in range(TILE):
            g0, g1 = slots[f, base + r] - x0, slots[f + 1, base + r] - x1
            g2, g3 = slots[f + 2, base + r] - x2, slots[f + 3, base + r] - x3
            out[r] += g0 * g0 + g1 * g1 + g2 * g2 + g3 * g3
    for f in range(whole, features):
        x0 = x[f]
        for r in range(TILE):
            g0 = slots[f, base + r] - x0
            out[r] += g0 * g0


@compiled
def _smallest_of(values):  # type: ignore[no-untyped-def]
    best = values[0]
    for r in range(1, TILE):
        best = min(best, values[r])
    return best


@compiled
def _nearest_slot(slots, sizes, least, count, mine, before, x, out):  # type: ignore[no-untyped-def]
    """The slot whose union with `mine` adds the least to the squares, and twice what it adds.

    Args:
        least: the smallest size in every tile. before: wins among equals; NO_SLOT: the first does.
    """
    for f in range(slots.shape[0]):
        x[f] = slots[f, mine]
    own = sizes[mine]
    best, place = np.inf, before
    if before != NO_SLOT:
        _measure_slots(slots, before // TILE * TILE, x, out)
        other = sizes[before]
        best = out[before % TILE] * (2.0 * own * other / (own + other))
    for base in range(0, count, TILE):
        _measure_slots(slots, base, x, out)
        if base <= mine < base + TILE:
            out[mine - base] = np.inf
        smallest = least[base // TILE]
        if _smallest_of(out) * (2.0 * own * smallest / (own + smallest)) > best:
            continue
        for r in range(TILE):
            out[r] = out[r] * (2.0 * own * sizes[base + r] / (own + sizes[base + r]))
        found = _smallest_of(out)
        if found < best:
            best = found
            r = 0
            while out[r] != found:
                r += 1
            place = base + r
    return place, best


@compiled
def _least_of_tile(sizes, least, slot):  # type: ignore[no-untyped-def]
    base = slot // TILE * TILE
    smallest = sizes[base]
    for r in range(1, TILE):
        smallest = min(smallest, sizes[base + r])
    least[slot // TILE] = smallest


@compiled
def ward_chain(  # type: ignore[no-untyped-def]
    slots, sizes, least, member, chain, in_chain, merges, heights, state, budget
):
    """Go on along the chain of nearest neighbors until nothing is left or the budget is spent.

    Args:
        slots: centers, (features, padded slots). sizes: rows in each; 1 where there is none.
        member: a row of each cluster. chain: slots. in_chain: place of a slot in it, or NO_SLOT.
        merges: (rows - 1, 2), filled with a row of either side. heights: filled beside it.
        state: how many slots are left, how long the chain is, how many merges were made.
    """
    x, out = np.empty(slots.shape[0]), np.empty(TILE)
    count, length, made = state[0], state[1], state[2]
    while count > 1 and budget > 0:
        budget -= 1
        if length == 0:
            chain[0] = 0
            in_chain[0] = 0
            length = 1
        tip = chain[length - 1]
        before = chain[length - 2] if length > 1 else NO_SLOT
        found, height = _nearest_slot(slots, sizes, least, count, tip, before, x, out)
        if found != before:
            chain[length] = found
            in_chain[found] = length
            length += 1
            continue
        length -= 2
        in_chain[tip] = NO_SLOT
        in_chain[before] = NO_SLOT
        keep, drop = min(tip, before), max(tip, before)
        merges[made, 0] = member[keep]
        merges[made, 1] = member[drop]
        heights[made] = math.sqrt(height)
        made += 1
        total = sizes[keep] + sizes[drop]
        share = sizes[drop] / total
        for f in range(slots.shape[0]):
            slots[f, keep] += share * (slots[f, drop] - slots[f, keep])
        sizes[keep] = total
        last = count - 1
        if drop != last:
            for f in range(slots.shape[0]):
                slots[f, drop] = slots[f, last]
            sizes[drop] = sizes[last]
            member[drop] = member[last]
            in_chain[drop] = in_chain[last]
            if in_chain[last] != NO_SLOT:
                chain[in_chain[last]] = drop
        for f in range(slots.shape[0]):
            slots[f, last] = np.inf
        sizes[last] = 1.0
        in_chain[last] = NO_SLOT
        _least_of_tile(sizes, least, keep)
        _least_of_tile(sizes, least, drop)
        _least_of_tile(sizes, least, last)
        count = last
    state[0], state[1], state[2] = count, length, made


@compiled
def grow_tree(slots, member, nearest, reached, merges, heights, state, budget):  # type: ignore[no-untyped-def]
    """Go on with the spanning tree: every step takes the row nearest to it.

    Args:
        slots: the rows outside of the tree. member: which they are. nearest: squared distance of
            each to the tree. reached: the row of the tree it is nearest to.
        state: how many slots are left, the row that was taken last, how many edges were made.
    """
    x, out = np.empty(slots.shape[0]), np.empty(TILE)
    count, newest, made = state[0], state[1], state[2]
    taken = slots.shape[1] - 1
    while count > 0 and budget > 0:
        budget -= 1
        for f in range(slots.shape[0]):
            x[f] = slots[f, taken]
        best, place = np.inf, 0
        for base in range(0, count, TILE):
            _measure_slots(slots, base, x, out)
            for r in range(TILE):
                nearer = out[r] < nearest[base + r]
                nearest[base + r] = out[r] if nearer else nearest[base + r]
                reached[base + r] = newest if nearer else reached[base + r]
            found = _smallest_of(nearest[base : base + TILE])
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
        for f in range(slots.shape[0]):
            slots[f, taken] = slots[f, place]
            slots[f, place] = slots[f, last]
            slots[f, last] = np.inf
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


@compiled
def nearest_rows(  # type: ignore[no-untyped-def]
    queries, rows, order, centers, ends, radii, reach, found, start, stop
):
    """The nearest row of every query of a block; of equally near ones the first.

    Args:
        rows: sorted by group, and within one from far to near its center. order: their numbers.
        centers: of the groups. ends: where each begins, and the end. radii: a row's distance to its
            center. reach: the largest of a group.
    """
    features, groups = rows.shape[1], centers.shape[0]
    tile, out = np.zeros((features, TILE)), np.empty(TILE)
    gaps = np.empty((groups, TILE))
    for first in range(start, stop, TILE):
        count = min(TILE, stop - first)
        for r in range(count):
            for f in range(features):
                tile[f, r] = queries[first + r, f]
        for g in range(groups):
            for r in range(TILE):
                out[r] = 0.0
            for f in range(features):
                c = centers[g, f]
                for r in range(TILE):
                    gap = tile[f, r] - c
                    out[r] += gap * gap
            for r in range(TILE):
                gaps[g, r] = math.sqrt(out[r])
        for r in range(count):
            nearest = 0
            for g in range(1, groups):
                if gaps[g, r] < gaps[nearest, r]:
                    nearest = g
            best, place = np.inf, order[0]
            for step in range(groups + 1):
                g = nearest if step == 0 else step - 1
                far = math.sqrt(best) * (1.0 + 1e-9) + 1e-300
                if (step > 0 and g == nearest) or gaps[g, r] - reach[g] > far:
                    continue
                for m in range(ends[g], ends[g + 1]):
                    if radii[m] < gaps[g, r] - far:
                        break
                    if radii[m] > gaps[g, r] + far:
                        continue
                    square = 0.0
                    for f in range(features):
                        gap = rows[m, f] - queries[first + r, f]
                        square += gap * gap
                    if square < best or (square == best and order[m] < place):
                        best = square
                        place = order[m]
                        far = math.sqrt(best) * (1.0 + 1e-9) + 1e-300
            found[first + r] = place
