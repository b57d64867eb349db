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


def grid(rows: list[tuple[str, ...]], left: int) -> Iterator[str]:
    """Rows as aligned columns; the first `left` of them to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield (GAP + GAP.join(cells)).rstrip()


def size_words(count: int) -> str:
    """A number of bytes for a reader.

    >>> size_words(268), size_words(11_400), size_words(3_200_000)
    ('268 B', '11 kB', '3.2 MB')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            number = count / size
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{count} B"
