"""Ctrl-C at every stage of `train`: the best network so far is kept, not judged, and can be."""

import signal
from importlib import import_module

import numpy as np
import pytest

import chainrule as cr

TRAIN = import_module("chainrule.workflow.train")
"""The module; the package has the function under this name."""


def rows(count=300, seed=0):
    random = np.random.default_rng(seed)
    a = random.normal(size=count)
    return {"a": a, "y": np.where(a + 0.3 * random.normal(size=count) > 0, "yes", "no")}


def press(*_, **__):
    signal.raise_signal(signal.SIGINT)


class PressIn:
    """Presses Ctrl-C when a stage is told to have gone on for some epochs."""

    def __init__(self, stage, epochs=1):
        self.stage, self.epochs, self.pressed = stage, epochs, False

    def __call__(self, progress):
        here = getattr(progress, "stage", "") == self.stage and progress.epoch >= self.epochs
        if here and not self.pressed:
            self.pressed = True
            press()


def stopped(monkeypatch, stage, **settings):
    """A run whose every network reports at least once, stopped in a stage."""
    monkeypatch.setattr("chainrule.training.pace.CALL_SECONDS", 1e-9)
    told = PressIn(stage)
    model = cr.train(rows(), target="y", progress=told, engine="numpy", baselines=False, **settings)
    assert told.pressed
    return model


def check_not_judged(model):
    assert model.stop_reason == "interrupted"
    assert model.judgement is None
    assert model.card["not_judged"] == "stopped by Ctrl-C"
    assert set(model.predict(rows())) <= {"no", "yes"}


def test_in_the_first_fold_what_it_was_by_then_is_kept(monkeypatch):
    model = stopped(monkeypatch, "fold 1 of 5", epochs=100_000, patience=100_000)
    check_not_judged(model)
    assert (model.card["stopped_in"], model.card["kept"]) == ("fold 1 of 5", "fold 1 of 5")


@pytest.mark.parametrize("stage", ["fold 3 of 5", "all rows"])
def test_later_the_network_of_the_last_whole_fold_is_kept(monkeypatch, stage):
    model = stopped(monkeypatch, stage, epochs=2_000, batch_size=1, patience=3)
    check_not_judged(model)
    assert model.card["stopped_in"] == stage
    assert model.card["kept"] in ("fold 2 of 5", "fold 3 of 5", "fold 5 of 5")
    found = cr.evaluate(model, rows())
    assert found.unseen
    assert not found.seen
    assert found.rows == 60


@pytest.mark.parametrize("rival", ["_linear", "_shallow", "_trees"])
@pytest.mark.parametrize("folds", [0, 3])
def test_while_rivals_are_fitted_the_finished_network_is_kept(monkeypatch, rival, folds):
    monkeypatch.setattr(f"chainrule.workflow.rivals.{rival}", press)
    model = cr.train(rows(), target="y", epochs=3, folds=folds, engine="numpy")
    check_not_judged(model)
    found = cr.evaluate(model, rows())
    assert (found.unseen, found.rows) == (True, 100 if folds else 60)


def test_a_rival_network_that_is_stopped_stops_the_run(monkeypatch):
    from chainrule.workflow import fitting

    trained = fitting.fit

    def fit(network, *arguments, **settings):
        if network.layers[0].units == 32:
            press()
        return trained(network, *arguments, **settings)

    monkeypatch.setattr(fitting, "fit", fit)
    check_not_judged(cr.train(rows(), target="y", epochs=3, folds=0, engine="numpy"))


def test_while_the_judgement_is_computed_the_finished_network_is_kept(monkeypatch):
    monkeypatch.setattr(TRAIN, "judge", press)
    check_not_judged(cr.train(rows(), target="y", epochs=3, baselines=False, engine="numpy"))


def test_before_the_first_step_nothing_is_kept(monkeypatch):
    monkeypatch.setattr("chainrule.workflow.fitting.fit", press)
    with pytest.raises(KeyboardInterrupt):
        cr.train(rows(), target="y", epochs=3, engine="numpy")


def test_other_rows_are_judged_whole(monkeypatch):
    monkeypatch.setattr(TRAIN, "judge", press)
    model = cr.train(rows(), target="y", epochs=3, baselines=False, engine="numpy")
    found = cr.evaluate(model, rows(seed=1))
    assert (found.unseen, found.seen, found.rows) == (False, False, 300)


def test_the_rows_never_seen_are_those_of_the_test_part(monkeypatch):
    made = rows()
    whole = cr.train(made, target="y", epochs=3, baselines=False, folds=0, engine="numpy")
    monkeypatch.setattr(TRAIN, "judge", press)
    left = cr.train(made, target="y", epochs=3, baselines=False, folds=0, engine="numpy")
    assert cr.evaluate(left, made).scores["accuracy"].value == whole.judgement["score"]
