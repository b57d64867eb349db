"""Reductions: many numbers to fewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from chainrule.autodiff import primitive
from chainrule.engine import Array

Axis: TypeAlias = int | Sequence[int] | None


def normalized_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """An axis argument as a tuple of axes counted from the front; None is all axes."""
    if axis is None:
        return tuple(range(ndim))
    chosen = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(a % ndim for a in chosen)


def _spread(xp: Any, reduced: Array, x: Array, axes: tuple[int, ...]) -> Array:
    """A reduced array, broadcast over the shape it was reduced from."""
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    return xp.broadcast_to(xp.reshape(reduced, kept), x.shape)


@primitive(formula="Σ x", derivative="1", promote=False)
def sum(xp: Any, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum over `axis` (all axes by default)."""
    return xp.sum(x, normalized_axes(axis, x.ndim), keepdims)


@sum.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, axis: Axis = None, keepdims: bool = False
) -> tuple[Any, ...]:
    return (_spread(xp, cotangent, x, normalized_axes(axis, x.ndim)),)


@primitive(formula="Σ x / n", derivative="1/n", floating=True)
def mean(xp: Any, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean over `axis` (all axes by default); of no numbers it is NaN."""
    axes = normalized_axes(axis, x.ndim)
    return xp.sum(x, axes, keepdims) / _count(xp, x, axes)


@mean.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, axis: Axis = None, keepdims: bool = False
) -> tuple[Any, ...]:
    axes = normalized_axes(axis, x.ndim)
    return (_spread(xp, cotangent / _count(xp, x, axes), x, axes),)


def _count(xp: Any, x: Array, axes: tuple[int, ...]) -> Array:
    count = 1
    for a in axes:
        count *= x.shape[a]
    return xp.asarray(count, dtype=x.dtype)


@primitive(formula="max x", derivative="1 at the largest, else 0", singular="ties share equally")
def max(xp: Any, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest number over `axis` (all axes by default)."""
    return xp.max(x, axis=normalized_axes(axis, x.ndim), keepdims=keepdims)


@primitive(formula="min x", derivative="1 at the smallest, else 0", singular="ties share equally")
def min(xp: Any, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest number over `axis` (all axes by default)."""
    return xp.min(x, axis=normalized_axes(axis, x.ndim), keepdims=keepdims)


@max.rule
@min.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, axis: Axis = None, keepdims: bool = False
) -> tuple[Any, ...]:
    axes = normalized_axes(axis, x.ndim)
    chosen = xp.astype(x == _spread(xp, out, x, axes), str(x.dtype))
    ties = xp.sum(chosen, axes, True)
    return (_spread(xp, cotangent, x, axes) * (chosen / ties),)


@primitive(formula="where x is largest", promote=False)
def argmax(xp: Any, x: Array, *, axis: int = -1) -> Array:
    """The position of the largest number along one axis, as int32; the first of equals."""
    return xp.astype(xp.argmax(x, axis=axis), "int32")


@primitive(
    formula="log Σ exp(x)",
    derivative="exp(x - out): the softmax",
    singular="all -inf: not finite",
    floating=True,
)
def logsumexp(xp: Any, x: Array, *, axis: int = -1, keepdims: bool = False) -> Array:
    """log of the sum of exponentials along one axis; finite for any finite x."""
    largest = xp.max(x, axis=axis, keepdims=True)
    shifted = xp.exp(x - largest)
    out = xp.log(xp.sum(shifted, (axis % x.ndim,), True)) + largest
    return out if keepdims else xp.squeeze(out, axis=axis)


@logsumexp.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, axis: int = -1, keepdims: bool = False
) -> tuple[Any, ...]:
    axes = (axis % x.ndim,)
    return (_spread(xp, cotangent, x, axes) * xp.exp(x - _spread(xp, out, x, axes)),)


@primitive(formula="exp(xᵢ) / Σ exp(x)", derivative="outᵢ·(δᵢⱼ - outⱼ)", floating=True)
def softmax(xp: Any, x: Array, *, axis: int = -1) -> Array:
    """Exponentials divided by their sum along one axis (Bridle 1990)."""
    shifted = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return shifted / xp.sum(shifted, (axis % x.ndim,), True)


@softmax.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, *, axis: int = -1) -> tuple[Any, ...]:
    weighted = cotangent * out
    return (weighted - out * xp.sum(weighted, (axis % x.ndim,), True),)


@primitive(formula="xᵢ - log Σ exp(x)", derivative="δᵢⱼ - softmax(x)ⱼ", floating=True)
def log_softmax(xp: Any, x: Array, *, axis: int = -1) -> Array:
    """The logarithm of the softmax along one axis; finite for any finite x."""
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), (axis % x.ndim,), True))


@log_softmax.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, *, axis: int = -1) -> tuple[Any, ...]:
    return (cotangent - xp.exp(out) * xp.sum(cotangent, (axis % x.ndim,), True),)


@primitive(formula="Σ over the streams", derivative="Σ of what arrives over the streams")
def sum_over_streams(xp: Any, x: Array) -> Array:
    """The sum of x over all streams of a program, each of which holds a part of the batch."""
    return xp.sum_streams(x)


@sum_over_streams.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (lambda: xp.sum_streams(cotangent),)
