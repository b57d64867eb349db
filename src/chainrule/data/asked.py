"""Numbers and dates where a column is asked, or was learnt, to hold them: others are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.data.cells import Cells, finite
from chainrule.data.dates import read_dates
from chainrule.data.kinds import DATE, NUMBER
from chainrule.data.numbers import Writing, find_writing, read_numbers
from chainrule.data.table import Column
from chainrule.errors import DataError


def as_asked_numbers(cells: Cells, writing: str) -> Column:
    """The column as numbers, in a writing if one is named.

    Raises:
        DataError: a cell that is no number.
    """
    cells = cells.for_numbers()
    if writing:
        how = Writing.like(writing)
        if not how.thousands and cells.decimal == ",":
            how = replace(how, decimal=",")
    else:
        how = find_writing(cells.texts, cells.decimal)
    numbers = read_numbers(cells.texts, how)
    odd = (numbers.is_null() & cells.texts.is_not_null()).to_numpy()
    if odd.any():
        row = int(np.argmax(odd))
        like = "" if how == Writing() else f" written as {how.sample}"
        raise DataError(
            f"{cells.place(row)}, column {cells.name!r}: {cells.texts[row]!r:.60} is not a number"
            f"{like}. Write one, or leave the cell empty where it is not known."
        )
    values, sample = finite(cells, numbers), "" if how == Writing() else how.sample
    return Column(cells.name, NUMBER, values, reason="as asked", writing=sample)


def as_asked_dates(cells: Cells, order: str) -> Column:
    """The column as dates, in an order if one is named.

    Raises:
        DataError: a cell that is no date.
    """
    cells = cells.for_numbers()
    days, order, _ = read_dates(cells.texts, order, compact=True)
    odd = np.isnan(days) & cells.texts.is_not_null().to_numpy()
    if odd.any():
        row = int(np.argmax(odd))
        raise DataError(
            f"{cells.place(row)}, column {cells.name!r}: {cells.texts[row]!r:.60} is not a date"
            f"{f' ({order})' if order else ''}. Write one, or leave the cell empty where it is not "
            "known."
        )
    return Column(cells.name, DATE, days, reason="as asked", writing=order)
