"""Convolution over one or two axes, and its transpose: three products, each chosen for its speed.

    out[n, i, o] = Σ over places k and channels c of  x[n, i·stride + k·dilation, c] · w[k, c, o]

Of the three products (forward, to the input, to the weights) two are convolutions themselves. All
are products of matrices, chunk by chunk of the batch, so that the windows written side by side stay
in the cache; or sums of shifted images where few numbers meet (`engine/windows.py`). Windows of 3×3
and some others with enough channels have a way of their own for all three (`ops/winograd.py`). What
was measured is in benchmarks/NOTES.md.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from typing import Any, TypeAlias

from chainrule.autodiff import primitive
from chainrule.engine import (
    Array,
    chunk_of,
    columns,
    columns_below,
    convolve_padded,
    depthwise,
    for_filters,
    interleaved,
    padded,
    swept,
    taps,
    thin,
)
from chainrule.ops import winograd

Sizes: TypeAlias = tuple[int, ...]
Widths: TypeAlias = tuple[tuple[int, int], ...]

FOLDED = 8
"""Rows of an image whose products are added up in one loop where a sum over all of them follows."""


@primitive(formula="Σ w·x over every window + b", derivative="w back to every window, Σ c·x, Σ c")
def convolve(
    xp: Any,
    x: Array,
    weight: Array,
    *bias: Array,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int = 1,
) -> Array:
    """The sum of weights times numbers in every window of x, plus the bias where there is one.

    Args:
        x: (batch, …, channels), with one or two axes between.
        weight: (…, channels / groups, filters). bias: (filters,).
        stride: steps between windows. dilation: steps between the places in a window.
        padding: zeros (before, after) each axis.
        groups: channels and filters fall into so many groups that do not see each other.
    """
    whole = (1,) * len(stride)
    out = _convolved(xp, x, weight, stride, padding, whole, dilation, groups)
    return out + bias[0] if bias else out


@convolve.rule
def _(
    xp: Any,
    cotangent: Array,
    out: Array,
    x: Array,
    weight: Array,
    *bias: Array,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int = 1,
) -> tuple[Any, ...]:
    window = stride, padding, dilation, groups
    return (
        lambda: _to_input(xp, cotangent, weight, x.shape[1:-1], *window),
        lambda: _to_weight(xp, x, cotangent, weight, *window),
        *[lambda: _to_bias(xp, cotangent) for _ in bias],
    )


@primitive(
    formula="every x spread by its window of w, summed, + b",
    derivative="Σ w·c over every window, Σ c·x, Σ c",
)
def transposed_convolve(
    xp: Any,
    x: Array,
    weight: Array,
    *bias: Array,
    size: Sizes,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int = 1,
) -> Array:
    """What `convolve` passes back to its input: every number spread over the window it came from.

    Args:
        x: (batch, …, channels). weight: (…, filters / groups, channels). bias: (filters,).
        size: sizes of the result's axes between batch and filters; `convolve` with the same
            settings makes the sizes of x out of them.
        stride, padding, dilation, groups: of that convolution (Dumoulin, Visin 2016).
    """
    out = _to_input(xp, x, weight, size, stride, padding, dilation, groups)
    return out + bias[0] if bias else out


@transposed_convolve.rule
def _(
    xp: Any,
    cotangent: Array,
    out: Array,
    x: Array,
    weight: Array,
    *bias: Array,
    size: Sizes,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int = 1,
) -> tuple[Any, ...]:
    window = stride, padding, dilation, groups
    whole = (1,) * len(stride)
    return (
        lambda: _convolved(xp, cotangent, weight, stride, padding, whole, dilation, groups),
        lambda: _to_weight(xp, cotangent, x, weight, *window),
        *[lambda: _to_bias(xp, cotangent) for _ in bias],
    )


def _convolved(
    xp: Any,
    x: Array,
    weight: Array,
    stride: Sizes,
    padding: Widths,
    spread: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """The convolution of x with `spread` - 1 zeros between its numbers, the fastest way."""
    own = xp.own_convolution()
    if own is not None:
        return own.convolve(x, weight, stride, padding, spread, dilation, groups)
    if max(spread) > 1:
        return _by_phases(xp, x, weight, padding, spread, dilation, groups)
    if winograd.suits(weight.shape, stride, dilation, groups):
        return winograd.convolve(xp, x, weight, padding, groups)
    return convolve_padded(xp, padded(xp, x, padding), weight, stride, dilation, groups)


def _by_phases(
    xp: Any,
    x: Array,
    weight: Array,
    padding: Widths,
    spread: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """`_convolved` with steps of 1, no zero between the numbers multiplied by anything.

    Every spread-th result sees the same places of the window hit numbers, the others zeros: such a
    phase is a convolution of x itself with those weights alone (Shi et al. 2016).
    """
    kernel = weight.shape[:-2]
    sizes = [
        s * (n - 1) + 1 + low + high - d * (k - 1)
        for n, k, s, d, (low, high) in zip(
            x.shape[1:-1], kernel, spread, dilation, padding, strict=True
        )
    ]
    counts = [-(-size // s) for size, s in zip(sizes, spread, strict=True)]
    pieces = []
    for phase in itertools.product(*[range(s) for s in spread]):
        axes = zip(phase, kernel, spread, dilation, padding, strict=True)
        hits = [hit for axis in axes if (hit := _hits(*axis)) is not None]
        if len(hits) < len(kernel):
            pieces.append(xp.zeros((x.shape[0], *counts, weight.shape[-1]), dtype=x.dtype))
            continue
        own = weight[tuple(slice(first, None, step) for first, step, _, _ in hits)]
        around = [
            (-start, start + count - 1 + reach * (k - 1) + 1 - n)
            for (_, _, start, reach), count, k, n in zip(
                hits, counts, own.shape[:-2], x.shape[1:-1], strict=True
            )
        ]
        one, near = (1,) * len(kernel), tuple(reach for *_, reach in hits)
        pieces.append(_convolved(xp, x, own, one, tuple(around), one, near, groups))
    out = interleaved(xp, pieces, spread)
    return out[(slice(None), *[slice(size) for size in sizes])]


def _hits(
    phase: int, window: int, spread: int, dilation: int, padding: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """Which places of the window hit numbers in a phase of an axis; None where none does.

    Returns:
        The first such place, steps to the next, the number of x that the first one hits, and the
        steps in x from one of them to the next.
    """
    step = spread // math.gcd(spread, dilation)
    for first in range(min(step, window)):
        start, rest = divmod(phase + first * dilation - padding[0], spread)
        if rest == 0:
            return first, step, start, step * dilation // spread
    return None


def _to_bias(xp: Any, cotangent: Array) -> Array:
    return xp.sum(cotangent, tuple(range(cotangent.ndim - 1)))


def _to_input(
    xp: Any,
    cotangent: Array,
    weight: Array,
    size: Sizes,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int,
) -> Array:
    """A convolution of what arrives, spread by the stride, with the turned weights."""
    kernel, (inner, outer) = weight.shape[:-2], weight.shape[-2:]
    around = []
    for n, count, k, s, d, (low, _) in zip(
        size, cotangent.shape[1:-1], kernel, stride, dilation, padding, strict=True
    ):
        reach = d * (k - 1)
        around.append((reach - low, n - 1 + low - s * (count - 1)))
    turned = xp.flip(weight, axis=tuple(range(len(kernel))))
    split = xp.reshape(turned, (*kernel, inner, groups, outer // groups))
    axes = tuple(range(len(kernel)))
    swapped = xp.transpose(split, (*axes, len(axes) + 2, len(axes) + 1, len(axes)))
    back = xp.reshape(swapped, (*kernel, outer // groups, groups * inner))
    whole = (1,) * len(kernel)
    return _convolved(xp, cotangent, back, whole, tuple(around), stride, dilation, groups)


def _to_weight(
    xp: Any,
    x: Array,
    cotangent: Array,
    weight: Array,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int,
) -> Array:
    """Σ over windows of what arrived times what the window saw, a chunk of the batch at a time."""
    own = xp.own_convolution()
    if own is not None:
        found: Array = own.to_weight(
            x, cotangent, weight.shape[:-2], stride, padding, dilation, groups
        )
        return found
    if winograd.suits(weight.shape, stride, dilation, groups):
        return winograd.to_weight(xp, x, cotangent, weight.shape[:-2], padding, groups)
    if depthwise(x, weight, groups):
        return _to_own_weights(xp, x, cotangent, weight.shape[:-2], stride, padding, dilation)
    kernel, inner = weight.shape[:-2], weight.shape[-2]
    outer = cotangent.shape[-1]
    batch = x.shape[0]
    windows = math.prod(cotangent.shape[1:-1])

    def product(x: Array, c: Array) -> Array:
        """(groups, filters / groups, kernel · channels / groups)."""
        rows = columns(xp, padded(xp, x, padding), kernel, stride, dilation, groups)
        arrived = xp.reshape(c, (c.shape[0] * windows, groups, outer // groups))
        if groups == 1:
            return xp.expand_dims(xp.matmul_tn(arrived[:, 0], rows[0]), 0)
        return xp.matmul_tn(xp.transpose(arrived, (1, 0, 2)), rows)

    def below(x: Array, c: Array) -> Array:
        """(1, kernel · channels, filters)."""
        seen = columns_below(xp, padded(xp, x, padding), kernel, stride, dilation)
        return xp.expand_dims(xp.matmul(seen, xp.reshape(c, (-1, outer))), 0)

    few = thin(xp, weight, groups)

    def add(totals: Any, parts: Any) -> Any:
        return (totals[0] + (below if few else product)(*parts),), ()

    sizes = outer // groups, math.prod(kernel) * inner
    zeros = xp.zeros((groups, *(reversed(sizes) if few else sizes)), dtype=x.dtype)
    chunk = chunk_of(batch, windows * (math.prod(kernel) * x.shape[-1] + outer))
    (total,), _ = swept(xp, add, (zeros,), (x, cotangent), chunk)
    total = xp.transpose(total, (1, 0, 2) if few else (2, 0, 1))
    return xp.reshape(total, (*kernel, inner, outer))


def _to_own_weights(
    xp: Any,
    x: Array,
    cotangent: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
) -> Array:
    """`_to_weight` where every channel of x has filters of its own: a sum for every place."""
    outer = cotangent.shape[-1]
    steps = {"kernel": tuple(kernel), "stride": tuple(stride), "dilation": tuple(dilation)}

    def add(totals: Any, parts: Any) -> Any:
        folded = xp.apart(_products_by_place, padded(xp, parts[0], padding), parts[1], **steps)
        return (totals[0] + xp.sum(folded, tuple(range(1, folded.ndim - 1))),), ()

    places, written = math.prod(kernel), math.prod(cotangent.shape[1:]) // _fold(cotangent)
    zeros = xp.zeros((places, outer), dtype=x.dtype)
    chunk = chunk_of(x.shape[0], places * written)
    (total,), _ = swept(xp, add, (zeros,), (x, cotangent), chunk)
    return xp.reshape(total, (*kernel, 1, outer))


def _fold(x: Array) -> int:
    """How many rows of an image are added up in one loop: the largest divisor up to FOLDED."""
    return next(n for n in range(FOLDED, 0, -1) if x.shape[1] % n == 0)


def _products_by_place(
    xp: Any, x: Array, cotangent: Array, *, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> Array:
    """A padded x, shifted to each place of the window, times what arrived, up to FOLDED rows of it
    added up before any is written to memory: (places, batch, rows, …, filters)."""
    seen = for_filters(xp, x, cotangent.shape[-1])
    fold = _fold(cotangent)
    products = [
        [part[:, i::fold] * cotangent[:, i::fold] for i in range(fold)]
        for _, part in taps(seen, kernel, stride, dilation, cotangent.shape[1:-1])
    ]
    return xp.stack([functools.reduce(operator.add, rows) for rows in products], axis=0)
