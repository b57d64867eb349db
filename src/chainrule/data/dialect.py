"""Which delimiter and which decimal mark a CSV file uses.

The rules:

1. A first line `sep=;` (Excel's) names the delimiter and is no row.
2. Else comma, semicolon, tab and bar are tried on the first 1,000 lines of the first 256 kB. Those
   that stand in the first line outside of quotation marks compete; the one wins that cuts most
   lines into as many cells as the first. At a tie: tab, bar, semicolon, comma, because commas
   stand in texts and numbers.
3. Where none stands in the first line, there is one column.
4. Numbers have a decimal comma where the delimiter is not a comma and more cells of the first block
   (8 MB) are numbers only with a decimal comma ("1,5") than only with a decimal point ("1.5").
   "1.234" counts for neither, and "1,234" only where semicolons separate.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Any

from chainrule.data.reading import DELIMITERS
from chainrule.errors import DataError

AT_A_TIE = "\t|;,"
SAMPLE = 256 * 2**10
SAMPLE_LINES = 1000

HINT = re.compile(rb'"?sep=(.?)"?\n', re.IGNORECASE)

_UNIT = r"[\s%€$£]*"
_COMMA = rf"^{_UNIT}[+-]?(\d*|\d{{1,3}}(\.\d{{3}})+),\d+{_UNIT}$"
_POINT = rf"^{_UNIT}[+-]?(\d*|\d{{1,3}}(,\d{{3}})+)\.\d+([eE][+-]?\d+)?{_UNIT}$"
_GROUPED_BY_COMMA = rf"^{_UNIT}[+-]?\d{{1,3}}(,\d{{3}})+{_UNIT}$"
_GROUPED_BY_POINT = rf"^{_UNIT}[+-]?\d{{1,3}}(\.\d{{3}})+{_UNIT}$"


def hint_of(text: bytes, name: str) -> tuple[str, int]:
    """The delimiter that a first line `sep=` names, and the bytes of that line; ("", 0) without.

    Raises:
        DataError: it names a delimiter that is not read.
    """
    found = HINT.match(text[:16])
    if not found:
        return "", 0
    delimiter = found[1].decode("ascii", "replace")
    if delimiter not in DELIMITERS:
        raise DataError(
            f"{name}, line 1: {delimiter!r} is not read as a delimiter. Save the file with one of "
            f"{', '.join(DELIMITERS.values())}."
        )
    return delimiter, found.end()


def delimiter_of(text: bytes) -> str:
    """The delimiter of CSV text in UTF-8, by rules 2 and 3.

    Example:
        >>> delimiter_of(b"height, m;width, m\\n1,5;2,25\\n")
        ';'
    """
    sample = text[:SAMPLE]
    if len(text) > SAMPLE:  # the last line may be cut off
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    words = sample.decode("utf-8", "replace")
    evenness = {delimiter: _evenness(words, delimiter) for delimiter in AT_A_TIE}
    return max(AT_A_TIE, key=evenness.__getitem__) if any(evenness.values()) else ","


def _evenness(words: str, delimiter: str) -> float:
    """The share of lines with as many cells as the first; 0 where that has only one."""
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=delimiter)
    sizes: list[int] = []
    with suppress(csv.Error):  # an immense cell: what came before it decides
        sizes += (len(cells) for cells in islice(reader, SAMPLE_LINES) if cells)
    if not sizes or sizes[0] < 2:
        return 0.0
    return sizes.count(sizes[0]) / len(sizes)


def decimal_of(columns: Iterable[Any], delimiter: str) -> str:
    """The decimal mark of columns of polars text, by rule 4.

    Example:
        >>> import polars
        >>> decimal_of([polars.Series(["1,5", "x"]), polars.Series(["7", None])], ";")
        ','
    """
    if delimiter == ",":
        return "."
    commas = points = 0
    for cells in columns:
        commas += _matching(cells, ",", _COMMA)
        if delimiter != ";":
            commas -= _matching(cells, ",", _GROUPED_BY_COMMA)
        points += _matching(cells, ".", _POINT) - _matching(cells, ".", _GROUPED_BY_POINT)
    return "," if commas > points else "."


def _matching(cells: Any, mark: str, pattern: str) -> int:
    with_mark = cells.filter(cells.str.contains(mark, literal=True))
    return int(with_mark.str.contains(pattern).sum()) if len(with_mark) else 0
