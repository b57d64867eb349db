"""A long CSV file in pieces: tables of some ten thousand rows, one after the other.

Blocks of bytes are cut where a record ends and each is read as a file of its own with the header
before it, so that memory stays the same however long the file is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from chainrule.data.csv_faults import header_of, line_of
from chainrule.data.read import _cells_of, as_table
from chainrule.data.table import Column, Table, no_column
from chainrule.data.text import typed_column
from chainrule.errors import DataError

BLOCK = 8 * 2**20
"""Bytes read at a time."""

LONGEST = 64 * 2**20
"""Bytes of a record beyond which no end is looked for."""


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
    optional: Sequence[str]
    texts: Sequence[str]

    def check(self, table: str, names: Sequence[str]) -> None:
        """Refuse a table that lacks a column."""
        absent = [name for name in self.kinds if name not in names]
        if absent:
            raise DataError(
                f"{table} lacks what the model was trained on: {', '.join(map(repr, absent))}. Its "
                f"columns: {', '.join(names)}."
            )
        for name in self.texts:
            if name not in names:
                raise no_column(table, name, names)

    def typed(self, name: str) -> bool:
        """Whether a column is to be typed."""
        return name in self.kinds or name in self.optional


def table_chunks(
    source: Any,
    kinds: Mapping[str, str],
    *,
    optional: Sequence[str] = (),
    texts: Sequence[str] = (),
    name: str = "",
) -> Iterator[Chunk]:
    """The rows of a table in pieces, in their order.

    Args:
        source: the path of a CSV file, an open binary file (a pipe will do), or whatever `as_table`
                takes.
        kinds: the columns that are needed, with their kinds.
        optional: columns that are read too where they are there; their cells decide the kind.
        texts: columns whose cells are wanted as they stand.
        name: what messages call an open file.

    Raises:
        DataError: as `as_table`, with the line of the whole file.

    Example:
        >>> import io
        >>> file = io.BytesIO(b"a,b\\n1,x\\n2,y\\n")
        >>> [(c.table.rows, c.texts["b"].to_list()) for c in table_chunks(file, {}, texts=["b"])]
        [(2, ['x', 'y'])]
    """
    wanted = _Wanted(kinds, optional, texts)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if not path.is_file():
            as_table(path)  # says what it is instead
        with path.open("rb") as file:
            yield from _from_file(file, path.name, wanted)
    elif hasattr(source, "read"):
        yield from _from_file(source, name or "the input", wanted)
    else:
        yield _from_memory(source, wanted)


def _from_memory(source: Any, wanted: _Wanted) -> Chunk:
    table = as_table(source, wanted.kinds)
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


def _from_file(file: BinaryIO, name: str, wanted: _Wanted) -> Iterator[Chunk]:
    first, lines, header = 0, 0, b""
    for block in _blocks(file, name):
        if not header:
            header, names = _header(block, name)
            wanted.check(name, names)
            block = block[len(header) :]
            lines = header.count(b"\n")
        passed = lines - header.count(b"\n")
        chunk = _chunk(header, passed, block, (name, names, wanted, first))
        if chunk.table.rows:
            yield chunk
        first += chunk.table.rows
        lines += block.count(b"\n")
    if not first:
        raise DataError(f"{name} has a header and no rows." if header else f"{name} is empty.")


def _chunk(header: bytes, passed: int, block: bytes, about: tuple[Any, ...]) -> Chunk:
    """A block as a chunk; `passed` lines of the file lie between the header and it."""
    try:
        return _parsed(header + block, *about)
    except DataError:
        if passed:  # read again behind as many blank lines, so that the message counts right
            _parsed(header + b"\n" * passed + block, *about)
        raise


def _blocks(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Bytes up to the end of a record, with one kind of line end."""
    rest = b""
    while read := file.read(BLOCK):
        block = rest + read
        end = _end_of_record(block)
        if end == 0 and len(block) > LONGEST:
            raise DataError(
                f"{name} has a row longer than {LONGEST >> 20} MB: a quotation mark is open and "
                "never closed, or this is no CSV file."
            )
        if end:
            yield _one_line_end(block[:end])
        rest = block[end:]
    if rest:
        yield _one_line_end(rest)


def _end_of_record(block: bytes) -> int:
    """Behind the last line end that stands outside of quotes; 0 where there is none."""
    quotes = block.count(b'"')
    end = len(block)
    while (cut := max(block.rfind(b"\n", 0, end), block.rfind(b"\r", 0, end - 1))) >= 0:
        quotes -= block.count(b'"', cut, end)
        if quotes % 2 == 0:
            return cut + 1
        end = cut
    return 0


def _one_line_end(block: bytes) -> bytes:
    if b"\r" not in block:
        return block
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _header(block: bytes, name: str) -> tuple[bytes, list[str]]:
    """The bytes of the first record, and the names in it."""
    names = header_of(block, name)
    end = 0
    while True:
        end = block.find(b"\n", end) + 1
        if end == 0:
            return block + b"\n", names
        if block.count(b'"', 0, end) % 2 == 0:
            return block[:end], names


def _parsed(content: bytes, name: str, names: list[str], wanted: _Wanted, first: int) -> Chunk:
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise DataError(f"{name}, line {line}: a zero byte; this is no CSV text in UTF-8.")
    cells, kept = _cells_of(content, name, names)

    def place(row: int) -> str:
        return f"{name}, line {line_of(content, name, int(kept[row]))}"

    columns = tuple(
        typed_column(n, cells[n], place, wanted.kinds.get(n)) for n in names if wanted.typed(n)
    )
    table = Table(columns, len(kept), name)
    return Chunk(table, tuple(names), {n: cells[n] for n in wanted.texts}, first)
