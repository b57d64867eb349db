"""Bad input to `fit` and `predict`: the right error, the place, both sides, and what to write."""

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.errors import ChainruleError, DataError, SettingError, ShapeError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(12, 3))
Y = RANDOM.normal(size=12)
LABELS = np.array(["a", "b", "c"] * 4)
HOLE = X.copy()
HOLE[4, 2] = np.nan
FRAME = pl.DataFrame(HOLE, schema=["age", "height", "weight"])
CLASSES = {"loss": "cross_entropy", "y": LABELS, "outputs": 3}


def network(outputs=1):
    return cr.Network([nn.Dense(4), nn.ReLU(), nn.Dense(outputs)])


def fit(net=None, X=X, y=Y, outputs=1, **settings):
    return cr.fit(
        net or network(outputs), X, y,
        **{"loss": "mse", "epochs": 2, "batch_size": 4, "engine": "numpy", **settings},
    )  # fmt: skip


def embedding(indices):
    net = cr.Network([nn.Embedding(5, 2), nn.Flatten(), nn.Dense(1)])
    return fit(net, indices, Y[: len(indices)], batch_size=None)


def codes(column):
    net = cr.Network([nn.EmbedColumns((1,), (5,), (2,)), nn.Dense(1)])
    x = np.stack([X[: len(column), 0], column], axis=1)
    return fit(net, x, Y[: len(column)], batch_size=None)


class NoState:
    """A layer whose `apply` forgets the state."""

    def init(self, key, in_shape):
        return {}, {}, in_shape

    def apply(self, params, state, x, context):
        return x * 2.0


class NoShape(NoState):
    def init(self, key, in_shape):
        return {}, {}


BAD = {
    "an apply without a state": (
        lambda: fit(cr.Network([nn.Dense(2), NoState(), nn.Dense(1)])),
        ShapeError,
        ["NoState.apply returned Variable", "`return out, state`"],
    ),
    "an init without a shape": (
        lambda: fit(cr.Network([nn.Dense(2), NoShape(), nn.Dense(1)])),
        ShapeError,
        ["Layer 1, NoShape", "init returned 2 things", "`return params, state, out_shape`"],
    ),
    "rows of X and y": (lambda: fit(y=Y[:9]), ShapeError, ["12 rows", "9", "one target"]),
    "columns of y": (
        lambda: fit(y=np.ones((12, 2))),
        ShapeError,
        ["(12, 2)", "1 outputs", "Dense(2)"],
    ),
    "no place for classes": (
        lambda: fit(y=LABELS, loss="cross_entropy"),
        DataError,
        ["3 classes (a, b, c)", "1 outputs", "Dense(3)"],
    ),
    "a missing Flatten": (
        lambda: fit(X=np.ones((12, 4, 4)), **CLASSES),
        ShapeError,
        ["(batch, 4, 3)", "Flatten()"],
    ),
    "a layer that does not fit": (
        lambda: fit(cr.Network([nn.Dense(4), nn.Residual(nn.Dense(5)), nn.Dense(1)])),
        ShapeError,
        ["Layer 1, Residual", "4", "5", "4 units"],
    ),
    "unknown loss": (lambda: fit(loss="mes"), SettingError, ["'mes'", "'mse'", "huber"]),
    "no loss": (lambda: fit(loss=None), SettingError, ["needs a loss", "'mse'", "'cross_entropy'"]),
    "unknown optimizer": (lambda: fit(optimizer="adamm"), SettingError, ["'adamm'", "'adam'"]),
    "unknown engine": (lambda: fit(engine="xlaa"), SettingError, ["'xlaa'", "'xla'", "auto"]),
    "no network": (lambda: fit("dense"), SettingError, ["str", "cr.Network"]),
    "a class as a layer": (
        lambda: fit([nn.Dense(3), nn.ReLU, nn.Dense(1)]),
        SettingError,
        ["Layer 1", "ReLU(", "parentheses"],
    ),
    "NaN in X": (lambda: fit(X=HOLE), DataError, ["X at row 4, column 2", "nan", "median"]),
    "NaN in a DataFrame": (
        lambda: fit(X=FRAME),
        DataError,
        ["row 4, column 'weight'", "nan"],
    ),
    "infinity in X": (
        lambda: fit(X=np.where(np.isnan(HOLE), np.inf, HOLE)),
        DataError,
        ["row 4, column 2", "inf"],
    ),
    "NaN in y": (lambda: fit(y=HOLE[:, 2]), DataError, ["y at row 4", "nan"]),
    "text in X": (lambda: fit(X=LABELS), DataError, ["row 0", "'a'", "not a number"]),
    "text in y": (lambda: fit(y=LABELS), DataError, ["'a'", "numbers", "cross_entropy"]),
    "no rows": (lambda: fit(X=X[:0], y=Y[:0]), DataError, ["X has no rows"]),
    "no columns": (lambda: fit(X=X[:, :0]), DataError, ["(12, 0)", "no columns"]),
    "labels outside the classes": (
        lambda: fit(validation=(X, ["d"] * 12), **CLASSES),
        DataError,
        ["validation y at row 0", "d", "(a, b, c)"],
    ),
    "NaN in validation data": (
        lambda: fit(validation=(HOLE, Y)),
        DataError,
        ["validation X at row 4, column 2"],
    ),
    "columns of validation data": (
        lambda: fit(validation=(X[:, :2], Y)),
        ShapeError,
        ["(rows, 2)", "(rows, 3)"],
    ),
    "rows of validation data": (
        lambda: fit(validation=(X, Y[:3])),
        ShapeError,
        ["12 rows", "3"],
    ),
    "an impossible share": (
        lambda: fit(validation=1.5),
        SettingError,
        ["validation is 1.5", "below 1", "(X, y)"],
    ),
    "three things for validation": (
        lambda: fit(validation=(X, Y, Y)),
        SettingError,
        ["validation", "pair (X, y)"],
    ),
    "a part without rows": (lambda: fit(validation=0.01), DataError, ["12 rows", "0.01", "empty"]),
    "no epochs": (lambda: fit(epochs=0), SettingError, ["epochs is 0", "at least 1"]),
    "half an epoch": (lambda: fit(epochs=1.5), SettingError, ["epochs is 1.5", "whole number"]),
    "a negative batch": (lambda: fit(batch_size=-1), SettingError, ["batch_size is -1", "None"]),
    "patience of 0": (lambda: fit(patience=0), SettingError, ["patience is 0", "None"]),
    "a negative tol": (lambda: fit(tol=-1.0), SettingError, ["tol is -1.0", "at least 0"]),
    "tol that is no number": (lambda: fit(tol=float("nan")), SettingError, ["tol is nan"]),
    "no time": (lambda: fit(max_time=0), SettingError, ["max_time is 0", "seconds"]),
    "tol of none": (lambda: fit(tol=None), SettingError, ["tol is None", "at least 0"]),
    "tol as text": (lambda: fit(tol="x"), SettingError, ["tol is 'x'", "at least 0"]),
    "time as text": (lambda: fit(max_time="5"), SettingError, ["max_time is '5'", "seconds"]),
    "more epochs than can be counted": (
        lambda: fit(epochs=2**31),
        SettingError,
        ["epochs is 2147483648", "at most 2,147,483,647"],
    ),
    "more steps than can be counted": (
        lambda: fit(epochs=10**9),
        SettingError,
        ["1,000,000,000 epochs of 3 steps", "at most 2,147,483,647", "batch_size"],
    ),
    "patience beyond counting": (
        lambda: fit(patience=2**40),
        SettingError,
        ["patience is 1099511627776", "at most 2,147,483,647"],
    ),
    "no steps": (lambda: fit(max_steps=0), SettingError, ["max_steps is 0", "at least 1", "None"]),
    "callbacks that are no list": (
        lambda: fit(callbacks=print),
        SettingError,
        ["callbacks is <built-in function print>", "list of functions"],
    ),
    "a callback that is no function": (
        lambda: fit(callbacks=[3]),
        SettingError,
        ["callbacks has 3", "function"],
    ),
    "no weight left to learn from": (
        lambda: fit(
            **{**CLASSES, "y": ["a"] * 4 + ["b", "c"] * 4},
            sample_weight=[1] * 4 + [0] * 8,
            class_weight={"a": 0},
        ),
        DataError,
        ["All training rows have weight 0", "validation"],
    ),
    "an unknown dtype": (lambda: fit(dtype="float16"), SettingError, ["'float16'", "'float32'"]),
    "a negative seed": (lambda: fit(seed=-1), SettingError, ["seed", "-1"]),
    "a seed that is no number": (lambda: fit(seed="one"), SettingError, ["seed", "'one'"]),
    "a negative rate": (
        lambda: fit(optimizer=cr.optim.Adam(-1e-3)),
        SettingError,
        ["learning_rate", "-0.001", "at least 0"],
    ),
    "an index outside the table": (
        lambda: embedding([0, 4, 7]),
        DataError,
        ["index 7", "0 to 4", "count"],
    ),
    "a negative index": (lambda: embedding([0, -1]), DataError, ["index -1", "0 to 4"]),
    "no whole index": (lambda: embedding([0.5, 1]), DataError, ["row 0", "0.5", "whole"]),
    "a code outside the table": (
        lambda: codes([0, 5]),
        DataError,
        ["column 1", "index 5", "0 to 4"],
    ),
    "a negative code": (lambda: codes([0, -1]), DataError, ["column 1", "index -1", "0 to 4"]),
    "no whole code": (lambda: codes([0.5, 1]), DataError, ["column 1", "0.5", "whole numbers"]),
    "a name that is missing": (
        lambda: fit(cr.Network([nn.Branches({"a": nn.Dense(2)}), nn.Dense(1)]), {"b": X}),
        ShapeError,
        ["['a']", "['b']"],
    ),
    "one input for named ones": (
        lambda: fit(cr.Network([nn.Branches({"a": nn.Dense(2)}), nn.Dense(1)])),
        ShapeError,
        ["named inputs ['a']", "(3,)"],
    ),
    "a loss that returns a number too many": (
        lambda: fit(loss=lambda y, out: (out - y) ** 2),
        ShapeError,
        ["(4, 1)", "(4,)", "one value per example"],
    ),
    "a loss that returns one number": (
        lambda: fit(loss=lambda y, out: cr.ops.mean((out - y) ** 2)),
        ShapeError,
        ["()", "one value per example"],
    ),
    "predicting from other columns": (
        lambda: fit().predict(X[:, :2]),
        ShapeError,
        ["(rows, 2)", "(rows, 3)"],
    ),
    "predicting from NaN": (lambda: fit().predict(FRAME), DataError, ["row 4, column 'weight'"]),
    "predicting an unknown index": (
        lambda: embedding([0, 1]).predict([5]),
        DataError,
        ["index 5", "0 to 4"],
    ),
    "probabilities of numbers": (
        lambda: fit().predict_proba(X),
        SettingError,
        ["no probabilities", "predict", "'cross_entropy'"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_the_place_and_the_cure(name):
    call, error, words = BAD[name]
    with pytest.raises(ChainruleError) as caught:
        call()
    message = str(caught.value)
    assert type(caught.value) is error, message
    assert all(word in message for word in words), message
    assert len(message) < 400
    assert "\n" not in message


def test_everything_that_can_be_taken_is_taken():
    """Other dtypes, a column as y, a batch larger than the data (said), 0 in every rate."""
    for x in (X.astype("float16"), (X > 0), (X > 0).astype("int8"), X.astype(object)):
        fit(X=x)
    fit(y=Y[:, None])
    fit(y=(Y > 0), loss="mse")
    fit(X=X[:, 0])
    with pytest.warns(UserWarning, match=r"batch_size 50 is larger than the 12 training rows"):
        fit(batch_size=50)
    fit(optimizer=cr.optim.Adam(0.0))
    fit(epochs=np.int64(2), batch_size=np.int32(3), seed=np.uint8(3), patience=np.int64(1))
    fit(validation=np.float32(0.25), tol=np.float32(0.1), max_time=np.float64(5))
