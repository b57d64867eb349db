"""Columns are written for a network by published rules, from their training part alone."""

import dataclasses
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data import CODES, as_table, fit_encoder, table_chunks
from chainrule.data.codes import CategoryCode, DateCode, EmbeddedCode, NumberCode
from chainrule.data.learning import HEAVY, MOST_LABELS, REACH, fit_code
from chainrule.data.table import Column
from chainrule.errors import DataError, ModelFileError
from chainrule.model.descriptions import from_plain, to_plain

NAN = float("nan")
floats = st.floats(allow_nan=True, allow_infinity=False, width=64).filter(
    lambda x: not abs(x) > 1e300
)


def numbers(values):
    return Column("x", "number", np.array(values, "float64"))


def written(code, column, dtype="float64"):
    out = np.full((len(column.values), code.width), NAN, dtype)
    code.write(column, out)
    return out


def labels(cells):
    return as_table({"x": [*cells]}, {"x": "category"}).column("x")


def test_beyond_the_training_range_numbers_are_brought_back_to_one_range_outside():
    code = fit_code(numbers([0.0, 2, 4, 10]))
    assert (code.low, code.high) == (-10 * REACH, 10 + 10 * REACH)
    found = written(code, numbers([10, 20, 21, 1e300, -10, -11, -1e300]))[:, 0]
    assert found[0] < found[1] == found[2] == found[3]
    assert found[4] == found[5] == found[6] < found[0]


@settings(deadline=None)
@given(st.lists(floats, min_size=1, max_size=12), st.lists(floats, min_size=1, max_size=12))
def test_whatever_numbers_come_the_inputs_stay_finite_and_small(training, new):
    code = fit_code(numbers(training))
    for dtype in ("float32", "float64"):
        found = written(code, numbers(new), dtype)
        assert np.isfinite(found).all()
        assert np.abs(found).max() < 3 * (len(training) + 1)


@settings(deadline=None)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=30))
def test_the_order_of_numbers_is_kept(values):
    column = numbers(sorted(values))
    assert (np.diff(written(fit_code(column), column)[:, 0]) >= 0).all()


def test_only_a_heavy_tail_is_bent_and_its_giants_no_longer_press_the_rest_together():
    body = np.arange(-10.0, 11.0)
    reach = np.median(np.abs(body))
    light, heavy = (numbers([*body, reach * HEAVY * f]) for f in (0.9, 2000.0))
    assert fit_code(light).bend == 0
    code = fit_code(heavy)
    assert code.bend > 0
    found = written(code, heavy)[:, 0]
    assert np.ptp(found[:-1]) > 0.5
    assert np.ptp(found[:-1]) > 100 * np.ptp((heavy.values[:-1]) / heavy.values.std())


def test_where_most_numbers_are_one_the_others_say_how_far_they_reach():
    assert fit_code(numbers([0.0] * 90 + [1, 2, 3])).bend == 0
    assert fit_code(numbers([0.0] * 90 + [1, 2, 3, 4, 1e6])).bend == 3


def test_what_is_constant_in_the_training_part_says_nothing_whatever_comes():
    code = fit_code(numbers([5.0, 5.0]))
    assert written(code, numbers([5.0, 7.0, -1e9, NAN])).tolist() == [[0]] * 4


def test_beyond_the_most_frequent_labels_the_others_share_an_input_with_what_is_new_and_missing():
    frequent = [f"often {i:04}" for i in range(MOST_LABELS)]
    code = fit_code(labels([*frequent, "a seldom one", *frequent]))
    assert code.labels == tuple(frequent)
    assert code.width == MOST_LABELS + 1
    found = written(code, labels(["often 0000", "a seldom one", "new", None]))
    assert found[:, [0, -1]].tolist() == [[1, 0], [0, 1], [0, 1], [0, 1]]
    assert (found.sum(axis=1) == 1).all()


def test_many_rows_have_fewer_labels_so_that_memory_is_bounded(monkeypatch):
    monkeypatch.setitem(fit_code.__globals__, "MOST_CELLS", 20)
    assert fit_code(labels(["a", "a", "a", "b", "b", "c"])).labels == ("a", "b", "c")
    assert fit_code(labels(["a", "a", "a", "b", "b", "c"] * 2)).labels == ("a",)


def test_as_many_labels_as_have_room_need_no_input_to_share():
    code = fit_code(labels([f"often {i}" for i in range(MOST_LABELS)] * 2))
    assert code.width == MOST_LABELS
    np.testing.assert_allclose(written(code, labels(["new", "other"])), 1 / MOST_LABELS)


def test_embedded_labels_are_numbered_and_the_last_number_is_that_of_all_others():
    code = fit_code(labels(["b", "a", "c", "a", None]), embedded=True)
    assert (code.labels, code.slot, code.count, code.width) == (("a", "b", "c"), True, 4, 1)
    found = written(code, labels(["c", "new", None, "a"]))
    assert found.tolist() == [[2], [3], [3], [0]]
    assert written(code, labels([None])).tolist() == [[3]]
    assert not fit_code(labels(["a", "b"]), embedded=True).slot


def test_beyond_the_most_numbers_the_rarest_labels_share_the_last_one(monkeypatch):
    monkeypatch.setitem(fit_code.__globals__, "MOST_NUMBERS", 2)
    code = fit_code(labels(["b", "b", "a", "a", "c"]), embedded=True)
    assert (code.labels, code.slot) == (("a", "b"), True)
    assert written(code, labels(["c"])).tolist() == [[2]]


def test_only_the_columns_named_are_embedded_and_their_places_are_known():
    table = as_table({"x": ["a", "b"], "n": [1.0, 2.0], "z": ["c", "d"], "y": [0.0, 1.0]})
    encoder = fit_encoder(table, ["x", "n", "z"], table.column("y"), embedded=["z"])
    assert encoder.width == 4
    assert {place: code.column for place, code in encoder.embedded.items()} == {3: "z"}
    assert encoder.encode(table)[:, 3].tolist() == [0, 1]


def test_one_of_its_labels_twice_is_refused():
    with pytest.raises(DataError, match="twice"):
        EmbeddedCode("x", ("a", "a"), False)


def dates(cells):
    return as_table({"x": [*cells]}, {"x": "date"}).column("x")


def test_dates_become_days_and_the_cycles_that_vary():
    year = fit_code(dates(["2024-01-07", "2024-03-03", "2024-06-02"]))  # Sundays
    assert year.cycles == ("year",)
    week = fit_code(dates(["2024-01-01", "2024-01-02", "2024-01-03"]))
    assert week.cycles == ("week",)
    hours = fit_code(dates(["2024-01-01 06:00", "2024-01-01 18:00"]))
    assert hours.cycles == ("day",)
    assert (year.width, week.width, hours.width) == (3, 3, 3)
    found = written(hours, dates(["2024-01-01 06:00", "2024-01-02 18:00", ""]))
    np.testing.assert_allclose(found[:, 1:], [[1, 0], [-1, 0], [0, 0]], atol=1e-9)


def test_one_weekday_is_one_place_in_the_week_whatever_the_year():
    code = fit_code(dates(["1965-03-01", "2024-07-06", "2024-07-02"]))
    place = code.days.width + 2 * code.cycles.index("week")
    found = written(code, dates(["1965-03-01", "2024-07-01", "2024-07-02"]))[:, place : place + 2]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    assert np.abs(found[0] - found[2]).max() > 0.1


def test_missing_dates_have_an_indicator_where_training_had_some():
    code = fit_code(dates(["2024-01-01", "", "2024-01-03"]))
    found = written(code, dates(["", "2024-01-03"]))
    assert found[:, 1].tolist() == [1, 0]
    assert np.isfinite(found).all()


MIXED = {
    "a": ["1.234,5", "2", "", "9.999,25"],
    "c": ["x", "y", "x", ""],
    "d": ["31/12/2023", "01/02/2024", "", "05/02/2024 13:00"],
    "b": ["yes", "no", "yes", "no"],
    "h": ["1", "2", "3", "100000000"],
}
KINDS = {"c": "category"}
TARGET = Column("y", "number", np.array([1.0, 2.0, 3.0, 5.0]))


def mixed():
    table = as_table(MIXED, KINDS)
    return fit_encoder(table, list(MIXED), TARGET), table


def test_an_encoder_read_from_its_file_writes_the_same_bits():
    encoder, table = mixed()
    again = from_plain(to_plain(encoder, "the encoder"), "the encoder")
    assert again == encoder
    assert {type(code) for code in encoder.codes} == {NumberCode, CategoryCode, DateCode}
    assert again.encode(table).tobytes() == encoder.encode(table).tobytes()
    fresh = as_table(MIXED, again.kinds)
    assert again.encode(fresh).tobytes() == encoder.encode(table).tobytes()


def test_one_row_is_written_as_it_is_among_others():
    encoder, table = mixed()
    all_rows = encoder.encode(table)
    for row in range(4):
        one = as_table({name: [cells[row]] for name, cells in MIXED.items()}, encoder.kinds)
        assert encoder.encode(one).tobytes() == all_rows[row : row + 1].tobytes()


def test_rows_with_nothing_in_them_are_written_all_the_same():
    encoder, _ = mixed()
    empty = {name: [None, ""] for name in MIXED}
    for table in (as_table(empty, encoder.kinds), as_table(empty)):
        found = encoder.encode(table)
        assert np.isfinite(found).all()
        assert (found[0] == found[1]).all()


@pytest.mark.parametrize(
    ("name", "cell", "said"),
    [
        ("a", "red", "row 1, column 'a': 'red' is not a number"),
        ("a", "1,234.5", "row 1, column 'a': '1,234.5' is not a number written as 1.234,5"),
        ("d", "12/31/2023", "row 1, column 'd': '12/31/2023' is not a date (day/month)"),
        ("d", "5", "row 1, column 'd': '5' is not a date"),
    ],
)
def test_a_cell_of_another_type_is_named_by_row_and_column(name, cell, said):
    encoder, _ = mixed()
    rows = {column: [cells[0], cells[1]] for column, cells in MIXED.items()}
    rows[name] = [MIXED[name][0], cell]
    with pytest.raises(DataError) as caught:
        as_table(rows, encoder.kinds)
    assert said in str(caught.value)


def test_a_column_of_another_kind_is_refused():
    encoder, _ = mixed()
    for name, other in (("a", ["x", "y"]), ("c", ["1", "2"]), ("d", ["1", "2"])):
        rows = {column: cells[:2] for column, cells in MIXED.items()} | {name: other}
        with pytest.raises(DataError, match=f"column '{name}' is a .*, and the model was trained"):
            encoder.encode(as_table(rows))


def test_a_target_of_dates_is_refused_with_what_to_do():
    table = as_table({"x": [1, 2], "day": ["2024-01-01", "2024-01-02"]})
    with pytest.raises(DataError, match=r"'day' holds dates.* days since"):
        fit_encoder(table, ["x"], table.column("day"))


def test_targets_of_new_rows_are_read_as_those_of_training():
    table = as_table({"x": ["1", "2"], "price": ["1.234,5 €", "80 €"], "size": ["1.5", "2"]})
    encoder = fit_encoder(table, ["x"], table.column("price"), table.column("size"))
    assert encoder.target_kinds == {"price": "number 1.234,5 €", "size": ""}
    file = io.BytesIO(b"x,price,size\n3,1.234,1.234\n")
    (chunk,) = table_chunks(file, encoder.kinds, optional=encoder.target_kinds)
    assert chunk.table.column("price").values.tolist() == [1234]
    assert chunk.table.column("size").values.tolist() == [1.234]
    again = from_plain(to_plain(encoder, "the encoder"), "the encoder")
    assert again == encoder


BROKEN = [
    ("scale", 0.0),
    ("scale", NAN),
    ("bend", -1.0),
    ("bend", NAN),
    ("low", 5.0),
    ("column", 3),
    ("median", "1"),
    ("indicator", 1),
]


@pytest.mark.parametrize(("field", "value"), BROKEN)
def test_a_damaged_code_is_refused_when_it_is_read(field, value):
    code = NumberCode("x", 0.0, 0.0, 1.0, False, -1.0, 1.0)
    plain = to_plain(code, "the encoder") | {field: value}
    with pytest.raises(ModelFileError, match="the encoder"):
        from_plain(plain, "the encoder")


def test_cycles_that_are_not_known_are_refused():
    code = fit_code(dates(["2024-01-01", "2024-01-02"]))
    with pytest.raises(DataError, match="cycles"):
        dataclasses.replace(code, cycles=("moon",))


def test_every_code_is_tried_here():
    tried = {
        NumberCode,
        CategoryCode,
        EmbeddedCode,
        DateCode,
        *map(type, (mixed()[0], mixed()[0].target)),
    }
    assert set(CODES) == tried
