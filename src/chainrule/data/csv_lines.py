"""CSV text of which delimiter and columns are known, and a quick look at whether it is in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.errors import DataError

PIECE = 8 * 2**20
"""Bytes that are looked at together."""

QUOTE, LINE_END = ord('"'), ord("\n")


class LineFault(Exception):
    """Something is wrong with a line of the text; the line counts from 1 at the header."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class CsvText:
    """A header and rows below it: a whole file, or a block of one with the header before it.

    Attributes:
        content: UTF-8 with LF line ends. name: what messages call the file.
        delimiter: between cells. names: of the columns, () while they are not known.
        above: lines of the file above the header. header_lines: lines of the header.
        passed: lines of the file between the header and the rows.
    """

    content: bytes
    name: str
    delimiter: str
    names: tuple[str, ...] = ()
    above: int = 0
    header_lines: int = 1
    passed: int = 0

    def place(self, line: int) -> str:
        """Where a line of the text is in the file, for messages."""
        passed = self.passed if line > self.header_lines else 0
        return f"{self.name}, line {line + self.above + passed}"

    def column(self, index: int) -> str:
        """A column for messages: by its name, or by its number where it has none yet."""
        known = index < len(self.names)
        return f", column {self.names[index]!r:.80}" if known else f", column {index + 1}"

    def fault(self, fault: LineFault) -> DataError:
        """The error for a fault."""
        return DataError(f"{self.place(fault.line)}{fault}")

    @property
    def even(self) -> bool:
        """Whether a quick look shows that every line has one cell a column and quotes are in order.

        False says nothing: then every line must be looked at.
        """
        if b'"' in self.content:
            return _is_even_outside_quotes(self)
        lines = self.content.count(b"\n") + (not self.content.endswith(b"\n"))
        cells = self.content.count(self.delimiter.encode()) + lines
        return cells == len(self.names) * lines


def _is_even_outside_quotes(text: CsvText) -> bool:
    """Whether every line has as many delimiters outside of quotes as the header, and all quotes
    open at the beginning of a cell, close at its end, or are doubled.
    """
    data = np.frombuffer(text.content, "uint8")
    ends = [ord(text.delimiter), LINE_END, QUOTE]
    columns, quotes, pending = len(text.names), 0, 0
    for start in range(0, len(data), PIECE):
        piece = data[start : start + PIECE]
        places = np.flatnonzero(np.isin(piece, ends))
        signs = piece[places]
        opened = np.cumsum(signs == QUOTE) + quotes
        opening = places[(signs == QUOTE) & (opened % 2 == 1)] + start - 1
        closing = places[(signs == QUOTE) & (opened % 2 == 0)] + start + 1
        beside = [data[opening[opening >= 0]], data[closing[closing < len(data)]]]
        if not all(np.isin(neighbors, ends).all() for neighbors in beside):
            return False
        marks = signs[(opened % 2 == 0) & (signs != QUOTE)]
        lines = np.flatnonzero(marks == LINE_END)
        if (np.diff(lines, prepend=-1 - pending) != columns).any():
            return False
        pending = len(marks) - 1 - int(lines[-1]) if len(lines) else pending + len(marks)
        quotes = int(opened[-1]) if len(opened) else quotes
    return quotes % 2 == 0 and pending == (0 if text.content.endswith(b"\n") else columns - 1)
