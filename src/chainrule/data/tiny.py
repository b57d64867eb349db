"""A few cells of a known kind in plain Python: a row to predict is not worth polars' start-up.

Whatever is not as plain as can be is left to `typed_column`, so that both give one column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.data.kinds import CATEGORY, NUMBER, TEXT, YES_NO, parse_kind
from chainrule.data.numbers import Writing
from chainrule.data.table import Column

FEW = 64
"""Up to so many cells are read here; polars takes some 50 µs a step, whatever it has to do."""

LARGE = 1e300
"""Numbers beyond are left to the closer look, which names their row."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(?:\.[0-9]*)?\Z")
_LETTER = re.compile("[A-Za-z0-9]")


def tiny_column(name: str, source: Any, kind: str | None, missing: Sequence[str]) -> Column | None:
    """A column from a short list of texts and None; None where it is not so plain a case.

    Example:
        >>> tiny_column("city", ["Rome", None, "Oslo "], "category", ("NA",)).values.tolist()
        [1, -1, 0]
    """
    if kind is None or not isinstance(source, list) or len(source) > FEW:
        return None
    word, writing = parse_kind(kind, name)
    markers = {"", *missing}
    if word == NUMBER and writing == Writing().sample:
        return _numbers(name, source, markers)
    if word in (CATEGORY, YES_NO, TEXT):
        return _labels(name, source, markers, word)
    return None


def _numbers(name: str, source: list[Any], markers: set[str]) -> Column | None:
    values = [_number(cell, markers) for cell in source]
    if None in values:
        return None
    return Column(name, NUMBER, np.array(values, "float64"), reason="as asked")


def _number(cell: Any, markers: set[str]) -> float | None:
    """A cell as a number, NaN where it is missing; None where it needs a closer look."""
    if cell is None:
        return np.nan
    if isinstance(cell, str):
        text = cell.strip(" ")
        if text in markers:
            return np.nan
        return float(text) if _NUMBER.match(text) else None
    plain = type(cell) in (int, float) and not abs(cell) > LARGE
    return float(cell) + 0.0 if plain else None  # not -0.0, which is 0 in text


def _labels(name: str, source: list[Any], markers: set[str], kind: str) -> Column | None:
    texts = [None if cell is None else cell.strip(" ") for cell in source if _is_plain(cell)]
    if len(texts) < len(source):
        return None
    texts = [None if text in markers else text for text in texts]
    if not all(text is None or _LETTER.search(text) for text in texts):
        return None  # signs alone may be missing: a rule of the whole column
    labels = sorted({text for text in texts if text is not None})
    places: dict[str | None, int] = {label: code for code, label in enumerate(labels)}
    codes = np.array([places.get(text, -1) for text in texts], "int32")
    return Column(name, kind, codes, tuple(labels), "as asked")


def _is_plain(cell: Any) -> bool:
    """Whether it is text whose only spaces are plain ones, or missing."""
    return cell is None or (isinstance(cell, str) and cell.isprintable())
