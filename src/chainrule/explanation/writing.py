"""How numbers and formulas are written on the page: six digits, substitution, lines that fit."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

WIDTH = 100
"""No line of a page is wider."""

DIGITS = 6
"""Significant digits of a printed number."""

EXACT = 1e-12
"""A number this near to a shorter one, relatively, is written as the shorter one."""


def number(value: float) -> str:
    """A number with six significant digits; without filling zeros where it needs fewer.

    >>> number(0.1 + 0.2), number(0.59326999), number(-2.0), number(1 / 3e9)
    ('0.3', '0.593270', '-2', '3.33333e-10')
    """
    value = float(value)
    if not math.isfinite(value) or value == 0:
        return "0" if value == 0 else str(value)
    short = f"{value:.{DIGITS}g}"
    if abs(float(short) - value) <= EXACT * abs(value):
        return short
    return f"{value:#.{DIGITS}g}".rstrip(".")


@dataclass(frozen=True)
class Text:
    """A piece of a formula; `loose` where it needs parentheses beside most other signs."""

    text: str
    loose: bool = False


def numeral(value: float) -> Text:
    """A number as a piece of a formula."""
    written = number(value)
    return Text(written, written.startswith("-"))


def factor(value: float) -> str:
    """A number as a factor or a later summand: in parentheses where it is negative."""
    piece = numeral(value)
    return f"({piece.text})" if piece.loose else piece.text


def substitute(formula: str, pieces: Mapping[str, Text]) -> str:
    """A formula with pieces in place of its letters, in parentheses where they are needed.

    >>> substitute("1 / (1 + e^-x)", {"x": numeral(-0.5)})
    '1 / (1 + e^-(-0.5))'
    >>> minus = {"x": numeral(-3.0)}
    >>> substitute("2x", minus), substitute("x²", minus), substitute("max(x, 0)", minus)
    ('2·(-3)', '(-3)²', 'max(-3, 0)')
    """
    if not pieces:
        return formula
    letters = "|".join(sorted(map(re.escape, pieces), key=len, reverse=True))

    def put(match: re.Match[str]) -> str:
        piece = pieces[match.group()]
        before, after = formula[: match.start()], formula[match.end() :]
        times = "·" if before[-1:].isdigit() else ""
        alone = re.search(r"(^|[(|,]\s*|[a-z>]\s)$", before) and not re.match(r"\s?[²^]", after)
        loose = piece.loose and not alone
        return times + (f"({piece.text})" if loose else piece.text)

    return re.sub(rf"(?<![^\W\d_])(?:{letters})(?![^\W²])", put, formula)


def equation(name: str, parts: list[str]) -> str:
    """`name = part = part`, a part that repeats the one before it left out."""
    kept: list[str] = []
    for part in parts:
        if part and (not kept or kept[-1] != part) and part != name.strip():
            kept.append(part)
    return " = ".join([name, *kept])


def folded(name: str, parts: list[str], indent: str, wide: bool) -> list[str]:
    """An equation as lines that fit, its later parts under the first equals sign.

    Args:
        name: the left side, padded as its neighbours are. parts: what stands between equals signs.
        wide: whether names and numbers go on lines of their own even where all would fit on one.
    """
    whole = equation(name, parts)
    if not wide and len(indent + whole) <= WIDTH:
        return [indent + whole]
    room = WIDTH - len(indent) - len(name) - 3
    rows: list[str] = []
    pieces = whole.removeprefix(name + " = ").split(" = ")
    for i, piece in enumerate(pieces):
        last = i == len(pieces) - 1
        if last and i != 1 and rows and len(rows[-1]) + len(piece) + 3 <= room:
            rows[-1] += f" = {piece}"
        else:
            rows += _summands(("= " if i else "") + piece, room + 2 if i else room)
    margin = indent + " " * (len(name) + 1)
    first = f"{indent}{name} = {rows[0]}"
    return [first, *[margin + (row if row.startswith("= ") else f"  {row}") for row in rows[1:]]]


def _summands(formula: str, room: int) -> list[str]:
    """A sum on several lines, broken between its terms, inside parentheses only if it must be."""
    rows = [""]
    for term in _terms(formula, "("):
        pieces = [term] if len(term) <= room else _terms(term, "")
        for piece in pieces:
            longer = f"{rows[-1]} {piece}".strip()
            if len(longer) <= room or not rows[-1]:
                rows[-1] = longer
            else:
                rows.append(piece)
    return rows


def _terms(formula: str, closed: str) -> list[str]:
    """The terms of a sum; `closed` is the bracket inside of which nothing is cut."""
    pieces = formula.split(" + ")
    terms = pieces[:1]
    for piece in pieces[1:]:
        if closed and terms[-1].count(closed) > terms[-1].count(")"):
            terms[-1] += f" + {piece}"
        else:
            terms.append(f"+ {piece}")
    return terms


def paragraph(text: str, indent: str = "") -> list[str]:
    """A sentence as lines that fit."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


def listed(names: list[str], most: int = 4) -> str:
    """Names side by side; of many, the first and the last.

    >>> listed(["h1", "h2"]), listed(["h1", "h2", "h3", "h4", "h5"])
    ('h1, h2', 'h1 … h5')
    """
    return ", ".join(names) if len(names) <= most else f"{names[0]} … {names[-1]}"
