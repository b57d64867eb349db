"""Lines of a page: aligned columns, and sentences that are wrapped."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

GAP = "  "

WIDTH = 100
"""Characters of a line; a table of figures may be wider."""


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as columns, all to the left.

    >>> list(aligned([("a", "b"), ("longer", "c")]))
    ['  a       b', '  longer  c']
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{GAP}{GAP.join(cells)}".rstrip()


def wrapped(line: str, indent: int) -> Iterator[str]:
    """A line that is broken at blanks where it is too long; what follows is indented.

    >>> list(wrapped("word " * 21, 2))[1]
    '  word'
    """
    yield from textwrap.wrap(
        line,
        WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def printable(text: str) -> str:
    r"""The text without signs that a terminal would obey: they are written as escapes.

    >>> printable("a\x1b[2Jb"), printable("Zügel, 企鵝")
    ('a\\x1b[2Jb', 'Zügel, 企鵝')
    """
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
