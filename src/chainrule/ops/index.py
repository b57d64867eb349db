"""Picking numbers by position; the derivative adds up where a position was picked twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.errors import ShapeError


@primitive(formula="x[index]", derivative="1 at the index", promote=False)
def getitem(xp: Any, x: Array, *, index: Any) -> Array:
    """x[index] with integers, slices, None, Ellipsis or plain index arrays."""
    return x[index if xp.name == "numpy" else _checked(index, x.shape)]


@getitem.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, *, index: Any) -> tuple[Any, ...]:
    place = index if xp.name == "numpy" else _checked(index, x.shape)
    return (xp.add_at(x.shape, place, cotangent),)


def _checked(index: Any, shape: tuple[int, ...]) -> Any:
    """What XLA does not do by itself: take lists, and refuse what lies outside (IndexError)."""
    several = isinstance(index, tuple)
    parts = [np.asarray(i) if isinstance(i, list) else i for i in (index if several else (index,))]
    checked = tuple(parts) if several else parts[0]
    np.broadcast_to(False, shape)[checked]
    return checked


@primitive(formula="x[i]", derivative="1 at the rows picked", promote=False)
def take(xp: Any, x: Array, index: Array) -> Array:
    """Rows of x by an array of integers: shape `index.shape + x.shape[1:]`.

    Indices must lie in 0 … len(x) - 1: a compiled program does not check them.
    """
    if index.dtype.kind not in "iu":
        raise ShapeError(
            f"take needs integer positions, not {index.dtype}. For a mask of booleans write "
            "ops.where(mask, x, 0)."
        )
    return xp.take(x, index)


@take.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, index: Array) -> tuple[Any, ...]:
    return (lambda: xp.add_at(x.shape, index, cotangent), None)


@primitive(formula="x[…, i]", derivative="1 at the element picked", promote=False)
def pick(xp: Any, x: Array, index: Array) -> Array:
    """One number out of each last axis.

    Args:
        x: (…, classes). index: integers of shape (…). Returns: (…).
    """
    chosen = _positions(xp, x, index)
    return xp.sum(xp.where(chosen, x, xp.zeros_like(x)), (x.ndim - 1,))


@pick.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, index: Array) -> tuple[Any, ...]:
    chosen = _positions(xp, x, index)
    return (xp.where(chosen, xp.expand_dims(cotangent, -1), xp.zeros_like(x)), None)


def _positions(xp: Any, x: Array, index: Array) -> Array:
    """True at the picked position of each last axis: faster than a scatter under XLA."""
    index = xp.asarray(index)
    classes = xp.arange(x.shape[-1], dtype=str(index.dtype))
    return xp.expand_dims(index, -1) == classes


@primitive(formula="1 at i, else 0", promote=False)
def one_hot(xp: Any, index: Array, *, classes: int, dtype: str = "float32") -> Array:
    """Integers of shape (…) as indicator rows of shape (…, classes)."""
    numbers = xp.arange(classes, dtype=str(index.dtype))
    return xp.astype(xp.expand_dims(index, -1) == numbers, dtype)
