"""Workbooks of Excel and LibreOffice: the first sheet that holds anything, as text cells.

The rules: the first row that is not empty names the columns; empty rows are left out; numbers and
dates are taken as they are stored, not as they are shown; cells with an error such as #N/A are
missing.
"""

from __future__ import annotations

import datetime
import io
from dataclasses import dataclass
from typing import Any

from chainrule.data.files import InputFile
from chainrule.data.formats import ZIP, workbook_kind
from chainrule.data.libraries import load_calamine
from chainrule.data.names import check_names
from chainrule.errors import DataError

CURE = 'Type: pip install "chainrule[excel]" (or save the table as CSV)'


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook.

    Attributes:
        name: of the file. format: "xlsx", "xls", "xlsb" or "ods".
        texts: the cells of every column as text, None where there is nothing.
        rows: their rows in the sheet, from 1. said: what was chosen or left out.
    """

    name: str
    format: str
    texts: dict[str, list[str | None]]
    rows: list[int]
    said: tuple[str, ...]

    def place(self, row: int) -> str:
        """Where a row is, for messages."""
        return f"{self.name}, row {self.rows[row]}"


def workbook_cells(file: InputFile) -> Sheet:
    """The first sheet with anything in it.

    Raises:
        DataError: no sheet has, its names are not in order, or the file is damaged.
    """
    content = file.read()
    kind = workbook_kind(content, file.name) if file.format == ZIP else file.format
    for title, others, rows in _sheets(content, file.name, kind):
        filled = [i for i, row in enumerate(rows) if any(cell not in ("", None) for cell in row)]
        if filled:
            return _sheet(file.name, kind, (title, others), (rows, filled))
    raise DataError(
        f"{file.name} is empty: no sheet has a cell. Its first row must name the columns."
    )


def _sheets(content: bytes, name: str, kind: str) -> Any:
    """(title, titles of the others, rows of cells) of every sheet."""
    calamine = _calamine(name, kind)
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        for title in book.sheet_names:
            others = [other for other in book.sheet_names if other != title]
            yield title, others, book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:120]
        raise DataError(f"{name} is a damaged workbook: {reason}. Save it again.") from None


def _calamine(name: str, kind: str) -> Any:
    calamine = load_calamine()
    if calamine is None:
        raise DataError(
            f"{name} is a workbook ({kind}), and what reads those is not installed. {CURE}."
        )
    return calamine


def _sheet(name: str, kind: str, titles: Any, content: Any) -> Sheet:
    (title, others), (rows, filled) = titles, content
    first, *below = filled
    width = max(i for i, cell in enumerate(rows[first]) if cell not in ("", None)) + 1
    names = check_names(
        [_text(cell) or "" for cell in rows[first][:width]], f"{name}, row {first + 1}"
    )
    for i in below:
        if any(cell not in ("", None) for cell in rows[i][width:]):
            raise DataError(
                f"{name}, row {i + 1} has cells to the right of the last named column "
                f"{names[-1]!r}. Name their columns in row {first + 1}, or clear them."
            )
    texts = {
        column: _texts([rows[i][k] if k < len(rows[i]) else None for i in below])
        for k, column in enumerate(names)
    }
    said = [f"Sheet {title!r} was read, not {', '.join(map(repr, others))}."] if others else []
    left = filled[-1] - first + 1 - len(filled)
    said += [f"{left} empty row{'s were' if left != 1 else ' was'} left out."] if left else []
    return Sheet(name, kind, texts, [i + 1 for i in below], tuple(said))


def _texts(cells: list[Any]) -> list[str | None]:
    """Cells of a column as text; days have a time where one of them has."""
    timed = any(
        isinstance(cell, datetime.datetime) and cell.time() != datetime.time() for cell in cells
    )
    return [_text(cell, timed) for cell in cells]


def _text(cell: Any, timed: bool = False) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime.date):
        clock = cell.time() if isinstance(cell, datetime.datetime) else datetime.time()
        day = f"{cell.year:04}-{cell.month:02}-{cell.day:02}"
        return f"{day} {clock}" if timed else day
    return str(cell)
