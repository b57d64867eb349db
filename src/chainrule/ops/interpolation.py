"""Images and sequences drawn larger, by straight lines between neighbors."""

from __future__ import annotations

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
    for axis, times in reversed(list(enumerate(factor, 1))):
        n, shape = x.shape[axis], cotangent.shape
        blocks = xp.reshape(cotangent, (*shape[:axis], n, times, *shape[axis + 1 :]))
        weights = _weights(x, axis, times)
        parts = []
        for weight in weights:
            pieces = [
                _at(blocks, axis + 1, a) * xp.asarray(_at(weight, 1, a)) for a in range(times)
            ]
            part = pieces[0]
            for piece in pieces[1:]:
                part = part + piece
            parts.append(part)
        before, at, behind = parts
        aside = [(0, 0)] * x.ndim
        aside[axis] = (1, 1)
        to_next = _cut(xp.pad(behind, aside), axis, 0, n)
        to_last = _cut(xp.pad(before, aside), axis, 2, n)
        cotangent = at + to_next + to_last
    return (cotangent,)


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


def _cut(x: Array, axis: int, start: int, count: int) -> Array:
    return x[(slice(None),) * axis + (slice(start, start + count),)]


def _at(x: Array, axis: int, index: int) -> Array:
    return x[(slice(None),) * axis + (index,)]
