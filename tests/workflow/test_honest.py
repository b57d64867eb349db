"""Where there is nothing to learn the verdict says so; where a column gives it away, that too."""

import numpy as np
import pytest

import chainrule as cr

QUICK = {"engine": "numpy", "epochs": 5, "hidden": (8,), "learning_rate": 0.01}


def shuffled(seed, number):
    """Columns that have something to do with each other, and a target that has not."""
    random = np.random.default_rng(seed)
    a = random.normal(size=80)
    columns = {"a": a, "b": a + random.normal(size=80), "c": random.choice(["x", "y", "z"], 80)}
    target = np.exp(a) if number else np.where(a > 0.2, "yes", "no")
    return columns | {"y": random.permutation(target)}


def says_guessing(seed, number):
    """Whether no skill is claimed: what learns noise may well be worse than the mean."""
    model = cr.train(shuffled(seed, number), target="y", seed=seed, **QUICK)
    return model.judgement["verdict"][0].startswith(("No better than guess", "Worse than guess"))


@pytest.mark.long
@pytest.mark.parametrize("number", [False, True], ids=["classes", "numbers"])
def test_shuffled_targets_are_no_better_than_guessing_in_nineteen_of_twenty_runs(number):
    said = sum(says_guessing(seed, number) for seed in range(200))
    assert said >= 190, said


@pytest.mark.parametrize("seed", range(3))
def test_a_shuffled_target_is_no_better_than_guessing(seed):
    assert says_guessing(seed, number=False)


def leaking(name, random, a, y):
    """A table in which one column gives the target away."""
    classes = np.where(y > 0, "yes", "no")
    order = np.argsort(np.argsort(classes, kind="stable"), kind="stable")
    leaks = {
        "a copy": np.where(y > 0, 7, 3),
        "a noisy copy": (y > 0) + 0.05 * random.normal(size=len(y)),
        "numbers in the order of the classes": order,
    }
    return {"a": a, "leak": leaks[name], "y": classes}


@pytest.mark.parametrize("name", ["a copy", "a noisy copy", "numbers in the order of the classes"])
def test_a_column_that_gives_the_target_away_takes_the_trust_away(name):
    random = np.random.default_rng(0)
    a = random.normal(size=200)
    made = leaking(name, random, a, a + random.normal(size=200))
    judged = cr.train(made, target="y", **QUICK).judgement
    assert not judged["trusted"]
    assert judged["verdict"][0].startswith("Not to be trusted: leak gives y away")
    assert cr.train(made, target="y", drop="leak", **QUICK).judgement["trusted"]
    allowed = cr.train(made, target="y", allow_leak=True, **QUICK)
    assert allowed.judgement["trusted"]
    assert [leak["column"] for leak in allowed.card["leaking"]] == ["leak"]


def test_a_column_from_the_future_takes_the_trust_away():
    random = np.random.default_rng(0)
    y = np.cumsum(random.normal(size=300))
    made = {"day": np.arange(300), "next": np.append(y[1:], 0.0), "past": np.append(0.0, y[:-1])}
    judged = cr.train(made | {"y": y}, target="y", time="day", **QUICK).judgement
    assert [leak["column"] for leak in judged["leaks"]] == ["next"]
    assert "it holds the target of the row after its own" in judged["verdict"][0]
