"""What is wrong with CSV text, by line and column: looked for slowly, and only where needed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from chainrule.data.csv_lines import CsvText, LineFault
from chainrule.errors import DataError

LONGEST_CELL = 131_072
"""Characters of a cell; the limit of Python's own csv."""


def header_of(text: CsvText) -> tuple[list[str], int]:
    """The cells of the first record, and how many lines it takes.

    Raises:
        DataError: it is blank or its quotation marks are not in order.
    """
    try:
        _, end, names = next(_lines(text), (1, 1, [""]))
        if '"' in "".join(names) and (odd := _quote_fault(text, 1, end)):
            raise odd
    except LineFault as fault:
        raise text.fault(fault) from None
    if not any(name.strip() for name in names):
        raise DataError(f"{text.place(1)} is blank. It must name the columns.")
    return names, end


def blank_rows(text: CsvText) -> tuple[list[int], int]:
    """Which rows are blank lines, after a look at every line; and how many rows with them.

    Raises:
        DataError: a line with too few or too many cells, or a quotation mark in an odd place.
    """
    try:
        return _checked(text)
    except LineFault as fault:
        raise text.fault(fault) from None


def _checked(text: CsvText) -> tuple[list[int], int]:
    blank: list[int] = []
    columns, row = len(text.names), -1
    suspect = _may_hold_odd_quotes(text)
    for row, line, end, cells in _records(text):
        if len(cells) != columns:
            if len(cells) > 1 or (cells and cells[0].strip()):
                raise _uneven(text, line, len(cells))
            if columns > 1:
                blank.append(row)
        if suspect and '"' in "".join(cells) and (fault := _quote_fault(text, line, end)):
            raise fault
    return blank, row + 1


def _uneven(text: CsvText, line: int, cells: int) -> LineFault:
    columns = len(text.names)
    if cells > columns:
        cure = f"Put a cell that contains {_called(text.delimiter)} in quotation marks"
    else:
        cure = f"Complete the line: {text.column(cells)[9:]} is the first that lacks"
    many = "s" if cells != 1 else ""
    return LineFault(line, f" has {cells} cell{many} and the first line has {columns}. {cure}.")


def _called(delimiter: str) -> str:
    return {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}[delimiter]


def line_of(text: CsvText, row: int) -> int:
    """The line of the text on which a row begins; the header is on line 1."""
    try:
        return next(line for number, line, _, _ in _records(text) if number == row)
    except LineFault as fault:
        return fault.line


def zero_byte(text: CsvText) -> DataError:
    """The error for text with a zero byte."""
    start = text.content.index(b"\0")
    before = text.content[:start]
    line = before.count(b"\n") + 1
    index = before.count(text.delimiter.encode(), before.rfind(b"\n") + 1)
    return DataError(
        f"{text.place(line)}{text.column(index)}: a zero byte, which no text "
        "has. Save the table again as CSV in UTF-8."
    )


def refused(text: CsvText, reason: str) -> DataError:
    """The error for text that the fast reader refuses for a reason of its own."""
    try:
        blank_rows(text)
    except DataError as error:
        return error
    return DataError(f"{text.name} is not proper CSV: {reason}. Save the table again as CSV.")


def _may_hold_odd_quotes(text: CsvText) -> bool:
    """Whether a quotation mark may stand inside a cell that does not begin with one."""
    mark = re.escape(text.delimiter.encode())
    return bool(re.search(rb"(?:\A|[\n" + mark + rb'])[^"\n' + mark + rb']+"', text.content))


def _quote_fault(text: CsvText, line: int, end: int) -> LineFault | None:
    """The first cell of a record whose quotation marks are not in order."""
    record = b"\n".join(text.content.split(b"\n", end)[line - 1 : end]).decode("utf-8", "replace")
    mark = re.escape(text.delimiter)
    cell = re.compile(rf'(?:"[^"]*(?:""[^"]*)*"|[^"{mark}\n]*)(?=[{mark}\n]|\Z)')
    place = index = 0
    while place <= len(record):
        found = cell.match(record, place)
        if not found:
            return LineFault(line, f"{text.column(index)}: {_odd_quote(record[place:])}")
        place, index = found.end() + 1, index + 1
    return None


def _odd_quote(rest: str) -> str:
    """What is wrong with the quotation marks of the cell that begins here."""
    if not rest.startswith('"'):
        return (
            "a quotation mark inside a cell. Put the whole cell in quotation marks and write the "
            'inner one twice: "a ""b"" c".'
        )
    if re.match(r'"[^"]*(?:""[^"]*)*\Z', rest):
        return "a quotation mark opens here and is never closed. Close it behind the cell."
    return (
        "text after the closing quotation mark of a cell. Write a quotation mark inside of a cell "
        'twice: "a ""b"" c".'
    )


def _records(text: CsvText) -> Iterator[tuple[int, int, int, list[str]]]:
    """(row, line on which it begins, line on which it ends, cells) of what is below the header."""
    for row, (line, end, cells) in enumerate(_lines(text), -1):
        if row >= 0:
            yield row, line, end, cells


def _lines(text: CsvText) -> Iterator[tuple[int, int, list[str]]]:
    """(line on which it begins, on which it ends, cells) of every record, the header among them.

    Raises:
        LineFault: a record cannot be read.
    """
    lines = io.TextIOWrapper(io.BytesIO(text.content), "utf-8", newline="\n")
    reader = csv.reader(lines, delimiter=text.delimiter, strict=True)
    while True:
        begin = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _unreadable(text, begin, reader.line_num, str(error)) from None
        if cells is None:
            return
        yield begin, reader.line_num, cells


def _unreadable(text: CsvText, begin: int, end: int, reason: str) -> LineFault:
    if "field larger" in reason:
        return LineFault(begin, f": {too_long()}")
    return _quote_fault(text, begin, end) or LineFault(begin, f": {reason}.")


def too_long() -> str:
    """Why a cell is refused."""
    return (
        f"a cell of more than {LONGEST_CELL:,} characters. Shorten it, or close the quotation mark "
        "that opens it."
    )
