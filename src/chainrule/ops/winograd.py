"""Convolution with 3×3 windows by Winograd's minimal filtering: 16 products instead of 36.

    out (2×2) = Aᵀ · [ (G·w·Gᵀ) ⊙ (Bᵀ·tile·B) ] · A          tile: 4×4 of x, every two steps

⊙ works place by place, so that each of the 16 places of a tile is one product of matrices: tiles
by channels times channels by filters. The gradient of the weights runs the same way back:

    dw = Gᵀ · [ Σ over tiles (Bᵀ·tile·B)ᵀ · (A·c·Aᵀ) ] · G

It is faster than either engine's direct way wherever there are enough channels and filters to pay
for the sums of B and A (benchmarks/NOTES.md). Rounding grows little, since the entries of B and A
are 0 and ±1, those of G 0, ±½ and 1.

Source: Winograd (1980), Arithmetic Complexity of Computations; Lavin, Gray (2016).
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from chainrule.engine import SHORT, Array, chunk_of, padded, swept

Sizes: TypeAlias = tuple[int, ...]
Widths: TypeAlias = tuple[tuple[int, int], ...]

FEWEST = 16
"""Channels and filters from which on this is the faster way."""

TILE_NUMBERS = 1_500_000
"""Numbers at all places of the tiles worked on at once: more than a core's own cache holds, but
fewer would cost more in copies than they save."""

G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
PLACES = np.kron(G, G)
"""(16, 9): what G·w·Gᵀ makes of the nine weights of a window, row after row."""


def suits(xp: Any, weight: Sizes, stride: Sizes, dilation: Sizes, groups: int) -> bool:
    """Whether a convolution with weights of this shape goes this way."""
    if xp.own_convolution():
        return False
    *kernel, channels, filters = weight
    dense = {*stride, *dilation, groups} == {1}
    return kernel == [3, 3] and dense and min(channels, filters) >= FEWEST


def convolve(xp: Any, x: Array, weight: Array, padding: Widths) -> Array:
    """`ops.convolve` of images (batch, height, width, channels), without a bias."""
    height, width = (
        n + low + high - 2 for n, (low, high) in zip(x.shape[1:3], padding, strict=True)
    )
    matrices = _over_places(xp, PLACES, weight)
    matrices = xp.reshape(matrices, (4, 4, *weight.shape[2:]))

    def some(carry: Any, arrays: Any) -> Any:
        columns = _seen_at_places(xp, arrays[0], padding)
        size = (*columns[0].shape[:4], weight.shape[-1])
        products = [
            xp.reshape(xp.matmul(_rows(xp, column), matrices[:, index]), size)
            for index, column in enumerate(columns)
        ]
        left, right = (_halves(*[side[row] for row in range(4)]) for side in _halves(*products))
        upper, lower = (_between(xp, *two, axis=2) for two in zip(left, right, strict=True))
        return carry, (xp.alone(_between(xp, upper, lower, axis=1)),)

    chunk = chunk_of(x.shape[0], 4 * math.prod(x.shape[1:]), TILE_NUMBERS)
    _, (out,) = swept(xp, some, (), (x,), chunk)
    return out[:, :height, :width]


def to_weight(xp: Any, x: Array, cotangent: Array, padding: Widths) -> Array:
    """What arrives at the weights of that convolution: (3, 3, channels, filters)."""
    channels, filters = x.shape[-1], cotangent.shape[-1]
    odd = [(0, n % 2) for n in cotangent.shape[1:3]]

    def some(total: Any, arrays: Any) -> Any:
        columns = _seen_at_places(xp, arrays[0], padding)
        arrived = _arrived(_stacked(xp, _arrived(padded(xp, arrays[1], odd), 1)), 3)
        products = [
            xp.matmul_tn(_rows(xp, a), _rows(xp, b)) for a, b in zip(columns, arrived, strict=True)
        ]
        return (total[0] + xp.stack(products, axis=1),), ()

    tiles = math.prod((n + 1) // 2 for n in cotangent.shape[1:3])
    zeros = xp.zeros((4, 4, channels, filters), dtype=x.dtype)
    chunk = chunk_of(x.shape[0], 4 * math.prod(x.shape[1:]), TILE_NUMBERS)
    short = chunk_of(x.shape[0], tiles * channels * filters, SHORT)
    (total,), _ = swept(xp, some, (zeros,), (x, cotangent), min(chunk, short))
    return xp.reshape(_over_places(xp, PLACES.T, total), (3, 3, channels, filters))


def _whole_tiles(xp: Any, x: Array, padding: Widths) -> Array:
    """x with its padding, and zeros behind it that make the number of windows even."""
    odd = [(n + low + high) % 2 for n, (low, high) in zip(x.shape[1:3], padding, strict=True)]
    widths = [(low, high + more) for (low, high), more in zip(padding, odd, strict=True)]
    return xp.alone(padded(xp, x, widths))


def _over_places(xp: Any, matrix: Array, x: Array) -> Array:
    """A matrix times x along its places, which come before channels and filters."""
    places = xp.reshape(x, (matrix.shape[1], -1))
    return xp.reshape(xp.matmul(xp.asarray(matrix, dtype=x.dtype), places), (-1, *x.shape[-2:]))


def _rows(xp: Any, x: Array) -> Array:
    """(4, batch, height, width, channels) as four matrices with a row for every tile."""
    return xp.reshape(x, (4, -1, x.shape[-1]))


def _seen_at_places(xp: Any, x: Array, padding: Widths) -> list[Array]:
    """Bᵀ·tile·B: for each of the four columns of places an array (4 rows, batch, down, across,
    channels)."""
    return _seen(_stacked(xp, _seen(_whole_tiles(xp, x, padding), 1)), 3)


def _stacked(xp: Any, rows: list[Array]) -> Array:
    return xp.alone(xp.stack(rows, axis=0))


def _seen(x: Array, axis: int) -> list[Array]:
    """Bᵀ along one axis of all tiles."""
    a, b, c, d = _every_second(x, axis, 4, x.shape[axis] // 2 - 1)
    return [a - c, b + c, c - b, b - d]


def _arrived(c: Array, axis: int) -> list[Array]:
    """A along one axis of all tiles."""
    a, b = _every_second(c, axis, 2, c.shape[axis] // 2)
    return [a, a + b, a - b, -b]


def _halves(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    """Aᵀ along one axis: what comes out at the first and at the second number of a tile."""
    return a + b + c, b - c - d


def _between(xp: Any, a: Array, b: Array, axis: int) -> Array:
    """The first and the second numbers of all tiles in turn."""
    both = xp.stack([a, b], axis=axis + 1)
    return xp.reshape(both, (*a.shape[:axis], 2 * a.shape[axis], *a.shape[axis + 1 :]))


def _every_second(x: Array, axis: int, starts: int, count: int) -> list[Array]:
    before = (slice(None),) * axis
    return [x[(*before, slice(start, start + 2 * count - 1, 2))] for start in range(starts)]
