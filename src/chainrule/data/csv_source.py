"""A CSV file as text of one dialect: decoded, cut where records end, its header understood once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data.csv_faults import (
    LONGEST_CELL,
    blank_rows,
    header_of,
    line_of,
    refused,
    too_long,
    zero_byte,
)
from chainrule.data.csv_lines import CsvText
from chainrule.data.decoding import Decoder
from chainrule.data.dialect import delimiter_of, hint_of
from chainrule.data.files import InputFile
from chainrule.data.libraries import load_polars
from chainrule.data.names import check_names
from chainrule.data.reading import Reading
from chainrule.errors import DataError

BLOCK = 8 * 2**20
"""Bytes read at a time; the first of them decide what the file is like."""

LONGEST = 64 * 2**20
"""Bytes of a record beyond which no end is looked for."""


@dataclass(frozen=True)
class Cells:
    """The rows of CSV text.

    Attributes:
        texts: polars text of every column, without blank lines. kept: where the rows stood among
            all lines below the header, int (rows,). text: what they were read from.
        blank: how many lines are left out because they are blank.
    """

    texts: dict[str, Any]
    kept: Any
    text: CsvText
    blank: int = 0

    def place(self, row: int) -> str:
        """Where a row is, for messages."""
        return self.text.place(line_of(self.text, int(self.kept[row])))


def csv_texts(
    file: InputFile, decoder: Decoder, *, whole: bool, block: int = BLOCK
) -> Iterator[CsvText]:
    """The file as text with its header, at once or block by block.

    Raises:
        DataError: nothing in it, no proper header, another encoding, or a row without an end.
    """
    blocks = _blocks(file, decoder, block)
    first = next(blocks, b"")
    if not first or first.isspace():
        raise file.empty()
    start, header = _start(first, file.name)
    first = first[len(header) + _above(first, start) :]
    if whole:
        yield replace(start, content=b"".join([header, first, *blocks]))
        return
    passed = 0
    yield replace(start, content=header + first)
    for rows in blocks:
        passed += first.count(b"\n")
        first = rows
        yield replace(start, content=header + rows, passed=passed)


def _above(first: bytes, start: CsvText) -> int:
    return first.index(b"\n") + 1 if start.above else 0


def _start(first: bytes, name: str) -> tuple[CsvText, bytes]:
    """What the first block says of all the file, and its header."""
    hinted, above = hint_of(first, name)
    content = first[above:]
    delimiter = hinted or delimiter_of(content)
    start = CsvText(content, name, delimiter, above=int(bool(above)))
    names, lines = header_of(start)
    names = check_names(names, start.place(1))
    header = b"".join(line + b"\n" for line in content.split(b"\n", lines)[:lines])
    return replace(start, names=tuple(names), header_lines=lines), header


def _blocks(file: InputFile, decoder: Decoder, size: int) -> Iterator[bytes]:
    """Decoded bytes up to the end of a record."""
    rest, more = b"", True
    while more:
        read = file.read(size)
        more = bool(read)
        block = rest + decoder.feed(read, last=not more)
        end = _end_of_record(block) if more else len(block)
        if end == 0 and len(block) > LONGEST:
            line = decoder.lines - block.count(b"\n") + 1
            raise DataError(
                f"{file.name}, line {line}: a row of more than {LONGEST >> 20} MB. Close the "
                "quotation mark that opens there."
            )
        if end:
            yield block[:end]
        rest = block[end:]


def _end_of_record(block: bytes) -> int:
    """Behind the last line end that stands outside of quotes; 0 where there is none."""
    quotes = block.count(b'"')
    end = len(block)
    while (cut := block.rfind(b"\n", 0, end)) >= 0:
        quotes -= block.count(b'"', cut, end)
        if quotes % 2 == 0:
            return cut + 1
        end = cut
    return 0


def cells_of(text: CsvText) -> Cells:
    """Every cell as text.

    Raises:
        DataError: the text is not proper CSV; line and column are named.
    """
    if b"\0" in text.content:
        raise zero_byte(text)
    texts = _polars_cells(text)
    rows = len(texts[text.names[0]])
    cells = Cells(texts, np.arange(rows), text)
    _check_lengths(cells)
    if text.even:
        return cells
    blank, found = blank_rows(text)
    if found != rows:
        raise refused(text, "a quotation mark stands in an odd place")
    if not blank:
        return cells
    kept = np.delete(np.arange(rows), blank)
    texts = {name: column.gather(kept) for name, column in texts.items()}
    return Cells(texts, kept, text, len(blank))


def _polars_cells(text: CsvText) -> dict[str, Any]:
    polars = load_polars()

    try:
        frame = polars.read_csv(
            text.content, separator=text.delimiter, infer_schema=False, encoding="utf8"
        )
    except polars.exceptions.PolarsError as error:
        raise refused(text, str(error).splitlines()[0].rstrip(".")) from None
    if len(frame.columns) != len(text.names):
        raise refused(text, "a quotation mark in its first line stands in an odd place")
    return dict(zip(text.names, frame.get_columns(), strict=True))


def _check_lengths(cells: Cells) -> None:
    for i, column in enumerate(cells.texts.values()):
        sizes = column.str.len_bytes()
        if (sizes.max() or 0) > LONGEST_CELL:
            place = cells.place(int(sizes.arg_max()))
            raise DataError(f"{place}{cells.text.column(i)}: {too_long()}")


def csv_reading(
    file: InputFile, decoder: Decoder, cells: Cells, decimal: str, missing: Sequence[str]
) -> Reading:
    """What was recognized in a CSV file, with a sentence for whatever was mended."""
    text = cells.text
    blank = cells.blank
    named = file.name.lower().endswith((".gz", ".gzip"))
    said = {
        "It is gzip, though its name does not end in .gz.": file.compressed and not named,
        f"It is not UTF-8 and was read as {decoder.encoding}.": decoder.encoding[:5] != "UTF-8",
        "Its first line names the delimiter and is no row.": text.above > 0,
        "Its numbers have decimal commas: 1,5 is 1.5.": decimal == ",",
        f"Line ends of several systems: {', '.join(sorted(decoder.line_ends))}.": (
            len(decoder.line_ends) > 1
        ),
        "Its lines end with CR alone.": decoder.line_ends == {"CR"},
        f"{blank} blank line{'s were' if blank != 1 else ' was'} left out.": blank > 0,
    }
    return Reading(
        "CSV",
        file.compressed,
        text.delimiter,
        decoder.encoding,
        decimal,
        tuple(missing),
        tuple(sentence for sentence, true in said.items() if true),
    )
