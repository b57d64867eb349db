"""When training ends, and what it returns: patience, tolerance, callbacks, time, best weights."""

import time

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.autodiff import leaves, tree_map
from chainrule.training import loop

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 4))
Y = X @ [1.0, -1.0, 0.5, 2.0] + RANDOM.normal(size=60)
FRESH_X = RANDOM.normal(size=(30, 4))
FRESH = FRESH_X, FRESH_X @ [1.0, -1.0, 0.5, 2.0] + RANDOM.normal(size=30)
NETWORK = cr.Network([nn.Dense(30), nn.BatchNorm(), nn.Tanh(), nn.Dense(1)])
ENGINES = pytest.mark.parametrize("engine", ["numpy", "xla"])


def fit(**settings):
    settings = {"loss": "mse", "optimizer": optim.Adam(0.03), "batch_size": 10, **settings}
    return cr.fit(NETWORK, X, Y, **settings)


def validation_loss(model):
    return float(np.mean((model.predict(FRESH[0]) - FRESH[1]) ** 2))


def test_all_epochs_are_done_where_nothing_stops_them():
    model = fit(epochs=7)
    assert model.stop_reason == "epochs"
    assert model.card["epochs"] == 7
    assert model.card["steps"] == 7 * 6
    assert {name: len(values) for name, values in model.history.items()} == {
        "train_loss": 7,
        "learning_rate": 7,
    }


@ENGINES
def test_the_weights_of_the_best_epoch_are_returned(engine):
    model = fit(epochs=40, validation=FRESH, engine=engine)
    losses = model.history["validation_loss"]
    assert len(losses) == 40
    assert 1 < model.card["best_epoch"] == 1 + int(np.argmin(losses)) < 40
    assert validation_loss(model) == pytest.approx(min(losses), rel=1e-5)


@ENGINES
def test_patience_counts_epochs_without_a_better_validation_loss(engine):
    model = fit(epochs=500, validation=FRESH, patience=4, engine=engine)
    losses = model.history["validation_loss"]
    best = int(np.argmin(losses))
    assert model.stop_reason == "patience"
    assert len(losses) == model.card["epochs"] == best + 1 + 4
    assert model.card["best_epoch"] == best + 1
    assert validation_loss(model) == pytest.approx(min(losses), rel=1e-5)


@ENGINES
def test_without_validation_patience_looks_at_the_training_loss(engine):
    model = fit(
        epochs=100, batch_size=None, optimizer=optim.GradientDescent(2.0), patience=3, engine=engine
    )
    losses = model.history["train_loss"]
    assert model.stop_reason == "patience"
    assert len(losses) == int(np.argmin(losses)) + 1 + 3


@ENGINES
@pytest.mark.parametrize(("tol", "patience", "waits"), [(0.01, 3, 3), (0.01, None, 10)])
def test_a_gain_of_tol_or_less_does_not_count(engine, tol, patience, waits):
    model = fit(epochs=1000, batch_size=None, tol=tol, patience=patience, engine=engine)
    reference, stale = np.inf, 0
    for loss in model.history["train_loss"]:
        better = loss < reference - tol
        reference, stale = (loss, 0) if better else (reference, stale + 1)
    assert model.stop_reason == "patience"
    assert stale == waits


@ENGINES
def test_callbacks_see_every_epoch_and_can_stop(engine):
    seen, weights = [], []

    def watch(progress):
        seen.append(progress)
        weights.append(progress.params())
        return progress.epoch == 5

    model = fit(epochs=50, callbacks=[watch, lambda p: None], validation=0.2, engine=engine)
    assert [p.epoch for p in seen] == [1, 2, 3, 4, 5]
    assert model.stop_reason == "callback"
    assert [p.train_loss for p in seen] == model.history["train_loss"]
    assert [p.validation_loss for p in seen] == model.history["validation_loss"]
    assert all(p.epochs == 50 and p.seconds > 0 for p in seen)
    assert seen[-1].best_epoch == model.card["best_epoch"]
    best = weights[model.card["best_epoch"] - 1]
    for one, other in zip(leaves(best), leaves(model.params), strict=True):
        np.testing.assert_array_equal(one, other)


def test_parameters_handed_to_a_callback_are_its_own():
    def spoil(progress):
        tree_map(lambda x: x.fill(np.nan), progress.params())

    assert np.isfinite(fit(epochs=3, callbacks=[spoil]).history["train_loss"]).all()


@pytest.mark.parametrize("answer", [None, 1, "stop", False, np.False_])
def test_only_true_stops(answer):
    assert fit(epochs=3, callbacks=[lambda p: answer]).stop_reason == "epochs"


@pytest.mark.parametrize("answer", [True, np.True_])
def test_true_of_either_kind_stops(answer):
    assert fit(epochs=3, callbacks=[lambda p: answer]).stop_reason == "callback"


def test_callbacks_get_the_parameters_of_the_whole_network():
    """The loss contains the sigmoid: it is not run, but its (empty) entry is there."""
    seen = []
    net = cr.Network([nn.Dense(3), nn.Tanh(), nn.Network([nn.Dense(1), nn.Sigmoid()])])
    model = cr.fit(
        net, X, Y > 0, loss="binary_cross_entropy", epochs=2, engine="numpy",
        callbacks=[lambda p: seen.append(p.params())],
    )  # fmt: skip
    assert len(seen[-1]) == 3
    assert len(seen[-1][2]) == 2
    for one, other in zip(leaves(seen[-1]), leaves(model.params), strict=True):
        np.testing.assert_array_equal(one, other)


@ENGINES
def test_max_time_stops_and_says_so(engine):
    fit(epochs=1, engine=engine)
    began = time.perf_counter()
    model = fit(epochs=10_000_000, max_time=0.5, engine=engine)
    assert model.stop_reason == "time"
    assert model.card["steps"] > 0
    assert time.perf_counter() - began < 20


@ENGINES
def test_the_first_call_is_one_step_and_none_has_two_validations_before_one_is_timed(
    monkeypatch, engine
):
    """A guess from the size of a step would run many epochs, however long validation takes."""
    calls = []
    note = loop.Pace.note
    monkeypatch.setattr(loop.Pace, "note", lambda *args: calls.append(args[1:3]) or note(*args))
    fit(epochs=50, batch_size=7, validation=FRESH, engine=engine)
    assert calls[0] == (1, 0)
    assert next(ended for _, ended in calls if ended) == 1


@ENGINES
@pytest.mark.parametrize("steps", [1, 5, 12, 13])
def test_max_steps_stops_at_the_step_that_a_time_limit_had_stopped_at(engine, steps):
    model = fit(epochs=100, max_steps=steps, batch_size=7, engine=engine)
    assert model.stop_reason == "steps"
    assert model.card["steps"] == steps
    stopped = fit(epochs=100, max_time=1e-9, batch_size=7, engine=engine)
    again = fit(epochs=100, max_steps=stopped.card["steps"], batch_size=7, engine=engine)
    for one, other in zip(leaves(stopped.params), leaves(again.params), strict=True):
        np.testing.assert_array_equal(one, other)


def test_time_that_is_up_with_the_last_epoch_is_not_the_reason():
    model = fit(epochs=1, max_time=1e-9, engine="numpy", batch_size=None)
    assert model.stop_reason == "epochs"


def test_a_progress_function_is_told_and_does_not_change_the_result():
    told = []
    model = fit(epochs=5, progress=told.append)
    assert told
    assert isinstance(told[-1], cr.Progress)
    assert told[-1].epoch == 5
    assert model.history == fit(epochs=5).history


def test_the_progress_line_goes_to_stderr_alone(capsys):
    fit(epochs=5, progress=True, validation=0.2)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "epoch 5/5" in printed.err
    assert "validation" in printed.err


@ENGINES
def test_plateau_lowers_the_rate_when_the_loss_stops_falling(engine):
    rate = optim.ReduceOnPlateau(2.0, factor=0.25, patience=2)
    model = fit(epochs=40, batch_size=None, optimizer=optim.GradientDescent(rate), engine=engine)
    factor, best, stale, expected = 1.0, np.inf, 0, []
    for loss in model.history["train_loss"]:
        expected.append(2.0 * factor)
        best, stale = (loss, 0) if loss < best else (best, stale + 1)
        if stale >= 2:
            factor, stale = max(factor * 0.25, 1e-6), 0
    np.testing.assert_allclose(model.history["learning_rate"], expected, rtol=1e-6)
    assert expected[-1] < 2.0


@ENGINES
def test_the_history_has_the_rate_of_every_epoch(engine):
    model = fit(epochs=6, optimizer=optim.Adam(optim.StepDecay(0.1, every=2)), engine=engine)
    expected = [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]
    np.testing.assert_allclose(model.history["learning_rate"], expected, rtol=1e-6)
