"""Text cells become typed columns, and columns become text again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chainrule.data.asked import as_asked_dates, as_asked_numbers
from chainrule.data.cells import Cells, without_missing
from chainrule.data.deciding import decide, label_column
from chainrule.data.kinds import (
    AMONG_NUMBERS,
    CATEGORY,
    DATE,
    MISSING,
    NUMBER,
    TEXT,
    YES_NO,
    parse_kind,
)
from chainrule.data.libraries import load_polars
from chainrule.data.table import Column

__all__ = ["MISSING", "csv_text", "typed_column"]


def typed_column(
    name: str,
    texts: Any,
    place: Callable[[int], str],
    kind: str | None = None,
    *,
    decimal: str = ".",
    missing: Sequence[str] = MISSING,
) -> Column:
    """A column from its cells as text, by the rules of `data.kinds`.

    Args:
        name: of the column.
        texts: polars text, or a list of strings and None.
        place: says where a row is, for messages, e.g. "penguins.csv, line 18".
        kind: where it is known, e.g. "category", "number 1.234,5"; None: the cells decide.
        decimal: what stands before the decimals of the file's other numbers, "." or ",".
        missing: cells that say that there is no value; other than MISSING they are the only ones.

    Raises:
        DataError: a cell that cannot be of the kind, a mistyped number or date, an infinite number.

    Example:
        >>> column = typed_column("price", ["1.200 €", "80,50 €", "?"], "row {}".format)
        >>> column.kind, column.values.tolist(), column.reason
        ('number', [1200.0, 80.5, nan], "written as 1.234,5 €; '?' is missing")
    """
    polars = load_polars()

    cells = texts if isinstance(texts, polars.Series) else polars.Series(texts, dtype=polars.String)
    cells, said = without_missing(cells.str.strip_chars(), missing)
    word, writing = parse_kind(kind, name)
    found = Cells(name, cells, place, decimal, AMONG_NUMBERS if tuple(missing) == MISSING else ())
    if word == NUMBER:
        column = as_asked_numbers(found, writing)
    elif word == DATE:
        column = as_asked_dates(found, writing)
    elif word in (CATEGORY, YES_NO, TEXT):
        column = replace(label_column(found), kind=word, reason="as asked")
    else:
        column = decide(found, strict=not word)
        column = replace(column, kind=word, reason="as asked") if word else column
    reasons = [reason for reason in (column.reason, said) if reason]
    return replace(column, reason="; ".join(reasons))


def csv_text(
    columns: Mapping[str, Any], *, header: bool, dialect: tuple[str, str] = (",", ".")
) -> bytes:
    """Columns as CSV: numbers with the digits that tell them apart, quotes only where needed.

    Args:
        columns: lists of text, arrays or polars columns of one length. header: whether the first
            line has the names. dialect: what separates cells, and the decimal mark of numbers.

    >>> import numpy as np
    >>> csv_text({"id": ["a", "b,c"], "price": np.array([0.1, 2], "float32")}, header=True)
    b'id,price\\na,0.1\\n"b,c",2.0\\n'
    >>> csv_text({"a": ["b,c"], "p": np.array([0.1])}, header=False, dialect=(";", ","))
    b'b,c;0,1\\n'
    """
    polars = load_polars()

    frame = polars.DataFrame({name: polars.Series(values) for name, values in columns.items()})
    separator, decimal = dialect
    if decimal != ".":
        fractions = [name for name, kind in frame.schema.items() if kind.is_float()]
        frame = frame.with_columns(
            polars.col(name).cast(polars.String).str.replace(".", decimal, literal=True)
            for name in fractions
        )
    text: str = frame.write_csv(include_header=header, separator=separator)
    return text.encode()
