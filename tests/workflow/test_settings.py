"""Every setting of `train` does what it says."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.autodiff import leaves
from chainrule.errors import ChainruleError, SettingError

QUICK = {"engine": "numpy", "folds": 0, "baselines": False, "hidden": (8,)}


def columns(rows=300, seed=0):
    random = np.random.default_rng(seed)
    a = random.normal(size=rows)
    y = np.where(a + random.normal(size=rows) > 1.2, "ill", "well")
    return {"a": a, "b": random.normal(size=rows), "w": random.random(rows), "y": y}


def numbers(rows=300):
    made = columns(rows)
    return {"a": made["a"], "b": made["b"], "y": 3 * made["a"] + 0.1 * made["b"]}


def trained(made=None, **settings):
    return cr.train(made or columns(), target="y", **({"epochs": 20} | QUICK | settings))


def weights(model):
    return b"".join(leaf.tobytes() for leaf in leaves(model.params))


def test_the_task_says_whether_whole_numbers_are_classes():
    made = {"a": np.arange(200.0), "y": np.arange(200) // 50}
    assert trained(made).card["task"] == "classes"
    model = trained(made, task="numbers")
    assert model.judgement["metric"] == "RMSE"
    assert model.targets.kind == "numbers"
    stars = {"a": np.arange(40.0), "y": np.arange(40) % 8}
    assert trained(stars).card["task"] == "numbers"
    assert trained(stars, task="classes").predict({"a": [1.0]}).dtype.kind == "i"
    with pytest.raises(SettingError, match="Did you mean 'numbers'"):
        trained(made, task="number")


def test_the_positive_label_is_the_one_of_f1():
    first, second = (trained(positive=label) for label in ("ill", "well"))
    assert weights(first) == weights(second)
    one, other = (model.judgement["scores"]["F1"]["value"] for model in (first, second))
    said, truth = (first.predict(columns()), columns()["y"])
    assert one != other
    assert other > 0.7
    assert (said == truth).mean() > 0.7
    with pytest.raises(SettingError, match="Did you mean 'ill'"):
        trained(positive="il")


@pytest.mark.parametrize(
    ("metric", "printed", "made"),
    [
        ("balanced_accuracy", "balanced accuracy", columns),
        ("f1", "F1", columns),
        ("log_loss", "log-loss", columns),
        ("roc_auc", "ROC AUC", columns),
        ("mae", "MAE", numbers),
        ("r2", "R²", numbers),
        ("relative_error", "relative error", numbers),
    ],
)
def test_the_metric_is_what_decides(metric, printed, made):
    judged = trained(made(), metric=metric).judgement
    assert judged["metric"] == printed
    assert judged["score"] == judged["scores"][printed]["value"]
    unit = "%" if judged["scores"][printed]["lower_is_better"] else "points"
    assert unit in judged["verdict"][-1]


def test_weights_of_rows_count_in_training_and_are_not_learnt_from():
    made = columns()
    plain = trained(made, weight="w")
    assert [c["left_out"] for c in plain.card["columns"] if c["name"] == "w"] == ["weighs rows"]
    equal = trained(made | {"w": np.full(300, 2.0)}, weight="w")
    ignored = trained(made, drop="w")
    assert weights(equal) == weights(ignored)
    assert weights(plain) != weights(ignored)
    only = made | {"w": (made["y"] == "ill") * 1.0}
    assert set(trained(only, weight="w", learning_rate=0.05).predict(made)) == {"ill"}


def test_class_weights_move_the_answers_to_the_rare_class():
    plain, balanced = trained(), trained(class_weight="balanced")
    heavy = trained(class_weight={"ill": 50, "well": 1})
    counts = [(m.predict(columns()) == "ill").sum() for m in (plain, balanced, heavy)]
    assert counts[0] < counts[1] < counts[2]
    assert (
        balanced.judgement["scores"]["balanced accuracy"]["value"]
        > plain.judgement["scores"]["balanced accuracy"]["value"]
    )
    with pytest.raises(SettingError, match="names 'sick'"):
        trained(class_weight={"sick": 2})


@pytest.mark.parametrize("name", ["cosine", "exponential", "one_cycle", "step", "warm_up"])
def test_schedules_change_the_steps(name):
    settings = {"learning_rate": 0.01, "optimizer": "sgd"}
    scheduled = trained(schedule=name, **settings)
    assert weights(scheduled) != weights(trained(**settings))
    assert scheduled.card["learning_rate"] != 0.01


def test_a_constant_schedule_changes_nothing():
    settings = {"learning_rate": 0.01, "optimizer": "sgd"}
    assert weights(trained(schedule="constant", **settings)) == weights(trained(**settings))


def test_a_schedule_keeps_its_course_where_folds_decide_the_epochs():
    model = trained(schedule="cosine", folds=3, epochs=40, patience=3)
    assert model.card["epochs"] == int(np.median(model.card["epochs_of_folds"]))


def test_a_whole_network_can_be_given(tmp_path):
    network = cr.Network([cr.nn.Dense(5), cr.nn.Tanh(), cr.nn.Dense(1)])
    path = tmp_path / "n.json"
    path.write_text(
        '[{"type": "Dense", "units": 5}, {"type": "Tanh"}, {"type": "Dense", "units": 1}]'
    )
    given, read = (trained(hidden=None, network=n) for n in (network, path))
    assert given.network == read.network == network
    assert weights(given) == weights(read)


@pytest.mark.parametrize("folds", [0, 3])
def test_the_time_is_that_of_all_networks(folds):
    model = trained(columns(2_000), folds=folds, epochs=10**6, patience=10**6, max_time=1.0)
    assert model.card["seconds_in_all" if folds else "seconds"] < 3
    assert model.judgement is not None
    assert folds or model.stop_reason == "time"
    with pytest.raises(SettingError, match="max_time is 0"):
        trained(max_time=0)


def test_a_dry_run_decides_everything_and_learns_nothing():
    dry, wet = trained(dry_run=True), trained()
    assert dry.judgement is None
    assert dry.history == {}
    assert (dry.encoder, dry.network) == (wet.encoder, wet.network)
    for name in ("columns", "split", "reasons", "leaking", "task"):
        assert dry.card[name] == wet.card[name]


def test_patience_and_tol_stop_sooner():
    long, short = (trained(epochs=400, patience=p) for p in (100, 2))
    assert short.card["epochs"] < long.card["epochs"]
    assert trained(epochs=400, patience=5, tol=1.0).card["epochs"] <= 6


def test_dropout_and_batch_norm_are_in_the_network():
    names = [type(layer).__name__ for layer in trained(dropout=0.3, batch_norm=True).network.layers]
    assert names == ["Dense", "BatchNorm", "ReLU", "Dropout", "Dense"]


def test_types_and_markers_of_missing_values_reach_the_reader():
    made = {"zip": [1, 2, 3, 4] * 50, "x": ["1", "gone"] * 100, "y": [0.5, 1.5] * 100}
    plain = cr.train(made, target="y", dry_run=True)
    kinds = {c["name"]: c["kind"] for c in plain.card["columns"]}
    assert kinds["zip"] == "number"
    settings = {"types": {"zip": "category"}, "missing": "gone"}
    model = cr.train(made, target="y", dry_run=True, **settings)
    found = {c["name"]: c for c in model.card["columns"]}
    assert found["zip"]["kind"] == "category"
    assert (found["x"]["kind"], found["x"]["missing"]) == ("number", 100)
    assert np.isfinite(cr.predict(model, made)["y"]).all()
    with pytest.raises(ChainruleError, match="zap"):
        cr.train(made, target="y", dry_run=True, types={"zap": "category"})
    with pytest.raises(ChainruleError, match="categry"):
        cr.train(made, target="y", dry_run=True, types={"zip": "categry"})
