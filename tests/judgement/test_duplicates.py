"""Equal rows are found, in tables where they mean something."""

import numpy as np

from chainrule.data import as_table
from chainrule.judgement import equal_rows


def columns(rows=200, seed=0):
    random = np.random.default_rng(seed)
    return {
        "a": random.normal(size=rows),
        "b": random.choice(["x", "y"], rows),
        "c": np.where(random.random(rows) < 0.1, np.nan, random.integers(0, 9, rows)),
    }


def repeated(made, rows):
    return {name: np.asarray(values)[rows] for name, values in made.items()}


def test_equal_rows_have_one_number_and_are_counted():
    rows = [*range(200), 3, 3, 17]
    unit, count = equal_rows(as_table(repeated(columns(), rows)))
    assert count == 3
    assert unit[3] == unit[200] == unit[201] != unit[17]
    assert unit[17] == unit[202]
    assert len(np.unique(unit)) == 200


def test_gaps_are_equal_to_gaps_and_zero_to_minus_zero():
    made = columns() | {"c": [np.nan] * 200, "d": [0.0, -0.0] * 100}
    made = repeated(made, [*range(200), 5])
    made["d"][5], made["d"][200] = 0.0, -0.0
    assert equal_rows(as_table(made))[1] == 1


def test_a_table_that_was_repeated_five_times_is_found_out():
    _, count = equal_rows(as_table(repeated(columns(), np.arange(1000) % 200)))
    assert count == 800


def test_rows_of_a_few_answers_repeat_by_their_nature():
    random = np.random.default_rng(0)
    made = {name: random.choice(["yes", "no"], 300) for name in "abcd"}
    unit, count = equal_rows(as_table(made))
    assert count == 0
    assert len(np.unique(unit)) == 300


def test_every_row_many_times_is_the_nature_of_a_table():
    made = {"month": np.arange(360) % 12, "y": np.arange(360) % 12 * 0.5}
    assert equal_rows(as_table(made))[1] == 0


def test_nearly_equal_rows_are_not_equal():
    made = repeated(columns(), [*range(200), 7])
    made["a"][200] = np.nextafter(made["a"][200], 1)
    assert equal_rows(as_table(made))[1] == 0
