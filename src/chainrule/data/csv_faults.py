"""What is wrong with a CSV file, and on which line: read slowly, and only when something is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from chainrule.errors import DataError


def header_of(content: bytes, name: str) -> list[str]:
    """The names in the first line of a CSV file, without spaces around them.

    Raises:
        DataError: blank or double names, another separator than the comma, not UTF-8.
    """
    names = next(_lines(content, name), (1, [""]))[1]
    if not names:
        raise DataError(f"{name}: the first line is blank. It must name the columns.")
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and separator in names[0]:
            raise DataError(
                f"{name} separates its columns by {word}, and only commas are read. Save it as CSV "
                "with commas and decimal points."
            )
    names = [column.strip() for column in names]
    for i, column in enumerate(names):
        if not column:
            raise DataError(f"{name}: column {i + 1} has no name in the first line. Give it one.")
        if column in names[:i]:
            raise DataError(f"{name} has two columns {column!r}. Give one of them another name.")
    return names


def has_even_lines(content: bytes, columns: int) -> bool:
    """Whether commas and line ends alone show that every line has one cell a column.

    Long lines are not seen here, they are refused by the reader; quotes always give False.
    """
    if b'"' in content:
        return False
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    return content.count(b",") == (columns - 1) * lines


def blank_rows(content: bytes, name: str, columns: int) -> tuple[list[int], int]:
    """Which rows are blank lines, after a look at every line; and how many rows with them.

    Raises:
        DataError: a line with too few or too many cells, a quotation mark that never ends or
            stands inside a cell.
    """
    blank, row = [], -1
    for row, line, cells in _records(content, name):
        if not cells and columns > 1:
            blank.append(row)
        elif len(cells) != columns and not (columns == 1 and not cells):
            raise _uneven(name, line, len(cells), columns)
    return blank, row + 1


def _uneven(name: str, line: int, cells: int, columns: int) -> DataError:
    many = cells > columns
    cure = "Put a cell that contains a comma in quotation marks" if many else "Complete the line"
    return DataError(
        f"{name}, line {line} has {cells} cell{'s' if cells != 1 else ''} and the first line has "
        f"{columns}. {cure}."
    )


def line_of(content: bytes, name: str, row: int) -> int:
    """The line of the file on which a row begins; the header is on line 1."""
    for number, line, _ in _records(content, name):
        if number == row:
            return line
    raise IndexError(row)


def refused(content: bytes, name: str, columns: int, reason: str) -> DataError:
    """The error for a file that the fast reader refuses for a reason of its own."""
    try:
        blank_rows(content, name, columns)
        for _, line, cells in _records(content, name):
            if any('"' in cell for cell in cells):
                return DataError(
                    f"{name}, line {line}: a quotation mark inside a cell. Put the whole cell in "
                    'quotation marks and write the inner one twice: "a ""b"" c".'
                )
    except DataError as error:
        return error
    return DataError(f"{name} is not proper CSV: {reason}.")


def _records(content: bytes, name: str) -> Iterator[tuple[int, int, list[str]]]:
    """(row, line on which it begins, cells) of everything below the header."""
    for row, (line, cells) in enumerate(_lines(content, name), -1):
        if row >= 0:
            yield row, line, cells


def _lines(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of every record, the header among them."""
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    while True:
        begin = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{name}, line {begin}: {_reason(str(error))}.") from None
        except UnicodeDecodeError:
            raise _not_utf8(content, name) from None
        if cells is None:
            return
        yield begin, cells


def _not_utf8(content: bytes, name: str) -> DataError:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return DataError(
            f"{name}, line {line}: the byte {content[error.start]:#04x} is not UTF-8. Save the "
            "file as CSV in UTF-8."
        )
    return DataError(f"{name} is not UTF-8. Save the file as CSV in UTF-8.")


def _reason(text: str) -> str:
    """What Python's csv says, in plain words."""
    if "unexpected end of data" in text:
        return "a quotation mark opens here and is never closed"
    if "expected after" in text:
        return "text after the closing quotation mark of a cell"
    return text
