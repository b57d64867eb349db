"""What the cells of a column decide it to be: the rules of `data.kinds`, one after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.data.cells import Cells, finite
from chainrule.data.dates import read_dates
from chainrule.data.kinds import (
    CATEGORY,
    CONSTANT,
    DATE,
    FEW_LABELS,
    FEW_WORDS,
    IDENTIFIER,
    LONGEST_NUMBER,
    MOSTLY,
    NUMBER,
    TEXT,
    YES_NO,
    is_key_name,
    is_yes_no,
    parse_kind,
)
from chainrule.data.libraries import load_polars
from chainrule.data.numbers import Writing, find_writing, read_numbers
from chainrule.data.table import Column
from chainrule.errors import DataError

FEW_NUMBERS = 10
"""Of so many different whole numbers the reader is told that they are learnt as numbers."""

_CODE = rf"^[+-]?0\d+$|^[+-]?\d{{{LONGEST_NUMBER + 1},100}}$"
_LIKE_A_NUMBER = r"^[-+(\x{2212} ]{0,3}[$€£¥₹A-Z]{0,3}[-+ ]{0,2}[\d.,]"
_LIKE_A_DATE = r"\d{4}"


def decide(cells: Cells, *, strict: bool = True) -> Column:
    """The column that the cells make.

    Args:
        strict: whether a few cells among numbers or dates that are none are refused.

    Raises:
        DataError: a mistyped number or date, or an infinite number.
    """
    if not cells.present:
        return number_column(cells.name, np.full(len(cells.texts), np.nan))
    if cells.texts.str.contains(_CODE).any():
        return _decided_labels(cells, "codes: zeros in front, or too many digits for a number")
    maybe = cells.for_numbers()
    for attempt in (_numbers, _dates):
        column = attempt(maybe, strict) if maybe.present else None
        if column is not None:
            return column
    return _decided_labels(cells, "")


def _numbers(cells: Cells, strict: bool) -> Column | None:
    numbers = _plain_numbers(cells)
    writing = Writing()
    if numbers is None:
        if _share(cells, cells.texts.str.contains(_LIKE_A_NUMBER)) < MOSTLY:
            return None
        writing = find_writing(cells.texts, cells.decimal)
        numbers = read_numbers(cells.texts, writing)
    read = _share(cells, numbers.is_not_null())
    if read < MOSTLY or (read < 1 and not strict):
        return None
    if read < 1:
        raise _mistyped(cells, numbers.is_null(), "number", read)
    column = number_column(cells.name, finite(cells, numbers))
    if column.kind != NUMBER or writing == Writing():
        return column
    return replace(column, writing=writing.sample, reason=f"written as {writing.sample}")


def _plain_numbers(cells: Cells) -> Any:
    """Cells as numbers where all are, written as programs write them; else None."""
    numbers = read_numbers(cells.texts, Writing())
    if numbers.null_count() > cells.texts.null_count():
        return None
    commas = cells.decimal == "," and cells.texts.str.contains(".", literal=True).any()
    return None if commas else numbers


def _dates(cells: Cells, strict: bool) -> Column | None:
    if _share(cells, cells.texts.str.contains(_LIKE_A_DATE)) < MOSTLY:
        return None
    days, order, sure = read_dates(cells.texts)
    read = float((~np.isnan(days)).sum()) / cells.present
    if read < MOSTLY or (read < 1 and not strict):
        return None
    if read < 1:
        raise _mistyped(cells, np.isnan(days), "date", read)
    return _date_column(cells.name, days, order, sure)


def _date_column(name: str, days: Any, order: str, sure: bool) -> Column:
    reason = f"dates, {order}" if order else "dates"
    if not sure:
        other = "month/day" if order == "day/month" else "day/month"
        reason += f", by custom: no cell tells (--type '{name}=date {other}')"
    column = Column(name, DATE, days, reason=reason, writing=order)
    present = days[~np.isnan(days)]
    if len(present) == len(days) and (present == present[0]).all():
        return replace(column, kind=CONSTANT, reason="one value only")
    return column


def number_column(name: str, values: Any, kind: str | None = None) -> Column:
    """A column of numbers, float64 (rows,): a number, a constant or an identifier.

    Args:
        values: finite, NaN where missing. kind: where it is known.

    Example:
        >>> number_column("id", np.arange(50.0)).kind, number_column("x", np.arange(50.0)).kind
        ('identifier', 'number')
    """
    if kind is not None:
        return Column(name, parse_kind(kind, name)[0], values, reason="as asked")
    present = values[~np.isnan(values)]
    if not len(present):
        return Column(name, CONSTANT, values, reason="no values")
    if len(present) == len(values) and present.min() == present.max():
        return Column(name, CONSTANT, values, reason="one value only")
    whole = bool((present == np.floor(present)).all())
    distinct = len(np.unique(present)) if whole else len(present)
    if whole and is_key_name(name) and distinct == len(present) > FEW_LABELS:
        return Column(name, IDENTIFIER, values, reason="an identifier: each row has its own")
    if whole and distinct <= FEW_NUMBERS:
        reason = f"{distinct} whole numbers, whose order counts (else --type {name}=category)"
        return Column(name, NUMBER, values, reason=reason)
    return Column(name, NUMBER, values)


def label_column(cells: Cells) -> Column:
    """A column of labels, a category."""
    polars = load_polars()
    labels = cells.texts.drop_nulls().unique().sort()
    codes = cells.texts.cast(polars.Enum(labels)).to_physical().cast(polars.Int32).fill_null(-1)
    return Column(cells.name, CATEGORY, codes.to_numpy(), tuple(labels.to_list()))


def _decided_labels(cells: Cells, why: str) -> Column:
    """A column of labels of the kind that they make."""
    column = label_column(cells)
    distinct, present = len(column.labels), cells.present
    if distinct == 1 and present == len(cells.texts):
        return replace(column, kind=CONSTANT, reason="one value only")
    if is_yes_no(column.labels):
        return replace(column, kind=YES_NO, reason=" and ".join(column.labels))
    if distinct > max(FEW_LABELS, present // 2):
        words = 1 + float(cells.texts.str.count_matches(r"\s+").mean())
        counted = f"{distinct:,} different in {present:,} rows"
        if words >= FEW_WORDS:
            return replace(column, kind=TEXT, reason=f"free text: {counted}; not learnt from yet")
        return replace(column, kind=IDENTIFIER, reason=f"an identifier: {counted}")
    return replace(column, reason=why or _mixture(cells))


def _mixture(cells: Cells) -> str:
    """A word on labels of which some look like numbers."""
    numbers = read_numbers(cells.texts, Writing())
    read = _share(cells, numbers.is_not_null())
    if read < 0.1:
        return ""
    odd = (numbers.is_null() & cells.texts.is_not_null()).to_numpy()
    example = cells.texts[int(np.argmax(odd))]
    return f"labels: {100 * read:.0f} % of the cells are numbers, others not, e.g. {example!r:.40}"


def _share(cells: Cells, found: Any) -> float:
    """The share of the present cells for which something was found, polars bool."""
    return float((found & cells.texts.is_not_null()).sum()) / cells.present


def _mistyped(cells: Cells, odd: Any, what: str, share: float) -> DataError:
    odd = np.asarray(odd) & cells.texts.is_not_null().to_numpy()
    row, others = int(np.argmax(odd)), int(odd.sum()) - 1
    cell = cells.texts[row]
    more = f" (and {others} more such cells)" if others else ""
    shown = f"{100 * min(share, 0.999):.1f} %".replace(".0 %", " %")
    return DataError(
        f"{cells.place(row)}, column {cells.name!r}: {cell!r:.60} is not a {what}{more}, and "
        f"{shown} of the column are. Correct it, name it as missing (--missing), or take the "
        f"column as labels (--type {cells.name}=category)."
    )
