"""The question that targets ask, and the columns that can answer it."""

import pytest

from chainrule.data import as_table
from chainrule.errors import DataError, SettingError
from chainrule.recipes import choose_task, usable_columns


def columns(*several):
    return [as_table({f"y{i}": values}).columns[0] for i, values in enumerate(several)]


@pytest.mark.parametrize(
    ("values", "loss", "task"),
    [
        (["a", "b"] * 20, None, "classes"),
        ([0, 1] * 20, None, "classes"),
        ([3.0, 7.0] * 20, None, "classes"),
        ([0.5, 1.5] * 20, None, "numbers"),
        (list(range(40)), None, "numbers"),
        ([0, 1] * 20, "mse", "numbers"),
        ([0.5, 1.5] * 20, "cross_entropy", "classes"),
        (list(range(5)), None, "numbers"),
    ],
)
def test_the_target_or_the_loss_decides_the_question(values, loss, task):
    assert choose_task(columns(values), loss)[0] == task


def test_the_task_can_be_asked_for():
    assert choose_task(columns([0, 1] * 20), None, "numbers") == ("numbers", "as asked")
    assert choose_task(columns([0.5, 1.5] * 20), None, "classes")[0] == "classes"
    with pytest.raises(SettingError, match="Did you mean 'classes'"):
        choose_task(columns([0, 1]), None, "class")
    with pytest.raises(SettingError, match="exclude each other"):
        choose_task(columns([0, 1]), "mse", "classes")
    with pytest.raises(DataError, match="holds text"):
        choose_task(columns(["a", "b"]), None, "numbers")


def test_several_targets_are_all_numbers_or_all_of_two_values():
    assert choose_task(columns([0.5, 1.5, 2], [1, 2, 4]), None)[0] == "numbers"
    assert choose_task(columns([0, 1], ["no", "yes"]), None)[0] == "answers"
    assert choose_task(columns([0, 1], [0, 1]), "mse")[0] == "numbers"
    with pytest.raises(DataError, match="'y1' has 3 labels"):
        choose_task(columns([0, 1, 1], ["a", "b", "c"]), None)


def test_a_target_that_cannot_be_asked_for_is_refused():
    with pytest.raises(DataError, match="one value only, 'a'"):
        choose_task(columns(["a"] * 20), None)
    with pytest.raises(DataError, match="one value only, '2'"):
        choose_task(columns([2] * 20), None)
    with pytest.raises(DataError, match="holds text such as 'a'"):
        choose_task(columns(["a", "b"]), "mae")
    with pytest.raises(SettingError, match="Did you mean 'huber'"):
        choose_task(columns([1, 2]), "hubert")


def test_columns_that_teach_nothing_are_left_out_with_the_reason():
    table = as_table({"a": [1, 2], "b": [3, 3], "c": [1, 2], "y": [0, 1]})
    found = usable_columns(table, ["y"], {"c": "as asked"})
    assert found == {"a": "", "b": "one value only", "c": "as asked"}
    with pytest.raises(DataError, match=r"no column to learn 'y' from \(b: one value only\)"):
        usable_columns(as_table({"b": [3, 3], "y": [0, 1]}), ["y"], {})
