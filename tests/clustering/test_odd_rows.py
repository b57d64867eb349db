"""Odd rows: a cell is named only where it is unusual in its segment, and written as people do."""

import numpy as np
import pytest

from chainrule.clustering import odd_rows, traits
from chainrule.clustering.odd_rows import TOGETHER, without_cells
from chainrule.data import as_table

ROWS = 100


def table_of(**first):
    """A hundred rows, the first of which has these cells: days from 2020-01-01, a town, a size."""
    days = np.datetime64("2020-01-01") + np.arange(ROWS)
    columns = {
        "day": [str(day) for day in days],
        "town": ["Rome", "Oslo"] * (ROWS // 2),
        "size": np.linspace(10.5, 20.5, ROWS).tolist(),
    }
    for name, cell in first.items():
        columns[name] = [cell, *columns[name][1:]]
    return as_table(columns)


def reason(table, **parts):
    """What is said of the first row, where its columns have these parts in its oddness."""
    gaps = np.zeros((ROWS, 3))
    gaps[0] = [parts.get(name, 0.0) for name in ("day", "town", "size")]
    one = np.zeros(ROWS, int)
    return odd_rows(table, ["day", "town", "size"], one, one, gaps)[0]


def test_a_number_outside_the_usual_range_is_named_with_it():
    found = reason(table_of(size=99.25), size=3.0)
    assert found["row"] == 1
    assert found["columns"] == ["size"]
    assert found["reason"] == "size is 99.25, and 90% of its segment 11.1061 to 20.096"


@pytest.mark.parametrize("cells", [{"size": 15.0}, {"town": "Oslo"}, {"day": "2020-02-01"}])
def test_a_usual_cell_is_never_named_however_large_its_part(cells):
    (name,) = cells
    found = reason(table_of(**cells), **{name: 3.0})
    assert found["reason"] == TOGETHER
    assert found["columns"] == []


def test_a_missing_cell_stands_at_the_middle_and_is_no_reason():
    assert reason(table_of(size=None), size=3.0)["reason"] == TOGETHER


def test_dates_are_written_as_dates():
    found = reason(table_of(day="1999-12-31"), day=2.0)
    assert found["reason"] == "day is 1999-12-31, and 90% of its segment 2020-01-06 to 2020-04-04"


def test_a_rare_label_is_named_with_its_share():
    found = reason(table_of(town="Bonn"), town=2.0)
    assert found["reason"] == "town is Bonn, as in 1.0% of its segment"


def test_what_a_file_may_hold_tells_columns_and_no_cell():
    found = without_cells(reason(table_of(town="Bonn", size=99.25), town=2.0, size=2.5))
    assert found["reason"] == "by size and town"
    assert "Bonn" not in str(found)
    assert "99.25" not in str(found)


def test_a_segment_of_dates_is_early_or_late():
    early = traits(table_of(), ["day"], np.arange(ROWS) < ROWS // 2)[0]
    assert early.words == "very early day"
    assert early.beside.startswith("median 2020-01-25 12:00 against 2020-03-15 12:00 elsewhere, ")
    assert early.beside.endswith("standard deviations less")


def test_means_are_told_where_the_medians_would_contradict_the_words():
    size = np.concatenate([[1.0] * 30 + [90.0] * 20, [5.0] * 50])
    trait = traits(as_table({"size": size}), ["size"], np.arange(ROWS) < 50)[0]
    assert trait.words == "high size"
    assert trait.beside.startswith("mean 36.6 against 5 elsewhere, ")
    assert trait.beside.endswith(" more")
