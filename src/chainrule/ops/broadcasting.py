"""What elementwise rules share: undo broadcasting, and refuse it where it would hide a mistake."""

from __future__ import annotations

from typing import Any

from chainrule.engine import Array
from chainrule.errors import ShapeError


def unbroadcast(xp: Any, cotangent: Array, x: Array) -> Array:
    """Sum a cotangent over the axes along which `x` was broadcast: the shape of `x` again.

    Broadcasting copies a number; the derivative of a copy is the sum over its copies.
    """
    if cotangent.shape == x.shape:
        return cotangent
    extra = cotangent.ndim - x.ndim
    axes = tuple(range(extra)) + tuple(
        extra + axis
        for axis, size in enumerate(x.shape)
        if size == 1 and cotangent.shape[extra + axis] != 1
    )
    return xp.reshape(xp.sum(cotangent, axes), x.shape)


def same_shape(name: str, x: Array, other: Array) -> None:
    """Raise ShapeError unless the shapes are equal or `other` is one number.

    (n, 1) beside (n,) would give (n, n): a loss of every pair, and nobody notices.
    """
    if x.shape != other.shape and other.shape != ():
        raise ShapeError(
            f"{name} of {tuple(x.shape)} and {tuple(other.shape)}: the shapes must be equal."
        )
