"""Columns that are in memory already: of pandas, polars and NumPy, and plain lists.

Numbers stay numbers; what has no value (None, NaN, NA, NaT, null) is missing; yes/no, dates and
categories become the text that a CSV file would have, so that both give one table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.data.deciding import number_column
from chainrule.data.kinds import holds_numbers
from chainrule.data.libraries import load_polars
from chainrule.data.table import Column
from chainrule.data.text import typed_column
from chainrule.data.tiny import tiny_column
from chainrule.errors import DataError


def columns_of(source: Any) -> dict[str, Any]:
    """The columns of a DataFrame or a mapping, by their names as text.

    Raises:
        DataError: it is neither, or two columns have one name.
    """
    if isinstance(source, Mapping):
        names = list(source)
    elif hasattr(source, "columns"):
        names = list(source.columns)
    elif getattr(getattr(source, "dtype", None), "names", None):
        raise DataError(
            "A structured array is no table here: give {name: array[name] for name in "
            "array.dtype.names}."
        )
    else:
        raise DataError(
            f"A table is needed and {type(source).__name__} is none: give the path of a CSV file, "
            "a DataFrame, or a dict of columns."
        )
    texts = [str(name) for name in names]
    twice = (
        {text for text in texts if texts.count(text) > 1} if len(set(texts)) < len(texts) else ()
    )
    for text in twice:
        raise DataError(f"The table has two columns {text!r}. Give one of them another name.")
    return {text: source[name] for text, name in zip(texts, names, strict=True)}


def memory_column(
    name: str,
    source: Any,
    kind: str | None,
    missing: Sequence[str],
    place: Callable[[int], str] = "row {}".format,
) -> Column:
    """One column from a series, an array or a list.

    Raises:
        DataError: it has more than one value a row, or one that is infinite or does not fit `kind`.
    """
    if tiny := tiny_column(name, source, kind, missing):
        return tiny
    values = _values(name, source)
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise DataError(f"Column {name!r} has shape {values.shape}; one value a row is needed.")
        if values.dtype.kind in "fiu" and holds_numbers(kind, name):
            return number_column(name, _finite(name, values.astype("float64"), place), kind)
        values = _texts(name, values, place)
    return typed_column(name, values, place, kind, missing=missing)


def _values(name: str, source: Any) -> Any:
    """A NumPy array of numbers, of dates or of anything; or polars text."""
    match type(source).__module__.partition(".")[0]:
        case "polars":
            return _of_polars(name, source)
        case "pandas":
            return _of_pandas(source)
    try:
        return np.asarray(source)
    except ValueError:  # lists of different lengths
        raise DataError(f"Column {name!r} holds lists; one value a row is needed.") from None


def _of_polars(name: str, series: Any) -> Any:
    polars = load_polars()
    if series.dtype.is_nested() or series.dtype in (polars.Object, polars.Binary):
        raise DataError(
            f"Column {name!r} holds {series.dtype!s:.40}, and one number, text or date a row is "
            "needed. Leave it out or split it into columns."
        )
    if series.dtype.is_numeric():
        return series.cast(polars.Float64).to_numpy()
    if series.dtype == polars.Boolean:
        words = {True: "True", False: "False"}
        return series.replace_strict(words, return_dtype=polars.String)
    return series.cast(polars.String)


def _of_pandas(series: Any) -> Any:
    """Nullable numbers as numbers; every other type as pandas has it."""
    kind = getattr(series.dtype, "kind", "O")
    if kind in "fiu" and not isinstance(series.dtype, np.dtype):
        return series.to_numpy(dtype="float64", na_value=np.nan)
    return series.to_numpy()


def _finite(name: str, numbers: Any, place: Callable[[int], str]) -> Any:
    infinite = np.isinf(numbers)
    if infinite.any():
        raise DataError(
            f"{place(int(np.argmax(infinite)))}, column {name!r}: the number is infinite. Correct "
            "it, or leave it out where it is not known."
        )
    return numbers


def _texts(name: str, values: Any, place: Callable[[int], str]) -> list[str | None]:
    """Every value as the text that a CSV file would have; None where it is missing."""
    if values.dtype.kind == "M":
        absent = np.isnat(values)
        words = np.datetime_as_string(values, unit=_unit(values[~absent]))
        return [
            None if no else word.replace("T", " ")
            for word, no in zip(words.tolist(), absent.tolist(), strict=True)
        ]
    texts = []
    for row, value in enumerate(values.tolist()):
        if isinstance(value, list | dict | tuple | set | np.ndarray):
            raise DataError(
                f"{place(row)}, column {name!r}: a {type(value).__name__}; one number, text or "
                "date a row is needed."
            )
        texts.append(_text(value))
    return texts


def _unit(times: Any) -> Any:
    """Days where every time is midnight, else as fine as they are."""
    return "D" if (times == times.astype("M8[D]")).all() else "auto"


def _text(value: Any) -> str | None:
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
