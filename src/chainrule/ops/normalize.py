"""Batch normalization as one primitive: two statistics of the batch, and one pass for the result.

Written with smaller operations, each of its passes over x would go through memory on its own; on
large feature maps that takes longer than the convolutions between them.
"""

from __future__ import annotations

import math
from typing import Any

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.errors import ShapeError


@primitive(
    formula="x̂·s + b with x̂ = (x - m)/√(v + ε); m, v: mean and variance of the batch",
    derivative="s/√(v + ε)·(c - p·Σc - p·x̂·Σc·x̂) for shares p of the batch",
)
def batch_norm(
    xp: Any, x: Array, scale: Array, offset: Array, epsilon: Array, shares: Array, *, streams: int
) -> tuple[Array, ...]:
    """Every feature brought to mean 0 and variance 1 over the batch, then scaled and shifted.

    Args:
        x: (batch, …, features). scale, offset: (features,). epsilon: (), added to the variance.
        shares: what each example counts, (batch,), or each step, (batch, time); at least 0.
        streams: in how many streams the program runs, each with a part of the batch.

    Returns:
        The result, of the shape of x; the mean and the variance of the whole batch, (features,).

    Source: Ioffe and Szegedy (2015).
    """
    if x.ndim < 2 or shares.shape != x.shape[: shares.ndim] or shares.ndim >= x.ndim:
        raise ShapeError(
            f"batch_norm of {tuple(x.shape)} with shares {tuple(shares.shape)}: x is (batch, …, "
            "features), and there must be one share for each example or step."
        )
    parts = _parts(xp, x, shares, _total(xp, shares, streams))
    mean = _mean(xp, x, parts, streams)
    variance = _mean(xp, xp.square(x - mean), parts, streams)
    factor = scale * (1 / xp.sqrt(variance + epsilon))
    return x * factor + (offset - mean * factor), mean, variance


@batch_norm.rule
def _(
    xp: Any,
    cotangent: Any,
    out: Any,
    x: Array,
    scale: Array,
    offset: Array,
    epsilon: Array,
    shares: Array,
    *,
    streams: int,
) -> tuple[Any, ...]:
    _, mean, variance = out
    arrived = xp.zeros_like(x) if cotangent[0] is None else cotangent[0]
    c = xp.reshape(arrived, (-1, x.shape[-1]))
    total = _total(xp, shares, streams)
    parts = _parts(xp, x, shares, total)
    p = xp.reshape(parts, (*parts.shape, *(1,) * (x.ndim - 1 - parts.ndim)))
    p = xp.reshape(xp.broadcast_to(p, x.shape[:-1]), (-1, 1))
    root = 1 / xp.sqrt(variance + epsilon)
    rows = xp.reshape(x, c.shape)
    to_offset = xp.sum(c, (0,))
    to_scale = xp.sum(c * (rows - mean), (0,)) * root
    to_mean = -scale * root * _over_batch(xp, to_offset, streams)
    to_variance = -0.5 * scale * root * root * _over_batch(xp, to_scale, streams)
    if cotangent[1] is not None:
        to_mean = to_mean + _over_batch(xp, cotangent[1], streams)
    if cotangent[2] is not None:
        to_variance = to_variance + _over_batch(xp, cotangent[2], streams)

    def to_x() -> Array:
        through = p * (to_mean + 2 * to_variance * (rows - mean))
        return xp.reshape(c * (scale * root) + through, x.shape)

    def to_shares() -> Array:
        centered = rows - mean
        each = xp.sum(rows * to_mean + centered * centered * to_variance, (1,))
        less = _over_batch(xp, xp.sum(each * p[:, 0], (0,)), streams)
        positions = tuple(range(shares.ndim, x.ndim - 1))
        whole = xp.maximum(total, 1e-12) * _rows(x, shares)
        return xp.sum(xp.reshape(each - less, x.shape[:-1]), positions) / whole

    return (
        to_x,
        lambda: to_scale,
        lambda: to_offset,
        lambda: xp.sum(-0.5 * scale * root * root * to_scale, (0,)),
        to_shares,
    )


def _mean(xp: Any, x: Array, parts: Array, streams: int) -> Array:
    """The mean of every feature over the whole batch: of every example, then of all."""
    positions = tuple(range(parts.ndim, x.ndim - 1))
    each = xp.sum(x, positions) if positions else x
    total = xp.sum(each * xp.expand_dims(parts, -1), tuple(range(parts.ndim)))
    return _over_batch(xp, total, streams)


def _parts(xp: Any, x: Array, shares: Array, total: Array) -> Array:
    """Which part of the whole batch every row of features is that a share stands for."""
    count = xp.asarray(_rows(x, shares), dtype=str(x.dtype))
    parts: Array = xp.apart(_divided, shares, total, count)
    return parts


def _divided(xp: Any, shares: Array, total: Array, count: Array) -> Array:
    return shares / (xp.maximum(total, 1e-12) * count)


def _rows(x: Array, shares: Array) -> int:
    """How many rows of features one share stands for."""
    return math.prod(x.shape[shares.ndim : -1])


def _total(xp: Any, shares: Array, streams: int) -> Array:
    """What the shares of the whole batch sum to."""
    return _over_batch(xp, xp.sum(shares, tuple(range(shares.ndim))), streams)


def _over_batch(xp: Any, total: Array, streams: int) -> Array:
    return total if streams == 1 else xp.sum_streams(total)
