"""Text cells become typed columns, and columns become text again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.data.libraries import load_polars
from chainrule.data.table import CATEGORY, NUMBER, Column
from chainrule.errors import DataError

MISSING = ("", "NA", "NaN")
"""Cells that say that there is no value. Spaces around a cell never count."""


def typed_column(
    name: str,
    texts: Any,
    place: Callable[[int], str],
    kind: str | None = None,
    *,
    decimal: str = ".",
    missing: Sequence[str] = MISSING,
) -> Column:
    """A column from its cells as text: numbers where all that is there are numbers.

    Args:
        name: of the column.
        texts: polars text, or a list of strings and None.
        place: says where a row is, for messages, e.g. "penguins.csv, line 18".
        kind: "number" or "category" where it is known; None: the cells decide.
        decimal: what stands before the decimals of numbers, "." or ",".
        missing: cells that say that there is no value.

    Raises:
        DataError: a cell that cannot be of the kind, or an infinite number.
    """
    polars = load_polars()

    series = (
        texts if isinstance(texts, polars.Series) else polars.Series(texts, dtype=polars.String)
    )
    series = series.str.strip_chars()
    series = series.set(series.is_in(list(missing)), None)
    if kind != CATEGORY:
        plain = series.str.replace(",", ".", literal=True) if decimal == "," else series
        numbers = plain.cast(polars.Float64, strict=False)
        odd = (numbers.is_null() & series.is_not_null()).to_numpy()
        if kind == NUMBER and odd.any():
            row = int(np.argmax(odd))
            raise DataError(
                f"{place(row)}, column {name!r}: {series[row]!r:.60} is not a number. Write one, "
                "or leave the cell empty where it is not known."
            )
        if kind == NUMBER or not odd.any():
            return Column(name, NUMBER, _finite(name, numbers, place))
    labels = series.drop_nulls().unique().sort()
    codes = series.cast(polars.Enum(labels)).to_physical().cast(polars.Int32).fill_null(-1)
    return Column(name, CATEGORY, codes.to_numpy(), tuple(labels.to_list()))


def _finite(name: str, numbers: Any, place: Callable[[int], str]) -> Any:
    values = numbers.to_numpy().astype("float64")
    if np.isinf(values).any():
        row = int(np.argmax(np.isinf(values)))
        raise DataError(
            f"{place(row)}, column {name!r}: the number is infinite or too large. Correct it, or "
            "leave the cell empty where it is not known."
        )
    return values


def csv_text(columns: Mapping[str, Any], *, header: bool) -> bytes:
    """Columns as CSV: numbers with the digits that tell them apart, quotes only where needed.

    Args:
        columns: lists of text, arrays or polars columns of one length. header: whether the first
            line has the names.

    >>> csv_text({"id": ["a", "b,c"], "price": np.array([0.1, 2], "float32")}, header=True)
    b'id,price\\na,0.1\\n"b,c",2.0\\n'
    """
    polars = load_polars()

    frame = polars.DataFrame({name: polars.Series(values) for name, values in columns.items()})
    text: str = frame.write_csv(include_header=header)
    return text.encode()
