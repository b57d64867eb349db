"""From a file, a DataFrame or a dict of columns to a Table."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chainrule.data.csv_source import Cells, cells_of, csv_reading, csv_texts
from chainrule.data.decoding import Decoder
from chainrule.data.dialect import decimal_of
from chainrule.data.files import InputFile, opened
from chainrule.data.formats import OLE, PARQUET, ZIP
from chainrule.data.memory import columns_of, memory_column
from chainrule.data.parquet import parquet_frame
from chainrule.data.reading import Reading
from chainrule.data.table import Table
from chainrule.data.text import MISSING, typed_column
from chainrule.data.workbook import workbook_cells
from chainrule.errors import DataError


def as_table(
    source: Any,
    types: Mapping[str, str] | None = None,
    *,
    missing: Sequence[str] | None = None,
) -> Table:
    """A table from whatever holds one.

    Args:
        source: the path of a CSV, Parquet or Excel file, a pandas or polars DataFrame, a dict of
            columns, or a Table. docs/reading.md has the rules by which files are read.
        types: the kinds of columns for which they are known; of the others the cells decide.
        missing: the cells that say that there is no value; by default those of `MISSING`.

    Raises:
        DataError: it cannot be read; file, line and column are named.

    Example:
        >>> table = as_table({"height": ["1.8", "NA"], "city": ["Rome", "Oslo"]})
        >>> [(column.name, column.kind) for column in table.columns]
        [('height', 'number'), ('city', 'category')]
    """
    known, absent = types or {}, tuple(MISSING if missing is None else missing)
    if isinstance(source, Table):
        return source
    if isinstance(source, str | os.PathLike):
        with opened(Path(source)) as file:
            return table_of_file(file, known, absent)
    columns = columns_of(source)
    made = tuple(
        memory_column(name, values, known.get(name), absent) for name, values in columns.items()
    )
    sizes = {column.name: len(column.values) for column in made}
    if len(set(sizes.values())) > 1:
        raise DataError(f"The columns have different numbers of rows: {sizes}.")
    rows = next(iter(sizes.values()), 0)
    if not rows:
        raise DataError("The table has no rows: there is nothing to learn from.")
    return Table(made, rows, "the table", Reading(missing=absent))


def is_table_like(source: Any) -> bool:
    """Whether `as_table` takes it."""
    return isinstance(source, str | os.PathLike | Mapping | Table) or hasattr(source, "columns")


def table_of_file(file: InputFile, types: Mapping[str, str], missing: Sequence[str]) -> Table:
    """The table in an open file.

    Raises:
        DataError: as `as_table`.
    """
    match file.format:
        case kind if kind == PARQUET:
            return _of_parquet(file, types, missing)
        case kind if kind in (ZIP, OLE):
            return _of_workbook(file, types, missing)
    return _of_csv(file, types, missing)


def _of_csv(file: InputFile, types: Mapping[str, str], missing: Sequence[str]) -> Table:
    decoder = Decoder(file.name, file.head)
    (text,) = csv_texts(file, decoder, whole=True)
    cells = cells_of(text)
    _check_rows(file.name, len(cells.kept))
    decimal = decimal_of(cells.texts.values(), text.delimiter)
    reading = csv_reading(file, decoder, cells, decimal, missing)
    place, texts, rows = _place(file, cells), cells.texts, len(cells.kept)
    del text, cells  # what was read is as large as the file, and each column of texts too
    columns = tuple(
        typed_column(
            name, texts.pop(name), place, types.get(name), decimal=decimal, missing=missing
        )
        for name in list(texts)
    )
    return Table(columns, rows, file.name, reading)


def _place(file: InputFile, cells: Cells) -> Callable[[int], str]:
    """Says on which line a row stands; a file is read again for that, so that it need not stay."""
    if file.path is None:
        return cells.place
    path, kept = file.path, cells.kept

    def place(row: int) -> str:
        with opened(path) as again:
            (text,) = csv_texts(again, Decoder(again.name, again.head), whole=True)
        return Cells({}, kept, text).place(row)

    return place


def _of_parquet(file: InputFile, types: Mapping[str, str], missing: Sequence[str]) -> Table:
    frame = parquet_frame(file)
    _check_rows(file.name, len(frame))
    columns = tuple(
        memory_column(name, frame[name], types.get(name), missing, place=row_of(file.name))
        for name in frame.columns
    )
    return Table(columns, len(frame), file.name, Reading(PARQUET, missing=tuple(missing)))


def _of_workbook(file: InputFile, types: Mapping[str, str], missing: Sequence[str]) -> Table:
    book = workbook_cells(file)
    _check_rows(file.name, len(book.rows))
    columns = tuple(
        typed_column(name, texts, book.place, types.get(name), missing=missing)
        for name, texts in book.texts.items()
    )
    reading = Reading(book.format, missing=tuple(missing), said=book.said)
    return Table(columns, len(book.rows), file.name, reading)


def row_of(name: str, first: int = 0) -> Any:
    """Says where a row of a file without lines is; its rows count from 1."""
    return lambda row: f"{name}, row {first + row + 1}"


def _check_rows(name: str, rows: int) -> None:
    if not rows:
        raise DataError(f"{name} has a header and no rows: there is nothing to learn from.")
