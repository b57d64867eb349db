"""What a segment is, in plain words: what its rows have more or less of than the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import DATE, Column, Table

STRONG, CLEAR, MOST_TRAITS = 1.2, 0.4, 4
"""Effects (differences in standard deviations) that are said; how many at most."""

MOSTLY = 0.6


@dataclass(frozen=True)
class Trait:
    """One way in which a segment differs.

    Attributes:
        column: its name. words: e.g. "high spend". effect: of numbers, the difference of means in
            standard deviations (Cohen's d); of labels, of arcsines of shares (Cohen's h).
        inside, outside: the median, or the share of the label, in the segment and elsewhere; the
            mean where the medians do not differ in the direction of the effect.
        label: which one, of labels; else "". beside: `inside`, `outside` and the effect in words.
    """

    column: str
    words: str
    effect: float
    inside: float
    outside: float
    label: str = ""
    beside: str = ""


def written(column: Column, value: float) -> str:
    """A number as it is read best, a date as a date.

    >>> written(Column("day", "date", np.zeros(1)), 15352.0)
    '2012-01-13'
    """
    if column.kind != DATE:
        return f"{value:.6g}"
    seconds = round(float(value) * 86_400)
    moment = str(np.datetime64(seconds, "s")).replace("T", " ")
    return moment.removesuffix(":00").removesuffix(" 00:00")


def traits(table: Table, names: list[str], mine: Any) -> list[Trait]:
    """Every trait of the rows that `mine` marks, bool (rows,), the strongest first."""
    found = [trait for name in names for trait in _of(table.column(name), mine)]
    return sorted(found, key=lambda trait: -abs(trait.effect))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def sentence(number: int, rows: int, total: int, found: list[Trait]) -> str:
    """A segment in words."""
    counted = f"{rows:,} {'row' if rows == 1 else 'rows'}"
    head = f"Segment {number}, {counted} ({_percent(rows / total)}): "
    told: list[Trait] = []
    seen: set[str] = set()
    for trait in found:
        if abs(trait.effect) >= CLEAR and trait.column not in seen and len(told) < MOST_TRAITS:
            told.append(trait)
            seen.add(trait.column)
    if not told:
        return head + "like the others in every column"
    words = ", ".join(trait.words for trait in told)
    return f"{head}{words}; differs most by {told[0].column} ({told[0].beside})"


def _of(column: Column, mine: Any) -> list[Trait]:
    present = ~column.missing
    inside, outside = column.values[mine & present], column.values[~mine & present]
    if not len(inside) or not len(outside):
        return []
    if column.labels:
        return _of_labels(column, inside, outside)
    values = np.concatenate([inside, outside])
    order = _scores(values)
    high, low = order[: len(inside)], order[len(inside) :]
    spread = np.sqrt((high.var() * len(high) + low.var() * len(low)) / len(order)) or 1e-12
    effect = float(np.clip((high.mean() - low.mean()) / spread, -99, 99))
    much = "very " if abs(effect) >= STRONG else ""
    more, less = ("late", "early") if column.kind == DATE else ("high", "low")
    words = f"{much}{more if effect > 0 else less} {column.name}"
    average, middle, elsewhere = "median", float(np.median(inside)), float(np.median(outside))
    if (middle - elsewhere) * effect <= 0:
        average, middle, elsewhere = "mean", float(high.mean()), float(low.mean())
    beside = (
        f"{average} {written(column, middle)} against {written(column, elsewhere)} elsewhere, "
        f"{abs(effect):.1f} standard deviations {'more' if effect > 0 else 'less'}"
    )
    return [Trait(column.name, words, effect, middle, elsewhere, beside=beside)]


def _scores(values: Any) -> Any:
    """Numbers with their far ends drawn in, so that a few of them do not hide all the others."""
    low, high = np.quantile(values, [0.01, 0.99])
    return values.clip(low, high) if high > low else values


def _of_labels(column: Column, inside: Any, outside: Any) -> list[Trait]:
    count = len(column.labels)
    here = np.bincount(inside, minlength=count) / len(inside)
    there = np.bincount(outside, minlength=count) / len(outside)
    effects = 2 * np.arcsin(np.sqrt(here)) - 2 * np.arcsin(np.sqrt(there))
    found = []
    for place in np.argsort(-np.abs(effects), kind="stable")[:3]:
        share, label = here[place], column.labels[place]
        if share == 1:
            words = f"only {label}"
        elif share == 0:
            words = f"no {label}"
        elif share >= MOSTLY and effects[place] > 0:
            words = f"mostly {label}"
        else:
            words = f"{'more' if effects[place] > 0 else 'less'} often {label}"
        compared = f"{_percent(share)} against {_percent(there[place])} elsewhere"
        found.append(
            Trait(
                column.name, f"{words} ({column.name})", float(effects[place]), float(share),
                float(there[place]), label, compared,
            )
        )  # fmt: skip
    return found
