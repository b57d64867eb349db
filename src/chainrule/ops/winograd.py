"""Convolution by Winograd's minimal filtering: a tile of m results of a window of r takes m + r - 1
products along an axis instead of m · r.

    out (m) = Aᵀ · [ (G·w) ⊙ (Bᵀ·tile) ]          tile: m + r - 1 numbers of x, every m steps

⊙ works place by place, so that each of the m + r - 1 places is a product of matrices: tiles by
channels times channels by filters. Over two axes all of it is done along one and then along the
other. The gradient of the weights runs the same way back:

    dw = Gᵀ · [ Σ over tiles (Bᵀ·tile)ᵀ · (A·c) ]

It is faster than a product of columns wherever there are enough channels and filters to pay for
the sums of B and A (benchmarks/NOTES.md).

Source: Toom (1963); Winograd (1980), Arithmetic Complexity of Computations; Lavin, Gray (2016);
the points of Barabasz et al. (2020), which keep rounding small.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from chainrule.engine import SHORT, Array, chunk_of, padded, swept

Sizes: TypeAlias = tuple[int, ...]
Widths: TypeAlias = tuple[tuple[int, int], ...]
Rows: TypeAlias = tuple[tuple[float, ...], ...]
"""A matrix of numbers that are known beforehand."""

TILES: dict[Sizes, int] = {(3,): 4, (4,): 4, (5,): 4, (3, 3): 4, (5, 5): 2}
"""Results of a tile along each axis, by the window: more would round more, and save little."""

SMALLEST = 2
"""Results of a tile along each axis where there are fewer than FEW_TILES of the larger, and a sixth
or more of what they make lies beyond the edge."""

FEW_TILES = 32

FEWEST = {1: 8, 2: 16}
"""Channels and filters from which on this is the faster way, by the number of axes."""

TILE_NUMBERS = 1_500_000
"""Numbers at all places of the tiles worked on at once: more than a core's own cache holds, but
fewer would cost more in copies than they save."""

POINTS = np.array([0, 1, -1, 1 / 2, -2, -1 / 2, 2])
"""Where the polynomials whose coefficients are the tile and the window are multiplied; the last
point of all is at infinity."""


@dataclass(frozen=True)
class Filtering:
    """The three matrices of one axis.

    Attributes:
        step: results of a tile. results: A, (places, step). weights: G, (places, window).
        seen: Bᵀ, (places, places).
    """

    step: int
    results: Array
    weights: Array
    seen: Array


@functools.cache
def filtering(window: int, step: int) -> Filtering:
    """The matrices that make `step` results of a window of so many weights (Toom and Cook)."""
    points = POINTS[: window + step - 2]
    others = [np.delete(points, index) for index in range(len(points))]
    scale = np.array([np.prod(p - rest) for p, rest in zip(points, others, strict=True)])
    return Filtering(
        step,
        _powers(points, step),
        _powers(points, window) / np.append(scale, 1)[:, None],
        np.array([[*np.poly(rest)[::-1], 0] for rest in others] + [np.poly(points)[::-1]]),
    )


def _powers(points: Array, count: int) -> Array:
    """1, p, p², … of every point p, and of infinity the highest alone."""
    return np.vstack([np.vander(points, count, increasing=True), np.eye(count)[-1]])


def suits(weight: Sizes, stride: Sizes, dilation: Sizes, groups: int) -> bool:
    """Whether a convolution with weights of this shape goes this way."""
    *kernel, channels, filters = weight
    dense = {*stride, *dilation} == {1} and tuple(kernel) in TILES
    return dense and min(channels, filters // groups) >= FEWEST[len(kernel)]


def convolve(xp: Any, x: Array, weight: Array, padding: Widths, groups: int = 1) -> Array:
    """`ops.convolve` of sequences or images (batch, …, channels), without a bias."""
    kernel, filters = weight.shape[:-2], weight.shape[-1]
    counts = [
        n + low + high - k + 1
        for n, (low, high), k in zip(x.shape[1:-1], padding, kernel, strict=True)
    ]
    ways = _ways(kernel, x.shape[0], counts)
    matrices = xp.once(functools.partial(_at_window_places, xp, _together(ways), groups), weight)
    places = [len(way.seen) for way in ways]
    tiles = [-(-count // way.step) for count, way in zip(counts, ways, strict=True)]

    def some(carry: Any, arrays: Any) -> Any:
        whole = _whole_tiles(xp, arrays[0], padding, ways, [k - 1 for k in kernel])
        seen = _at_places(xp, whole, [way.seen for way in ways], ways)
        products = _whole(xp, xp.matmul(_grouped(xp, seen, groups), matrices), groups)
        products = xp.reshape(products, (*places, len(arrays[0]), *tiles, filters))
        return carry, (_results(xp, products, ways),)

    _, (out,) = swept(xp, some, (), (x,), _chunk(x, ways))
    return out[(slice(None), *[slice(count) for count in counts])]


def to_weight(
    xp: Any, x: Array, cotangent: Array, kernel: Sizes, padding: Widths, groups: int = 1
) -> Array:
    """What arrives at the weights of that convolution: (*kernel, channels / groups, filters)."""
    ways = _ways(kernel, cotangent.shape[0], cotangent.shape[1:-1])
    whole, results = _together(ways), [way.results for way in ways]
    none = ((0, 0),) * len(kernel)

    def some(total: Any, arrays: Any) -> Any:
        seen = _whole_tiles(xp, arrays[0], padding, ways, [k - 1 for k in kernel])
        arrived = _whole_tiles(xp, arrays[1], none, ways, [0] * len(kernel))
        sides = (
            _at_places(xp, seen, [way.seen for way in ways], ways),
            _at_places(xp, arrived, results, ways),
        )
        summed = _summed(xp, *[_grouped(xp, side, groups) for side in sides])
        return (total[0] + _whole(xp, summed, groups),), ()

    shape = len(whole), x.shape[-1] // groups, cotangent.shape[-1]
    zeros = xp.zeros(shape, dtype=x.dtype)
    (total,), _ = swept(xp, some, (zeros,), (x, cotangent), _chunk(x, ways))
    return xp.reshape(_over_places(xp, whole.T, total), (*kernel, *shape[1:]))


def _ways(kernel: Sizes, batch: int, counts: Sequence[int]) -> list[Filtering]:
    """The matrices of every axis, for so many results of each example along it."""
    step = TILES[kernel]
    tiles = batch * math.prod(-(-count // step) for count in counts)
    beyond = 1 - batch * math.prod(counts) / max(1, tiles * step ** len(counts))
    if tiles < FEW_TILES and beyond >= 1 / 6:
        step = SMALLEST
    return [filtering(window, step) for window in kernel]


def _together(ways: Sequence[Filtering]) -> Array:
    """What G does along all axes: (places of all, weights of all), row after row."""
    return functools.reduce(np.kron, [way.weights for way in ways])


def _chunk(x: Array, ways: Sequence[Filtering]) -> int:
    grown = math.prod(len(way.seen) / way.step for way in ways)
    return chunk_of(x.shape[0], int(grown * math.prod(x.shape[1:])), TILE_NUMBERS)


def _whole_tiles(
    xp: Any, x: Array, padding: Widths, ways: Sequence[Filtering], beyond: Sequence[int]
) -> Array:
    """x with its padding, and zeros behind it that fill the last tile of every axis."""
    widths = []
    for n, (low, high), way, reach in zip(x.shape[1:-1], padding, ways, beyond, strict=True):
        widths.append((low, high - (n + low + high - reach) % -way.step))
    return xp.alone(padded(xp, x, widths))


def _at_window_places(xp: Any, matrix: Array, groups: int, weight: Array) -> Array:
    return _grouped(xp, _over_places(xp, matrix, weight), groups)


def _grouped(xp: Any, x: Array, groups: int) -> Array:
    """(places, rows, groups · n) as (places · groups, rows, n), each group by itself."""
    if groups == 1:
        return x
    places, rows = x.shape[:2]
    split = xp.transpose(xp.reshape(x, (places, rows, groups, -1)), (0, 2, 1, 3))
    return xp.reshape(split, (places * groups, rows, -1))


def _whole(xp: Any, x: Array, groups: int) -> Array:
    """Back from what `_grouped` gives."""
    if groups == 1:
        return x
    places, rows = x.shape[0] // groups, x.shape[1]
    split = xp.reshape(x, (places, groups, rows, -1))
    return xp.reshape(xp.transpose(split, (0, 2, 1, 3)), (places, rows, -1))


def _over_places(xp: Any, matrix: Array, x: Array) -> Array:
    """A matrix times x along its places, which come before channels and filters."""
    places = xp.reshape(x, (matrix.shape[1], -1))
    return xp.reshape(xp.matmul(xp.asarray(matrix, dtype=x.dtype), places), (-1, *x.shape[-2:]))


def _at_places(xp: Any, x: Array, matrices: Sequence[Array], ways: Sequence[Filtering]) -> Array:
    """A matrix along every axis of all tiles: (places of all axes, tiles of all, channels)."""
    at = len(ways)
    for matrix, way in zip(reversed(matrices), reversed(ways), strict=True):
        before, after = x.shape[:at], x.shape[at + 1 :]
        rows = xp.reshape(x, (math.prod(before), x.shape[at], math.prod(after)))
        found = _apart(xp, _tiles_at_places, rows, matrix=_rows(matrix), step=way.step)
        x = xp.reshape(found, (len(matrix), *before, found.shape[2], *after))
    return xp.reshape(x, (math.prod(x.shape[:at]), math.prod(x.shape[at:-1]), x.shape[-1]))


def _tiles_at_places(xp: Any, x: Array, *, matrix: Rows, step: int) -> Array:
    """A matrix times every tile of x (rows, numbers, …): (places, rows, tiles, …)."""
    starts = range(len(matrix[0]))
    last = x.shape[1] - len(starts) + 1
    parts = [x[:, start : start + last : step] for start in starts]
    return _every_row(xp, matrix, parts, 0)


def _results(xp: Any, products: Array, ways: Sequence[Filtering]) -> Array:
    """Aᵀ along every axis of the places, and the tiles side by side: (batch, …, filters).

    Args:
        products: (places of each axis, batch, tiles of each axis, filters).
    """
    for axis, way in enumerate(ways):
        at = len(ways) + axis + 2
        before, after = products.shape[1:at], products.shape[at:]
        places = xp.reshape(products, (len(way.results), math.prod(before), math.prod(after)))
        found = _apart(xp, _results_of_places, places, matrix=_rows(way.results.T))
        products = xp.reshape(found, (*before, way.step, *after))
    sizes = products.shape[1:-1]
    merged = [a * b for a, b in zip(sizes[::2], sizes[1::2], strict=True)]
    return xp.reshape(products, (products.shape[0], *merged, products.shape[-1]))


def _results_of_places(xp: Any, x: Array, *, matrix: Rows) -> Array:
    """A matrix times the places of x (places, rows, …): (rows, results of a tile, …)."""
    return _every_row(xp, matrix, [x[place] for place in range(len(x))], 1)


def _apart(xp: Any, body: Callable[..., Array], x: Array, **settings: Any) -> Array:
    """In a stream a call of its own; elsewhere threads share it out, as they would not then."""
    if xp.in_streams():
        found: Array = xp.apart(body, x, **settings)
        return found
    alone: Array = xp.alone(body(xp, x, **settings))
    return alone


def _every_row(xp: Any, matrix: Rows, parts: list[Array], axis: int) -> Array:
    """Every row of the matrix times the parts, stacked along an axis.

    In streams XLA makes one loop of it, zeros multiplied along, instead of one for each row, which
    takes it three times as long to compile; threads share those out sooner. What has overflowed is
    then not a number in more of a tile's results.
    """
    if not xp.in_streams():
        return xp.stack(_combined(matrix, parts), axis=axis)
    shape = [1] * (parts[0].ndim + 1)
    shape[axis] = len(matrix)
    factors = np.array(matrix, str(parts[0].dtype))
    total = None
    for place, part in enumerate(parts):
        product = xp.expand_dims(part, axis) * factors[:, place].reshape(shape)
        total = product if total is None else total + product
    return total


def _rows(matrix: Array) -> Rows:
    return tuple([tuple(row) for row in matrix.tolist()])


def _combined(matrix: Rows, parts: list[Array]) -> list[Array]:
    """Every row of the matrix times the parts, of which most are taken 0, 1 or -1 times."""
    rows = []
    for row in matrix:
        total = None
        for factor, part in zip(row, parts, strict=True):
            if factor == 0:
                continue
            if total is None:
                total = part if factor == 1 else -part if factor == -1 else part * factor
            elif abs(factor) == 1:
                total = total + part if factor == 1 else total - part
            else:
                total = total + part * factor
        rows.append(total)
    return rows


def _summed(xp: Any, seen: Array, arrived: Array) -> Array:
    """Σ over tiles at every place, in products too short to be shared out among threads.

    Args: seen (places, tiles, channels), arrived (places, tiles, filters).
    """
    (places, tiles, channels), filters = seen.shape, arrived.shape[-1]
    size = chunk_of(tiles, channels * filters, SHORT)
    end = tiles - tiles % size

    def product(low: int, length: int, count: int) -> Array:
        some = (side[:, low : low + length * count] for side in (seen, arrived))
        blocks = [xp.reshape(x, (places * count, length, x.shape[-1])) for x in some]
        parts = xp.reshape(xp.matmul_tn(*blocks), (places, count, channels, filters))
        return xp.sum(parts, (1,))

    total = product(0, size, end // size)
    return total + product(end, tiles - end, 1) if end < tiles else total
