"""`fit` and `Model` with sequences of different lengths, and with a target at every step."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops
from chainrule.errors import ChainruleError, ShapeError
from chainrule.losses import losses_of

RNG = np.random.default_rng(0)
ROWS, TIME, FEATURES = 40, 6, 2
VALUES = RNG.normal(size=(ROWS, TIME, FEATURES))
LENGTHS = RNG.integers(1, TIME + 1, ROWS)
SEQUENCES = [v[:n] for v, n in zip(VALUES, LENGTHS, strict=True)]
LABELS = np.array(["down", "up"])[(VALUES[:, :, 0] > 0).astype(int)]


@dataclass(frozen=True)
class Means:
    """The mean over the valid steps."""

    takes_lengths: ClassVar[bool] = True

    def init(self, key, in_shape):
        return {}, {}, in_shape["values"][1:]

    def apply(self, params, state, x, context):
        valid = ops.valid_steps(x["lengths"], x["values"].shape[1])
        kept = ops.where(ops.expand_dims(valid, axis=-1), x["values"], 0.0)
        count = ops.expand_dims(x["lengths"].astype(str(kept.dtype)), axis=-1)
        return ops.sum(kept, axis=1) / count, state


TARGETS = np.array([s.mean() for s in SEQUENCES])
REDUCED = nn.Network([nn.Dense(4), nn.Tanh(), Means(), nn.Dense(1)])
STEPWISE = nn.Network([nn.Dense(4), nn.Tanh(), nn.Dense(2)])


def fitted(network, X, y, **settings):
    settings = {"loss": "mse", "epochs": 3, "batch_size": 16, "engine": "numpy"} | settings
    return cr.fit(network, X, y, **settings)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_padding_changes_no_result(engine):
    noisy = VALUES.copy()
    noisy[np.arange(TIME) >= LENGTHS[:, None]] = np.nan
    sources = [
        SEQUENCES,
        {"values": VALUES, "lengths": LENGTHS},
        {"values": noisy, "lengths": LENGTHS},
    ]
    models = [fitted(REDUCED, X, TARGETS, engine=engine, validation=0.2) for X in sources]
    for model, X in zip(models, sources, strict=True):
        assert model.history == models[0].history
        assert model.predict(X).tobytes() == models[0].predict(SEQUENCES).tobytes()
    longer = np.pad(VALUES, ((0, 0), (0, 5), (0, 0)))
    wide = {"values": longer, "lengths": LENGTHS}
    np.testing.assert_allclose(models[0].predict(wide), models[0].predict(SEQUENCES), rtol=1e-5)
    model = fitted(REDUCED, wide, TARGETS, engine=engine)
    other = fitted(REDUCED, SEQUENCES, TARGETS, engine=engine)
    np.testing.assert_allclose(model.history["train_loss"], other.history["train_loss"], rtol=1e-5)


def test_engines_agree():
    models = [fitted(REDUCED, SEQUENCES, TARGETS, engine=e) for e in ("numpy", "xla")]
    np.testing.assert_allclose(*(m.predict(SEQUENCES) for m in models), rtol=1e-4, atol=1e-5)


def test_a_plain_array_is_a_sequence_whose_steps_all_count():
    model = fitted(REDUCED, SEQUENCES, TARGETS, validation=(VALUES, VALUES.mean((1, 2))))
    full = {"values": VALUES, "lengths": np.full(ROWS, TIME)}
    assert model.predict(VALUES).tobytes() == model.predict(full).tobytes()


def test_a_model_with_lengths_survives_its_file(tmp_path):
    cr.register(Means)
    model = fitted(REDUCED, SEQUENCES, TARGETS)
    model.save(tmp_path / "m")
    again = cr.load(tmp_path / "m")
    assert again.in_shape == {"values": (TIME, FEATURES), "lengths": ()}
    assert again.predict(SEQUENCES).tobytes() == model.predict(SEQUENCES).tobytes()


def test_sequences_for_a_model_without_lengths_are_refused():
    model = fitted(STEPWISE, VALUES, VALUES)
    with pytest.raises(ShapeError, match="without: cut them"):
        model.predict(SEQUENCES)


def test_training_resumes_to_the_same_bits(tmp_path):
    whole = fitted(REDUCED, SEQUENCES, TARGETS, epochs=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chainrule.training.checkpoint.SHORTEST", 0)
        path = tmp_path / "c"
        fitted(REDUCED, SEQUENCES, TARGETS, epochs=3, checkpoint=path, checkpoint_every=1)
        settings = {"checkpoint": path, "checkpoint_every": 1, "resume": True}
        resumed = fitted(REDUCED, SEQUENCES, TARGETS, epochs=6, **settings)
    assert resumed.history == whole.history


def by_hand(loss, targets, outputs, lengths):
    return np.array(
        [loss(t[:n], o[:n]).mean() for t, o, n in zip(targets, outputs, lengths, strict=True)]
    )


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "binary_cross_entropy"])
def test_a_loss_of_steps_is_the_mean_of_those_that_count(name):
    loss = cr.losses.as_loss(name)
    outputs, targets = RNG.normal(size=(3, 4, 2)), RNG.integers(0, 2, (3, 4, 2)).astype(float)
    lengths = np.array([4, 1, 3], "int32")
    found = losses_of(loss, targets, {"values": outputs, "lengths": lengths})
    np.testing.assert_allclose(found, by_hand(loss, targets, outputs, lengths), rtol=1e-12)
    full = losses_of(loss, targets, {"values": outputs, "lengths": np.full(3, 4, "int32")})
    np.testing.assert_allclose(losses_of(loss, targets, outputs), full, rtol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_takes_a_time_axis(smoothing):
    loss = cr.losses.CrossEntropy(smoothing)
    outputs, labels = RNG.normal(size=(3, 4, 5)), RNG.integers(0, 5, (3, 4))
    lengths = np.array([4, 1, 3], "int32")
    expected = by_hand(loss, labels, outputs, lengths)
    found = losses_of(loss, labels, {"values": outputs, "lengths": lengths})
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    shares = np.eye(5)[labels]
    np.testing.assert_allclose(loss(shares, outputs), loss(labels, outputs), rtol=1e-12)


def test_a_loss_of_ones_own_is_given_each_step():
    def cubic(targets, outputs):
        return abs(targets - outputs)[:, 0] ** 3

    model = fitted(nn.Network([nn.Dense(1)]), SEQUENCES, VALUES[:, :, :1], loss=cubic)
    assert len(model.history["train_loss"]) == 3


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_labels_at_every_step_are_learnt_and_come_back(engine):
    ragged = [labels[:n] for labels, n in zip(LABELS, LENGTHS, strict=True)]
    padded = LABELS.copy()
    padded[np.arange(TIME) >= LENGTHS[:, None]] = ""
    settings = {"loss": "cross_entropy", "epochs": 60, "engine": engine, "validation": 0.2}
    model, other = (fitted(STEPWISE, SEQUENCES, y, **settings) for y in (ragged, padded))
    assert model.history == other.history
    found = model.predict(SEQUENCES)
    assert found["lengths"].tolist() == LENGTHS.tolist()
    valid = np.arange(TIME) < LENGTHS[:, None]
    assert (found["values"] == LABELS)[valid].mean() > 0.9
    assert model.predict_proba(SEQUENCES)["values"].shape == (ROWS, TIME, 2)


def test_numbers_and_yes_no_answers_at_every_step_of_plain_arrays(tmp_path):
    one = nn.Network([nn.Dense(1)])
    numbers = fitted(one, VALUES, VALUES[:, :, 0], optimizer="adam", epochs=2)
    assert numbers.predict(VALUES).shape == (ROWS, TIME)
    answers = fitted(one, VALUES, LABELS, loss="binary_cross_entropy", epochs=2)
    assert set(answers.predict(VALUES).flat) <= {"down", "up"}
    assert answers.predict_proba(VALUES).shape == (ROWS, TIME, 2)
    for model in (numbers, answers):
        model.save(tmp_path / "m")
        again = cr.load(tmp_path / "m")
        assert replace(again.targets, classes=None) == replace(model.targets, classes=None)
        assert (again.predict(VALUES) == model.predict(VALUES)).all()


BAD = {
    "one target per row": (SEQUENCES, LABELS[:, 0], {}, ["(40,)", "time axis", "sequences=False"]),
    "other lengths": (SEQUENCES, [list(row) for row in LABELS[:-1]] + [["up"]], {}, ["every step"]),
    "class weights": (SEQUENCES, LABELS, {"class_weight": "balanced"}, ["one per step"]),
    "too short": (VALUES, LABELS[:, :-1], {}, ["(16, 5)", "(16, 6, 2)"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_targets_of_steps_are_refused(name):
    X, y, settings, words = BAD[name]
    with pytest.raises(ChainruleError) as caught:
        fitted(STEPWISE, X, y, loss="cross_entropy", **settings)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_loss_given_other_steps_names_both_shapes():
    outputs = {"values": np.ones((2, 3, 1)), "lengths": np.array([1, 2], "int32")}
    with pytest.raises(ShapeError, match=re.escape("(2, 4, 1)")):
        losses_of(cr.losses.as_loss("mse"), np.ones((2, 4, 1)), outputs)
