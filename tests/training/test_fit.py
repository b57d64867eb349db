"""`fit` from the outside: seeds, continuing a model, kinds of targets, inputs of many forms."""

import numpy as np
import pandas
import polars as pl
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.autodiff import leaves
from chainrule.errors import DataError
from tests.training.bits import fingerprint

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(40, 3))
Y = X @ [1.0, -1.0, 2.0]
LABELS = np.array(["low", "middle", "high"])[np.digitize(Y, [-1, 1])]
ENGINES = pytest.mark.parametrize("engine", ["numpy", "xla"])


def network(outputs=1, *last):
    return cr.Network([nn.Dense(6), nn.Tanh(), nn.Dropout(0.1), nn.Dense(outputs), *last])


def fit(net=None, X=X, y=Y, **settings):
    return cr.fit(
        net or network(), X, y, **{"loss": "mse", "epochs": 5, "batch_size": 8, **settings}
    )


@ENGINES
def test_the_seed_decides_everything(engine):
    settings = {"validation": 0.2, "engine": engine}
    assert fingerprint(fit(seed=4, **settings)) == fingerprint(fit(seed=4, **settings))
    others = {fingerprint(fit(seed=seed, **settings)) for seed in (4, 5, 2**64 - 1)}
    assert len(others) == 3


def test_numpys_generator_is_neither_used_nor_touched():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one = fingerprint(fit())
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert fingerprint(fit()) == one


@ENGINES
def test_a_model_is_continued_and_left_as_it_was(engine):
    first = fit(engine=engine)
    before = fingerprint(first)
    second = fit(first, loss=None, engine=engine, epochs=30, optimizer=optim.Adam(0.01))
    assert fingerprint(first) == before
    assert second.history["train_loss"][0] < first.history["train_loss"][0]
    assert second.loss == first.loss
    assert len(second.history["train_loss"]) == 30


@ENGINES
def test_plain_descent_in_two_halves_is_the_whole(engine):
    """Without momentum, shuffling and dropout nothing but the weights is carried along."""
    net = cr.Network([nn.Dense(4), nn.Tanh(), nn.Dense(1)])
    settings = {"optimizer": "sgd", "shuffle": False, "engine": engine}
    whole = fit(net, epochs=6, **settings)
    halves = fit(fit(net, epochs=3, **settings), epochs=3, **settings)
    for one, other in zip(leaves(whole.params), leaves(halves.params), strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_model_keeps_its_classes_when_continued_on_some_of_them():
    first = fit(network(3), y=LABELS, loss="cross_entropy")
    some = np.isin(LABELS, ["high", "low"])
    second = fit(first, X[some], LABELS[some], loss=None)
    assert second.targets.classes.tolist() == ["high", "low", "middle"]
    with pytest.raises(cr.errors.DataError, match=r"row 0 is huge.*none of the 3 classes"):
        fit(first, X[:8], ["huge"] * 8, loss=None)


@pytest.mark.parametrize(
    ("outputs", "last", "loss", "y"),
    [
        (3, (), "cross_entropy", LABELS),
        (3, (nn.Softmax(),), "cross_entropy", LABELS),
        (3, (nn.LogSoftmax(),), "cross_entropy", LABELS.tolist()),
        (1, (), "binary_cross_entropy", Y > 0),
        (1, (nn.Sigmoid(),), "binary_cross_entropy", np.where(Y > 0, "yes", "no")),
        (1, (), "hinge", np.where(Y > 0, 1, -1)),
        (1, (), "perceptron", (Y > 0).astype(int)),
    ],
)
def test_labels_of_any_kind_are_learnt_and_given_back(outputs, last, loss, y):
    model = fit(network(outputs, *last), y=y, loss=loss, epochs=200, optimizer=optim.Adam(0.02))
    found = model.predict(X)
    assert (found == np.array(y)).mean() > 0.85
    assert found.dtype == np.array(y).dtype


@pytest.mark.parametrize(
    ("plain", "matching", "loss", "outputs"),
    [((), (nn.Softmax(),), "cross_entropy", 3), ((), (nn.Sigmoid(),), "binary_cross_entropy", 1)],
)
def test_the_activation_that_the_loss_contains_is_never_applied_twice(
    plain, matching, loss, outputs
):
    y = LABELS if outputs == 3 else Y > 0
    one = fit(network(outputs, *plain), y=y, loss=loss)
    other = fit(network(outputs, *matching), y=y, loss=loss)
    nested = fit(
        cr.Network([*network(outputs).layers[:-1], cr.Network([nn.Dense(outputs), *matching])]),
        y=y, loss=loss,
    )  # fmt: skip
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    np.testing.assert_array_equal(one.outputs(X), other.outputs(X))
    assert len(other.params) == len(one.params) + 1
    assert nested.predict_proba(X).shape == other.predict_proba(X).shape
    np.testing.assert_allclose(other.predict_proba(X).sum(axis=1), 1, rtol=1e-6)


def test_predictions_have_the_form_of_the_targets():
    assert fit().predict(X).shape == (40,)
    assert fit(y=Y[:, None]).predict(X).shape == (40, 1)
    assert fit(network(2), y=np.stack([Y, Y], 1)).predict(X).shape == (40, 2)
    assert fit(network(3), y=LABELS, loss="cross_entropy").predict_proba(X).shape == (40, 3)
    assert fit(y=Y > 0, loss="binary_cross_entropy").predict_proba(X).shape == (40, 2)


def test_data_frames_lists_and_arrays_are_the_same_data():
    frame = pl.DataFrame(X, schema=["a", "b", "c"])
    one = fit()
    for other in (fit(X=frame), fit(X=X.tolist(), y=Y.tolist()), fit(y=pl.Series(Y))):
        assert fingerprint(one) == fingerprint(other)
    np.testing.assert_array_equal(one.predict(frame), one.predict(X))


def test_many_rows_are_predicted_as_each_alone():
    model = fit()
    many = np.tile(X, (500, 1))
    np.testing.assert_allclose(model.predict(many)[:40], model.predict(X), rtol=1e-5)
    np.testing.assert_allclose(model.predict(X[:1]), model.predict(X)[:1], rtol=1e-5)


def test_own_validation_data_and_a_share_are_judged_alike():
    share = fit(validation=0.25)
    assert share.card["rows"] == 30
    own = fit(X=X[:30], y=Y[:30], validation=(X[30:], Y[30:]))
    assert own.card["rows"] == 30
    assert len(own.history["validation_loss"]) == len(share.history["validation_loss"]) == 5


def test_a_share_of_classes_keeps_their_proportions():
    seen = []

    def loss(targets, outputs):
        if isinstance(targets, np.ndarray):
            seen.append(targets.tolist())
        return cr.losses.CrossEntropy()(targets, outputs)

    loss.targets = "classes"
    y = np.repeat([0, 1], [30, 10])
    fit(network(2), y=y, loss=loss, validation=0.2, engine="numpy")
    assert sorted(seen[0]) == [0] * 6 + [1] * 2


def test_a_validation_part_of_many_chunks_has_one_mean():
    rows = 9000
    big = RANDOM.normal(size=(rows, 3))
    model = fit(validation=(big, big[:, 0]), epochs=1)
    expected = np.mean((model.predict(big) - big[:, 0]) ** 2)
    assert model.history["validation_loss"][0] == pytest.approx(expected, rel=1e-4)


def test_the_training_loss_is_the_mean_over_the_epochs_rows():
    net = cr.Network([nn.Dense(1)])
    model = fit(net, optimizer=optim.GradientDescent(0.0), batch_size=7, dtype="float64")
    expected = np.mean((model.predict(X) - Y) ** 2)
    np.testing.assert_allclose(model.history["train_loss"], expected, rtol=1e-12)


@ENGINES
def test_every_step_drops_other_numbers(engine):
    """Each weight moves by 2 in every step in which its input is kept."""
    layers = [nn.Dropout(0.5), nn.Dense(1, weight_init=nn.Zeros(), bias=False)]
    model = cr.fit(
        cr.Network(layers), np.ones((1, 1000)), [0.0], loss=lambda y, out: -out[:, 0],
        optimizer=optim.GradientDescent(1.0), epochs=2, batch_size=None, engine=engine,
    )  # fmt: skip
    moved, counts = np.unique(model.params[1]["weight"], return_counts=True)
    assert moved.tolist() == [0, 2, 4]
    np.testing.assert_allclose(counts, [250, 500, 250], atol=70)


def test_the_card_says_how_it_was_made():
    card = fit(seed=9, engine="numpy", validation=0.25).card
    assert card["engine"] == "numpy"
    assert card["seed"] == 9
    assert card["rows"] == 30
    assert card["batch_size"] == 8
    assert card["steps"] == 5 * 4
    assert card["made_with"]["chainrule"] == cr.__version__
    assert card["made_with"]["NumPy"] == np.__version__
    assert "JAX" not in card["made_with"]
    assert card["seconds"] >= 0


def test_a_list_of_layers_or_one_layer_is_a_network_too():
    assert fit([nn.Dense(2), nn.Dense(1)]).predict(X).shape == (40,)
    assert fit(nn.Dense(1)).predict(X).shape == (40,)


def test_a_default_batch_on_few_rows_is_no_reason_to_warn():
    cr.fit(network(), X[:5], Y[:5], loss="mse", epochs=1)


def test_columns_of_a_data_frame_are_taken_by_their_names(tmp_path):
    frame = pandas.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [5.0, -5.0, 1.0, 2.0]})
    y = frame["a"] - 10 * frame["b"]
    turned = frame[["b", "a"]].assign(more=7.0)
    array, plain = frame.to_numpy(), cr.Network([cr.nn.Dense(1)])
    model = cr.fit(plain, frame, y, loss="mse", epochs=3, validation=(turned, y))
    same = cr.fit(plain, array, y, loss="mse", epochs=3, validation=(array, y))
    assert model.history == same.history
    model.save(tmp_path / "m.safetensors")
    expected = same.predict(frame.to_numpy()).tolist()
    for made in (model, cr.load(tmp_path / "m.safetensors")):
        assert made.input_names == ["a", "b"]
        for rows in (frame, turned, pl.from_pandas(turned), frame.to_numpy()):
            assert made.predict(rows).tolist() == expected
        with pytest.raises(DataError, match=r"lacks columns .* trained on: a. Its columns: b, c."):
            made.predict(frame.rename(columns={"a": "c"})[["b", "c"]])
    more, as_much = cr.fit(model, turned, y, epochs=1), cr.fit(same, frame.to_numpy(), y, epochs=1)
    assert more.predict(turned).tolist() == as_much.predict(frame.to_numpy()).tolist()
    assert more.input_names == ["a", "b"]
    assert cr.fit(model, array, y, epochs=1).input_names == ["a", "b"]


def test_numbered_columns_name_nothing():
    rows = np.array([[0.0, 1.0], [1.0, 0.0]])
    model = cr.fit(cr.Network([cr.nn.Dense(1)]), pandas.DataFrame(rows), [0, 1], loss="mse")
    assert model.input_names is None
    named = pandas.DataFrame(rows, columns=["a", "b"])
    assert model.predict(named).tolist() == model.predict(rows).tolist()
