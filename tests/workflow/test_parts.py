"""Parts: what belongs together stays together, folds judge every row once, time goes forward."""

import numpy as np
import pytest

from chainrule.errors import DataError, SettingError
from chainrule.ops import key_from_seed
from chainrule.workflow.parts import plan_parts
from chainrule.workflow.question import ask

KEY = key_from_seed(0)


def columns(rows=300, seed=0):
    random = np.random.default_rng(seed)
    return {
        "a": random.normal(size=rows),
        "who": random.integers(0, rows // 6, rows),
        "when": random.permutation(rows) // 2,
        "w": random.random(rows),
        "y": random.choice(["no", "yes"], rows, p=[0.8, 0.2]),
    }


def planned(made=None, folds=None, validation=None, **asked):
    question = ask(made or columns(), "y", **asked)
    return question, plan_parts(question, KEY, folds=folds, validation=validation)


def check_apart(part):
    rows = [part.training, part.validation, part.judged]
    assert len(np.unique(np.concatenate(rows))) == sum(map(len, rows))


def test_five_folds_judge_every_row_once_where_rows_are_few():
    question, plan = planned()
    assert plan.folds == 5
    judged = np.concatenate([part.judged for part in plan.parts])
    assert sorted(judged) == list(range(300))
    assert plan.whole.tolist() == list(range(300))
    for part in plan.parts:
        check_apart(part)
        assert len(part.known) == 240
        assert len(part.validation) == 48
        shares = [question.values[rows].mean() for rows in (part.training, part.judged)]
        assert shares == pytest.approx([question.values.mean()] * 2, abs=0.02)


def test_many_rows_a_test_table_and_time_have_no_folds():
    assert planned(columns(2_000))[1].folds == 0
    assert planned(columns(1_999))[1].folds == 5
    assert planned(test=columns(50, seed=1))[1].folds == 0
    assert planned(time="when")[1].folds == 0
    assert planned(folds=0)[1].folds == 0
    assert len(planned(columns(3_000), folds=3)[1].parts) == 3


def test_one_split_has_the_shares_it_says():
    plan = planned(folds=0)[1]
    (part,) = plan.parts
    check_apart(part)
    assert [len(part.training), len(part.validation), len(part.judged)] == [192, 48, 60]
    (part,) = planned(folds=0, validation=0.5)[1].parts
    assert [len(part.training), len(part.validation), len(part.judged)] == [120, 120, 60]


@pytest.mark.parametrize("folds", [0, 5])
def test_groups_are_never_torn_apart(folds):
    question, plan = planned(group="who", folds=folds)
    who = question.group.values
    for part in plan.parts:
        check_apart(part)
        sets = [set(who[rows]) for rows in (part.training, part.validation, part.judged)]
        assert not sets[0] & sets[1]
        assert not sets[0] & sets[2]
        assert not sets[1] & sets[2]
        assert 0.1 < len(part.judged) / 300 < 0.3
    assert any("who" in word for word in plan.words)


def test_the_latest_rows_judge_and_rows_of_one_time_stay_together():
    question, plan = planned(time="when")
    (part,) = plan.parts
    when = question.time.values
    assert when[part.training].max() < when[part.validation].min()
    assert when[part.validation].max() < when[part.judged].min()
    assert [len(part.training), len(part.validation), len(part.judged)] == [192, 48, 60]


@pytest.mark.parametrize("folds", [0, 5])
def test_equal_rows_stay_in_one_part_and_are_counted(folds):
    made = {name: np.concatenate([v, v[:90], v[:30]]) for name, v in columns().items()}
    plan = planned(made, folds=folds, drop=["who"])[1]
    assert plan.duplicates == 120
    twins = np.concatenate([np.arange(300), np.arange(90), np.arange(30)])
    for part in plan.parts:
        assert not set(twins[part.known]) & set(twins[part.judged])
        assert not set(twins[part.training]) & set(twins[part.validation])


def test_numbering_rows_makes_equal_rows_no_different():
    made = {name: np.concatenate([v, v[:9]]) for name, v in columns().items()}
    made["id"] = [f"row {i}" for i in range(309)]
    assert planned(made)[1].duplicates == 9
    made["count"] = np.arange(309)
    assert planned(made)[1].duplicates == 0
    assert planned(made, drop=["count"])[1].duplicates == 9


def test_a_test_table_judges_and_its_rows_are_not_trained_on():
    made, test = columns(), columns(40, seed=1)
    test = {name: np.concatenate([v, made[name][:7]]) for name, v in test.items()}
    plan = planned(made, test=test)[1]
    (part,) = plan.parts
    assert part.judged.tolist() == list(range(300, 347))
    assert not set(part.known) & set(range(7))
    assert (plan.duplicates, plan.removed) == (7, 7)
    assert len(part.known) == 293


def test_a_validation_table_says_when_to_stop():
    own = ask(columns(), "y", validation=columns(40, seed=1))
    (part,) = plan_parts(own, KEY, folds=0).parts
    assert part.validation.tolist() == list(range(300, 340))
    assert len(part.training) == 240
    plan = plan_parts(own, KEY)
    assert all(part.validation.tolist() == list(range(300, 340)) for part in plan.parts)
    assert len(plan.whole) == 340


@pytest.mark.parametrize(
    ("asked", "error", "reason"),
    [
        ({"validation": 1.5}, SettingError, "validation is 1.5"),
        ({"folds": -1}, SettingError, "folds is -1"),
        ({"folds": 2.5}, SettingError, "folds is 2.5"),
        ({"folds": 200}, DataError, "200 folds of 300 rows"),
        ({"folds": 5, "time": "when"}, SettingError, "Time and folds exclude each other"),
        ({"folds": 5, "test": columns(40)}, SettingError, "test table and folds exclude"),
        ({"folds": 5, "group": "four"}, DataError, "5 folds need as many"),
        ({"group": "one"}, DataError, "belong together|5 folds need"),
        ({"folds": 0, "group": "one"}, DataError, "belong together"),
        ({"time": "one"}, DataError, "the same time"),
    ],
)
def test_splits_that_cannot_be_are_refused(asked, error, reason):
    made = columns() | {"four": np.arange(300) % 4, "one": np.ones(300)}
    if "test" in asked:
        asked["test"] = asked["test"] | {"four": np.zeros(40), "one": np.ones(40)}
    with pytest.raises(error, match=reason):
        planned(made, **asked)


def test_the_same_seed_splits_alike_and_another_one_otherwise():
    question = ask(columns(), "y")
    first, again, other = (plan_parts(question, key_from_seed(seed)) for seed in (0, 0, 1))
    assert first.parts[0].judged.tolist() == again.parts[0].judged.tolist()
    assert first.parts[0].judged.tolist() != other.parts[0].judged.tolist()
