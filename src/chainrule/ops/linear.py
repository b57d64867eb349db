"""Products of matrices: where nearly all arithmetic of a dense network happens."""

from __future__ import annotations

import math
from typing import Any

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.errors import ShapeError
from chainrule.ops.broadcasting import unbroadcast


@primitive(formula="a·b", derivative="c·bᵀ, aᵀ·c for an arriving c")
def matmul(xp: Any, a: Array, b: Array) -> Array:
    """The matrix product over the last two axes; a 1-D operand is a row on the left, a column
    on the right, and its axis is dropped from the result, as in NumPy.
    """
    inner = b.shape[0] if b.ndim == 1 else b.shape[-2] if b.ndim else 0
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != inner:
        raise ShapeError(
            f"matmul of {tuple(a.shape)} and {tuple(b.shape)}: the last size of the first must "
            "equal the second-to-last (or only) size of the second."
        )
    return xp.matmul(a, b)


@matmul.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    if b.ndim == 2 and a.ndim > 2:
        return _of_rows(xp, cotangent, a, b)
    left = a if a.ndim > 1 else xp.reshape(a, (1, -1))
    right = b if b.ndim > 1 else xp.reshape(b, (-1, 1))
    full = cotangent
    if b.ndim == 1:
        full = xp.expand_dims(full, -1)
    if a.ndim == 1:
        full = xp.expand_dims(full, -2)
    return (
        lambda: xp.reshape(unbroadcast(xp, xp.matmul_nt(full, right), left), a.shape),
        lambda: xp.reshape(unbroadcast(xp, xp.matmul_tn(left, full), right), b.shape),
    )


def _of_rows(xp: Any, cotangent: Array, x: Array, weight: Array) -> tuple[Any, Any]:
    """For (…, in_features) and (in_features, out_features): one product each, of all rows."""
    if x.ndim == 2:
        return lambda: xp.matmul_nt(cotangent, weight), lambda: xp.matmul_tn(x, cotangent)
    count = math.prod(x.shape[:-1])
    rows = xp.reshape(cotangent, (count, weight.shape[1]))
    inputs = xp.reshape(x, (count, weight.shape[0]))
    return (
        lambda: xp.reshape(xp.matmul_nt(rows, weight), x.shape),
        lambda: xp.matmul_tn(inputs, rows),
    )


@primitive(formula="x·w + b", derivative="c·wᵀ, xᵀ·c, Σ c for an arriving c")
def affine(xp: Any, x: Array, weight: Array, bias: Array) -> Array:
    """x · weight + bias.

    Args:
        x: (…, in_features). weight: (in_features, out_features). bias: (out_features,).
    """
    out = xp.matmul(x, weight)
    out += bias
    return out


@affine.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, weight: Array, bias: Array
) -> tuple[Any, ...]:
    return (
        *_of_rows(xp, cotangent, x, weight),
        lambda: xp.sum(cotangent, tuple(range(x.ndim - 1))),
    )


@primitive(formula="Σ a·b", derivative="b, a")
def dot(xp: Any, a: Array, b: Array) -> Array:
    """The sum of products of two arrays of one shape: a scalar, in a fixed order of adding."""
    if a.shape != b.shape:
        raise ShapeError(f"dot of {tuple(a.shape)} and {tuple(b.shape)}: the shapes must be equal.")
    return xp.sum(a * b, tuple(range(a.ndim)))


@dot.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return lambda: cotangent * b, lambda: cotangent * a
