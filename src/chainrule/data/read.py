"""From a CSV file, a DataFrame or a dict of columns to a Table."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.csv_faults import blank_rows, has_even_lines, header_of, line_of, refused
from chainrule.data.table import CATEGORY, NUMBER, Column, Table
from chainrule.data.text import CsvRefused, read_csv_text, typed_column
from chainrule.errors import DataError


def as_table(source: Any, kinds: Mapping[str, str] | None = None) -> Table:
    """A table from whatever holds one.

    Args:
        source: the path of a CSV file, a pandas or polars DataFrame, a dict of columns, or a Table.
        kinds: "number" or "category" of columns for which it is known; of the others the cells
            decide: numbers where all that is there are numbers.

    Raises:
        DataError: it cannot be read; file, line and column are named.

    Example:
        >>> table = as_table({"height": ["1.8", "NA"], "city": ["Rome", "Oslo"]})
        >>> [(column.name, column.kind) for column in table.columns]
        [('height', 'number'), ('city', 'category')]
    """
    known = kinds or {}
    if isinstance(source, Table):
        return source
    if isinstance(source, str | os.PathLike):
        return _from_csv(Path(source), known)
    if isinstance(source, Mapping):
        return _from_columns({str(name): source[name] for name in source}, known)
    if hasattr(source, "columns"):
        return _from_columns({str(name): source[name] for name in source.columns}, known)
    raise DataError(
        f"A table is needed and {type(source).__name__} is none: give the path of a CSV file, a "
        "DataFrame, or a dict of columns."
    )


def is_table_like(source: Any) -> bool:
    """Whether `as_table` takes it."""
    return isinstance(source, str | os.PathLike | Mapping | Table) or hasattr(source, "columns")


def _from_csv(path: Path, kinds: Mapping[str, str]) -> Table:
    content = _content_of(path)
    names = header_of(content, path.name)
    texts, kept = _cells_of(content, path.name, names)
    if not len(kept):
        raise DataError(f"{path.name} has a header and no rows: there is nothing to learn from.")

    def place(row: int) -> str:
        return f"{path.name}, line {line_of(content, path.name, int(kept[row]))}"

    columns = tuple(typed_column(n, texts[n], place, kinds.get(n)) for n in names)
    return Table(columns, len(kept), path.name)


def _cells_of(content: bytes, name: str, names: list[str]) -> tuple[dict[str, Any], Any]:
    """The columns as text without blank lines, and which rows are left."""
    try:
        texts = read_csv_text(content, names)
    except CsvRefused as error:
        raise refused(content, name, len(names), str(error)) from None
    rows = len(texts[names[0]])
    if has_even_lines(content, len(names)):
        return texts, np.arange(rows)
    blank, found = blank_rows(content, name, len(names))
    if found != rows:
        raise refused(content, name, len(names), "a quotation mark stands in an odd place")
    kept = np.setdiff1d(np.arange(rows), blank)
    return {column: texts[column].gather(kept) for column in names}, kept


def _content_of(path: Path) -> bytes:
    """The bytes of a regular file; line ends of every system become one."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise DataError(f"{path} is a folder. Name a CSV file in it.")
        if not stat.S_ISREG(kind):
            raise DataError(f"{path} is not a file but a device or a pipe. Name a CSV file.")
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.{_nearest_file(path)}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not content.strip():
        raise DataError(f"{path} is empty. The first line must name the columns.")
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise DataError(f"{path}, line {line}: a zero byte; this is no CSV text in UTF-8.")
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return content


def _nearest_file(path: Path) -> str:
    """A hint where the folder has a file of nearly that name."""
    if not path.parent.is_dir():
        return f" There is no folder {path.parent} either."
    near = difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()], n=1)
    return f" Did you mean {path.parent / near[0]}?" if near else ""


def _from_columns(columns: Mapping[str, Any], kinds: Mapping[str, str]) -> Table:
    made = tuple(_column(name, values, kinds.get(name)) for name, values in columns.items())
    sizes = {column.name: len(column.values) for column in made}
    if len(set(sizes.values())) > 1:
        raise DataError(f"The columns have different numbers of rows: {sizes}.")
    rows = next(iter(sizes.values()), 0)
    if not rows:
        raise DataError("The table has no rows: there is nothing to learn from.")
    return Table(made, rows, "the table")


def _column(name: str, source: Any, kind: str | None) -> Column:
    place: Callable[[int], str] = "row {}".format
    values = source.to_numpy() if hasattr(source, "to_numpy") else np.asarray(source)
    if values.ndim != 1:
        raise DataError(f"Column {name!r} has shape {values.shape}; one value a row is needed.")
    if values.dtype.kind in "fiu" and kind != CATEGORY:
        numbers = values.astype("float64")
        if np.isinf(numbers).any():
            row = int(np.argmax(np.isinf(numbers)))
            raise DataError(f"{place(row)}, column {name!r}: the number is infinite.")
        return Column(name, NUMBER, numbers)
    return typed_column(name, [_text(value) for value in values], place, kind)


def _text(value: Any) -> str | None:
    """A cell as the text that a CSV file would have; None where it is missing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
