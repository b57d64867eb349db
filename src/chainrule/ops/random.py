"""Random numbers as operations on a key: the same numbers on both engines, and on the tape.

A key is a uint32 array of shape (2,). There is no hidden generator: the same key always gives the
same numbers, and `fold_in(key, i)` makes an independent key for every layer, step or epoch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import NUMPY, Array
from chainrule.ops import bits
from chainrule.ops.bits import key_from_seed

__all__ = [
    "fold_in",
    "key_from_seed",
    "permutation_table",
    "random_normal",
    "random_part",
    "random_uniform",
]


@primitive(formula="a key made from a key and a number", promote=False)
def fold_in(xp: Any, key: Array, data: Array) -> Array:
    """An independent key made from a key and an integer from 0 to 2³² - 1.

    >>> fold_in(key_from_seed(0), 1).shape
    (2,)
    """
    return bits.fold_in(xp, key, data)


@primitive(formula="uniform in [0, 1)", promote=False)
def random_uniform(xp: Any, key: Array, *, shape: tuple[int, ...], dtype: str = "float32") -> Array:
    """Numbers uniform in [0, 1), float32 or float64, of the given shape.

    >>> random_uniform(key_from_seed(0), shape=(2, 3)).shape
    (2, 3)
    """
    size = math.prod(shape)
    if dtype == "float32":
        words = bits.hash_bits(xp, key, xp.arange(size, dtype="uint32"))
        return xp.reshape(bits.uniform_from_bits(xp, words, dtype), shape)
    words = bits.hash_bits(xp, key, xp.arange(2 * size, dtype="uint32"))
    return bits.uniform_from_bits(xp, xp.reshape(words, (2, *shape)), dtype)


@primitive(formula="uniform in [0, 1), a part of the rows", promote=False)
def random_part(
    xp: Any, key: Array, first: Array, *, shape: tuple[int, ...], rows: int, dtype: str = "float32"
) -> Array:
    """Those rows of `random_uniform(key, shape=(rows, *shape[1:]))` that begin with the first.

    Args:
        first: the number of the first row, an integer of shape (). shape: of the part.

    >>> part = random_part(key_from_seed(0), 2, shape=(1, 3), rows=4)
    >>> bool((part == random_uniform(key_from_seed(0), shape=(4, 3))[2:3]).all())
    True
    """
    size, each = math.prod(shape), math.prod(shape[1:])
    start = xp.astype(first, "uint32") * np.uint32(each)
    counters = xp.reshape(start, (1,)) + xp.arange(size, dtype="uint32")
    if dtype == "float32":
        words = bits.hash_bits(xp, key, counters)
        return xp.reshape(bits.uniform_from_bits(xp, words, dtype), shape)
    low = counters + np.uint32(rows * each)
    words = bits.hash_bits(xp, key, xp.stack([counters, low]))
    return bits.uniform_from_bits(xp, xp.reshape(words, (2, *shape)), dtype)


@primitive(formula="standard normal", promote=False)
def random_normal(xp: Any, key: Array, *, shape: tuple[int, ...], dtype: str = "float32") -> Array:
    """Standard normal numbers; the engines agree to rounding (their logarithms differ).

    >>> random_normal(key_from_seed(0), shape=(3,)).dtype
    dtype('float32')
    """
    pair = random_uniform.forward(xp, key, shape=(2, *shape), dtype=dtype)
    return bits.normal_from_uniform(xp, pair[0], pair[1])


def permutation_table(key: Array, epochs: range, rows: int) -> Array:
    """One shuffled order of the rows for every epoch: int32, (len(epochs), rows), on NumPy.

    The order of an epoch depends on the key and the number of the epoch alone, so a run can be cut
    anywhere. Equal random words are put in order by their row, so the order is unique.
    """
    xp = NUMPY
    keys = bits.fold_in_each(xp, key, xp.arange(epochs.start, epochs.stop, dtype="uint32"))
    words = bits.hash_bits(xp, xp.expand_dims(keys, 2), xp.arange(rows, dtype="uint32"))[0]
    table = words.astype("uint64")
    table <<= 32
    table |= xp.arange(rows, dtype="uint64")
    table.sort(axis=1)
    return (table & 0xFFFFFFFF).astype("int32")
