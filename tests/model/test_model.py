"""A model on new rows: outputs, probabilities and predictions that fit together."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.model import running

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(30, 3))
SIGNAL = X @ [1.0, -1.0, 0.5]
PAIRS = np.stack([SIGNAL > 0, X[:, 0] > 0], axis=1).astype(int)


def fit(layers, y, loss, X=X, **settings):
    return cr.fit(
        cr.Network(layers), X, y, loss=loss, engine="numpy",
        **{"epochs": 30, "batch_size": 10, **settings},
    )  # fmt: skip


def test_it_counts_what_it_learnt_and_cannot_be_changed():
    model = fit([nn.Dense(4), nn.BatchNorm(), nn.Dense(1)], SIGNAL, "mse")
    assert model.parameters == (3 * 4 + 4) + (4 + 4) + (4 + 1)
    assert model.stop_reason == "epochs"
    with pytest.raises(FrozenInstanceError):
        model.dtype = "float64"


@pytest.mark.parametrize("last", [(), (nn.Softmax(),), (nn.LogSoftmax(),)])
def test_the_predicted_class_is_the_most_probable_one(last):
    y = np.array(["a", "b", "c"])[np.digitize(SIGNAL, [-1, 1])]
    model = fit([nn.Dense(8), nn.Tanh(), nn.Dense(3), *last], y, "cross_entropy")
    shares = model.predict_proba(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert (model.predict(X) == np.array(["a", "b", "c"])[shares.argmax(axis=1)]).all()
    logits = model.outputs(X)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shares, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("last", [(), (nn.Sigmoid(),)])
def test_two_classes_have_two_columns_of_probabilities(last):
    model = fit([nn.Dense(1), *last], np.where(SIGNAL > 0, "yes", "no"), "binary_cross_entropy")
    shares = model.predict_proba(X)
    np.testing.assert_allclose(shares[:, 1], 1 / (1 + np.exp(-model.outputs(X)[:, 0])), rtol=1e-5)
    assert (model.predict(X) == np.where(shares[:, 1] > 0.5, "yes", "no")).all()


def test_several_questions_have_a_column_each():
    model = fit([nn.Dense(2)], PAIRS, "binary_cross_entropy", epochs=300)
    assert model.predict_proba(X).shape == (30, 2)
    assert model.predict(X).shape == (30, 2)
    assert (model.predict(X) == PAIRS).mean() > 0.8


@pytest.mark.parametrize("loss", ["hinge", "perceptron"])
def test_signs_are_told_by_the_score(loss):
    y = np.where(SIGNAL > 0, 1, -1)
    model = fit([nn.Dense(1)], y, loss)
    assert (model.predict(X) == np.where(model.outputs(X)[:, 0] > 0, 1, -1)).all()


def test_prediction_has_no_dropout_and_uses_running_statistics():
    layers = [nn.Dense(8), nn.BatchNorm(), nn.Dropout(0.5), nn.Dense(1)]
    model = fit(layers, SIGNAL, "mse")
    once = model.predict(X)
    np.testing.assert_array_equal(once, model.predict(X))
    alone = np.concatenate([model.predict(X[i : i + 1]) for i in range(30)])
    np.testing.assert_allclose(alone, once, rtol=1e-5, atol=1e-6)


def test_rows_beyond_a_chunk_are_predicted_too(monkeypatch):
    model = fit([nn.Dense(4), nn.Tanh(), nn.Dense(1)], SIGNAL, "mse")
    whole = model.predict(X)
    monkeypatch.setattr(running, "CHUNK", 7)
    np.testing.assert_allclose(model.predict(X), whole, rtol=1e-6)


def test_named_inputs_are_predicted_by_name():
    city = RANDOM.integers(0, 4, 30)
    both = nn.Branches({"city": nn.Embedding(4, 2), "numbers": nn.Dense(3)})
    model = fit([both, nn.Dense(1)], SIGNAL, "mse", X={"numbers": X, "city": city})
    assert model.predict({"city": city[:5], "numbers": X[:5]}).shape == (5,)
    with pytest.raises(cr.errors.ShapeError, match=r"numbers"):
        model.predict({"city": city, "numbers": X[:, :2]})


def test_a_prediction_does_not_write_into_the_model():
    model = fit([nn.Linear()], X, "mse")
    model.predict(X)[:] = np.nan
    assert np.isfinite(model.predict(X)).all()
