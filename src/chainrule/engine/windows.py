"""Sliding windows over (batch, …, channels): counted, padded, cut out and laid side by side.

Written once against the facade: NumPy's convolution and both engines' weight gradients are
products of matrices whose rows are the windows ("columns", Chellapilla, Puri, Simard 2006).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.engine.blocks import chunk_of, swept
from chainrule.engine.namespace import Array

FUSED = 36
"""Products, number by number, whose sum a compiler computes faster in one loop than as a product
of matrices, which are that thin."""

Sizes = Sequence[int]
Widths = Sequence[tuple[int, int]]


def window_counts(sizes: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> tuple[int, ...]:
    """How many windows fit along every axis of a padded input: 0 where none does."""
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    return tuple(max(0, (n - r) // s + 1) for n, r, s in zip(sizes, reach, stride, strict=True))


def padded(xp: Any, x: Array, widths: Widths, value: float = 0.0) -> Array:
    """x with so much of a value before and after each axis of the windows; negative cuts off."""
    if not any(itertools.chain.from_iterable(widths)):
        return x
    if min(itertools.chain.from_iterable(widths)) < 0:
        return _cut(xp, x, widths, value)
    return xp.pad(x, ((0, 0), *widths, (0, 0)), constant_values=value)


def _cut(xp: Any, x: Array, widths: Widths, value: float) -> Array:
    kept, grown = [], []
    for n, (low, high) in zip(x.shape[1:-1], widths, strict=True):
        first, last = max(0, -low), n - max(0, -high)
        inside = first < last  # else all of x is cut off, and some of what stands beside it
        kept.append(slice(first, last) if inside else slice(0))
        grown.append((max(0, low), max(0, high)) if inside else (n + low + high, 0))
    return xp.pad(x[(slice(None), *kept)], ((0, 0), *grown, (0, 0)), constant_values=value)


def taps(
    x: Array, kernel: Sizes, stride: Sizes, dilation: Sizes, counts: Sizes
) -> Iterator[tuple[tuple[int, ...], Array]]:
    """For every place in the window: the place, and x as the windows see it there."""
    for place in itertools.product(*[range(k) for k in kernel]):
        cut = []
        for p, s, d, n in zip(place, stride, dilation, counts, strict=True):
            cut.append(slice(p * d, p * d + s * (n - 1) + 1, s))
        yield place, x[(slice(None), *cut)]


def columns(
    xp: Any, x: Array, kernel: Sizes, stride: Sizes, dilation: Sizes, groups: int = 1
) -> Array:
    """All windows of a padded x as rows: (groups, batch · windows, kernel · channels / groups)."""
    counts = window_counts(x.shape[1:-1], kernel, stride, dilation)
    channels = x.shape[-1]
    seen = [part for _, part in taps(x, kernel, stride, dilation, counts)]
    rows = x.shape[0] * math.prod(counts)
    if groups == 1:
        together = seen[0] if len(seen) == 1 else xp.concatenate(seen, axis=-1)
        return xp.reshape(together, (1, rows, len(seen) * channels))
    stacked = xp.reshape(xp.stack(seen, axis=-2), (rows, len(seen), groups, channels // groups))
    own = xp.transpose(stacked, (2, 0, 1, 3))
    return xp.reshape(own, (groups, rows, len(seen) * (channels // groups)))


def columns_below(xp: Any, x: Array, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """All windows of a padded x as columns: (kernel · channels, batch · windows).

    Place after place of the window, so that one loop serves all and x alone is transposed: the
    faster way where channels are few.
    """
    counts = window_counts(x.shape[1:-1], kernel, stride, dilation)
    reach = [s * (n - 1) + 1 for s, n in zip(stride, counts, strict=True)]
    sizes = (x.shape[-1], x.shape[0], *reach)
    first = xp.alone(xp.transpose(x, (x.ndim - 1, *range(x.ndim - 1))))
    places = np.array(list(itertools.product(*[range(k) for k in kernel]))) * np.array(dilation)
    steps = tuple([slice(None, None, s) for s in stride])

    def at_place(carry: Any, at: Any) -> Any:
        starts = (0, 0, *[at[0][axis] for axis in range(len(kernel))])
        return carry, (xp.part_at(first, starts, sizes)[(slice(None), slice(None), *steps)],)

    _, (found,) = xp.scan(at_place, (), (xp.asarray(places, dtype="uint32"),), len(places), False)
    return xp.reshape(found, (len(places) * x.shape[-1], -1))


def convolve_padded(
    xp: Any, x: Array, weight: Array, stride: Sizes, dilation: Sizes, groups: int
) -> Array:
    """The convolution of a padded x the faster way: place by place, or by columns.

    The bits are the same on any number of threads.
    """
    if thin(xp, weight, groups) or depthwise(x, weight, groups):
        steps = {"stride": tuple(stride), "dilation": tuple(dilation)}
        return xp.apart(convolve_by_places, x, weight, **steps)
    return convolve_by_columns(xp, x, weight, stride, dilation, groups)


def thin(xp: Any, weight: Array, groups: int) -> bool:
    """Whether a compiler makes one loop of a convolution sooner than a product of matrices."""
    places, products = math.prod(weight.shape[:-2]), math.prod(weight.shape[:-1])
    return bool(xp.name == "xla" and groups == 1 < places and products <= FUSED)


def depthwise(x: Array, weight: Array, groups: int) -> bool:
    """Whether every channel of x has filters of its own."""
    return bool(groups == x.shape[-1] > weight.shape[-2] == 1)


def convolve_by_places(xp: Any, x: Array, weight: Array, stride: Sizes, dilation: Sizes) -> Array:
    """A convolution as a sum of x, shifted to each place of the window, times the weights there.

    Of weights with one channel every channel of x has filters of its own.
    """
    *kernel, inner, filters = weight.shape
    counts = window_counts(x.shape[1:-1], kernel, stride, dilation)
    if inner < x.shape[-1]:
        x = for_filters(xp, x, filters)
    total = None
    for place, part in taps(x, kernel, stride, dilation, counts):
        for channel in range(inner):
            seen = part[..., channel : channel + 1] if x.shape[-1] == inner else part
            product = seen * weight[(*place, channel)]
            total = product if total is None else total + product
    return total


def for_filters(xp: Any, x: Array, filters: int) -> Array:
    """Every channel of x once for each of its filters: (batch, …, filters)."""
    if filters == x.shape[-1]:
        return x
    each = xp.broadcast_to(xp.expand_dims(x, -1), (*x.shape, filters // x.shape[-1]))
    return xp.reshape(each, (*x.shape[:-1], filters))


def convolve_by_columns(
    xp: Any, x: Array, weight: Array, stride: Sizes, dilation: Sizes, groups: int
) -> Array:
    """A convolution as a product of the columns of a padded x and the weights, chunk by chunk."""
    kernel, (inner, outer) = weight.shape[:-2], weight.shape[-2:]
    counts = window_counts(x.shape[1:-1], kernel, stride, dilation)
    split = xp.reshape(weight, (math.prod(kernel) * inner, groups, outer // groups))

    def some(carry: Any, arrays: Any) -> Any:
        rows = columns(xp, arrays[0], kernel, stride, dilation, groups)
        if groups == 1:
            out = xp.matmul(rows[0], split[:, 0])
        else:
            out = xp.transpose(xp.matmul(rows, xp.transpose(split, (1, 0, 2))), (1, 0, 2))
        return carry, (xp.reshape(out, (-1, *counts, outer)),)

    numbers = math.prod(counts) * (math.prod(kernel) * x.shape[-1] + outer)
    return swept(xp, some, (), (x,), chunk_of(x.shape[0], numbers))[1][0]


def interleaved(xp: Any, pieces: list[Array], steps: Sizes) -> Array:
    """Pieces (batch, …, channels), one for every place of a tile, with its numbers in their places.

    Args:
        pieces: in the order of the places, the last axis fastest. steps: sizes of a tile.
    """
    for axis in range(len(steps), 0, -1):
        width = steps[axis - 1]
        pieces = [
            merged(xp, xp.stack(pieces[i : i + width], axis=axis + 1), axis)
            for i in range(0, len(pieces), width)
        ]
    return pieces[0]


def merged(xp: Any, x: Array, axis: int) -> Array:
    """Two neighboring axes as one."""
    return xp.reshape(x, (*x.shape[:axis], x.shape[axis] * x.shape[axis + 1], *x.shape[axis + 2 :]))
