"""What is asked: targets, roles of columns, tables joined row by row; faults are named."""

import numpy as np
import pytest

from chainrule.errors import DataError, SettingError
from chainrule.workflow.question import ask


def columns(rows=30):
    return {
        "a": np.arange(rows, dtype=float),
        "c": [["x", "y", "z"][i % 3] for i in range(rows)],
        "w": np.linspace(0, 2, rows),
        "y": [["no", "yes"][i % 2] for i in range(rows)],
        "n": np.arange(rows) * 0.5,
    }


def test_rows_of_several_tables_are_joined_with_their_labels():
    test = {"y": ["yes", "no"], "n": [1.0, 2.0], "c": ["new", "x"], "a": [7.0, 8.0], "w": [1, 1]}
    asked = ask(columns(), "y", test=test | {"more": [1, 2]})
    assert asked.origin.tolist() == [0] * 30 + [2] * 2
    column = asked.table.column("c")
    labels = [column.labels[code] for code in column.values]
    assert labels == columns()["c"] + ["new", "x"]
    assert asked.table.column("a").values[-2:].tolist() == [7.0, 8.0]
    assert asked.values[-2:].tolist() == [1, 0]
    assert "more" not in asked.table.names


def test_rows_without_a_target_are_dropped_from_every_table_and_counted():
    made = columns() | {"n": [None, *range(29)]}
    test = {name: list(values)[:5] for name, values in made.items()}
    asked = ask(made, ["n", "a"], test=test)
    assert asked.dropped == 2
    assert asked.table.rows == 33
    assert asked.values.shape == (33, 2)


def test_targets_may_be_listed_in_one_word():
    assert ask(columns(), "n,a").names == ("n", "a")
    assert ask(columns(), ["n , a"]).names == ("n", "a")
    assert ask(columns() | {"n,a": range(30)}, "n,a").names == ("n,a",)


@pytest.mark.parametrize(
    ("asked", "error", "reason"),
    [
        ({"target": None}, DataError, "Which column"),
        ({"target": ()}, DataError, "Which column"),
        ({"target": "z"}, DataError, "no column 'z'"),
        ({"target": "y,z"}, DataError, "no column 'y,z'"),
        ({"target": ["y", "y"]}, SettingError, "named twice"),
        ({"drop": ["z"]}, DataError, "no column 'z'"),
        ({"drop": ["y"]}, SettingError, "'y' has two roles"),
        ({"group": "a", "drop": "a"}, SettingError, "'a' has two roles"),
        ({"group": "gaps"}, DataError, "'gaps' groups the rows and has gaps, the first in row 2"),
        ({"time": "gaps"}, DataError, "'gaps' orders the rows and has gaps"),
        ({"weight": "gaps"}, DataError, "'gaps' weighs the rows and has gaps"),
        ({"weight": "c"}, DataError, "are text"),
        ({"weight": "minus"}, DataError, "at least 0"),
        ({"test": {"a": [1.0], "y": ["no"]}}, DataError, "no column"),
        ({"test": columns(10) | {"y": ["maybe"] * 10}}, DataError, "the y 'maybe', which no row"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, error, reason):
    made = columns() | {"gaps": [1.0, None] * 15, "minus": [-1.0] * 30}
    if "y" in asked.get("test", {}) and len(asked["test"]) > 2:
        asked["test"] = asked["test"] | {"gaps": [1.0] * 10, "minus": [1.0] * 10}
    with pytest.raises(error, match=reason):
        ask(made, **({"target": "y"} | asked))


def test_dropped_columns_need_not_be_in_the_other_table():
    test = {name: list(values)[:9] for name, values in columns().items() if name != "w"}
    assert ask(columns(), "y", drop=["w"], test=test).table.names == ["a", "c", "y", "n"]
