"""A judgement's scores are scikit-learn's, its differences paired, its verdict what they say."""

import json

import numpy as np
import pytest
from sklearn import metrics

from chainrule.errors import SettingError
from chainrule.judgement import Asked, Contender, Leak, judge, metric_name

RANDOM = np.random.default_rng(0)


def said(name, role, predicted, classes=2):
    shares = np.eye(classes)[predicted] * 0.8 + 0.2 / classes
    return Contender(name, role, predicted, shares)


def with_errors(truth, share, classes=2, seed=1):
    wrong = np.random.default_rng(seed).random(len(truth)) < share
    return np.where(wrong, (truth + 1) % classes, truth)


def judged(truth, network, classes=2, metric=None, leaks=(), hidden=True, **others):
    positive = 1 if classes == 2 else None
    asked = Asked("classes", ("y",), classes, positive, metric, hidden=hidden)
    names = {"trivial": "always a", "linear": "linear", "trees": "boosted trees",
             "shallow": "one hidden layer"}  # fmt: skip
    rivals = [said(names[role], role, x, classes) for role, x in others.items()]
    return judge(asked, truth, said("this network", "network", network, classes), rivals, leaks)


TRUTH = np.arange(2_000) % 2
ZEROS = np.zeros(2_000, int)


def test_scores_of_classes_are_those_of_scikit_learn():
    network = with_errors(TRUTH, 0.2)
    found = judged(TRUTH, network, trivial=ZEROS)
    scores = {name: score["value"] for name, score in found["scores"].items()}
    shares = said("", "", network).shares
    assert scores["accuracy"] == metrics.accuracy_score(TRUTH, network)
    assert scores["F1"] == metrics.f1_score(TRUTH, network)
    assert scores["balanced accuracy"] == metrics.balanced_accuracy_score(TRUTH, network)
    assert scores["log-loss"] == metrics.log_loss(TRUTH, shares)
    assert scores["ROC AUC"] == metrics.roc_auc_score(TRUTH, shares[:, 1])
    assert found["score"] == scores["accuracy"]
    assert (found["trivial"], found["trivial_score"]) == ("always a", 0.5)
    for score in found["scores"].values():
        assert score["low"] <= score["value"] <= score["high"]


def test_scores_of_numbers_are_those_of_scikit_learn():
    truth = RANDOM.normal(size=300) + 5
    network = truth + 0.1 * RANDOM.normal(size=300)
    found = judge(
        Asked("numbers", ("y",)), truth, Contender("", "network", network),
        [Contender("always the mean", "trivial", np.full(300, truth.mean()))],
    )  # fmt: skip
    scores = {name: score["value"] for name, score in found["scores"].items()}
    assert scores["RMSE"] == metrics.root_mean_squared_error(truth, network)
    assert scores["MAE"] == metrics.mean_absolute_error(truth, network)
    assert scores["R²"] == metrics.r2_score(truth, network)
    assert scores["relative error"] == pytest.approx(
        np.abs(truth - network).sum() / np.abs(truth).sum()
    )
    assert found["metric"] == "RMSE"
    assert found["verdict"][0].startswith("Better than guessing (always the mean) by 8")
    assert found["verdict"][0].endswith(" %.")


def test_several_targets_are_judged_by_the_means_of_their_scores():
    truth = RANDOM.normal(size=(300, 2)) * [1, 1_000]
    network = truth + RANDOM.normal(size=(300, 2)) * [0.1, 500]
    found = judge(Asked("numbers", ("a", "b")), truth, Contender("", "network", network))
    assert set(found["scores"]) == {"R²", "relative error"}
    assert found["score"] == pytest.approx(metrics.r2_score(truth, network))
    answers = (truth > 0).astype(int)
    said_yes = np.where(RANDOM.random((300, 2)) < 0.1, 1 - answers, answers)
    contender = Contender("", "network", said_yes, np.clip(said_yes, 0.1, 0.9))
    found = judge(Asked("answers", ("a", "b"), 2), answers, contender)
    assert found["score"] == pytest.approx((answers == said_yes).mean())


def test_paired_differences_are_narrow_where_the_same_rows_are_wrong():
    network = with_errors(TRUTH, 0.2)
    other = network.copy()
    other[:40] = TRUTH[:40] = TRUTH[:40]
    found = judged(TRUTH, network, trivial=ZEROS, linear=other)
    difference = found["others"][1]["difference"]
    assert difference["high"] - difference["low"] < 0.02
    own = found["scores"]["accuracy"]
    assert own["high"] - own["low"] > 0.03


VERDICTS = {
    "no better than guessing": (0.5, None, None, ["No better than guessing (always a)."]),
    "far better than guessing": (0.1, None, None, ["Better than guessing (always a) by 3"]),
    "worse than guessing": (0.9, None, None, ["Worse than guessing (always a) by 3"]),
    "a linear model does as well": (0.1, 0.1, None, ["A linear model does as well: use that"]),
    "a linear model is better": (0.3, 0.1, None, ["A linear model is better by 1"]),
    "better than a linear model": (0.1, 0.3, None, ["Better than a linear model by 2"]),
    "better than trees": (0.1, None, 0.3, ["Better than boosted trees by 1"]),
    "trees are better": (0.3, None, 0.1, ["Boosted trees are better by 1"]),
    "trees do as well": (0.1, None, 0.1, ["Boosted trees do as well."]),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_says_what_the_differences_say(name):
    errors, linear, trees, expected = VERDICTS[name]
    others = {"trivial": ZEROS}
    if linear is not None:
        others["linear"] = with_errors(TRUTH, linear, seed=2)
    if trees is not None:
        others["trees"] = with_errors(TRUTH, trees, seed=3)
    found = judged(TRUTH, with_errors(TRUTH, errors), **others)
    for sentence in expected:
        assert any(s.startswith(sentence) for s in found["verdict"]), found["verdict"]


def test_no_line_is_recommended_that_loses_to_guessing():
    line = with_errors(TRUTH, 0.6, seed=2)
    found = judged(TRUTH, with_errors(TRUTH, 0.9), trivial=ZEROS, linear=line)
    assert found["verdict"][1] == "A linear model is no better than guessing either."


def test_a_network_without_hidden_layers_is_not_told_to_have_none():
    said = []
    for errors in (0.3, 0.1, 0.02):
        line = with_errors(TRUTH, errors, seed=2)
        found = judged(TRUTH, with_errors(TRUTH, 0.1), hidden=False, trivial=ZEROS, linear=line)
        said.append(found["verdict"][1])
    assert said[0].startswith(
        "Better than logistic regression (scikit-learn's LogisticRegression) by 2"
    )
    assert said[1].startswith(
        "Logistic regression (scikit-learn's LogisticRegression) does as well"
    )
    assert said[2].startswith(
        "Logistic regression (scikit-learn's LogisticRegression) is better by "
    )
    assert said[2].endswith("a linear model as well, held back by an L2 penalty of 1.")
    assert not any("--hidden" in sentence for sentence in said)


def test_of_numbers_the_line_is_ridge_regression():
    truth, near, far = np.random.default_rng(0).normal(size=(3, 300))
    line = Contender("linear", "linear", truth + 0.1 * near)
    network = Contender("", "network", truth + 0.5 * far)
    trivial = Contender("always the mean", "trivial", np.zeros(300))
    found = judge(Asked("numbers", ("y",), hidden=False), truth, network, [trivial, line])
    assert found["verdict"][1].startswith("Ridge regression (scikit-learn's RidgeCV) is better by ")
    assert found["verdict"][1].endswith("held back by the L2 penalty that leave-one-out chose.")


def test_an_error_is_never_more_than_all_of_it_smaller():
    random = np.random.default_rng(0)
    truth = random.normal(size=500)
    network = Contender("", "network", truth + random.normal(size=500))
    trees = Contender("boosted trees", "trees", truth + 0.1 * random.normal(size=500))
    trivial = Contender("always the mean", "trivial", np.zeros(500))
    found = judge(Asked("numbers", ("y",)), truth, network, [trivial, trees])
    (sentence,) = [s for s in found["verdict"] if s.startswith("Boosted trees are better by")]
    low, high = (int(word) for word in sentence.split() if word.isdecimal())
    assert 85 < low <= 90 <= high < 95


def test_one_hidden_layer_is_named_where_a_line_is_not_enough():
    others = {"trivial": ZEROS, "linear": with_errors(TRUTH, 0.4, seed=2)}
    network = with_errors(TRUTH, 0.1)
    as_well = judged(TRUTH, network, shallow=with_errors(TRUTH, 0.1, seed=4), **others)
    assert any("One hidden layer of 32 units does as well" in s for s in as_well["verdict"])
    better = judged(TRUTH, network, shallow=with_errors(TRUTH, 0.02, seed=4), **others)
    assert any("One hidden layer is better by" in s for s in better["verdict"])
    worse = judged(TRUTH, network, shallow=with_errors(TRUTH, 0.3, seed=4), **others)
    assert not any("hidden layer" in s for s in worse["verdict"])


def test_leaks_come_first_and_take_the_trust_away():
    leak = Leak("copy", "y", "alone it tells 100.0% of the rows right")
    found = judged(TRUTH, TRUTH, leaks=[leak], trivial=ZEROS)
    assert found["verdict"][0].startswith("Not to be trusted: copy gives y away")
    assert "--drop copy" in found["verdict"][0]
    assert not found["trusted"]
    assert judged(TRUTH, TRUTH, trivial=ZEROS)["trusted"]


def test_so_many_rows_can_show_so_small_a_difference():
    few, many = (
        judged(t, with_errors(t, 0.1), trivial=t * 0, linear=with_errors(t, 0.1, seed=2))
        for t in (TRUTH[:200], TRUTH)
    )
    assert 2 < few["smallest_difference"] / many["smallest_difference"] < 5
    assert few["verdict"][-1].startswith("200 rows cannot show a difference under ")
    same = judged(TRUTH[:60], TRUTH[:60], trivial=ZEROS[:60], linear=TRUTH[:60])
    assert same["smallest_difference"] == 0.05


@pytest.mark.parametrize(
    ("metric", "printed"),
    [("balanced_accuracy", "balanced accuracy"), ("f1", "F1"), ("log_loss", "log-loss"),
     ("roc_auc", "ROC AUC"), ("accuracy", "accuracy")],
)  # fmt: skip
def test_the_metric_decides(metric, printed):
    network = with_errors(TRUTH, 0.1)
    found = judged(TRUTH, network, metric=metric, trivial=ZEROS)
    assert found["metric"] == printed
    assert found["score"] == found["scores"][printed]["value"]
    assert found["verdict"][0].startswith("Better than guessing")


def test_metrics_that_do_not_fit_are_refused():
    assert metric_name("mae", "numbers", 1) == "MAE"
    for metric, task, targets, reason in [
        ("acuracy", "classes", 1, "Did you mean 'accuracy'"),
        ("rmse", "classes", 1, "does not fit a target of classes"),
        ("accuracy", "numbers", 1, "does not fit a target of numbers"),
        ("rmse", "numbers", 2, "has a unit"),
    ]:
        with pytest.raises(SettingError, match=reason):
            metric_name(metric, task, targets)


def test_a_judgement_is_plain_values_even_of_odd_rows():
    one_class = judged(TRUTH * 0, TRUTH * 0, trivial=ZEROS)
    assert "ROC AUC" not in one_class["scores"]
    constant = judge(
        Asked("numbers", ("y",)), np.ones(3), Contender("", "network", np.ones(3)),
        [Contender("always 1", "trivial", np.ones(3))],
    )  # fmt: skip
    huge = judge(
        Asked("numbers", ("y",)),
        np.array([1e300, -1e300, 0]),
        Contender("", "network", np.zeros(3)),
    )
    for found in (one_class, constant, huge, judged(TRUTH[:1], TRUTH[:1], trivial=ZEROS[:1])):
        json.dumps(found, allow_nan=False)
    assert constant["verdict"][0] == "No better than guessing (always 1)."
