"""The facade over NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from chainrule.engine.namespace import SHARED, Array, Namespace
from chainrule.engine.prepared import once


def astype(x: Array, dtype: str) -> Array:
    return np.asarray(x).astype(dtype, copy=False)


def sum(x: Array, axis: Sequence[int], keepdims: bool = False) -> Array:
    dtype = x.dtype if x.dtype.kind != "b" else "int32"  # NumPy would widen small integers
    total: Array = _reduce(x, tuple(axis), dtype, None, keepdims)
    return total


def reshape(x: Array, shape: tuple[int, ...]) -> Array:
    return x.reshape(shape)  # np.reshape takes six times as long to get here


def matmul(a: Array, b: Array) -> Array:
    """OpenBLAS cuts a long summed axis in blocks, and a rest elsewhere with one thread than with
    several. Its blocks are multiples of 64, so the rest beyond the last 64 is a product of its own.
    """
    summed = a.shape[-1]
    rest = summed % 64
    if rest == 0 or summed <= 128 or b.ndim < 2:
        return a @ b
    cut = summed - rest
    return a[..., :cut] @ b[..., :cut, :] + a[..., cut:] @ b[..., cut:, :]


def matmul_nt(a: Array, b: Array) -> Array:
    return matmul(a, b.T if b.ndim == 2 else np.swapaxes(b, -1, -2))


def matmul_tn(a: Array, b: Array) -> Array:
    return matmul(a.T if a.ndim == 2 else np.swapaxes(a, -1, -2), b)


def alone(x: Array) -> Array:
    return x


def apart(body: Callable[..., Any], *arrays: Array, **settings: Any) -> Any:
    return body(NUMPY, *arrays, **settings)


def erf(x: Array) -> Array:
    from scipy.special import erf as scipy_erf

    return scipy_erf(x)


def take(x: Array, index: Array) -> Array:
    return x.take(index, axis=0)


def add_at(shape: tuple[int, ...], index: Any, values: Array) -> Array:
    out = np.zeros(shape, values.dtype)
    np.add.at(out, index, values)
    return out


def stream() -> Array:
    return np.int32(0)


def in_streams() -> bool:
    return False


def sum_streams(tree: Any) -> Any:
    return tree


def stack_streams(x: Array) -> Array:
    return x[None]


def cut(vector: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(vector, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def set_at(x: Array, index: Any, value: Array) -> Array:
    x[index] = value
    return x


def traced_once(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def while_loop(condition: Callable[[Any], Array], body: Callable[[Any], Any], carry: Any) -> Any:
    while condition(carry):
        carry = body(carry)
    return carry


def cond(
    condition: Array, if_true: Callable[[Any], Any], if_false: Callable[[Any], Any], x: Any
) -> Any:
    return if_true(x) if condition else if_false(x)


def part_at(x: Array, starts: Sequence[Any], sizes: Sequence[int]) -> Array:
    return x[tuple([slice(at, at + size) for at, size in zip(starts, sizes, strict=True)])]


def scan(
    body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, length: int, reverse: bool
) -> tuple[Any, Any]:
    steps: list[Any] = [None] * length
    for t in range(length - 1, -1, -1) if reverse else range(length):
        carry, steps[t] = body(carry, _at(xs, t))
    return carry, tuple(np.stack(column) for column in zip(*steps, strict=True))


def _at(xs: Any, t: int) -> Any:
    return tuple(_at(x, t) for x in xs) if isinstance(xs, tuple) else xs[t]


_reduce: Any = np.add.reduce  # what x.sum() calls in the end, for a quarter less

NUMPY = cast(
    Namespace,
    SimpleNamespace(
        name="numpy",
        **{name: getattr(np, name) for name in SHARED if name != "reshape"},
        reshape=reshape,
        astype=astype,
        sum=sum,
        matmul=matmul,
        matmul_nt=matmul_nt,
        matmul_tn=matmul_tn,
        alone=alone,
        apart=apart,
        once=once,
        own_convolution=lambda: None,
        erf=erf,
        take=take,
        add_at=add_at,
        set_at=set_at,
        stream=stream,
        in_streams=in_streams,
        sum_streams=sum_streams,
        stack_streams=stack_streams,
        cut=cut,
        traced_once=traced_once,
        while_loop=while_loop,
        cond=cond,
        part_at=part_at,
        scan=scan,
        scan_in_place=scan,
    ),
)
