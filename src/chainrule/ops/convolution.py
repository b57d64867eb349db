"""Convolution over one or two axes, and its transpose: three products, each chosen for its speed.

    out[n, i, o] = Σ over places k and channels c of  x[n, i·stride + k·dilation, c] · w[k, c, o]

Of the three products (forward, to the input, to the weights) two are convolutions themselves and
go to the engine's own; the weights' is a product of matrices, chunk by chunk of the batch, so that
the windows written side by side stay in the cache. Windows of 3×3 with enough channels have a way
of their own for all three (`ops/winograd.py`). What was measured is in benchmarks/NOTES.md.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from chainrule.autodiff import primitive
from chainrule.engine import Array, chunk_of, columns, padded, swept
from chainrule.ops import winograd

Sizes: TypeAlias = tuple[int, ...]
Widths: TypeAlias = tuple[tuple[int, int], ...]


@primitive(formula="Σ w·x over every window + b", derivative="w back to every window, Σ c·x, Σ c")
def convolve(
    xp: Any,
    x: Array,
    weight: Array,
    *bias: Array,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int = 1,
) -> Array:
    """The sum of weights times numbers in every window of x, plus the bias where there is one.

    Args:
        x: (batch, …, channels), with one or two axes between.
        weight: (…, channels / groups, filters). bias: (filters,).
        stride: steps between windows. dilation: steps between the places in a window.
        padding: zeros (before, after) each axis.
        groups: channels and filters fall into so many groups that do not see each other.
    """
    whole = (1,) * len(stride)
    out = _convolved(xp, x, weight, stride, padding, whole, dilation, groups)
    return out + bias[0] if bias else out


@convolve.rule
def _(
    xp: Any,
    cotangent: Array,
    out: Array,
    x: Array,
    weight: Array,
    *bias: Array,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int = 1,
) -> tuple[Any, ...]:
    window = stride, padding, dilation, groups
    return (
        lambda: _to_input(xp, cotangent, weight, x.shape[1:-1], *window),
        lambda: _to_weight(xp, x, cotangent, weight, *window),
        *[lambda: _to_bias(xp, cotangent) for _ in bias],
    )


@primitive(
    formula="every x spread by its window of w, summed, + b",
    derivative="Σ w·c over every window, Σ c·x, Σ c",
)
def transposed_convolve(
    xp: Any,
    x: Array,
    weight: Array,
    *bias: Array,
    size: Sizes,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int = 1,
) -> Array:
    """What `convolve` passes back to its input: every number spread over the window it came from.

    Args:
        x: (batch, …, channels). weight: (…, filters / groups, channels). bias: (filters,).
        size: sizes of the result's axes between batch and filters; `convolve` with the same
            settings makes the sizes of x out of them.
        stride, padding, dilation, groups: of that convolution (Dumoulin, Visin 2016).
    """
    out = _to_input(xp, x, weight, size, stride, padding, dilation, groups)
    return out + bias[0] if bias else out


@transposed_convolve.rule
def _(
    xp: Any,
    cotangent: Array,
    out: Array,
    x: Array,
    weight: Array,
    *bias: Array,
    size: Sizes,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int = 1,
) -> tuple[Any, ...]:
    window = stride, padding, dilation, groups
    whole = (1,) * len(stride)
    return (
        lambda: _convolved(xp, cotangent, weight, stride, padding, whole, dilation, groups),
        lambda: _to_weight(xp, cotangent, x, weight, *window),
        *[lambda: _to_bias(xp, cotangent) for _ in bias],
    )


def _convolved(
    xp: Any,
    x: Array,
    weight: Array,
    stride: Sizes,
    padding: Widths,
    spread: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """`xp.convolve`, or the way with fewer multiplications where the windows allow it."""
    if winograd.suits(xp, weight.shape, (*stride, *spread), dilation, groups):
        return winograd.convolve(xp, x, weight, padding)
    return xp.convolve(x, weight, stride, padding, spread, dilation, groups)


def _to_bias(xp: Any, cotangent: Array) -> Array:
    return xp.sum(cotangent, tuple(range(cotangent.ndim - 1)))


def _to_input(
    xp: Any,
    cotangent: Array,
    weight: Array,
    size: Sizes,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int,
) -> Array:
    """A convolution of what arrives, spread by the stride, with the turned weights."""
    kernel, (inner, outer) = weight.shape[:-2], weight.shape[-2:]
    around = []
    for n, count, k, s, d, (low, _) in zip(
        size, cotangent.shape[1:-1], kernel, stride, dilation, padding, strict=True
    ):
        reach = d * (k - 1)
        around.append((reach - low, n - 1 + low - s * (count - 1)))
    turned = xp.flip(weight, axis=tuple(range(len(kernel))))
    split = xp.reshape(turned, (*kernel, inner, groups, outer // groups))
    axes = tuple(range(len(kernel)))
    swapped = xp.transpose(split, (*axes, len(axes) + 2, len(axes) + 1, len(axes)))
    back = xp.reshape(swapped, (*kernel, outer // groups, groups * inner))
    whole = (1,) * len(kernel)
    return _convolved(xp, cotangent, back, whole, tuple(around), stride, dilation, groups)


def _to_weight(
    xp: Any,
    x: Array,
    cotangent: Array,
    weight: Array,
    stride: Sizes,
    padding: Widths,
    dilation: Sizes,
    groups: int,
) -> Array:
    """Σ over windows of what arrived times what the window saw, a chunk of the batch at a time."""
    if winograd.suits(xp, weight.shape, stride, dilation, groups):
        return winograd.to_weight(xp, x, cotangent, padding)
    kernel, inner = weight.shape[:-2], weight.shape[-2]
    outer = cotangent.shape[-1]
    batch = x.shape[0]
    windows = math.prod(cotangent.shape[1:-1])

    def product(x: Array, c: Array) -> Array:
        """(groups, filters / groups, kernel · channels / groups)."""
        rows = columns(xp, padded(xp, x, padding), kernel, stride, dilation, groups)
        arrived = xp.reshape(c, (c.shape[0] * windows, groups, outer // groups))
        if groups == 1:
            return xp.expand_dims(xp.matmul_tn(arrived[:, 0], rows[0]), 0)
        return xp.matmul_tn(xp.transpose(arrived, (1, 0, 2)), rows)

    def add(totals: Any, parts: Any) -> Any:
        return (totals[0] + product(*parts),), ()

    zeros = xp.zeros((groups, outer // groups, math.prod(kernel) * inner), dtype=x.dtype)
    chunk = chunk_of(batch, windows * (math.prod(kernel) * x.shape[-1] + outer))
    (total,), _ = swept(xp, add, (zeros,), (x, cotangent), chunk)
    return xp.reshape(xp.transpose(total, (2, 0, 1)), (*kernel, inner, outer))
