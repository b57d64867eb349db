"""How a column is to be written for a network, learnt from the training part of it.

The rules:

1. Numbers become (value - mean) / scale. Values beyond the training range are brought back to at
   most one range outside of it, so that a mistyped or monstrous cell cannot make the network say
   anything at all.
2. Numbers with a heavy tail, of which one lies more than HEAVY times as far from the median as the
   middle half reaches, first become sign(d) · log(1 + |d|), d = (value - median) / that reach:
   their order stays, and a few giants do not press all the others into one point.
3. Missing numbers and dates become the median; where the training part had missing ones, another
   input is 1 for them.
4. Labels get an input each, the MOST_LABELS most frequent of them, or fewer where the training
   rows would have more than MOST_CELLS such inputs. The others share one with what is missing or
   new. Of a column that is to be embedded every label has a number instead, the MOST_NUMBERS most
   frequent of them.
5. Dates become the days since the middle of the training part, and the sine and cosine of their
   place in the year, the week and the day, of those that vary. The year needs no input of its own:
   the days say it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data.codes import (
    CYCLES,
    DAY,
    WEEK,
    YEAR,
    CategoryCode,
    Code,
    DateCode,
    EmbeddedCode,
    NumberCode,
    bent,
)
from chainrule.data.kinds import DATE
from chainrule.data.table import Column

REACH = 1.0
"""So many training ranges beyond the training range values are taken as they are."""

HEAVY = 50.0
"""A value so many times as far from the median as the middle half makes a heavy tail."""

MOST_LABELS, MOST_CELLS = 1000, 10**8
"""So many labels of a column have an input of their own, with so many cells in all (400 MB)."""

MOST_NUMBERS = 20_000
"""So many labels of a column have a learnt vector of their own: every step moves all of them."""

STEPS = {YEAR: 30.0, WEEK: 1.0, DAY: 1 / 24}
"""Dates vary in a cycle where they lie so many days apart in it: a month, a day, an hour."""

FARTHEST = 1e100
"""Beyond so many times that far, float64 cannot tell the others apart: nothing is bent."""

LARGEST = 1e300
"""Bounds stay within it, so that they can be written in a file."""


def fit_code(column: Column, *, embedded: bool = False) -> Code:
    """Learn how to write a column from the training part of it.

    Args:
        embedded: whether labels are to be numbered, for `nn.EmbedColumns`.

    Example:
        >>> fit_code(Column("x", "number", np.array([1.0, np.nan, 3.0])))
        NumberCode(column='x', median=2.0, mean=2.0, scale=0.816496580927726, indicator=True,
            low=-1.0, high=5.0, bend=0.0, writing='')
    """
    if column.values.dtype.kind != "f":
        return _embedded_code(column) if embedded else _category_code(column)
    number = _number_code(column)
    if column.kind != DATE:
        return number
    present = column.values[~column.missing]
    cycles = tuple(cycle for cycle in CYCLES if _goes_round(present, cycle))
    return DateCode(column.name, number, cycles)


def _goes_round(days: Any, cycle: str) -> bool:
    """Whether dates lie further apart in a cycle than one step of it, on the shorter way round."""
    round_trip = np.exp(2j * np.pi * days / CYCLES[cycle])
    around = np.angle(round_trip * np.conj(round_trip.mean()))
    apart = 2 * np.abs(around).max(initial=0) / (2 * np.pi) * CYCLES[cycle]
    return bool(apart > STEPS[cycle] - 1e-6)


def _number_code(column: Column) -> NumberCode:
    missing = column.missing
    present = column.values[~missing]
    median = float(np.median(present)) if len(present) else 0.0
    filled = np.where(missing, median, column.values)
    bend = 0.0 if column.kind == DATE else bend_of(present, median)
    mean, scale = moments(bent(filled, median, bend))
    low, high = _bounds(filled)
    return NumberCode(
        column.name, median, mean, scale, bool(missing.any()), low, high, bend, column.writing
    )


def _bounds(values: Any) -> tuple[float, float]:
    """The range, and REACH times as much on both sides."""
    low, high = float(values.min()), float(values.max())
    beyond = REACH * (min(high, LARGEST) - max(low, -LARGEST))
    return max(low - beyond, -LARGEST), min(high + beyond, LARGEST)


def bend_of(present: Any, median: float) -> float:
    """How far the middle half reaches from the median, where the tail is heavy; else 0.

    Where more than half of the values are one and the same, the others alone count.

    >>> bend_of(np.array([1.0, 2, 3, 4, 5]), 3.0), bend_of(np.array([1.0, 2, 3, 4, 500]), 3.0)
    (0.0, 1.0)
    """
    with np.errstate(over="ignore"):
        distances = np.abs(present - median)
    reach = float(np.median(distances)) if len(present) else 0.0
    if reach == 0 and distances.any():
        reach = float(np.median(distances[distances > 0]))
    farthest = float(distances.max(initial=0))
    return reach if HEAVY * reach < farthest < FARTHEST * reach else 0.0


def _category_code(column: Column) -> CategoryCode:
    most = min(MOST_LABELS, max(1, MOST_CELLS // max(1, len(column.values))))
    counts = dict(list(column.counts().items())[:most])
    labels = tuple(sorted(counts))
    total = max(1, sum(counts.values()))
    shares = tuple(counts[label] / total for label in labels)
    return CategoryCode(column.name, labels, shares, total < len(column.values))


def _embedded_code(column: Column) -> EmbeddedCode:
    kept = dict(list(column.counts().items())[:MOST_NUMBERS])
    return EmbeddedCode(column.name, tuple(sorted(kept)), sum(kept.values()) < len(column.values))


def moments(values: Any) -> tuple[float, float]:
    """Mean and standard deviation, for numbers of every size; 1 in place of a deviation of 0."""
    largest = float(np.abs(values).max())
    if values.min() == values.max():
        return float(values[0]), 1.0
    unit = 1.0 if 1e-100 < largest < 1e100 else largest
    return float((values / unit).mean()) * unit, float((values / unit).std()) * unit or 1.0
