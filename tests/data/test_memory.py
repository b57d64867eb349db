"""DataFrames, dicts and arrays of every type give the table that a CSV file of them would give."""

import datetime
import decimal
import re

import numpy as np
import pandas
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data import CATEGORY, NUMBER, as_table
from chainrule.data.tiny import FEW
from chainrule.errors import DataError

MIDNIGHTS = ["2026-01-01", "2026-02-01", None]
TIMES = ["2026-01-01 10:30:00", None, "2026-02-01 00:00:00"]


def values(table, name):
    column = table.column(name)
    if column.labels:
        return [None if code < 0 else column.labels[code] for code in column.values]
    return [None if v != v else v for v in column.values.tolist()]


PANDAS = {
    "nullable whole numbers": (pandas.array([1, None, 3], "Int64"), [1, None, 3]),
    "nullable small numbers": (pandas.array([1, None, 3], "UInt8"), [1, None, 3]),
    "nullable floats": (pandas.array([1.5, None, 3], "Float32"), [1.5, None, 3]),
    "floats": (np.array([1.5, np.nan, 3]), [1.5, None, 3]),
    "nullable yes/no": (pandas.array([True, None, False], "boolean"), ["True", None, "False"]),
    "yes/no": (np.array([True, True, False]), ["True", "True", "False"]),
    "categories": (pandas.Categorical(["b", None, "a"]), ["b", None, "a"]),
    "categories of numbers": (pandas.Categorical([10, None, 2]), [10, None, 2]),
    "text": (pandas.array(["x", None, "y"], "string"), ["x", None, "y"]),
    "objects": (pandas.Series(["x", None, "y"], dtype=object), ["x", None, "y"]),
    "missing of three kinds": (pandas.Series([None, np.nan, pandas.NA], dtype=object), [None] * 3),
}

POLARS = {
    "whole numbers": (polars.Series([1, None, 3], dtype=polars.Int16), [1, None, 3]),
    "decimals": (polars.Series([decimal.Decimal("1.5"), None, decimal.Decimal(3)]), [1.5, None, 3]),
    "yes/no": (polars.Series([True, None, False]), ["True", None, "False"]),
    "categories": (polars.Series(["b", None, "a"], dtype=polars.Categorical), ["b", None, "a"]),
    "an enumeration": (
        polars.Series(["b", None, "a"], dtype=polars.Enum(["b", "a"])),
        ["b", None, "a"],
    ),
    "nothing": (polars.Series([None, None, None]), [None] * 3),
}

LISTS = {
    "numbers and None": ([1, None, 3.5], [1, None, 3.5]),
    "texts and None": (["x", None, "y"], ["x", None, "y"]),
    "yes/no and None": ([True, None, False], ["True", None, "False"]),
    "a tuple": ((1, 2, 3), [1, 2, 3]),
    "a range": (range(3), [0, 1, 2]),
    "bytes": ([b"x", b"y", None], ["x", "y", None]),
    "NumPy numbers and None": ([np.float32(1.5), None, np.int8(3)], [1.5, None, 3]),
}


@pytest.mark.parametrize("name", PANDAS)
def test_pandas_columns_of_every_type_are_taken(name):
    source, expected = PANDAS[name]
    assert values(as_table(pandas.DataFrame({"a": source})), "a") == expected


@pytest.mark.parametrize("name", POLARS)
def test_polars_columns_of_every_type_are_taken(name):
    source, expected = POLARS[name]
    assert values(as_table(polars.DataFrame({"a": source})), "a") == expected


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_taken(name):
    source, expected = LISTS[name]
    assert values(as_table({"a": source}), "a") == expected


@pytest.mark.parametrize("times", [MIDNIGHTS, TIMES])
def test_days_and_times_are_those_of_a_file(tmp_path, times):
    lines = "".join(f"{time or ''},x\n" for time in times)
    (tmp_path / "t.csv").write_text("when,b\n" + lines)
    expected = as_table(tmp_path / "t.csv")
    parsed = [datetime.datetime.fromisoformat(time) if time else None for time in times]
    b = ["x"] * 3
    for frame in (
        pandas.DataFrame({"when": pandas.to_datetime(times), "b": b}),
        polars.DataFrame({"when": parsed, "b": b}),
        {"when": np.array(times, "M8[s]"), "b": b},
        {"when": times, "b": b},
    ):
        assert as_table(frame).digest() == expected.digest()


def test_a_frame_of_each_library_is_the_table_of_its_file(tmp_path):
    columns = {
        "number": [1.5, None, -3.0],
        "whole": [1, 2, None],
        "text": ["a", "b, c", None],
        "yes": ["yes", "no", None],
    }
    frame = polars.DataFrame(columns)
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    sources = [tmp_path / "t.csv", tmp_path / "t.parquet", frame, frame.lazy().collect(), columns]
    sources += [pandas.DataFrame(columns), pandas.DataFrame(columns).convert_dtypes()]
    assert len({as_table(source).digest() for source in sources}) == 1


def test_names_that_are_no_texts_become_texts():
    assert as_table(pandas.DataFrame(np.ones((2, 3)))).names == ["0", "1", "2"]
    assert as_table({1: [1], "b": [2]}).names == ["1", "b"]


REFUSED = {
    "a structured array": (
        lambda: np.zeros(3, [("a", float), ("b", int)]),
        r"structured array .* give \{name: array\[name\] for name in array\.dtype\.names\}",
    ),
    "an array": (lambda: np.zeros((3, 2)), "ndarray is none: give the path"),
    "a series": (lambda: polars.Series([1]), "Series is none"),
    "two columns of one name": (
        lambda: pandas.DataFrame([[1, 2]], columns=["a", "a"]),
        "two columns 'a'",
    ),
    "two names that are one text": (lambda: {1: [1], "1": [2]}, "two columns '1'"),
    "lists in cells": (lambda: {"a": [[1], [2, 3]]}, "Column 'a' holds lists"),
    "lists of one length in cells": (lambda: {"a": [[1, 2], [2, 3]]}, "Column 'a' has shape"),
    "dicts in cells": (lambda: {"a": [{"b": 1}]}, "row 0, column 'a': a dict; one number, text"),
    "lists in a polars column": (
        lambda: polars.DataFrame({"a": [[1]]}),
        r"'a' holds List\(Int64\)",
    ),
    "bytes in a polars column": (lambda: polars.DataFrame({"a": [b"x"]}), "'a' holds Binary"),
    "a matrix as a column": (lambda: {"a": np.ones((2, 2))}, r"Column 'a' has shape \(2, 2\)"),
    "infinity": (lambda: pandas.DataFrame({"a": [1, np.inf]}), "row 1, column 'a': the number is"),
    "an infinite nullable": (
        lambda: pandas.DataFrame({"a": pandas.array([None, -np.inf], "Float64")}),
        "row 1, column 'a': the number is infinite",
    ),
    "no rows": (lambda: pandas.DataFrame({"a": []}), "has no rows"),
    "no columns": (pandas.DataFrame, "has no rows"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused_with_its_cure(name):
    make, reason = REFUSED[name]
    with pytest.raises(DataError, match=reason):
        as_table(make())


CELLS = [
    "",
    "NA",
    " x ",
    "7",
    " 7.50",
    "-.5",
    "1,5",
    "1e3",
    "nan",
    "inf",
    "9" * 320,
    "?",
    "-",
    "a b",
]
CELLS += ["Zoë", "x\u00a0", "\ttab", "12 %", "$ 5", "None", None, 3, 2.5, -1, True, float("nan")]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(CELLS) | st.text(max_size=3) | st.floats(-1e6, 1e6), max_size=4),
    st.sampled_from(["number 1234.5", "number", "number 1.234,5", "category", "yes/no", "date"]),
    st.sampled_from([None, ["?"]]),
)
def test_a_few_cells_make_the_column_that_many_make(cells, kind, missing):
    """Many are read by polars, a few by Python: the cells of a column are read both ways."""
    try:
        many = as_table({"a": cells + [None] * (FEW + 1)}, {"a": kind}, missing=missing)
    except DataError as error:
        with pytest.raises(DataError, match=re.escape(str(error))):
            as_table({"a": [*cells, None]}, {"a": kind}, missing=missing)
        return
    few = as_table({"a": [*cells, None]}, {"a": kind}, missing=missing)
    assert many.take(np.arange(few.rows)).digest() == few.digest()
    assert few.column("a").reason == many.column("a").reason


def test_kinds_that_are_asked_for_are_kept():
    table = as_table(pandas.DataFrame({"a": [1, 2], "b": ["1", "2"]}), {"a": CATEGORY, "b": NUMBER})
    assert values(table, "a") == ["1", "2"]
    assert values(table, "b") == [1, 2]
