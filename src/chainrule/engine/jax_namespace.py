"""The facade over JAX, used as a compiler and a runtime: `jax.grad` is nowhere in this package.

Some functions are spelled in an unusual way so that XLA on a CPU gives the same bits on any number
of threads: long sums are cut up here, the transposed factor of a weight gradient stands apart,
which keeps XLA from choosing a product that splits the summed axis.
"""

from __future__ import annotations

import functools
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
from chainrule.engine.device_convolution import DeviceConvolution
from chainrule.engine.namespace import SHARED, Array, Namespace, OwnConvolution
from chainrule.engine.prepared import once

STREAMS = "streams"
"""The name of the axis along which a program runs in several streams."""

AT_ONCE = 1 << 16
"""Bytes: a sum over so much that lies side by side is one thread's (docs/decisions/0015)."""

SMALL = 1 << 16
"""Numbers: arrays up to this size are copied together sooner than two streams meet once more."""


def astype(x: Array, dtype: str) -> Array:
    return jnp.asarray(x).astype(dtype)


def sum(x: Array, axis: Sequence[int], keepdims: bool = False) -> Array:
    """A longer sum than AT_ONCE is cut up here, since XLA would do it by the number of threads."""
    axes = sorted(a % x.ndim for a in axis)
    if not jnp.issubdtype(x.dtype, jnp.floating) or x.nbytes <= AT_ONCE:
        dtype = x.dtype if x.dtype != bool else "int32"  # jnp would widen small integers
        return jnp.sum(x, axis=tuple(axes), keepdims=keepdims, dtype=dtype)
    shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape) if keepdims or a not in axes)
    for end in reversed(axes):
        if end + 1 in axes:
            continue
        start = end
        while start - 1 in axes:
            start -= 1
        before, after = x.shape[:start], x.shape[end + 1 :]
        count = math.prod(x.shape[start : end + 1])
        found = _sum_between(jnp.reshape(x, (math.prod(before), count, math.prod(after))))
        x = jnp.reshape(found, (*before, *after))
    return jnp.reshape(x, shape)


def _sum_between(x: Array) -> Array:
    """The sum over the middle axis of (before, count, after).

    Sums of sums stand apart, or XLA would make one of them.
    """
    count, after = x.shape[1:]
    most = AT_ONCE // x.dtype.itemsize
    if count * after <= (2 * most if count <= 256 else most):
        return alone(jnp.sum(x, axis=1))
    wide = after > most // 16
    size = min(count, 8) if wide else _divisor(count, most // after)
    whole = count - count % size
    if wide:
        sums = functools.reduce(jnp.add, [x[:, i:whole:size] for i in range(size)])
    else:
        parts = jnp.reshape(x[:, :whole], (x.shape[0], -1, size, after))
        sums = alone(jnp.sum(parts, axis=2))
    total = sums[:, 0] if sums.shape[1] == 1 else _sum_between(sums)
    return total if whole == count else total + _sum_between(x[:, whole:])


def _divisor(count: int, most: int) -> int:
    """The largest divisor up to `most`, or `most` if all others are less than half of it."""
    fitting = [size for size in range(most // 2, most + 1) if count % size == 0]
    return max(fitting, default=most)


def matmul_nt(a: Array, b: Array) -> Array:
    if a.ndim == b.ndim == 2:
        return lax.dot_general(a, b, (((1,), (1,)), ((), ())))
    return a @ jnp.swapaxes(b, -1, -2)


def matmul_tn(a: Array, b: Array) -> Array:
    """The transposition in a long product stands apart: fused with what made `a` it strides through
    memory number by number, and left to the product it shares the sum out among the threads.
    Outside of streams barriers do, and threads share out the transposition."""
    if a.ndim == b.ndim and a.ndim in (2, 3) and a.shape[-2] * a.shape[-1] * b.shape[-1] <= SHORT:
        stack = tuple(range(a.ndim - 2))
        return lax.dot_general(alone(a), b, (((a.ndim - 2,), (a.ndim - 2,)), (stack, stack)))
    if a.ndim == b.ndim == 2 and a.shape[1] > b.shape[1]:
        return _transposed(alone(matmul_tn(b, a)))
    return _transposed(a) @ b


def _transposed(a: Array) -> Array:
    return apart(_swapped, a) if in_streams() else alone(_swapped(JAX, alone(a)))


def _swapped(xp: Any, a: Array) -> Array:
    swapped: Array = xp.swapaxes(a, -1, -2)
    return swapped


def alone(x: Array) -> Array:
    """x behind a barrier.

    XLA's CPU backend drops the barrier before it fuses. Of whole numbers it takes a remainder that
    changes nothing: what ends in one is not computed again for everything that looks at it.
    """
    if jnp.issubdtype(x.dtype, jnp.signedinteger):
        x = lax.rem(x, jnp.full_like(x, np.iinfo(x.dtype).max))
    alone: Array = lax.optimization_barrier(x)  # type: ignore[no-untyped-call]
    return alone


def apart(body: Callable[..., Any], *arrays: Array, **settings: Any) -> Any:
    with set_xla_metadata(inlineable="false"):  # type: ignore[no-untyped-call]
        return _traced_by_shape(body, tuple(settings))(*arrays, **settings)


@functools.cache
def _traced_by_shape(body: Callable[..., Any], settings: tuple[str, ...]) -> Callable[..., Any]:
    traced: Callable[..., Any] = jax.jit(functools.partial(body, JAX), static_argnames=settings)
    return traced


def own_convolution() -> OwnConvolution | None:
    return None if jax.default_backend() == "cpu" else DeviceConvolution()


def take(x: Array, index: Array) -> Array:
    return x.at[jnp.asarray(index)].get(mode="promise_in_bounds", wrap_negative_indices=False)


def part_at(x: Array, starts: Sequence[Array], sizes: Sequence[int]) -> Array:
    """Unsigned places, so that none is looked at for being negative."""
    places = [jnp.asarray(start).astype("uint32") for start in starts]
    return lax.dynamic_slice(x, places, sizes)


def add_at(shape: tuple[int, ...], index: Any, values: Array) -> Array:
    return jnp.zeros(shape, values.dtype).at[index].add(values)


def set_at(x: Array, index: Any, value: Array) -> Array:
    return x.at[index].set(value)


def stream() -> Array:
    own = _own_stream()
    return jnp.int32(0) if own is None else own


def in_streams() -> bool:
    return _own_stream() is not None


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


def cut(vector: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """In a stream the places are told while it runs: where they are known beforehand, every part
    is cut, and all that reads it computed, by code of its own, which takes XLA seconds to make."""
    sizes = [math.prod(shape) for shape in shapes]
    starts = [end - size for end, size in zip(np.cumsum(sizes).tolist(), sizes, strict=True)]
    own = _own_stream()
    if own is None:
        parts = zip(starts, sizes, shapes, strict=True)
        return [vector[start : start + size].reshape(shape) for start, size, shape in parts]

    def told() -> list[Array]:
        return [jnp.uint32(start) for start in starts]

    places = lax.cond(own >= 0, told, lambda: [jnp.uint32(0) for _ in starts])
    found = apart(_parts_at, vector, *places, sizes=tuple(sizes))
    return [part.reshape(shape) for part, shape in zip(found, shapes, strict=True)]


def _parts_at(xp: Any, vector: Array, *places: Array, sizes: tuple[int, ...]) -> list[Array]:
    parts = zip(places, sizes, strict=True)
    return [xp.part_at(vector, [place], [size]) for place, size in parts]


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
        part_at=part_at,
        add_at=add_at,
        set_at=set_at,
        stream=stream,
        in_streams=in_streams,
        sum_streams=sum_streams,
        stack_streams=stack_streams,
        cut=cut,
        traced_once=traced_once,
        while_loop=lax.while_loop,
        cond=cond,
        scan=scan,
        scan_in_place=scan_in_place,
    ),
)
