"""Draws shapes and numbers for samples: from a seed, or from hypothesis, with the same code.

Everything is decided by a `random.Random`; hypothesis has one whose choices it can shrink.
"""

import random

import numpy as np

SIZES = (0, 1, 2, 3)


def shape(r: random.Random, ndim: int | None = None, sizes=SIZES) -> tuple[int, ...]:
    """A shape of the given number of axes (0 to 3 by default), with empty and size-1 axes."""
    count = r.randint(0, 3) if ndim is None else ndim
    return tuple(r.choice(sizes) for _ in range(count))


def nonempty(r: random.Random, ndim: int | None = None) -> tuple[int, ...]:
    """A shape without an empty axis."""
    return shape(r, ndim, sizes=(1, 2, 3))


def broadcastable(r: random.Random, full: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to `full`: leading axes left out, some axes of size 1."""
    kept = full[r.randint(0, len(full)) :] if r.random() < 0.5 else full
    return tuple(1 if r.random() < 0.3 else n for n in kept)


def axis(r: random.Random, ndim: int) -> int:
    """One axis, counted from the front or the back."""
    return r.randint(-ndim, ndim - 1)


def axes(r: random.Random, ndim: int) -> int | tuple[int, ...] | None:
    """What a reduction takes: all axes, one, or several."""
    if ndim == 0 or r.random() < 0.25:
        return None
    if r.random() < 0.5:
        return axis(r, ndim)
    return tuple(sorted(r.sample(range(ndim), r.randint(1, ndim))))


def numbers(r: random.Random, size: tuple[int, ...], low=-3.0, high=3.0) -> np.ndarray:
    """Floats between two bounds."""
    return _generator(r).uniform(low, high, size)


def far_from(r: random.Random, size: tuple[int, ...], *kinks: float, gap=0.1) -> np.ndarray:
    """Floats between -3 and 3 that keep a distance from points without a derivative."""
    x = numbers(r, size)
    for kink in kinks:
        x = np.where(np.abs(x - kink) < gap, kink + np.where(x < kink, -1, 1) * (gap + 0.05), x)
    return x


def distinct(r: random.Random, size: tuple[int, ...]) -> np.ndarray:
    """Floats no two of which are closer than 0.1, in any order."""
    count = int(np.prod(size))
    return (0.2 * _generator(r).permutation(count) - 1.0).reshape(size)


def integers(r: random.Random, size: tuple[int, ...], below: int, dtype="int32") -> np.ndarray:
    """Integers from 0 to below - 1."""
    return _generator(r).integers(0, max(below, 1), size).astype(dtype)


def booleans(r: random.Random, size: tuple[int, ...]) -> np.ndarray:
    """True and False."""
    return _generator(r).random(size) < 0.5


def _generator(r: random.Random) -> np.random.Generator:
    return np.random.default_rng(r.getrandbits(32))
