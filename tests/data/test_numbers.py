"""Numbers in every published writing are read back exactly; others are no numbers."""

import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data.numbers import UNITS, Writing, find_writing, read_numbers
from chainrule.errors import DataError

MARKS = [
    (".", ""),
    (",", ""),
    (".", ","),
    (",", "."),
    (".", " "),
    (",", " "),
    (".", "'"),
    (",", "'"),
]
WRITINGS = [Writing(d, t, unit) for d, t in MARKS for unit in ("", "€", "%")]

numbers = st.tuples(st.booleans(), st.integers(0, 10**9), st.integers(0, 999_999))


def written(number, writing, before):
    """A number as people write it, and its value."""
    negative, whole, millionths = number
    digits = f"{whole:,}".replace(",", writing.thousands)
    cell = digits + (f"{writing.decimal}{millionths:06}" if millionths else "")
    sign = "-" if negative else ""
    if writing.unit and before:
        cell = f"{sign}{writing.unit}{cell}"
    else:
        cell = sign + cell + (f" {writing.unit}" if writing.unit else "")
    return cell, float(f"{sign}{whole}.{millionths:06}")


@pytest.mark.parametrize("writing", WRITINGS, ids=lambda writing: writing.sample)
@settings(deadline=None, max_examples=15)
@given(st.lists(numbers, min_size=1, max_size=20), st.booleans())
def test_numbers_in_every_writing_are_read_back_exactly(writing, values, before):
    clear = (False, 1_234_567, 250_001)  # two separators, or a decimal mark behind four digits
    cells, expected = zip(*[written(v, writing, before) for v in [*values, clear]], strict=True)
    column = polars.Series(cells)
    assert find_writing(column) == writing
    assert read_numbers(column, writing).to_list() == list(expected)
    assert Writing.like(writing.sample) == writing


def test_one_of_all_money_signs_and_bookkeepers_minus():
    for unit in UNITS[:-1]:
        cells = polars.Series(
            [f"{unit} 1,234.50", f"-{unit}2", f"({unit}3)", f"\N{MINUS SIGN}4{unit}"]
        )
        found = find_writing(cells)
        assert found == Writing(".", ",", unit)
        assert read_numbers(cells, found).to_list() == [1234.5, -2, -3, -4]


FOUND = {
    "a point alone is a decimal point": (["1.234", "2.500"], ".", "1234.5"),
    "unless the file has decimal commas": (["1.234", "2.500"], ",", "1.234,5"),
    "and no number has four digits": (["1.234", "2500"], ",", "1234.5"),
    "a comma alone separates thousands": (["1,234", "500"], ".", "1,234.5"),
    "unless the file has decimal commas too": (["1,234", "500"], ",", "1234,5"),
    "or a number has four digits": (["1,234", "5000"], ".", "1234.5"),
    "behind a zero it is a decimal mark": (["0,123", "1,234"], ".", "1234,5"),
    "twice it separates": (["1.234.567", "1.234"], ".", "1.234,5"),
    "the last of both is the decimal mark": (["1.234,567", "1.234"], ".", "1.234,5"),
    "cells complete each other": (["1.234", "0,5"], ".", "1.234,5"),
    "spaces separate": (["12 345", "7,5"], ".", "1 234,5"),
    "narrow spaces too": (["12\u202f345", "7"], ".", "1 234.5"),
    "whole numbers say nothing": (["1", "23456"], ".", "1234.5"),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_column_decides_its_writing_as_a_whole(name):
    cells, decimal, sample = FOUND[name]
    assert find_writing(polars.Series(cells), decimal).sample == sample


NOT_READ = {
    "1.2345": Writing(",", "."),
    "12.34": Writing(",", "."),
    "01.234": Writing(",", "."),
    "1,2345": Writing(".", ","),
    "1,5": Writing(),
    "1,234": Writing(),
    "12 34": Writing(".", " "),
    "0.12": Writing(unit="%"),
    "12 %": Writing(),
    "€3": Writing(unit="$"),
    "nan": Writing(),
    "1-2": Writing(),
    "": Writing(),
    "-": Writing(".", ","),
    ".": Writing(",", "."),
}


@pytest.mark.parametrize("cell", NOT_READ)
def test_what_is_written_otherwise_is_no_number(cell):
    assert read_numbers(polars.Series([cell]), NOT_READ[cell]).to_list() == [None]


def test_a_writing_is_named_by_how_it_writes_1234_5():
    assert Writing.like("1'234,5 €") == Writing(",", "'", "€")
    for odd in ("", "1234", "1.234.5", "1;234,5", "12345", "1234.5 kg"):
        with pytest.raises(DataError, match=r"number 1\.234,5"):
            Writing.like(odd)
