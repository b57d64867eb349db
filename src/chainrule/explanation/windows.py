"""Which numbers one output of a convolution or a pooling is made of: those in its own window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.autodiff import Record
from chainrule.explanation.labels import Index

Place = tuple[Index, Index]

LETTERS = {"convolve": "c", "transposed_convolve": "c", "max_pool": "p", "average_pool": "p"}
"""Primitives that make images of images, by what the numbers of their results are called."""


def products(record: Record, x: Index, weight: Index, out: Index) -> list[Place]:
    """Of one number of a convolution: where the weights and the inputs of its products stand.

    Args:
        x, weight: shapes. out: the index of the number. Zeros of the padding are left out.
    """
    *kernel, inner, filters = weight
    first = out[-1] // (filters // record.static.get("groups", 1)) * inner
    return [
        ((*place, channel, out[-1]), (out[0], *at, first + channel))
        for place, at in _seen(record, x[1:-1], tuple(kernel), out)
        for channel in range(inner)
    ]


def pooled(record: Record, x: Index, out: Index) -> list[Index]:
    """Of one number of a pooling: where the inputs of its window stand, without padding."""
    window = tuple(record.static["window"])
    return [(out[0], *at, out[-1]) for _, at in _seen(record, x[1:-1], window, out)]


def _seen(record: Record, sizes: Index, kernel: Index, out: Index) -> Iterator[Place]:
    """Every place in the window that does not lie on padding, and where it stands in the input."""
    stride, padding = record.static["stride"], record.static["padding"]
    dilation = record.static.get("dilation", (1,) * len(kernel))
    start = [i * s - low for i, s, (low, _) in zip(out[1:-1], stride, padding, strict=True)]
    for place in np.ndindex(*kernel):
        at = tuple(a + p * d for a, p, d in zip(start, place, dilation, strict=True))
        if all(0 <= a < n for a, n in zip(at, sizes, strict=True)):
            yield place, at
