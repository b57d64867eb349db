"""Scaled dot-product attention: every step takes a weighted mean of the values of other steps.

Per head, with queries q, keys k, values v of `features` numbers each (Vaswani et al. 2017):

    weights = softmax(q·kᵀ / √features) over the keys that may be looked at
    out     = weights·v

The weights, queries × keys of them, are not kept: the way back computes them again. Where those of
the whole batch would leave the processor's cache, a few examples are done at a time (after Rabe and
Staats 2021, and Dao et al. 2022, who cut single sequences too).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.errors import ShapeError

BLOCK_BYTES = 2**20
"""Weights worked on at a time: 4 examples of 4 heads and 128 steps take half the time of 32."""


@primitive(
    formula="softmax(q·kᵀ/√n)·v",
    derivative="with a the softmax, c arriving, s = a·(c·vᵀ - Σ a·c·vᵀ)/√n: s·k, sᵀ·q, aᵀ·c",
    singular="a query that may look at no key: 0",
    promote=(0, 1, 2),
    floating=True,
)
def attention(
    xp: Any, q: Array, k: Array, v: Array, *valid: Array, heads: int = 1, causal: bool = False
) -> Array:
    """For each query the mean of the values, weighted by how well their keys fit the query.

    Args:
        q: queries (batch, queries, width). k: keys (batch, keys, width).
        v: values (batch, keys, value_width). Widths are split evenly among the heads.
        valid: which keys count, booleans (batch, keys), e.g. `valid_steps(lengths, keys)`; all
            where it is left out. What the others hold changes nothing.
        heads: how many parts the widths are cut into; each looks for itself.
        causal: query t looks at the keys 0 … t alone, never at the future.

    Returns:
        (batch, queries, value_width); 0 for a query that may look at no key.

    Raises:
        ShapeError: the shapes do not fit each other, or the heads do not divide the widths.

    Example:
        >>> x = np.eye(2)[None]
        >>> attention(100 * x, x, x, causal=True).round(2).tolist()
        [[[1.0, 0.0], [0.0, 1.0]]]

    Source: Vaswani et al. (2017).
    """
    _check(q, k, v, valid, heads)

    def forward(q: Array, k: Array, v: Array, *valid: Array) -> tuple[Array, ...]:
        weights = _weights(xp, _split(xp, q, heads), _split(xp, k, heads), valid, causal)
        return (_joined(xp, xp.matmul(weights, _split(xp, v, heads))),)

    return _in_blocks(xp, forward, (q, k, v, *valid), heads)[0]


@attention.rule
def _(
    xp: Any,
    cotangent: Array,
    out: Array,
    q: Array,
    k: Array,
    v: Array,
    *valid: Array,
    heads: int = 1,
    causal: bool = False,
) -> tuple[Any, ...]:
    def backward(
        q: Array, k: Array, v: Array, cotangent: Array, *valid: Array
    ) -> tuple[Array, ...]:
        queries, keys, values, arriving = (_split(xp, x, heads) for x in (q, k, v, cotangent))
        weights = _weights(xp, queries, keys, valid, causal)
        to_scores = _to_scores(xp, weights, xp.matmul_nt(arriving, values)) * _scale(queries)
        return (
            _joined(xp, xp.matmul(to_scores, keys)),
            _joined(xp, xp.matmul_tn(to_scores, queries)),
            _joined(xp, xp.matmul_tn(weights, arriving)),
        )

    found = _in_blocks(xp, backward, (q, k, v, cotangent, *valid), heads)
    return (*found, *(None for _ in valid))


def _in_blocks(
    xp: Any, rule: Callable[..., tuple[Array, ...]], arrays: tuple[Array, ...], heads: int
) -> tuple[Array, ...]:
    """The rule on a few examples at a time, as many as divide the batch and fit the cache."""
    (batch, queries, _), keys = arrays[0].shape, arrays[1].shape[1]
    most = BLOCK_BYTES // max(1, heads * queries * keys * arrays[0].dtype.itemsize)
    size = next((n for n in range(min(most, batch), 1, -1) if batch % n == 0), 1)
    if most >= batch or size == batch:
        return rule(*arrays)
    blocks = tuple(xp.reshape(x, (batch // size, size, *x.shape[1:])) for x in arrays)
    found = xp.scan(lambda carry, x: (carry, rule(*x)), (), blocks, batch // size, False)[1]
    return tuple(xp.reshape(x, (batch, *x.shape[2:])) for x in found)


@primitive(
    formula="softmax(q·kᵀ/√n)",
    derivative="with a the softmax, c arriving, s = a·(c - Σ a·c)/√n: s·k, sᵀ·q",
    singular="a query that may look at no key: 0",
    promote=(0, 1),
    floating=True,
)
def attention_weights(
    xp: Any, q: Array, k: Array, *valid: Array, heads: int = 1, causal: bool = False
) -> Array:
    """How much each query looks at each key, (batch, heads, queries, keys): to be read by people.

    Args: as of `attention`. Each row of weights sums to 1, or to 0 where there is no key.
    """
    _check(q, k, k, valid, heads)
    return _weights(xp, _split(xp, q, heads), _split(xp, k, heads), valid, causal)


@attention_weights.rule
def _(
    xp: Any,
    cotangent: Array,
    out: Array,
    q: Array,
    k: Array,
    *valid: Array,
    heads: int = 1,
    causal: bool = False,
) -> tuple[Any, ...]:
    queries, keys = _split(xp, q, heads), _split(xp, k, heads)
    to_scores = _to_scores(xp, out, cotangent) * _scale(queries)
    return (
        lambda: _joined(xp, xp.matmul(to_scores, keys)),
        lambda: _joined(xp, xp.matmul_tn(to_scores, queries)),
        *(None for _ in valid),
    )


def _to_scores(xp: Any, weights: Array, arriving: Array) -> Array:
    """Back through the softmax."""
    return weights * (arriving - xp.sum(arriving * weights, (3,), True))


def _weights(xp: Any, queries: Array, keys: Array, valid: tuple[Array, ...], causal: bool) -> Array:
    """The softmax of the scores over the keys allowed, (batch, heads, queries, keys)."""
    scores = xp.matmul_nt(queries * _scale(queries), keys)
    allowed = _allowed(xp, scores.shape, valid, causal)
    if allowed is None:
        shifted = xp.exp(scores - xp.max(scores, axis=3, keepdims=True))
        return shifted / xp.sum(shifted, (3,), True)
    lowest = xp.asarray(np.finfo(str(scores.dtype)).min, dtype=scores.dtype)
    scores = xp.where(allowed, scores, lowest)
    shifted = xp.exp(scores - xp.max(scores, axis=3, keepdims=True)) * allowed
    total = xp.sum(shifted, (3,), True)
    return shifted / xp.where(total > 0, total, xp.ones_like(total))


def _scale(queries: Array) -> float:
    return 1 / math.sqrt(max(1, queries.shape[-1]))


def _allowed(xp: Any, shape: tuple[int, ...], valid: tuple[Array, ...], causal: bool) -> Any:
    """Which key a query may look at, broadcasting to the scores; None: each at all."""
    allowed = xp.reshape(valid[0], (shape[0], 1, 1, shape[3])) if valid else None
    if not causal:
        return allowed
    before = xp.arange(shape[3], dtype="int32") <= xp.reshape(
        xp.arange(shape[2], dtype="int32"), (-1, 1)
    )
    return before if allowed is None else xp.logical_and(allowed, before)


def _split(xp: Any, x: Array, heads: int) -> Array:
    """(batch, steps, heads · n) as (batch, heads, steps, n)."""
    batch, steps, width = x.shape
    return xp.swapaxes(xp.reshape(x, (batch, steps, heads, width // heads)), 1, 2)


def _joined(xp: Any, x: Array) -> Array:
    """(batch, heads, steps, n) as (batch, steps, heads · n)."""
    batch, heads, steps, width = x.shape
    return xp.reshape(xp.swapaxes(x, 1, 2), (batch, steps, heads * width))


def _check(q: Array, k: Array, v: Array, valid: tuple[Array, ...], heads: int) -> None:
    """Refuse shapes that do not fit each other."""
    shapes = f"queries {tuple(q.shape)}, keys {tuple(k.shape)}, values {tuple(v.shape)}"
    if not q.ndim == k.ndim == v.ndim == 3:
        raise ShapeError(f"Attention takes three arrays (batch, steps, width); it got {shapes}.")
    if not (q.shape[0] == k.shape[0] == v.shape[0] and k.shape[1] == v.shape[1]):
        raise ShapeError(
            f"Attention got {shapes}: the batch must be one, and every key needs one value."
        )
    if q.shape[2] != k.shape[2]:
        raise ShapeError(f"Attention got {shapes}: queries and keys must be of one width.")
    if heads < 1 or q.shape[2] % heads or v.shape[2] % heads:
        raise ShapeError(
            f"Attention got {shapes}: {heads} heads do not divide the widths {q.shape[2]} and "
            f"{v.shape[2]}. Choose heads that do, e.g. 1."
        )
    for mask in valid:
        if tuple(mask.shape) != tuple(k.shape[:2]) or mask.dtype.kind != "b":
            raise ShapeError(
                f"Attention got {shapes} and a mask of {mask.dtype} {tuple(mask.shape)}: a mask is "
                f"booleans (batch, keys), here {tuple(k.shape[:2])}. Make it of lengths by "
                "ops.valid_steps(lengths, keys)."
            )
