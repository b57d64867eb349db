"""Numbers as people write them: thousands separators, decimal commas, money, per cent.

A column decides its writing as a whole, by what can only be read in one way:

1. Spaces and apostrophes between digits ("1 234", "1'234") separate thousands.
2. Where a comma and a point stand in one cell, the last of them is the decimal mark. A comma (or
   point) that stands twice in a cell separates thousands.
3. A comma (or point) that is not followed by exactly three digits, or that follows a 0 or more
   than three digits, is the decimal mark; the other one then separates thousands.
4. "1.234" alone is 1.234, and is 1234 only with evidence: another cell of the column by 2 or 3, or
   a file whose other numbers have decimal commas while no number of the column has four digits in
   a row. "1,234" alone is 1234 unless the file's numbers have decimal commas, and only where no
   number of the column has four digits in a row.
5. Money signs before or after ($ € £ ¥ ₹, USD EUR GBP CHF JPY) are left out; two different ones in
   a column are not one unit, and the rarer is refused. "12 %" is 12, so that predictions come back
   in the unit of the column; every cell but 0 must then have its sign: 0.12 and 12 % differ.
6. A minus may stand before or behind the money sign, may be the typographic one, and "(5)" is -5,
   as bookkeepers write it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from chainrule.errors import DataError

UNITS = ("$", "€", "£", "¥", "₹", "USD", "EUR", "GBP", "CHF", "JPY", "%")
PER_CENT = "%"

_UNIT = "(?:" + "|".join(re.escape(unit) for unit in UNITS) + ")"
_LEADING = rf"^([+-]?) ?{_UNIT} ?"
_TRAILING = rf" ?{_UNIT}$"
_SHAPE = r"^[+-]?\d[\d.,' ]*$|^[+-]?[.,]\d+$"


@dataclass(frozen=True)
class Writing:
    """How the numbers of a column are written.

    Attributes:
        decimal: "." or ",". thousands: ".", ",", " ", "'" or "".
        unit: one of UNITS, or "".

    >>> Writing(",", ".", "€").sample, Writing.like("1,234.5 $") == Writing(".", ",", "$")
    ('1.234,5 €', True)
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @property
    def sample(self) -> str:
        """The number 1234.5 so written, which says it all."""
        return f"1{self.thousands}234{self.decimal}5{' ' if self.unit else ''}{self.unit}"

    @classmethod
    def like(cls, sample: str) -> Writing:
        """The writing of a sample.

        Raises:
            DataError: it is no way to write 1234.5.
        """
        found = re.fullmatch(rf"1([.,' ]?)234([.,])5 ?({_UNIT}?)", sample)
        if not found or found[1] == found[2]:
            raise DataError(
                f"{sample!r} is no way to write numbers. Write 1234.5 as they are written, e.g. "
                "'number 1.234,5' or 'number 1,234.5'."
            )
        return cls(found[2], found[1], found[3])

    @property
    def patterns(self) -> str:
        """A regular expression for the digits of a number so written."""
        mark = re.escape(self.decimal)
        ends = rf"(?:{mark}\d*)?(?:[eE][+-]?\d+)?$"
        plain = rf"^[+-]?(?:\d+{ends}|{mark}\d+(?:[eE][+-]?\d+)?$)"
        if not self.thousands:
            return plain
        return rf"{plain}|^[+-]?[1-9]\d{{0,2}}(?:{re.escape(self.thousands)}\d{{3}})+{ends}"


def read_numbers(cells: Any, writing: Writing) -> Any:
    """Cells as numbers, polars float64; null where a cell is none in this writing.

    Example:
        >>> import polars
        >>> cells = polars.Series(["1.234,5 €", "-€ 3", "(7)", "red"])
        >>> read_numbers(cells, Writing(",", ".", "€")).to_list()
        [1234.5, -3.0, -7.0, None]
    """
    if writing == Writing():
        return _finite_or_infinite(cells.cast(float, strict=False))
    units, bodies = _taken_apart(cells)
    if writing.unit == PER_CENT:
        unit_fits = (units == PER_CENT) | bodies.str.contains(r"^[+-]?0+(?:[.,]0*)?$")
    else:
        unit_fits = units.is_null() | (units == writing.unit)
    numbers = _read_bodies(bodies, writing)
    return numbers.set(~unit_fits.fill_null(value=False), None)


def _read_bodies(bodies: Any, writing: Writing) -> Any:
    clean = bodies
    if writing.thousands:
        clean = clean.str.replace_all(writing.thousands, "", literal=True)
    clean = clean.str.replace(writing.decimal, ".", literal=True)
    clean = clean.set(~bodies.str.contains(writing.patterns).fill_null(value=False), None)
    numbers = clean.cast(float, strict=False)
    if writing.decimal == "," and writing.thousands != ".":  # "3.5" can be read in one way only
        numbers = numbers.zip_with(numbers.is_not_null(), read_numbers(bodies, Writing()))
    return _finite_or_infinite(numbers)


def _finite_or_infinite(numbers: Any) -> Any:
    """Without the NaN that polars makes of cells such as "nan"."""
    return numbers.fill_nan(None)


def _taken_apart(cells: Any) -> tuple[Any, Any]:
    """The unit of every cell, null where it has none, and the rest without it."""
    plain = (
        cells.str.replace_all("[\u00a0\u202f\u2009]", " ")
        .str.replace_all("[\u2019\u2018]", "'")
        .str.replace_all("\u2212", "-", literal=True)
        .str.replace(r"^\((.*)\)$", "-$1")
    )
    units = plain.str.extract(rf"^[+-]? ?({_UNIT})|({_UNIT})$", 1)
    trailing = plain.str.extract(rf"({_UNIT})$", 1)
    units = units.zip_with(units.is_not_null(), trailing)
    bodies = plain.str.replace(_LEADING, "$1").str.replace(_TRAILING, "")
    return units, bodies.str.replace(r"^([+-]) ", "$1")


def find_writing(cells: Any, decimal: str = ".") -> Writing:
    """The writing of a column's numbers, by the rules above.

    Args:
        cells: polars text without missing markers.
        decimal: the decimal mark of the file's other numbers.

    Example:
        >>> import polars
        >>> find_writing(polars.Series(["1.234", "2.500,75"])).sample
        '1.234,5'
        >>> find_writing(polars.Series(["1.234", "2.500"])).sample
        '1234.5'
    """
    units, bodies = _taken_apart(cells)
    bodies = bodies.filter(bodies.str.contains(_SHAPE).fill_null(value=False))
    found = units.drop_nulls()
    unit = "" if not len(found) else str(found.value_counts(sort=True)[found.name][0])
    for mark in " '":
        if bodies.str.contains(rf"\d{mark}\d\d\d").any():
            bodies = bodies.str.replace_all(mark, "", literal=True)
            return Writing(_decimal_without_thousands(bodies, decimal), mark, unit)
    return Writing(*_marks(bodies, decimal), unit)


def _decimal_without_thousands(bodies: Any, decimal: str) -> str:
    commas, points = (bool(bodies.str.contains(m, literal=True).any()) for m in ",.")
    return decimal if commas == points else "," if commas else "."


def _marks(bodies: Any, decimal: str) -> tuple[str, str]:
    """Decimal mark and thousands separator of numbers without spaces."""
    comma = _Mark(bodies, ",", ".")
    point = _Mark(bodies, ".", ",")
    if comma.separates or (point.divides and comma.stands and not comma.divides):
        return ".", ","
    if point.separates or (comma.divides and point.stands and not point.divides):
        return ",", "."
    if comma.stands and point.stands:
        return (".", "") if comma.divides else (decimal, "," if decimal == "." else ".")
    if comma.stands:
        if comma.divides or decimal == ",":
            return ",", ""
        return ".", "" if _has_four_digits(bodies) else ","
    if point.stands and decimal == "," and not point.divides and not _has_four_digits(bodies):
        return ",", "."
    return (decimal if not point.stands else "."), ""


def _has_four_digits(bodies: Any) -> bool:
    return bool(bodies.str.contains(r"\d{4}").any())


class _Mark:
    """What a column says about one of comma and point.

    Attributes:
        stands: whether it is there. separates: whether it must separate thousands.
        divides: whether it must be the decimal mark.
    """

    def __init__(self, bodies: Any, mark: str, other: str) -> None:
        here, there = re.escape(mark), re.escape(other)
        self.stands = bool(bodies.str.contains(here).any())
        twice = rf"{here}\d{{3}}{here}|{here}\d{{3}}{there}"
        self.separates = self.stands and bool(bodies.str.contains(twice).any())
        alone = rf"^[+-]?(?:0*|\d{{4,}}|0\d*){here}|{here}(?:\d{{0,2}}|\d{{4,}})$"
        self.divides = self.stands and bool(bodies.str.contains(alone).any())
