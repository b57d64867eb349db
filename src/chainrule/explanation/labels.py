"""What a number is called by its place in an array: its neuron, its row and column, its example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.autodiff import Record

Index = tuple[int, ...]


@dataclass(frozen=True)
class Label:
    """Which neuron a number belongs to, and which example; empty where to none or to several."""

    unit: str = ""
    example: str = ""

    def merged(self, other: Label) -> Label:
        """What two numbers have in common."""
        return Label(
            self.unit if self.unit == other.unit else "",
            self.example if self.example == other.example else "",
        )


def joined(base: str, label: Label, tight: bool = False) -> str:
    """A name: what the number is, and which neuron's in which example; `tight`: w1, not w_1."""
    between = "_" if base and label.unit and not tight else ""
    return base + between + label.unit + label.example


def commas(numbers: list[int]) -> str:
    """A place as it stands in parentheses."""
    return ",".join(str(n) for n in numbers)


def positions(index: Index) -> Label:
    """The place in the array, counted from 1."""
    return Label(f"({commas([i + 1 for i in index])})" if index else "")


def counted_on(before: int, shape: Index) -> Callable[[Index], Label]:
    """Numbers counted on from `before`, neuron by neuron or filter by filter: the last axis."""

    def label(index: Index) -> Label:
        order, sizes = (*index[-1:], *index[:-1]), (*shape[-1:], *shape[:-1])
        place = int(np.ravel_multi_index(order, sizes)) if index else 0
        return Label(str(before + place + 1))

    return label


def rows_of(table: str) -> Callable[[Index], Label]:
    """Numbers of a table by row and column; they are what enters the layer behind it."""
    return lambda index: Label(f"{table}({commas([i + 1 for i in index])})")


def reduced_axes(record: Record, source: Any, shape: Index) -> Index | None:
    """The axes that a reduction takes away or shrinks to size 1; None where that is unclear."""
    last = record.primitive.name == "logsumexp" or record.primitive.name.endswith("cross_entropy")
    axis = record.static.get("axis", -1 if last else None)
    axes = range(source.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = tuple(sorted(a % source.ndim for a in axes)) if source.ndim else ()
    kept = tuple(n for a, n in enumerate(source.shape) if a not in gone)
    shrunk = tuple(1 if a in gone else n for a, n in enumerate(source.shape))
    return gone if shape in (kept, shrunk) else None


def spread(index: Index, axes: Index, ndim: int, at: int) -> Index:
    """An index into the source of a reduction, with `at` along the reduced axes."""
    free = list(index if len(index) != ndim else [i for a, i in enumerate(index) if a not in axes])
    return tuple(at if a in axes else free.pop(0) for a in range(ndim))
