"""Pooling: every window of an image or a sequence becomes one number, its largest or its mean.

Both are written as a few shifted views of the input, one for every place in the window, so that no
window is ever copied. On the way back every place of the input looks at the few windows that see
it. Padding takes no part: it is no largest number and counts in no mean.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import Array, padded, taps, window_counts

Sizes: TypeAlias = tuple[int, ...]
Widths: TypeAlias = tuple[tuple[int, int], ...]

NOWHERE = -(1 << 30)
"""The number of no place, in a window or beside it."""


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
    beside = window == stride
    numbers = np.arange(len(parts)) if beside else _numbers_inside(window, stride)
    chosen = xp.full(out.shape, NOWHERE, dtype="int32")
    for number, part in zip(reversed(numbers), reversed(parts), strict=True):
        chosen = xp.where(xp.equal(part, out), xp.asarray(number, dtype="int32"), chosen)
    if beside:
        return (_side_by_side(xp, cotangent, chosen, x, window, padding),)
    chosen = xp.alone(chosen)  # else it is computed again for every place that looks at it
    return (_put_back(xp, cotangent, chosen, x, window, stride, padding),)


def _side_by_side(
    xp: Any, cotangent: Array, chosen: Array, x: Array, window: Sizes, padding: Widths
) -> Array:
    """What goes back to the chosen place of each window, where windows touch and do not overlap.

    Of such windows that is faster than `_put_back` (benchmarks/NOTES.md).
    """
    batch, *counts, channels = chosen.shape
    apart = (batch, *[n for count in counts for n in (count, 1)], channels)
    inside = (1, *[n for w in window for n in (1, w)], 1)
    places = xp.asarray(np.arange(math.prod(window)).reshape(inside), dtype="int32")
    here = xp.equal(xp.reshape(chosen, apart), places)
    spread = xp.where(here, xp.reshape(cotangent, apart), xp.zeros((), dtype=x.dtype))
    sizes = [count * w for count, w in zip(counts, window, strict=True)]
    back = [
        (-low, n + low - have)
        for n, (low, _), have in zip(x.shape[1:-1], padding, sizes, strict=True)
    ]
    return padded(xp, xp.reshape(spread, (batch, *sizes, channels)), back)


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
    return (_put_back(xp, share, None, x, window, stride, padding),)


def _parts(x: Array, window: Sizes, stride: Sizes) -> list[Array]:
    near = (1,) * len(window)
    counts = window_counts(x.shape[1:-1], window, stride, near)
    return [part for _, part in taps(x, window, stride, near, counts)]


def _counts(xp: Any, x: Array, window: Sizes, stride: Sizes, padding: Widths) -> Array:
    """How many numbers of x lie in every window, (…, 1)."""
    ones = np.ones((1, *x.shape[1:-1], 1))
    parts = _parts(padded(np, ones, padding), window, stride)
    return xp.asarray(np.sum(parts, axis=0)[0], dtype=x.dtype)


def _numbers_inside(window: Sizes, stride: Sizes) -> Any:
    """`_numbers` of the places in a window, the last axis fastest, (places,)."""
    return np.ravel(_numbers([np.arange(w) for w in window], window, stride))


def _numbers(places: Sequence[Any], window: Sizes, stride: Sizes) -> Any:
    """A number for every place in a window, of places given axis by axis; an axis for each, int32.

    An axis counts for `window + 2 · stride`: a place up to a stride outside the window on one axis
    has no number that another has inside.
    """
    number = np.zeros((), "int32")
    for at, w, s in zip(places, window, stride, strict=True):
        number = number[..., None] * np.int32(w + 2 * s) + np.asarray(at, "int32")
    return number


@dataclass(frozen=True)
class _Blocks:
    """An axis of x cut into blocks of one stride, and the windows that see a block.

    Block b is seen by the windows b - shift; place a of it is place a + low + shift · stride of
    such a window, where that lies inside.
    """

    size: int
    windows: int
    window: int
    stride: int
    low: int

    @property
    def count(self) -> int:
        return -(-self.size // self.stride)

    @property
    def shifts(self) -> range:
        nearest = -((self.low + self.stride - 1) // self.stride)
        return range(nearest, (self.window - 1 - self.low) // self.stride + 1)

    @property
    def around(self) -> tuple[int, int]:
        """So many windows are missing before the first and behind the last."""
        return self.shifts[-1], max(0, self.count - self.shifts[0] - self.windows)

    def seen(self, shift: int) -> slice:
        start = self.shifts[-1] - shift
        return slice(start, start + self.count)

    def places(self, shift: int) -> Any:
        return np.arange(self.stride) + (self.low + shift * self.stride)

    def inside(self, shift: int) -> Any:
        places = self.places(shift)
        return (places >= 0) & (places < self.window)


def _put_back(
    xp: Any,
    cotangent: Array,
    chosen: Array | None,
    x: Array,
    window: Sizes,
    stride: Sizes,
    padding: Widths,
) -> Array:
    """What comes back to every place of x from the windows that see it, in one pass.

    x is looked at as (batch, blocks, stride, …, channels): a block lies in few windows.

    Args:
        cotangent: what every window gives back. chosen: the number of the place that gets it;
            None: every place does.
    """
    sizes, windows = x.shape[1:-1], cotangent.shape[1:-1]
    axes = [
        _Blocks(n, c, w, s, low)
        for n, c, w, s, (low, _) in zip(sizes, windows, window, stride, padding, strict=True)
    ]
    around = [axis.around for axis in axes]
    cotangent = padded(xp, cotangent, around)
    chosen = None if chosen is None else padded(xp, chosen, around, NOWHERE)
    apart = (slice(None), *(slice(None), None) * len(axes))
    within = [n for s in stride for n in (s, 1)]
    zero, total = xp.zeros((), dtype=x.dtype), None
    for shifts in itertools.product(*[axis.shifts for axis in axes]):
        pairs = list(zip(axes, shifts, strict=True))
        cut = (slice(None), *[axis.seen(shift) for axis, shift in pairs])
        if chosen is None:
            given = functools.reduce(
                np.multiply.outer, [axis.inside(shift) for axis, shift in pairs]
            )
            given = xp.asarray(np.reshape(given, within))
        else:
            number = _numbers([axis.places(shift) for axis, shift in pairs], window, stride)
            given = xp.equal(chosen[cut][apart], xp.asarray(np.reshape(number, within)))
        piece = xp.where(given, cotangent[cut][apart], zero)
        total = piece if total is None else total + piece
    full = xp.reshape(
        total, (x.shape[0], *[axis.count * axis.stride for axis in axes], x.shape[-1])
    )
    return full[(slice(None), *[slice(n) for n in sizes])]
