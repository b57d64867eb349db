"""Every published rule by which the cells of a column decide its kind, and what overrules them."""

import numpy as np
import polars
import pytest

from chainrule.data import COLUMN_KINDS, as_table
from chainrule.data.deciding import number_column
from chainrule.data.text import MISSING, typed_column
from chainrule.errors import DataError

WORDS = ["red", "green", "blue"]


def column(cells, kind=None, name="x", **settings):
    return typed_column(name, cells, "t.csv, row {}".format, kind, **settings)


def values(found):
    """Cells as they were understood."""
    if found.labels:
        return [None if code < 0 else found.labels[code] for code in found.values]
    return [None if value != value else value for value in found.values.tolist()]


KINDS = {
    "numbers": (["1", "2.5", "-3e2", " 7 "], "number", [1, 2.5, -300, 7]),
    "few whole numbers": (["1", "2", "1", "2"], "number", [1, 2, 1, 2]),
    "money": (["$1,234.50", "$3", "$0.99"], "number", [1234.5, 3, 0.99]),
    "European money": (["1.234,50 €", "3 €", "0,99 €"], "number", [1234.5, 3, 0.99]),
    "per cent": (["12 %", "7.5%", "0"], "number", [12, 7.5, 0]),
    "leading zeros": (["01234", "80331", "80331"], "category", ["01234", "80331", "80331"]),
    "long numbers": (["1234567890123456", "1", "1"], "category", ["1234567890123456", "1", "1"]),
    "zero itself": (["0", "0.5", "00.5"], "number", [0, 0.5, 0.5]),
    "labels": ([*WORDS, "red"], "category", [*WORDS, "red"]),
    "labels and numbers": (["A12", "12", "13"], "category", ["A12", "12", "13"]),
    "yes and no": (["yes", "no", ""], "yes/no", ["yes", "no", None]),
    "in other words": (["Ja", "Nein", "Ja"], "yes/no", ["Ja", "Nein", "Ja"]),
    "two labels": (["male", "female", "male"], "category", ["male", "female", "male"]),
    "dates": (["1970-01-02", "1970-01-03"], "date", [1, 2]),
    "one value": (["7", "7"], "constant", [7, 7]),
    "one label": (["x", "x"], "constant", ["x", "x"]),
    "one value with gaps": (["x", "", "x"], "category", ["x", None, "x"]),
    "nothing": (["", "NA"], "constant", [None, None]),
    "keys": ([f"A{i}" for i in range(30)], "identifier", [f"A{i}" for i in range(30)]),
    "few different labels": (
        [f"A{i}" for i in range(20)],
        "category",
        [f"A{i}" for i in range(20)],
    ),
    "texts": ([f"a long story {i}" for i in range(30)], "text", None),
    "plus and minus": (["+", "-", "?"], "category", ["+", "-", "?"]),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_cells_decide(name):
    cells, kind, expected = KINDS[name]
    found = column(cells)
    assert found.kind == kind
    assert kind in COLUMN_KINDS
    assert expected is None or values(found) == expected


@pytest.mark.parametrize("marker", [*MISSING, f" {MISSING[1]} ", "?", "-", "--", ".", "…", None])
def test_what_says_that_there_is_no_value(marker):
    assert values(column([marker, "1", "2"])) == [None, 1, 2]
    assert values(column([marker, "a", "b", "a"])) == [None, "a", "b", "a"]
    assert values(column([marker, "1970-01-02", "1970-01-03"])) == [None, 1, 2]


def test_none_is_missing_among_numbers_and_dates_and_a_label_among_labels():
    assert values(column(["None", "1", "2"])) == [None, 1, 2]
    assert values(column(["None", "1970-01-02", "1970-01-03"])) == [None, 1, 2]
    assert values(column(["None", "Brick", "Stone"])) == ["None", "Brick", "Stone"]
    assert values(column(["None", "1"], "number")) == [None, 1]


def test_markers_of_ones_own_replace_the_rules():
    assert values(column(["-9", "1", "2", ""], missing=["-9"])) == [None, 1, 2, None]
    assert values(column(["?", "NA", "-"], missing=["x"])) == ["?", "NA", "-"]
    with pytest.raises(DataError, match="'None' is not a number"):
        column(["None"] + ["1"] * 19, missing=["x"])
    with pytest.raises(DataError, match="'nan' is not a number"):
        column(["nan"] + ["1"] * 19, missing=["x"])


@pytest.mark.parametrize(
    ("typo", "others", "what"),
    [
        ("1O", [str(i) for i in range(9)], "number"),
        ("x", ["1.234,5"] * 9, "number"),
        ("€3", ["$3", "$4", "$5"] * 3, "number"),
        ("0.12", ["12 %", "13 %", "5 %"] * 3, "number"),
        ("2024-02-30", [f"2024-01-{i:02}" for i in range(1, 10)], "date"),
        ("31/12/2024", [f"12/{i}/2024" for i in range(13, 22)], "date"),
    ],
)
def test_a_typo_among_numbers_or_dates_is_named_with_its_row_and_the_cure(typo, others, what):
    cells = [*others[:5], typo, *others[5:]]
    with pytest.raises(DataError) as caught:
        column(cells, name="size")
    for words in ("t.csv, row 5", "'size'", repr(typo), f"not a {what}", "90 %", "--missing"):
        assert words in str(caught.value)
    assert "--type size=category" in str(caught.value)
    assert column(cells, "category").kind == "category"
    assert values(column(cells, missing=[typo]))[5] is None


def test_below_nine_in_ten_it_is_a_column_of_labels_that_says_so():
    found = column(["A12", *map(str, range(8))])
    assert found.kind == "category"
    assert found.reason == "labels: 89 % of the cells are numbers, others not, e.g. 'A12'"


def test_whole_numbers_are_an_identifier_only_where_all_differ_and_the_name_says_so():
    keys = [str(i * 7) for i in range(30)]
    for name in ("id", "ID", "customer_id", "PassengerId", "Unnamed: 0", "order no", "row"):
        assert column(keys, name=name).kind == "identifier", name
        assert column(keys[:20], name=name).kind == "number", name
        assert column([*keys, keys[0]], name=name).kind == "number", name
    for name in ("x", "price", "humid", "Rapid", "t"):
        assert column(keys, name=name).kind == "number", name
    assert column([f"{key}.5" for key in keys], name="id").kind == "number"


def test_a_file_and_a_frame_with_one_content_have_the_same_kinds():
    numbers = {"id": list(range(30)), "x": [0.5] * 29 + [1], "one": [3] * 30, "none": [None] * 30}
    texts = {name: ["" if v is None else str(v) for v in cells] for name, cells in numbers.items()}
    tables = as_table(numbers), as_table(polars.DataFrame(numbers)), as_table(texts)
    kinds = [[(c.name, c.kind, c.useless()) for c in table.columns] for table in tables]
    assert kinds[0] == kinds[1] == kinds[2]
    assert [kind for _, kind, _ in kinds[0]] == ["identifier", "number", "constant", "constant"]


@pytest.mark.parametrize("name", KINDS)
def test_a_column_says_why_nothing_can_be_learnt_from_it(name):
    found = column(KINDS[name][0])
    assert bool(found.useless()) == (found.kind in ("constant", "identifier", "text"))


ASKED = [
    (["1", "2", "1"], "category", ["1", "2", "1"]),
    (["01", "2", "1"], "number", [1, 2, 1]),
    (["1.234", "2"], "number 1.234,5", [1234, 2]),
    (["1.234", "2"], "number", [1.234, 2]),
    (["01/02/1970"], "date month/day", [1]),
    (["01/02/1970"], "date day/month", [31]),
    (["19700102", ""], "date", [1, None]),
    (["1", "2", "1"], "identifier", [1, 2, 1]),
    (["a", "b", "a"], "text", ["a", "b", "a"]),
    (["0", "1", "1"], "yes/no", ["0", "1", "1"]),
]


@pytest.mark.parametrize(("cells", "kind", "expected"), ASKED)
def test_what_is_asked_for_overrules(cells, kind, expected):
    found = column(cells, kind)
    assert found.kind == kind.partition(" ")[0]
    assert values(found) == expected
    assert found.reason == "as asked"
    if len(cells) > 1:
        assert bool(found.useless()) == (found.kind in ("identifier", "text"))


@pytest.mark.parametrize(
    ("cells", "kind", "said"),
    [
        (["1", "tall"], "number", r"row 1, column 'x': 'tall' is not a number\. Write one"),
        (["1,5", "1.5.1"], "number 1,234.5", r"row 0, .*'1,5' is not a number written as 1,234\.5"),
        (["1970-01-01", "soon"], "date", r"row 1, column 'x': 'soon' is not a date\. Write one"),
        (["31/01/1970"], "date month/day", r"'31/01/1970' is not a date \(month/day\)"),
        (["1"], "numbr", r"kind 'numbr'\. Did you mean 'number'\? Kinds: number, category"),
        (["1"], "identifer", "Did you mean 'identifier'"),
        (["1"], "category yes", "kind 'category yes'"),
        (["1"], "number 12", "'12' is no way to write numbers"),
        (["1"], "date year", "no order of a date"),
        (["1", "inf"], None, "row 1, column 'x': the number is infinite"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(cells, kind, said):
    with pytest.raises(DataError, match=said):
        column(cells, kind)


def test_another_table_is_read_as_the_first_was():
    for cells, kind in [
        (["1.234", "2,5"], "number 1.234,5"),
        (["1", "2.5"], "number 1234.5"),
        (["01/31/1970", "01/02/1970"], "date month/day"),
        (["a", "b"], "category"),
        (["yes", "no"], "yes/no"),
        (["7", "7"], "number 1234.5"),
        (["x", "x"], "category"),
        ([f"A{i}" for i in range(30)], "category"),
        (["", ""], "constant"),
    ]:
        found = column(cells)
        assert found.reads_as == kind
        again = column(cells, found.reads_as)
        assert values(again) == values(found)
        assert again.values.dtype == found.values.dtype
    assert values(column(["1.234"], "number 1.234,5")) == [1234]
    assert values(column(["3,5", "4.5"], "number 1234.5", decimal=",")) == [3.5, 4.5]


def test_numbers_in_memory_are_typed_alike():
    assert number_column("id", np.arange(30.0)).kind == "identifier"
    assert number_column("id", np.arange(30.0), "number").kind == "number"
    assert as_table({"x": [1, 2, 1]}, {"x": "category"}).column("x").labels == ("1", "2")
    assert as_table({"x": [19700102, 19700103]}, {"x": "date"}).column("x").values.tolist() == [
        1,
        2,
    ]
