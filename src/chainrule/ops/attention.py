"""Scaled dot-product attention: every step takes a weighted mean of the values of other steps.

Per head, with queries q, keys k, values v of `features` numbers each (Vaswani et al. 2017):

    weights = softmax(q·kᵀ / √features) over the keys that may be looked at
    out     = weights·v

The weights, queries × keys of them, are not kept: the way back computes them again. Where those of
all examples and heads would leave the processor's cache, a few are done at a time, and of a long
sequence a few queries (Rabe and Staats 2021). Every block has all keys, so that its softmax is
whole and nothing has to be scaled again later as in Dao et al. (2022).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import Array, chunk_of, swept
from chainrule.errors import ShapeError

Arrays: TypeAlias = tuple[Array, ...]
Rule: TypeAlias = Callable[[Array, Arrays, Arrays], tuple[Arrays, Arrays]]
"""Of the steps of some queries, arrays (pairs, queries, …) and arrays (pairs, keys, …): what
belongs to the queries, and what adds up over them for the keys, (pairs, …, keys). A pair is an
example and a head."""


@primitive(
    formula="softmax(q·kᵀ/√n)·v",
    derivative="with a the softmax, c arriving, s = a·(c·vᵀ - Σ c·out)/√n: s·k, sᵀ·q, aᵀ·c",
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
            where it is left out. What the others hold changes nothing, be it NaN.
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

    def forward(steps: Array, seen: Arrays, looked_at: Arrays) -> tuple[Arrays, Arrays]:
        (queries,), (keys, values, *mask) = seen, looked_at
        powers, share = _softmax_parts(xp, queries, keys, mask, steps if causal else None)
        return (xp.matmul(powers, values) * share,), ()

    found = _in_blocks(xp, forward, (_split(xp, q, heads),), _keys(xp, k, v, valid, heads), 0)
    return _joined(xp, found[0], heads)


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
    def backward(steps: Array, seen: Arrays, looked_at: Arrays) -> tuple[Arrays, Arrays]:
        (queries, arriving, out), (keys, values, *mask) = seen, looked_at
        powers, share = _softmax_parts(xp, queries, keys, mask, steps if causal else None)
        arriving = arriving * share
        own = xp.sum(arriving * out, (2,), True)
        to_scores = powers * (xp.matmul_nt(arriving, values) - own)
        to_queries = xp.matmul(to_scores, keys) * _scale(queries)
        to_keys = _over_queries(xp, queries * _scale(queries), to_scores)
        return (to_queries,), (to_keys, _over_queries(xp, arriving, powers))

    seen = tuple(_split(xp, x, heads) for x in (q, cotangent, out))
    found = _in_blocks(xp, backward, seen, _keys(xp, k, v, valid, heads), 2)
    to_queries, *to_keys = found
    joined = (xp.reshape(x, (len(k), -1, k.shape[1])) for x in to_keys)
    transposed = (xp.apart(_transposed, x) for x in joined)
    return (_joined(xp, to_queries, heads), *transposed, *(None for _ in valid))


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
    queries, (keys, _, *mask) = _split(xp, q, heads), _keys(xp, k, k, valid, heads)
    steps = xp.arange(q.shape[1], dtype="int32") if causal else None
    powers, share = _softmax_parts(xp, queries, keys, mask, steps)
    return xp.reshape(powers * share, (q.shape[0], heads, q.shape[1], k.shape[1]))


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
    queries, (keys, *_) = _split(xp, q, heads), _keys(xp, k, k, valid, heads)
    through = out * (cotangent - xp.sum(cotangent * out, (3,), True)) * _scale(queries)
    to_scores = xp.reshape(through, (-1, q.shape[1], k.shape[1]))
    return (
        lambda: _joined(xp, xp.matmul(to_scores, keys), heads),
        lambda: _joined(xp, xp.matmul_tn(to_scores, queries), heads),
        *(None for _ in valid),
    )


def _softmax_parts(
    xp: Any, queries: Array, keys: Array, mask: Any, steps: Array | None
) -> tuple[Array, Array]:
    """e to the scores, (pairs, queries, keys), and one over their sum; 0 where there is no key.

    Their product is the softmax; it is left to the other, smaller factor of what comes next.
    """
    scores = xp.matmul_nt(queries * _scale(queries), keys)
    lowest = xp.asarray(np.finfo(str(scores.dtype)).min / 2, dtype=scores.dtype)
    for valid in mask:
        scores = xp.where(xp.expand_dims(valid, 1), scores, lowest)
    if steps is not None:
        before = xp.arange(keys.shape[1], dtype="int32") <= xp.expand_dims(steps, 1)
        scores = xp.where(before, scores, lowest)
    largest = xp.max(scores, axis=2, keepdims=True)
    powers = xp.exp(scores - largest)
    share = 1 / xp.sum(powers, (2,), True)
    return powers, xp.where(largest > lowest, share, xp.zeros_like(share)) if mask else share


def _over_queries(xp: Any, x: Array, weights: Array) -> Array:
    """xᵀ·weights, (pairs, n, keys), of x (pairs, queries, n): the narrow factor is
    transposed, since XLA takes twice as long where the wide one is."""
    return xp.matmul(xp.apart(_transposed, x), weights)


def _transposed(xp: Any, x: Array) -> Array:
    """(…, a, b) as (…, b, a)."""
    transposed: Array = xp.swapaxes(x, 1, 2)
    return transposed


def _scale(queries: Array) -> float:
    return 1 / math.sqrt(max(1, queries.shape[-1]))


def _in_blocks(xp: Any, rule: Rule, seen: Arrays, looked_at: Arrays, sums: int) -> Arrays:
    """The rule on as many pairs at a time as fit the cache; `sums` of the keys' arrays get sums."""
    (pairs, queries, _), keys = seen[0].shape, looked_at[0].shape[1]

    def some(carry: Arrays, arrays: Arrays) -> tuple[Arrays, Arrays]:
        own = arrays[: len(seen)], arrays[len(seen) :]
        return carry, _by_queries(xp, rule, *own, sums)

    return swept(xp, some, (), (*seen, *looked_at), chunk_of(pairs, queries * keys))[1]


def _by_queries(xp: Any, rule: Rule, seen: Arrays, looked_at: Arrays, sums: int) -> Arrays:
    """The rule on a few queries at a time, where those of one pair alone would leave the cache."""
    (pairs, queries, _), keys = seen[0].shape, looked_at[0].shape[1]
    steps, size = xp.arange(queries, dtype="int32"), chunk_of(queries, pairs * keys)
    if size == queries:
        rows, totals = rule(steps, seen, looked_at)
        return rows + totals

    def some(totals: Arrays, arrays: Arrays) -> tuple[Arrays, Arrays]:
        steps, *own = arrays
        rows, more = rule(steps, tuple(xp.swapaxes(x, 0, 1) for x in own), looked_at)
        added = tuple(total + x for total, x in zip(totals, more, strict=True))
        return added, tuple(xp.swapaxes(x, 0, 1) for x in rows)

    start = tuple(xp.swapaxes(xp.zeros_like(x), 1, 2) for x in looked_at[:sums])
    by_step = tuple(xp.swapaxes(x, 0, 1) for x in seen)
    totals, rows = swept(xp, some, start, (steps, *by_step), size)
    return tuple(xp.swapaxes(x, 0, 1) for x in rows) + totals


def _keys(xp: Any, k: Array, v: Array, valid: Arrays, heads: int) -> Arrays:
    """Keys and values of every pair, 0 where they do not count (0·NaN would be NaN); the mask."""
    batch, keys, _ = k.shape
    for mask in valid:
        k, v = (xp.where(xp.expand_dims(mask, 2), x, xp.zeros_like(x)) for x in (k, v))
    masks = [xp.broadcast_to(xp.expand_dims(mask, 1), (batch, heads, keys)) for mask in valid]
    own = (_split(xp, x, heads) for x in (k, v))
    return (*own, *(xp.reshape(mask, (batch * heads, keys)) for mask in masks))


def _split(xp: Any, x: Array, heads: int) -> Array:
    """(batch, steps, heads · n) as (batch · heads, steps, n)."""
    batch, steps, width = x.shape
    apart = xp.swapaxes(xp.reshape(x, (batch, steps, heads, width // heads)), 1, 2)
    return xp.reshape(apart, (batch * heads, steps, width // heads))


def _joined(xp: Any, x: Array, heads: int) -> Array:
    """(batch · heads, steps, n) as (batch, steps, heads · n)."""
    pairs, steps, width = x.shape
    apart = xp.swapaxes(xp.reshape(x, (pairs // heads, heads, steps, width)), 1, 2)
    return xp.reshape(apart, (pairs // heads, steps, heads * width))


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
