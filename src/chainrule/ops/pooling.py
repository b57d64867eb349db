"""Pooling: every window of an image or a sequence becomes one number, its largest or its mean.

Both are written as a few shifted views of the input, one for every place in the window, so that no
window is ever copied. Padding takes no part: it is no largest number and counts in no mean.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import Array, interleaved, merged, padded, taps, window_counts

Sizes: TypeAlias = tuple[int, ...]
Widths: TypeAlias = tuple[tuple[int, int], ...]


@primitive(
    formula="max x in every window",
    derivative="1 at the largest, else 0",
    singular="ties: 1 at the first, else 0",
)
def max_pool(xp: Any, x: Array, *, window: Sizes, stride: Sizes, padding: Widths) -> Array:
    """The largest number in every window of x (batch, …, channels), channel by channel."""
    parts = _parts(padded(xp, x, padding, -math.inf), window, stride)
    out = parts[0]
    for part in parts[1:]:
        out = xp.maximum(out, part)
    return out


@max_pool.rule
def _(
    xp: Any,
    cotangent: Array,
    out: Array,
    x: Array,
    *,
    window: Sizes,
    stride: Sizes,
    padding: Widths,
) -> tuple[Any, ...]:
    parts = _parts(padded(xp, x, padding, -math.inf), window, stride)
    pieces, taken = [], None
    for part in parts:
        here = xp.equal(part, out)
        first = here if taken is None else xp.logical_and(here, xp.logical_not(taken))
        pieces.append(xp.where(first, cotangent, xp.zeros_like(cotangent)))
        taken = here if taken is None else xp.logical_or(taken, here)
    return (_put_back(xp, pieces, x, window, stride, padding),)


@primitive(formula="Σ x / n in every window", derivative="1/n")
def average_pool(xp: Any, x: Array, *, window: Sizes, stride: Sizes, padding: Widths) -> Array:
    """The mean of every window of x (batch, …, channels), channel by channel, without padding.

    Differs from: PyTorch, which counts the zeros of the padding unless told otherwise.
    """
    parts = _parts(padded(xp, x, padding), window, stride)
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total / _counts(xp, x, window, stride, padding)


@average_pool.rule
def _(
    xp: Any,
    cotangent: Array,
    out: Array,
    x: Array,
    *,
    window: Sizes,
    stride: Sizes,
    padding: Widths,
) -> tuple[Any, ...]:
    share = cotangent / _counts(xp, x, window, stride, padding)
    pieces = [share] * math.prod(window)
    return (_put_back(xp, pieces, x, window, stride, padding),)


def _parts(x: Array, window: Sizes, stride: Sizes) -> list[Array]:
    near = (1,) * len(window)
    counts = window_counts(x.shape[1:-1], window, stride, near)
    return [part for _, part in taps(x, window, stride, near, counts)]


def _counts(xp: Any, x: Array, window: Sizes, stride: Sizes, padding: Widths) -> Array:
    """How many numbers of x lie in every window, (…, 1)."""
    ones = np.ones((1, *x.shape[1:-1], 1))
    parts = _parts(padded(np, ones, padding), window, stride)
    return xp.asarray(np.sum(parts, axis=0)[0], dtype=x.dtype)


def _put_back(
    xp: Any, pieces: list[Array], x: Array, window: Sizes, stride: Sizes, padding: Widths
) -> Array:
    """What goes back to every place of x from the windows that saw it: `_parts` turned around."""
    sizes = [n + low + high for n, (low, high) in zip(x.shape[1:-1], padding, strict=True)]
    whole = _side_by_side if window == stride else _overlaid
    full = whole(xp, pieces, window, stride, sizes)
    return padded(xp, full, [(-low, -high) for low, high in padding])


def _side_by_side(
    xp: Any, pieces: list[Array], window: Sizes, stride: Sizes, sizes: list[int]
) -> Array:
    """Windows that touch and do not overlap: the pieces interleaved, one axis after the other."""
    full = interleaved(xp, pieces, window)
    rest = [n - have for n, have in zip(sizes, full.shape[1:-1], strict=True)]
    return padded(xp, full, [(0, n) for n in rest])


def _overlaid(
    xp: Any, pieces: list[Array], window: Sizes, stride: Sizes, sizes: list[int]
) -> Array:
    """Windows that overlap or leave gaps: every piece spread to its places, and all added."""
    total = None
    for place, piece in zip(np.ndindex(*window), pieces, strict=True):
        for axis, step in enumerate(stride, 1):
            if step > 1:
                grown = [(0, 0)] * (piece.ndim + 1)
                grown[axis + 1] = (0, step - 1)
                piece = merged(xp, xp.pad(xp.expand_dims(piece, axis + 1), grown), axis)
        after = zip(place, sizes, piece.shape[1:-1], strict=True)
        around = [(start, n - start - have) for start, n, have in after]
        spread = padded(xp, piece, around)
        total = spread if total is None else total + spread
    return total
