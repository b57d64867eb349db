"""The validation part: its weights, its chunks, its units, and what is not finite in it."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops, optim
from chainrule.training import prepare

RANDOM = np.random.default_rng(8)
X = RANDOM.uniform(1, 2, (60, 3))
Y = X @ [1.0, -1.0, 2.0]
ENGINES = pytest.mark.parametrize("engine", ["numpy", "xla"])
NETWORK = cr.Network([nn.Dense(5), nn.Tanh(), nn.Dense(1)])


def fit(**settings):
    settings = {"loss": "mse", "epochs": 4, "dtype": "float64", "engine": "numpy", **settings}
    return cr.fit(NETWORK, X, Y, **settings)


def losses(model, X, y):
    return (model.predict(X) - y) ** 2


@ENGINES
def test_a_held_out_part_is_judged_under_its_weights(engine):
    """Training rows are those that weigh 1; the held-out ones are known by their weights."""
    weight = np.arange(1.0, 61)
    seen = []

    def loss(y, out):
        if isinstance(out, np.ndarray):
            seen.append(y.reshape(-1).copy())
        return ops.mean((out - y) ** 2, axis=1)

    settings = {"sample_weight": weight, "epochs": 1, "seed": 3}
    fit(loss=loss, validation=0.3, **settings)
    held = np.isin(Y, seen[-1])
    assert held.sum() == 18
    model = fit(validation=0.3, engine=engine, **settings)
    expected = np.average(losses(model, X[held], Y[held]), weights=weight[held])
    assert model.history["validation_loss"][0] == pytest.approx(expected, rel=1e-9)
    assert expected != pytest.approx(losses(model, X[held], Y[held]).mean(), rel=1e-3)


@ENGINES
def test_chunks_are_not_filled_with_numbers_of_our_own(monkeypatch, engine):
    """This loss is undefined at 0, and 60 rows make 4 chunks of 17 with 8 rows to fill."""
    monkeypatch.setattr(prepare, "VALIDATION_CHUNK", 17)

    def relative(y, out):
        return ops.mean(((out - y) / y) ** 2, axis=1)

    model = fit(loss=relative, validation=(X, Y), engine=engine)
    best = model.history["validation_loss"][model.card["best_epoch"] - 1]
    assert best == pytest.approx((losses(model, X, Y) / Y**2).mean(), rel=1e-9)


def test_a_loss_that_is_not_finite_on_validation_rows_is_said():
    def relative(y, out):
        return ops.mean(((out - y) / y) ** 2, axis=1)

    zeros = np.where(np.arange(60) == 7, 0.0, Y)
    with pytest.warns(UserWarning, match=r"not finite in 4 of 4 epochs, first in epoch 1"):
        model = fit(loss=relative, validation=(X, zeros))
    assert model.card["best_epoch"] == 0


def test_a_pair_may_be_a_list():
    one, other = fit(validation=[X, Y]), fit(validation=(X, Y))
    assert one.history == other.history


def test_all_weight_may_not_lie_in_the_validation_part():
    weight = np.zeros(60)
    fit(validation=0.3, sample_weight=weight + 1)
    for row in range(60):
        weight[:] = 0
        weight[row] = 1
        with pytest.raises(cr.errors.DataError, match="weight 0"):
            fit(validation=0.3, sample_weight=weight)


def test_a_model_goes_on_in_its_own_precision():
    model = fit(dtype="float64")
    again = cr.fit(model, X, Y, epochs=1)
    assert again.dtype == "float64"
    assert again.params[0]["weight"].dtype == "float64"
    assert cr.fit(model, X, Y, epochs=1, dtype="float32").dtype == "float32"
    assert cr.fit(NETWORK, X, Y, loss="mse", epochs=1).dtype == "float32"


def test_a_model_of_a_table_takes_raw_rows_for_validation_too():
    columns = {"a": 100 + 10 * X[:, 0], "b": X[:, 1], "town": ["Rome", "Oslo"] * 30}
    columns["price"] = 1000 * Y
    model = cr.train(columns, target="price", epochs=2, seed=0, folds=0, baselines=False)
    rows = {name: columns[name] for name in ("a", "b", "town")}
    again = cr.fit(
        model, rows, columns["price"], validation=(rows, columns["price"]), epochs=1,
        optimizer=optim.GradientDescent(0.0),
    )  # fmt: skip
    error = ((again.predict(rows) - columns["price"]) / again.encoder.target.scale) ** 2
    assert again.history["validation_loss"][0] == pytest.approx(error.mean(), rel=1e-4)
