"""Images and sequences drawn larger, by straight lines between neighbors."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import Array, padded


@primitive(formula="(1 - t)·x + t·x′ between neighbors", derivative="1 - t; for x′: t")
def interpolate(xp: Any, x: Array, *, factor: tuple[int, ...]) -> Array:
    """x (batch, …, channels) with `factor` numbers on each axis in the place of one.

    What a number stands for reaches half a place to both sides: new numbers lie on the lines
    between the middles of neighbors, and outside the outermost middles equal the outermost number.
    """
    out = padded(xp, x, [(1, 1)] * len(factor))
    for axis, times in enumerate(factor, 1):
        n, total = x.shape[axis], None
        for k, weight in enumerate(_weights(x, axis, times)):
            near = xp.expand_dims(_cut(out, axis, k, n), axis + 1)
            piece = near * xp.asarray(weight)
            total = piece if total is None else total + piece
        out = xp.reshape(total, (*out.shape[:axis], n * times, *out.shape[axis + 1 :]))
    return out


@interpolate.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, factor: tuple[int, ...]
) -> tuple[Any, ...]:
    half = [times // 2 for times in factor]
    found = padded(xp, cotangent, [(h, h) for h in half])
    for axis, (times, h) in enumerate(zip(factor, half, strict=True), 1):
        n, pieces = x.shape[axis], []
        for at in range(times + 2 * h):
            near = found[(slice(None),) * axis + (slice(at, at + times * (n - 1) + 1, times),)]
            pieces.append(near * xp.asarray(_shares(x, axis, times, at - h)))
        found = functools.reduce(operator.add, pieces)
    return (found,)


def _weights(x: Array, axis: int, times: int) -> Any:
    """What each of the new numbers takes from the neighbor before, at and behind its place:
    (neighbors, places, times, 1 …), to be multiplied with (…, places, times, …)."""
    middle = (np.arange(times) + 0.5) / times - 0.5
    near = [np.maximum(0, -middle), 1 - np.abs(middle), np.maximum(0, middle)]
    weights = np.repeat(np.stack(near)[:, None], x.shape[axis], axis=1)
    weights[1, 0] += weights[0, 0]
    weights[1, -1] += weights[2, -1]
    weights[0, 0] = weights[2, -1] = 0
    rest = (1,) * (x.ndim - 1 - axis)
    return weights.reshape(*weights.shape, *rest).astype(str(x.dtype))


def _shares(x: Array, axis: int, times: int, offset: int) -> Any:
    """What each place has in the new number so far from the first of its own: (places, 1 …)."""
    places = np.arange(x.shape[axis])
    new = places * times + offset
    middle = np.clip((new + 0.5) / times - 0.5, 0, len(places) - 1)
    shares = np.maximum(0, 1 - np.abs(middle - places)) * (new >= 0) * (new < len(places) * times)
    return shares.reshape(-1, *(1,) * (x.ndim - 1 - axis)).astype(str(x.dtype))


def _cut(x: Array, axis: int, start: int, count: int) -> Array:
    return x[(slice(None),) * axis + (slice(start, start + count),)]
