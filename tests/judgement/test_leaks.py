"""Planted leaks are all caught, and none is claimed on clean tables."""

import numpy as np
import pytest

from benchmarks.data import DataUnavailableError
from benchmarks.tables import TABLES, table
from chainrule.data import as_table
from chainrule.judgement import find_leaks
from chainrule.workflow.question import ask


def caught(columns, values, classes, **settings):
    made = as_table(columns)
    return [
        leak.column for leak in find_leaks(made.columns, "y", values, classes=classes, **settings)
    ]


def drawn(rows=400, classes=3, seed=0):
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, rows)
    return random, y, {"clean": y + random.normal(size=rows), "noise": random.normal(size=rows)}


def flipped(random, y, share):
    wrong = random.random(len(y)) < share
    return np.where(wrong, (y + 1) % (y.max() + 1), y)


CLASS_LEAKS = {
    "a copy as text": lambda random, y: [f"kind {label}" for label in y],
    "a copy as numbers": lambda random, y: y * 7.0 - 3,
    "a noisy copy as numbers": lambda random, y: y + 0.05 * random.normal(size=len(y)),
    "a copy with one per cent of errors": lambda random, y: flipped(random, y, 0.01),
    "an identifier ordered by class": lambda random, y: np.argsort(np.argsort(y, kind="stable")),
    "dates in the order of the classes": lambda random, y: (
        20_000 + 30.0 * y + random.random(len(y))
    ),
    "a finer text": lambda random, y: [f"{label}{n % 9}" for n, label in enumerate(y)],
}


@pytest.mark.parametrize("name", CLASS_LEAKS)
@pytest.mark.parametrize(("rows", "classes"), [(80, 2), (400, 3), (30_000, 3)])
def test_columns_that_give_a_class_away_are_caught(name, rows, classes):
    random, y, columns = drawn(rows, classes)
    leak = CLASS_LEAKS[name](random, y)
    assert caught(columns | {"leak": leak}, y, classes=True) == ["leak"]


def test_a_column_that_is_filled_in_after_the_outcome_is_caught():
    random, y, columns = drawn(classes=2)
    paid = np.where(y == 1, random.normal(size=len(y)), np.nan)
    assert caught(columns | {"paid_on": paid}, y, classes=True) == ["paid_on"]


NUMBER_LEAKS = {
    "a copy": lambda random, y: y,
    "another unit": lambda random, y: 2.54 * y - 7,
    "its logarithm": lambda random, y: np.log(y),
    "a noisy copy": lambda random, y: np.log(y) + 0.05 * random.normal(size=len(y)),
    "its rank": lambda random, y: np.argsort(np.argsort(-y)),
    "its square, turned about": lambda random, y: np.log(y) ** 2 * -1 * np.sign(np.log(y)),
}


@pytest.mark.parametrize("name", NUMBER_LEAKS)
@pytest.mark.parametrize("rows", [80, 400, 30_000])
def test_columns_that_give_a_number_away_are_caught(name, rows):
    random = np.random.default_rng(0)
    y = np.exp(random.normal(size=rows))
    columns = {"clean": np.log(y) + random.normal(size=rows), "leak": NUMBER_LEAKS[name](random, y)}
    assert caught(columns, y, classes=False) == ["leak"]


@pytest.mark.parametrize("lead", [1, 5])
def test_a_column_that_holds_the_future_is_caught_where_time_is_known(lead):
    random = np.random.default_rng(0)
    y = np.cumsum(random.normal(size=300))
    order = random.permutation(300)
    ahead = np.concatenate([y[lead:], np.zeros(lead)])
    behind = np.concatenate([np.zeros(lead), y[:-lead]])
    columns = {"ahead": ahead[order], "behind": behind[order]}
    found = caught(columns, y[order], classes=False, order=order)
    assert found == ["ahead"]
    assert caught(columns, y[order], classes=False) == []


@pytest.mark.parametrize("seed", range(10))
def test_noise_and_good_columns_are_not_leaks(seed):
    random, y, columns = drawn(60, 2, seed)
    columns["good"] = y + 0.4 * random.normal(size=60)
    columns["text"] = random.choice(list("abcdefghij"), 60)
    assert caught(columns, y, classes=True) == []
    assert caught(columns, random.normal(size=60) + 0.2 * columns["good"], classes=False) == []


def test_few_rows_and_a_single_class_prove_nothing():
    y = np.arange(40) % 2
    assert caught({"copy": y}, y, classes=True) == []
    assert caught({"copy": np.ones(80)}, np.ones(80), classes=True) == []


CLEAN = {name: (name, named.target) for name, named in TABLES.items()} | {
    "penguins by mass": ("penguins", "body_mass_g"),
    "penguins by sex": ("penguins", "sex"),
    "diamonds by cut": ("diamonds", "cut"),
    "ames by zone": ("ames", "MS_Zoning"),
}
"""Twelve questions to eight tables, none of which is answered by a single column."""


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.long] * (table in ("ames", "diamonds")))
    for name, (table, _) in CLEAN.items()
])  # fmt: skip
def test_none_is_claimed_on_clean_tables(name):
    source, target = CLEAN[name]
    try:
        question = ask(table(source), target)
    except DataUnavailableError as error:
        pytest.skip(str(error))
    columns = [c for c in question.table.columns if c.name not in question.names]
    classes = question.task == "classes"
    assert find_leaks(columns, "y", question.values, classes=classes) == []
