"""Lines of a page: aligned columns, and sentences that are wrapped."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

GAP = "  "

WIDTH = 100
"""Characters of a line; a table of figures may be wider."""


def aligned(
    rows: Sequence[Sequence[str]], left: int | None = None, gap: str = GAP
) -> Iterator[str]:
    """Rows as columns: the first `left` of them, or all, to the left, the others to the right.

    >>> list(aligned([("a", "b"), ("longer", "c")]))
    ['  a       b', '  longer  c']
    >>> list(aligned([("a", "1.5"), ("longer", "12.25")], left=1))
    ['  a         1.5', '  longer  12.25']
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if left is None or i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield (gap + gap.join(cells)).rstrip()


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
