"""Moving numbers without changing them: reshape, transpose, join, cut."""

from __future__ import annotations

from typing import Any

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.ops.broadcasting import unbroadcast


@primitive(formula="x, reshaped", derivative="1", promote=False)
def reshape(xp: Any, x: Array, *, shape: tuple[int, ...]) -> Array:
    """The same numbers in another shape; one size may be -1."""
    return xp.reshape(x, shape)


@reshape.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, shape: tuple[int, ...]
) -> tuple[Any, ...]:
    return (xp.reshape(cotangent, x.shape),)


@primitive(formula="xᵀ", derivative="1", promote=False)
def transpose(xp: Any, x: Array, *, axes: tuple[int, ...] | None = None) -> Array:
    """Axes in another order; reversed by default."""
    return xp.transpose(x, axes)


@transpose.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, axes: tuple[int, ...] | None = None
) -> tuple[Any, ...]:
    if axes is None:
        return (xp.transpose(cotangent),)
    order = [a % x.ndim for a in axes]
    return (xp.transpose(cotangent, tuple(order.index(i) for i in range(x.ndim))),)


@primitive(formula="x, repeated", derivative="1, summed over the copies", promote=False)
def broadcast_to(xp: Any, x: Array, *, shape: tuple[int, ...]) -> Array:
    """x repeated along new axes and along axes of size 1."""
    return xp.broadcast_to(x, shape)


@broadcast_to.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, shape: tuple[int, ...]
) -> tuple[Any, ...]:
    return (unbroadcast(xp, cotangent, x),)


@primitive(formula="a, b, … joined", derivative="1")
def join(xp: Any, *arrays: Array, axis: int = -1) -> Array:
    """Arrays joined along an existing axis."""
    return xp.concatenate(arrays, axis=axis)


@join.rule
def _(xp: Any, cotangent: Array, out: Array, *arrays: Array, axis: int = -1) -> tuple[Any, ...]:
    pieces, start = [], 0
    for array in arrays:
        stop = start + array.shape[axis]
        index = [slice(None)] * cotangent.ndim
        index[axis] = slice(start, stop)
        pieces.append(cotangent[tuple(index)])
        start = stop
    return tuple(pieces)


def concatenate(arrays: Any, axis: int = -1) -> Any:
    """A sequence of arrays joined along an existing axis.

    >>> import numpy as np
    >>> concatenate([np.zeros((2, 1)), np.ones((2, 2))]).shape
    (2, 3)
    """
    return join(*arrays, axis=axis)


def stack(arrays: Any, axis: int = 0) -> Any:
    """A sequence of arrays of one shape, stacked along a new axis.

    >>> import numpy as np
    >>> stack([np.zeros(3), np.ones(3)]).shape
    (2, 3)
    """
    return join(*[expand_dims(array, axis=axis) for array in arrays], axis=axis)


@primitive(formula="x with a new axis", derivative="1", promote=False)
def expand_dims(xp: Any, x: Array, *, axis: int) -> Array:
    """x with a new axis of size 1."""
    return xp.expand_dims(x, axis)


@expand_dims.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, *, axis: int) -> tuple[Any, ...]:
    return (xp.reshape(cotangent, x.shape),)


@primitive(formula="x without an axis of size 1", derivative="1", promote=False)
def squeeze(xp: Any, x: Array, *, axis: int) -> Array:
    """x without one axis of size 1."""
    return xp.squeeze(x, axis)


@squeeze.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, *, axis: int) -> tuple[Any, ...]:
    return (xp.reshape(cotangent, x.shape),)


@primitive(formula="x, reversed", derivative="1", promote=False)
def flip(xp: Any, x: Array, *, axis: int = 0) -> Array:
    """x in reverse order along one axis."""
    return xp.flip(x, axis=axis)


@flip.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, *, axis: int = 0) -> tuple[Any, ...]:
    return (xp.flip(cotangent, axis=axis),)


@primitive(formula="x with zeros around it", derivative="1", promote=False)
def pad(xp: Any, x: Array, *, widths: tuple[tuple[int, int], ...]) -> Array:
    """x with zeros before and after it; `widths` is a (before, after) pair an axis."""
    return xp.pad(x, widths)


@pad.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, widths: tuple[tuple[int, int], ...]
) -> tuple[Any, ...]:
    inner = tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    return (cotangent[inner],)
