"""A long table in pieces: tables of some ten thousand rows, one after the other.

Blocks of CSV are cut where a record ends and each is read as a file of its own with the header
before it, so that memory stays the same however long the file is; Parquet comes some rows at a
time. The first block decides what the file is like, by the same rules as for a whole file.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.data.csv_source import BLOCK, cells_of, csv_reading, csv_texts
from chainrule.data.decoding import Decoder
from chainrule.data.dialect import decimal_of
from chainrule.data.files import InputFile, opened
from chainrule.data.formats import PARQUET, TEXT
from chainrule.data.memory import memory_column
from chainrule.data.names import listed
from chainrule.data.parquet import lazy_parquet, parquet_batches, parquet_names
from chainrule.data.read import as_table, row_of
from chainrule.data.reading import Reading
from chainrule.data.table import Column, Table, no_column
from chainrule.data.text import MISSING, typed_column
from chainrule.data.workbook import workbook_cells
from chainrule.errors import DataError


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some rows of a longer table.

    Attributes:
        table: the columns that are needed. names: all columns of the file.
        texts: cells exactly as they stand in the file, of the columns asked for.
        first: the number of the first row, counted from 0.
    """

    table: Table
    names: tuple[str, ...]
    texts: dict[str, Any]
    first: int


@dataclass(frozen=True)
class _Wanted:
    """What is wanted of a table, see `table_chunks`."""

    kinds: Mapping[str, str]
    optional: Collection[str]
    texts: Sequence[str]
    missing: Sequence[str]

    def check(self, table: str, names: Sequence[str]) -> None:
        """Refuse a table that lacks a column."""
        absent = [name for name in self.kinds if name not in names]
        if absent:
            raise DataError(
                f"{table} lacks what the model was trained on: {', '.join(map(repr, absent))}. Its "
                f"columns: {listed(names)}."
            )
        for name in self.texts:
            if name not in names:
                raise no_column(table, name, names)

    @property
    def types(self) -> dict[str, str]:
        """The kinds that are known, those of optional columns among them."""
        known = self.optional if isinstance(self.optional, Mapping) else {}
        return {**self.kinds, **{name: kind for name, kind in known.items() if kind}}

    def typed(self, name: str) -> bool:
        """Whether a column is to be typed."""
        return name in self.kinds or name in self.optional


def table_chunks(
    source: Any,
    kinds: Mapping[str, str],
    *,
    optional: Collection[str] = (),
    texts: Sequence[str] = (),
    missing: Sequence[str] | None = None,
    name: str = "",
) -> Iterator[Chunk]:
    """The rows of a table in pieces, in their order.

    Args:
        source: the path of a file, an open binary file (a pipe will do), or whatever `as_table`
            takes.
        kinds: the columns that are needed, with their kinds.
        optional: columns that are read too where they are there; their cells decide the kind, or
            it is given: a dict with a kind, or "", for each.
        texts: columns whose cells are wanted as they stand.
        missing: the cells that say that there is no value; by default those of `MISSING`.
        name: what messages call an open file.

    Raises:
        DataError: as `as_table`, with the line of the whole file.

    Example:
        >>> import io
        >>> file = io.BytesIO(b"a,b\\n1,x\\n2,y\\n")
        >>> [(c.table.rows, c.texts["b"].to_list()) for c in table_chunks(file, {}, texts=["b"])]
        [(2, ['x', 'y'])]
    """
    wanted = _Wanted(kinds, optional, texts, tuple(MISSING if missing is None else missing))
    if isinstance(source, str | os.PathLike):
        with opened(Path(source)) as file:
            yield from _from_file(file, wanted)
    elif hasattr(source, "read"):
        yield from _from_file(InputFile(source, name or "the input"), wanted)
    else:
        yield _from_memory(source, wanted)


def _from_memory(source: Any, wanted: _Wanted) -> Chunk:
    table = as_table(source, wanted.types, missing=wanted.missing)
    wanted.check(table.name, table.names)
    found = {name: _plain(source, table.column(name)) for name in wanted.texts}
    return Chunk(table, tuple(table.names), found, 0)


def _plain(source: Any, column: Column) -> Any:
    """A column of a DataFrame or dict as it is, or of a Table as text."""
    if not isinstance(source, Table):
        return list(source[column.name])
    if not column.labels:
        return column.values
    return [column.labels[code] if code >= 0 else None for code in column.values]


def _from_file(file: InputFile, wanted: _Wanted) -> Iterator[Chunk]:
    if file.format == TEXT:
        chunks = _of_csv(file, wanted)
    elif file.format == PARQUET:
        chunks = _of_parquet(file, wanted)
    else:
        chunks = _of_workbook(file, wanted)
    rows = 0
    for chunk in chunks:
        rows += chunk.table.rows
        yield chunk
    if not rows:
        raise DataError(f"{file.name} has a header and no rows.")


def _of_csv(file: InputFile, wanted: _Wanted) -> Iterator[Chunk]:
    decoder = Decoder(file.name, file.head)
    first, decimal = 0, ""
    for text in csv_texts(file, decoder, whole=False, block=BLOCK):
        if not decimal:
            wanted.check(file.name, text.names)
        cells = cells_of(text)
        decimal = decimal or decimal_of(cells.texts.values(), text.delimiter)
        columns = tuple(
            typed_column(
                name,
                cells.texts[name],
                cells.place,
                wanted.types.get(name),
                decimal=decimal,
                missing=wanted.missing,
            )
            for name in text.names
            if wanted.typed(name)
        )
        rows = len(cells.kept)
        reading = csv_reading(file, decoder, cells, decimal, wanted.missing)
        if rows:
            found = {name: cells.texts[name] for name in wanted.texts}
            yield Chunk(Table(columns, rows, file.name, reading), text.names, found, first)
        first += rows


def _of_parquet(file: InputFile, wanted: _Wanted) -> Iterator[Chunk]:
    lazy = lazy_parquet(file)
    names = parquet_names(file, lazy)
    wanted.check(file.name, names)
    first, reading = 0, Reading(PARQUET, missing=tuple(wanted.missing))
    needed = [name for name in names if wanted.typed(name) or name in wanted.texts]
    for frame in parquet_batches(file, needed, lazy):
        place = row_of(file.name, first)
        columns = tuple(
            memory_column(name, frame[name], wanted.types.get(name), wanted.missing, place)
            for name in needed
            if wanted.typed(name)
        )
        table = Table(columns, len(frame), file.name, reading)
        yield Chunk(table, tuple(names), {name: frame[name] for name in wanted.texts}, first)
        first += len(frame)


def _of_workbook(file: InputFile, wanted: _Wanted) -> Iterator[Chunk]:
    book = workbook_cells(file)
    wanted.check(file.name, list(book.texts))
    columns = tuple(
        typed_column(name, texts, book.place, wanted.types.get(name), missing=wanted.missing)
        for name, texts in book.texts.items()
        if wanted.typed(name)
    )
    reading = Reading(book.format, missing=tuple(wanted.missing), said=book.said)
    table = Table(columns, len(book.rows), file.name, reading)
    found = {name: book.texts[name] for name in wanted.texts}
    yield Chunk(table, tuple(book.texts), found, 0)
