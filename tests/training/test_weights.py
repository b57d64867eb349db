"""Weights of rows and classes, and how rows are put into batches."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.autodiff import leaves
from chainrule.errors import DataError, SettingError, ShapeError

RANDOM = np.random.default_rng(6)
X = RANDOM.normal(size=(12, 3))
Y = RANDOM.normal(size=12)
LABELS = np.array(["a", "b", "c"])[[0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2]]
ENGINES = pytest.mark.parametrize("engine", ["numpy", "xla"])


def fit(X=X, y=Y, *, outputs=1, **settings):
    layers = [nn.Dense(4, bias=False), nn.BatchNorm(), nn.Tanh(), nn.Dense(outputs)]
    settings = {
        "loss": "mse", "optimizer": optim.Adam(0.02), "epochs": 8, "batch_size": None,
        "dtype": "float64", "engine": "numpy", **settings,
    }  # fmt: skip
    return cr.fit(cr.Network(layers), X, y, **settings)


def assert_same(one, other, rtol=1e-10):
    for a, b in zip(
        leaves((one.params, one.state)), leaves((other.params, other.state)), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-13)
    np.testing.assert_allclose(one.history["train_loss"], other.history["train_loss"], rtol=rtol)


@ENGINES
def test_a_weight_of_2_is_a_row_given_twice(engine):
    weight = np.array([2, 1, 1, 3, 1, 1, 1, 1, 2, 1, 1, 1])
    repeated = np.repeat(np.arange(12), weight)
    assert_same(
        fit(sample_weight=weight, engine=engine), fit(X[repeated], Y[repeated], engine=engine)
    )


@ENGINES
def test_rows_of_weight_0_have_no_influence(engine):
    weight = np.ones(12)
    weight[[1, 5, 11]] = 0
    kept = np.flatnonzero(weight)
    spoiled = X.copy()
    spoiled[weight == 0] = 1e6
    assert_same(
        fit(spoiled, sample_weight=weight, engine=engine), fit(X[kept], Y[kept], engine=engine)
    )


def test_only_the_proportions_of_the_weights_matter():
    weight = np.linspace(1, 2, 12)
    assert_same(fit(sample_weight=weight), fit(sample_weight=1000 * weight))


@ENGINES
def test_a_batch_whose_rows_all_weigh_nothing_teaches_nothing(engine):
    """The others go half as far again: their rows weigh 1.5 times the mean."""
    weight = np.repeat([1, 0, 1], 4)
    batches = {"batch_size": 4, "shuffle": False, "engine": engine}
    kept = np.flatnonzero(weight)
    assert_same(
        fit(sample_weight=weight, optimizer=optim.GradientDescent(0.1), **batches),
        fit(X[kept], Y[kept], optimizer=optim.GradientDescent(0.15), **batches),
    )


@ENGINES
@pytest.mark.parametrize("batch_size", [1, 3, 7, 32, None])
def test_weights_pull_the_answer_equally_at_every_batch_size(engine, batch_size):
    """A tenth of the rows is 1 at weight 9, the rest 0 at weight 1: one number answers 0.5."""
    y = np.arange(50) % 10 == 0
    rate = optim.Exponential(0.02 * min(batch_size or 50, 20), 0.97)
    model = cr.fit(
        cr.Network([nn.Dense(1, weight_init=nn.Zeros())]), np.zeros((50, 1)), y.astype("float64"),
        loss="mse", optimizer=optim.GradientDescent(rate), epochs=300,
        batch_size=batch_size, sample_weight=np.where(y, 9.0, 1.0), engine=engine,
    )  # fmt: skip
    assert model.predict([[0.0]])[0] == pytest.approx(0.5, abs=0.02)


@ENGINES
def test_a_step_goes_as_far_as_its_row_weighs(engine):
    """Steps of one row at gradient -1: each moves the bias by its weight against the mean."""
    weight = np.array([1.0, 2.0, 5.0, 8.0])
    moved = [0.0]
    cr.fit(
        cr.Network([nn.Dense(1, weight_init=nn.Zeros())]), np.zeros((4, 1)), np.zeros(4),
        loss=lambda y, out: -out[:, 0], optimizer=optim.GradientDescent(1.0), epochs=1,
        batch_size=1, shuffle=False, sample_weight=weight, engine=engine, dtype="float64",
        callbacks=[lambda p: moved.append(float(p.params()[0]["bias"][0]))],
    )  # fmt: skip
    assert moved[-1] == pytest.approx(4.0)
    history = cr.fit(
        cr.Network([nn.Dense(1, weight_init=nn.Zeros())]), np.zeros((4, 1)), np.arange(4.0),
        loss="mae", optimizer=optim.GradientDescent(1e-12), epochs=1, batch_size=3, shuffle=False,
        sample_weight=weight, engine=engine, dtype="float64",
    ).history  # fmt: skip
    assert history["train_loss"][0] == pytest.approx((weight * np.arange(4)).sum() / 16)


@ENGINES
def test_class_weights_count_at_batch_size_1(engine):
    """One a in ten: balanced, the answer to a constant is even."""
    y = np.where(np.arange(40) % 10 == 0, "a", "b")
    model = cr.fit(
        cr.Network([nn.Dense(1, weight_init=nn.Zeros())]), np.zeros((40, 1)), y,
        loss="binary_cross_entropy", optimizer=optim.GradientDescent(optim.Exponential(0.1, 0.97)),
        epochs=200, batch_size=1, class_weight="balanced", engine=engine,
    )  # fmt: skip
    assert model.predict_proba([[0.0]])[0, 0] == pytest.approx(0.5, abs=0.02)


def test_weights_of_any_size_are_taken():
    weight = np.linspace(1, 2, 12)
    small = {"batch_size": 5}
    for unit in (1e-300, 1e300):
        assert_same(fit(sample_weight=weight * unit, **small), fit(sample_weight=weight, **small))


@ENGINES
def test_all_rows_at_once_however_it_is_said(engine):
    one = fit(engine=engine, shuffle=False)
    assert_same(one, fit(batch_size=12, engine=engine, shuffle=False))
    assert_same(one, fit(batch_size=12, engine=engine))
    assert one.card["steps"] == 8


def test_a_batch_larger_than_the_data_is_taken_and_said():
    with pytest.warns(UserWarning, match=r"batch_size 99.*12.*batch_size=None"):
        model = fit(batch_size=99)
    assert_same(model, fit())


@ENGINES
def test_the_last_batch_is_not_changed_by_its_padding(engine):
    """11 rows in batches of 4: the same as a run in which the last batch is one of 3."""
    small = {"batch_size": 4, "shuffle": False, "epochs": 1, "engine": engine}
    sgd = {"optimizer": optim.GradientDescent(0.1)}
    whole = fit(X[:11], Y[:11], **small, **sgd)
    step_by_step = fit(X[:8], Y[:8], **small, **sgd)
    last = cr.fit(
        step_by_step, X[8:11], Y[8:11], **sgd, batch_size=3, shuffle=False, epochs=1,
        dtype="float64", engine=engine,
    )  # fmt: skip
    for a, b in zip(
        leaves((whole.params, whole.state)), leaves((last.params, last.state)), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)


class Counting:
    """The number of the step in its epoch, from 1, as a learning rate."""

    def rates(self, progress, epochs):
        return 1 + np.round(10 * (np.asarray(progress) % 1))


def orders(**settings):
    """The order of 10 rows in each of 5 epochs: every row moves a weight of its own by its rate."""
    snapshots = [np.zeros(10)]
    cr.fit(
        cr.Network([nn.Dense(1, weight_init=nn.Zeros(), bias=False)]),
        np.eye(10), np.zeros(10), loss=lambda y, out: -out[:, 0], batch_size=1, epochs=5,
        optimizer=optim.GradientDescent(Counting()), engine="numpy",
        callbacks=[lambda p: snapshots.append(p.params()[0]["weight"][:, 0])], **settings,
    )  # fmt: skip
    return np.diff(snapshots, axis=0).astype(int).tolist()


def test_every_epoch_takes_each_row_once_in_an_order_of_its_own():
    found = orders()
    assert all(sorted(order) == list(range(1, 11)) for order in found)
    assert len(set(map(tuple, found))) == 5
    assert found == orders()
    assert found != orders(seed=1)


def test_without_shuffling_rows_come_as_they_stand():
    assert orders(shuffle=False) == [list(range(1, 11))] * 5


CLASSES = {"outputs": 3, "loss": "cross_entropy"}


def test_a_class_weight_is_the_weight_of_its_rows():
    table = {"a": 0.5, "c": 4.0}
    weight = [table.get(label, 1.0) for label in LABELS]
    assert_same(
        fit(y=LABELS, class_weight=table, **CLASSES), fit(y=LABELS, sample_weight=weight, **CLASSES)
    )


def test_balanced_gives_every_class_the_same_total():
    counts = {"a": 6, "b": 4, "c": 2}
    weight = [12 / (3 * counts[label]) for label in LABELS]
    assert_same(
        fit(y=LABELS, class_weight="balanced", **CLASSES),
        fit(y=LABELS, sample_weight=weight, **CLASSES),
    )


def test_balanced_works_for_two_classes_and_together_with_sample_weights():
    two = np.where(LABELS == "a", 0, 1)[:10]
    rows = np.linspace(1, 2, 10)
    weight = rows * np.where(two == 0, 10 / 12, 10 / 8)
    binary = {"X": X[:10], "y": two, "loss": "binary_cross_entropy"}
    assert_same(
        fit(class_weight="balanced", sample_weight=rows, **binary),
        fit(sample_weight=weight, **binary),
    )


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"class_weight": {"z": 2.0}}, SettingError, ["'z'", "['a', 'b', 'c']"]),
        ({"class_weight": "balance"}, SettingError, ["'balance'", "'balanced'"]),
        ({"class_weight": {"a": -1.0}}, SettingError, ["at least 0"]),
        ({"sample_weight": np.ones(11)}, ShapeError, ["11", "12 rows"]),
        ({"sample_weight": [*np.ones(11), -1]}, DataError, ["row 11", "-1"]),
        ({"sample_weight": [np.nan, *np.ones(11)]}, DataError, ["row 0", "nan"]),
        ({"sample_weight": np.zeros(12)}, DataError, ["All training rows have weight 0"]),
    ],
)
def test_impossible_weights_are_refused(settings, error, words):
    with pytest.raises(error) as caught:
        fit(y=LABELS, **CLASSES, **settings)
    assert all(word in str(caught.value) for word in words), caught.value


def test_class_weights_need_classes():
    with pytest.raises(SettingError, match="class labels"):
        fit(class_weight="balanced")
