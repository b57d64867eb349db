"""A long axis taken a block at a time, so that what is made of a block stays in the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from chainrule.engine.namespace import Array

Arrays: TypeAlias = tuple[Array, ...]

CHUNK_NUMBERS = 300_000
"""Numbers in the columns and results of one chunk of the batch: what a core's cache holds."""

SHORT = 1 << 19
"""Multiplications of a product of matrices that is too short to be shared out among threads."""


def chunk_of(batch: int, numbers: int, together: int = 0) -> int:
    """Examples of so many numbers that stay in the cache together, best a divisor of the batch.

    Args:
        batch: examples. numbers: of one of them. together: of a chunk, if not CHUNK_NUMBERS.
    """
    most = max(1, min(batch, (together or CHUNK_NUMBERS) // max(1, numbers)))
    return next((n for n in range(most, most // 2, -1) if batch % n == 0), most)


def swept(
    xp: Any,
    body: Callable[[Arrays, Arrays], tuple[Arrays, Arrays]],
    carry: Arrays,
    arrays: Arrays,
    size: int,
) -> tuple[Arrays, Arrays]:
    """The body on blocks along the first axis; the last may be smaller."""
    count = arrays[0].shape[0]
    if count <= size:
        return body(carry, arrays)
    whole = count // size
    end = whole * size
    blocks = tuple(xp.reshape(x[:end], (whole, size, *x.shape[1:])) for x in arrays)
    carry, found = xp.scan(body, carry, blocks, whole, False)
    found = tuple(xp.reshape(x, (end, *x.shape[2:])) for x in found)
    if end == count:
        return carry, found
    carry, rest = body(carry, tuple(x[end:] for x in arrays))
    return carry, tuple(xp.concatenate(two, axis=0) for two in zip(found, rest, strict=True))
