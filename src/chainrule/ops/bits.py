"""Random bits as a pure function of a key and a counter: the same bits on every engine.

Four rounds of multiply and xor-shift turn a 32-bit counter into 32 bits. The key enters before the
first and the second round, and the counter is added again at the end: without that addition a
stream would be a permutation of its counters, and no number could ever occur twice.
`docs/decisions/0001-random-generator.md` says what was tried, how fast it is, and which batteries
of tests it passes. It is not meant for cryptography.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from chainrule.engine import NUMPY, Array, Namespace
from chainrule.errors import SettingError

_MULTIPLIERS = tuple(np.uint32(m) for m in (0xED5AD4BB, 0xAC4C1B51, 0x31848BAB, 0xD35A2D97))
_SPREAD = np.uint32(0x9E3779B9)
_FOLD = np.array([0x243F6A88, 0x85A308D3], "uint32")


def hash_bits(xp: Namespace, key: Array, counter: Array) -> Array:
    """32 random bits for every counter.

    Args:
        xp: the facade of the engine that the arrays belong to.
        key: uint32, shape (2,).
        counter: uint32, any shape. Different counters give independent numbers.

    Returns:
        uint32, of the counter's shape.

    Source: multiplicative xor-shift rounds as in MurmurHash3's finalizer (Appleby, 2011), with
    multipliers found by C. Wellons' hash-prospector (2018).

    >>> hash_bits(NUMPY, key_from_seed(0), np.arange(2, dtype="uint32")).shape
    (2,)
    """
    if counter.ndim == 0:  # NumPy's scalars warn where its arrays wrap around
        return xp.reshape(hash_bits(xp, key, xp.reshape(counter, (1,))), ())
    return _mix(counter, key[:1], key[1:])


def fold_in(xp: Namespace, key: Array, data: Array | int) -> Array:
    """A new key made from a key and a number: the index of a layer, a step, an epoch.

    Args:
        xp: the facade of the engine that the key belongs to.
        key: uint32, shape (2,). It stays usable; the new key's stream is independent of its own.
        data: an integer from 0 to 2³² − 1, or a uint32 array of shape ().

    Returns:
        uint32, shape (2,).

    Raises:
        SettingError: `data` is a Python integer outside that range.

    >>> layer_key = fold_in(NUMPY, key_from_seed(0), 3)
    """
    if isinstance(data, int) and not 0 <= data < 2**32:
        raise SettingError(f"fold_in takes an integer from 0 to 2**32 - 1, not {data}.")
    return _mix(xp.asarray(data, dtype="uint32"), key ^ _FOLD, key[::-1])


def _mix(counter: Array, first: Array, second: Array) -> Array:
    """The four rounds; the words of the key are arrays, not scalars, and broadcast."""
    x = (counter ^ first) * _MULTIPLIERS[0]
    x = ((x ^ (x >> 16)) + (second + first * _SPREAD)) * _MULTIPLIERS[1]
    x = (x ^ (x >> 16)) * _MULTIPLIERS[2]
    x = (x ^ (x >> 17)) * _MULTIPLIERS[3]
    return (x ^ (x >> 15)) + counter


def fold_in_each(xp: Namespace, key: Array, data: Array) -> Array:
    """The keys that `fold_in` makes from every number of `data`, uint32 (n,): uint32 (2, n).

    >>> fold_in_each(NUMPY, key_from_seed(0), np.arange(3, dtype="uint32")).shape
    (2, 3)
    """
    column = xp.expand_dims(key, 1)
    return _mix(xp.expand_dims(data, 0), column ^ _FOLD[:, None], column[::-1])


def key_from_seed(seed: int) -> Array:
    """The key that a seed stands for, as a NumPy array.

    Args:
        seed: an integer from 0 to 2⁶⁴ − 1.

    Returns:
        uint32, shape (2,).

    Raises:
        SettingError: the seed is negative or needs more than 64 bits.

    >>> key_from_seed(0).dtype
    dtype('uint32')
    """
    seed = operator.index(seed)
    if not 0 <= seed < 2**64:
        raise SettingError(f"A seed is an integer from 0 to 2**64 - 1, not {seed}.")
    words = np.array([seed & 0xFFFFFFFF, seed >> 32], "uint32")
    return fold_in(NUMPY, words, 0)


def uniform_from_bits(xp: Namespace, bits: Array, dtype: str) -> Array:
    """Numbers in [0, 1), equally spaced, each exactly the same on every engine.

    Args:
        xp: the facade of the engine that the bits belong to.
        bits: uint32; for "float32" of any shape, of which the upper 24 bits are used; for "float64"
            of shape (2, …), of which 27 and 26 bits are used.
        dtype: "float32" or "float64".

    Returns:
        For "float32" the shape of `bits`, for "float64" that shape without its first axis.

    >>> uniform_from_bits(NUMPY, np.array([0, 2**31], "uint32"), "float32")
    array([0. , 0.5], dtype=float32)
    """
    if dtype == "float32":
        return xp.multiply(_whole(xp, bits, 8, dtype), np.float32(2.0**-24))
    high, low = _whole(xp, bits[0], 5, dtype), _whole(xp, bits[1], 6, dtype)
    return xp.multiply(xp.add(xp.multiply(high, 2.0**26), low), 2.0**-53)


def _whole(xp: Namespace, bits: Array, shift: int, dtype: str) -> Array:
    """The upper bits as whole numbers; int32 on the way, which processors convert fastest."""
    return xp.astype(xp.astype(xp.right_shift(bits, shift), "int32"), dtype)


def normal_from_uniform(xp: Namespace, u1: Array, u2: Array) -> Array:
    """Standard normal numbers from two independent uniform ones in [0, 1).

        z = √(−2 log(1 − u1)) · sin(π (u2 − ½))

    The half circle has the distribution of the whole one, and keeps the sine away from the far zero
    where rounding the angle would cost all digits; 1 − u1 is exact, and `log1p` is 128 units in the
    last place off in JAX's float64. The largest |z| is 5.77 in float32 and 8.57 in float64.

    Args:
        xp: the facade of the engine that the arrays belong to.
        u1: float32 or float64, any shape.
        u2: of the same dtype and shape.

    Returns:
        Of the dtype and shape of `u1`.

    Source: Box and Muller, "A note on the generation of random normal deviates" (1958).

    >>> normal_from_uniform(NUMPY, np.array([0.5]), np.array([0.5]))
    array([0.])
    """
    radius = xp.sqrt(xp.multiply(xp.log(xp.subtract(1.0, u1)), -2.0))
    return xp.multiply(radius, xp.sin(xp.multiply(xp.subtract(u2, 0.5), math.pi)))
