"""The facade over JAX, used as a compiler and a runtime: `jax.grad` is nowhere in this package.

Some functions are spelled in an unusual way so that XLA on a CPU gives the same bits on any number
of threads: a sum is a product with ones, and the transposed factor of a weight gradient stands
behind a barrier, which keeps XLA from choosing a product that splits the summed axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

from chainrule.engine.blocks import SHORT
from chainrule.engine.namespace import SHARED, Array, Namespace
from chainrule.engine.prepared import once

STREAMS = "streams"
"""The name of the axis along which a program runs in several streams."""

LONGEST_ROW = 4096
"""Numbers: a longer row's sum would be shared out among the threads."""

WORTH_A_PRODUCT = 1 << 10
"""Numbers of an example: a sum between axes that are kept, as over the pixels of each of many
images, is a product for each of them, a third to a tenth of the time that bringing all pixels to
the front takes; of fewer numbers it was not measured."""

SMALL = 1 << 16
"""Numbers: arrays up to this size are copied together sooner than two streams meet once more."""


def astype(x: Array, dtype: str) -> Array:
    return jnp.asarray(x).astype(dtype)


def sum(x: Array, axis: Sequence[int], keepdims: bool = False) -> Array:
    axes = tuple(a % x.ndim for a in axis)
    if not jnp.issubdtype(x.dtype, jnp.floating) or not axes or x.size == 0:
        dtype = x.dtype if x.dtype != bool else "int32"  # jnp would widen small integers
        return jnp.sum(x, axis=axes, keepdims=keepdims, dtype=dtype)
    kept = tuple(a for a in range(x.ndim) if a not in axes)
    count = math.prod(x.shape[a] for a in axes)
    shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape) if keepdims or a in kept)
    if not kept:
        return _sum_all(jnp.reshape(x, (count,))).reshape(shape)
    if kept == tuple(range(len(kept))) and count <= LONGEST_ROW:
        return (x.reshape(-1, count) @ jnp.ones((count, 1), x.dtype)).reshape(shape)
    first, between = min(axes), max(axes) - min(axes) < len(axes)
    each = math.prod(x.shape[first:])
    if between and count < each < x.size and WORTH_A_PRODUCT <= each <= SHORT:
        stack = x.reshape(-1, count, each // count)
        return (jnp.ones((len(stack), 1, count), x.dtype) @ stack).reshape(shape)
    rows = jnp.transpose(x, axes + kept).reshape(count, -1)
    return _sum_rows(rows).reshape(shape)


def _sum_rows(rows: Array) -> Array:
    return jnp.ones((1, rows.shape[0]), rows.dtype) @ rows


def _sum_all(x: Array) -> Array:
    """Long vectors in two stages: columns of 256 first, since a long dot is split among threads."""
    rest = x.size % 256
    if x.size <= 4096:
        return _sum_rows(x[:, None])[0, 0]
    columns = _sum_rows(x[: x.size - rest].reshape(-1, 256))
    return _sum_rows(jnp.concatenate([columns[0], x[x.size - rest :]])[:, None])[0, 0]


def matmul_nt(a: Array, b: Array) -> Array:
    if a.ndim == b.ndim == 2:
        return lax.dot_general(a, b, (((1,), (1,)), ((), ())))
    return a @ jnp.swapaxes(b, -1, -2)


def matmul_tn(a: Array, b: Array) -> Array:
    """A long product gets barriers on both sides of the transposition: one that is fused with what
    made `a` strides through memory number by number, and one that is left to the product shares
    its sum out among the threads."""
    if a.ndim == b.ndim and a.ndim in (2, 3) and a.shape[-2] * a.shape[-1] * b.shape[-1] <= SHORT:
        stack = tuple(range(a.ndim - 2))
        return lax.dot_general(alone(a), b, (((a.ndim - 2,), (a.ndim - 2,)), (stack, stack)))
    if a.ndim == b.ndim == 2 and a.shape[1] > b.shape[1]:
        return jnp.swapaxes(alone(matmul_tn(b, a)), -1, -2)
    return alone(jnp.swapaxes(alone(a), -1, -2)) @ b


def alone(x: Array) -> Array:
    """x behind a barrier.

    XLA's CPU backend drops the barrier before it fuses. Of whole numbers it takes a remainder that
    changes nothing: what ends in one is not computed again for everything that looks at it.
    """
    if jnp.issubdtype(x.dtype, jnp.signedinteger):
        x = lax.rem(x, jnp.full_like(x, np.iinfo(x.dtype).max))
    alone: Array = lax.optimization_barrier(x)  # type: ignore[no-untyped-call]
    return alone


def apart(body: Callable[..., Any], *arrays: Array) -> Any:
    with set_xla_metadata(inlineable="false"):  # type: ignore[no-untyped-call]
        return jax.jit(body)(*arrays)


def own_convolution() -> Callable[..., Array] | None:
    return None if jax.default_backend() == "cpu" else _own_convolution


def _own_convolution(
    x: Array,
    weight: Array,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    spread: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> Array:
    order = ("NHWC", "HWIO", "NHWC") if x.ndim == 4 else ("NWC", "WIO", "NWC")
    return lax.conv_general_dilated(
        x, weight, stride, padding, spread, dilation, order, feature_group_count=groups
    )


def take(x: Array, index: Array) -> Array:
    return x.at[jnp.asarray(index)].get(mode="promise_in_bounds")


def add_at(shape: tuple[int, ...], index: Any, values: Array) -> Array:
    return jnp.zeros(shape, values.dtype).at[index].add(values)


def set_at(x: Array, index: Any, value: Array) -> Array:
    return x.at[index].set(value)


def stream() -> Array:
    own = _own_stream()
    return jnp.int32(0) if own is None else own


def _own_stream() -> Array | None:
    """None in a program that does not run in streams: the axis has no such name there."""
    try:
        return lax.axis_index(STREAMS)
    except NameError:
        return None


def _total(x: Array) -> Array:
    total: Array = lax.psum(x, STREAMS)  # type: ignore[no-untyped-call]
    return total


def sum_streams(tree: Any) -> Any:
    """The streams meet once for every array, so the small ones are added up as one."""
    if _own_stream() is None:
        return tree
    arrays, structure = jax.tree.flatten(tree)
    alike = [x.size <= SMALL and x.dtype == arrays[0].dtype for x in arrays]
    joined = jnp.concatenate([jnp.ravel(x) for x, one in zip(arrays, alike, strict=True) if one])
    total, start, summed = _total(joined), 0, []
    for x, one in zip(arrays, alike, strict=True):
        if one:
            summed.append(total[start : start + x.size].reshape(x.shape))
            start += x.size
        else:
            summed.append(_total(x))
    return jax.tree.unflatten(structure, summed)


def stack_streams(x: Array) -> Array:
    if _own_stream() is None:
        return x[None]
    stack: Array = lax.all_gather(x, STREAMS)
    return stack


def traced_once(function: Callable[..., Any]) -> Callable[..., Any]:
    once: Callable[..., Any] = jax.jit(function, inline=True)
    return once


def cond(
    condition: Array, if_true: Callable[[Any], Any], if_false: Callable[[Any], Any], x: Any
) -> Any:
    return lax.cond(condition, if_true, if_false, x)


def scan(
    body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, length: int, reverse: bool
) -> tuple[Any, Any]:
    return lax.scan(body, carry, xs, length=length, reverse=reverse)


def scan_in_place(
    body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, length: int, reverse: bool
) -> tuple[Any, Any]:
    """`lax.scan` would fill memory for the first y with zeros, and use more of the cache.

    The step is unsigned, so that no index is looked at for being negative.
    """
    first = jax.eval_shape(body, carry, tuple([x[0] for x in xs]))[1]
    stacks = (xs[0], *(jnp.zeros((length, *y.shape), y.dtype) for y in first[1:]))

    def step(found: Any) -> Any:
        index, carry, stacks = found
        at = jnp.uint32(length - 1) - index if reverse else index
        now = [lax.dynamic_index_in_dim(x, at, keepdims=False) for x in (stacks[0], *xs[1:])]
        carry, ys = body(carry, tuple(now))
        pairs = zip(stacks, ys, strict=True)
        stacks = tuple([lax.dynamic_update_index_in_dim(s, y, at, 0) for s, y in pairs])
        return index + jnp.uint32(1), carry, stacks

    found = (jnp.uint32(0), carry, stacks)
    return lax.while_loop(lambda found: found[0] < jnp.uint32(length), step, found)[1:]


JAX = cast(
    Namespace,
    SimpleNamespace(
        name="xla",
        **{name: getattr(jnp, name) for name in SHARED},
        astype=astype,
        sum=sum,
        matmul=jnp.matmul,
        matmul_nt=matmul_nt,
        matmul_tn=matmul_tn,
        alone=alone,
        apart=apart,
        once=once,
        own_convolution=own_convolution,
        erf=jax.scipy.special.erf,
        take=take,
        add_at=add_at,
        set_at=set_at,
        stream=stream,
        sum_streams=sum_streams,
        stack_streams=stack_streams,
        traced_once=traced_once,
        while_loop=lax.while_loop,
        cond=cond,
        scan=scan,
        scan_in_place=scan_in_place,
    ),
)
