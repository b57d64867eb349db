"""What was recognized when a table was read: the record that every table carries."""

from __future__ import annotations

from dataclasses import dataclass

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
"""The delimiters that are recognized, with their names; at a tie the first one wins."""


@dataclass(frozen=True)
class Reading:
    """How a table was read.

    Attributes:
        format: "memory", "CSV", "Parquet" or the kind of workbook, e.g. "xlsx".
        compressed: whether it came through gzip.
        delimiter: between the cells of CSV, "" where there is none.
        encoding: of CSV, e.g. "UTF-8" or "Windows-1252", "" where there is none.
        decimal: the decimal mark of its numbers, "." or ",".
        missing: the cells that say that there is no value.
        said: what was mended or chosen, one sentence each, for the reader to know.

    Example:
        >>> Reading("CSV", delimiter=";", encoding="UTF-8", decimal=",").summary()
        'semicolon, UTF-8, decimal comma'
    """

    format: str = "memory"
    compressed: bool = False
    delimiter: str = ""
    encoding: str = ""
    decimal: str = "."
    missing: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def dialect(self) -> tuple[str, str]:
        """The delimiter and the decimal mark of answers, so that the program that wrote the table
        reads them: those of the table; comma and point where it is no text.

        Example:
            >>> Reading("CSV", delimiter=";", decimal=",").dialect, Reading("Parquet").dialect
            ((';', ','), (',', '.'))
        """
        return self.delimiter or (";" if self.decimal == "," else ","), self.decimal

    def summary(self) -> str:
        """What was recognized, in a few words; "" for a table from memory."""
        words = [] if self.format in ("memory", "CSV") else [self.format]
        words += [DELIMITERS[self.delimiter]] if self.delimiter else []
        words += [self.encoding] if self.encoding else []
        words += ["decimal comma"] if self.decimal == "," else []
        return ", ".join(words + ["gzip"] * self.compressed)


IN_MEMORY = Reading()
"""Of a table that was not read from a file."""
