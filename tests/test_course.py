"""The course's own numbers, and models whose best solution is known from elsewhere."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression

import chainrule as cr
from chainrule import losses, nn, ops, optim
from chainrule.autodiff import leaves
from chainrule.errors import ShapeError

ENGINES = pytest.mark.parametrize("engine", ["numpy", "xla"])
XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")


def perceptron(weights, bias):
    """Rosenblatt's unit: a weighted sum and a step."""
    network = cr.Network([nn.Dense(1), nn.Step()])
    params = ({"weight": np.array(weights, "float32")[:, None], "bias": np.float32([bias])}, {})
    return lambda x: network.apply(params, ({}, {}), np.array(x, "float32"))[0][:, 0]


def test_the_perceptron_of_the_course():
    unit = perceptron([0.5, 0.8], -1.0)
    sums = nn.Dense(1).apply(
        {"weight": np.array([[0.5], [0.8]]), "bias": np.array([-1.0])},
        {},
        np.array([[1.0, 1.0], [2.0, 0.0]]),
        nn.Context(),
    )[0]
    np.testing.assert_allclose(sums[:, 0], [0.3, 0.0], atol=1e-15)
    assert unit([[1, 1], [2, 0]]).tolist() == [1, 0]


def learn(y, epochs, layers=None, **settings):
    settings = {"loss": "perceptron", "optimizer": optim.GradientDescent(1.0), **settings}
    layers = layers or [nn.Dense(1, weight_init=nn.Zeros())]
    return cr.fit(
        cr.Network(layers), XOR, y, epochs=epochs, **{"batch_size": 1, "shuffle": False, **settings}
    )


@pytest.mark.parametrize("y", [[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0]])
def test_a_perceptron_learns_what_a_line_can_part_from_zero_weights(y):
    assert learn(y, 20).predict(XOR).tolist() == y


def test_the_first_steps_of_the_perceptron_by_hand():
    """AND from zero: at z = 0 a target of 0 is right, a target of 1 is a mistake."""
    three = learn([0, 0, 0, 1], 1)
    assert three.params[0]["weight"][:, 0].tolist() == [1, 1]
    assert three.params[0]["bias"].tolist() == [1]
    two_epochs = learn([0, 0, 0, 1], 2)
    assert two_epochs.params[0]["weight"][:, 0].tolist() == [2, 1]
    assert two_epochs.params[0]["bias"].tolist() == [0]


def test_xor_is_beyond_a_perceptron():
    for epochs in (1, 10, 100):
        assert (learn([0, 1, 1, 0], epochs).predict(XOR) != [0, 1, 1, 0]).any()


@ENGINES
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_xor_is_within_a_network_with_a_hidden_layer(engine, seed):
    model = learn(
        [0, 1, 1, 0], 400, [nn.Dense(8), nn.Tanh(), nn.Dense(1)], loss="binary_cross_entropy",
        optimizer=optim.Adam(0.05), batch_size=None, seed=seed, engine=engine,
    )  # fmt: skip
    assert model.predict(XOR).tolist() == [0, 1, 1, 0]


def test_two_layers_with_weights_by_hand_solve_xor():
    network = cr.Network([nn.Dense(2), nn.Step(), nn.Dense(1), nn.Step()])
    params = (
        {"weight": np.array([[1.0, 1], [1, 1]]), "bias": np.array([-0.5, -1.5])},
        {},
        {"weight": np.array([[1.0], [-1]]), "bias": np.array([-0.5])},
        {},
    )
    out, _ = network.apply(params, ({}, {}, {}, {}), XOR.astype("float64"))
    assert out[:, 0].tolist() == [0, 1, 1, 0]


def test_both_forms_of_tanh_agree_and_stay_finite():
    x = np.linspace(-20, 20, 401)
    with np.errstate(all="raise"):
        ours = ops.tanh(x)
        far = ops.tanh(np.array([-1e4, 1e4]))
    np.testing.assert_allclose(
        ours, (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), rtol=1e-12
    )
    np.testing.assert_allclose(ours, 2 * ops.sigmoid(2 * x) - 1, rtol=1e-9, atol=1e-15)
    assert far.tolist() == [-1, 1]


def test_leaky_relu_with_a_slope_above_1_stays_piecewise():
    out = nn.LeakyReLU(1.5).apply({}, {}, np.array([-2.0, -1, 0, 1, 2]), nn.Context())[0]
    assert out.tolist() == [-3, -1.5, 0, 1, 2]


def test_cross_entropy_of_two_classes_is_the_binary_one():
    random = np.random.default_rng(0)
    logits = random.normal(0, 5, (50, 2))
    labels = random.integers(0, 2, 50).astype("int32")
    two = losses.CrossEntropy()(labels, logits)
    one = losses.BinaryCrossEntropy()(
        labels.astype("float64")[:, None], logits[:, 1:] - logits[:, :1]
    )
    np.testing.assert_allclose(two, one, rtol=1e-12, atol=1e-15)


def test_layers_without_activation_are_one_linear_map():
    network = cr.Network([nn.Dense(7), nn.Dense(5), nn.Linear(), nn.Dense(2)])
    params, state, _ = network.init(ops.key_from_seed(0), (3,))
    random = np.random.default_rng(1)
    for layer in params:
        for name in layer:
            layer[name] = layer[name].astype("float64") + random.normal(0, 0.1, layer[name].shape)
    x = random.normal(size=(20, 3))
    first, second, _, third = params
    weight = first["weight"] @ second["weight"] @ third["weight"]
    bias = (first["bias"] @ second["weight"] + second["bias"]) @ third["weight"] + third["bias"]
    out, _ = network.apply(params, state, x)
    np.testing.assert_allclose(out, x @ weight + bias, rtol=1e-12, atol=1e-12)


@ENGINES
def test_hidden_units_that_start_at_zero_stay_alike(engine):
    random = np.random.default_rng(2)
    X = random.normal(size=(30, 3))
    model = cr.fit(
        cr.Network([
            nn.Dense(4, weight_init=nn.Constant(0.0)), nn.Sigmoid(),
            nn.Dense(1, weight_init=nn.Zeros()),
        ]),
        X, np.sin(X[:, 0]), loss="mse", epochs=20, optimizer="adam", batch_size=5, engine=engine,
    )  # fmt: skip
    hidden = model.params[0]["weight"]
    assert np.abs(hidden).max() > 0
    for unit in range(1, 4):
        np.testing.assert_array_equal(hidden[:, unit], hidden[:, 0])
        assert model.params[2]["weight"][unit] == model.params[2]["weight"][0]


def test_a_linear_network_with_squared_loss_reaches_least_squares():
    X, y = load_diabetes(return_X_y=True)
    X, y = X / X.std(axis=0), (y - y.mean()) / y.std()
    columns = np.column_stack([X, np.ones(len(X))])
    solution = np.linalg.lstsq(columns, y, rcond=None)[0]
    model = cr.fit(
        cr.Network([nn.Dense(1)]), X, y, loss="mse", batch_size=None, epochs=20_000,
        optimizer=optim.GradientDescent(0.1, momentum=0.9), dtype="float64", engine="numpy",
    )  # fmt: skip
    found = np.append(model.params[0]["weight"][:, 0], model.params[0]["bias"])
    np.testing.assert_allclose(found, solution, rtol=1e-6, atol=1e-8)


def test_two_linear_layers_reach_least_squares_too():
    random = np.random.default_rng(3)
    X, y = random.normal(size=(50, 3)), random.normal(size=(50, 2))
    columns = np.column_stack([X, np.ones(len(X))])
    best = columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
    model = cr.fit(
        cr.Network([nn.Dense(4), nn.Dense(2)]), X, y, loss="mse", batch_size=None, epochs=5_000,
        optimizer=optim.GradientDescent(0.1, momentum=0.9), dtype="float64", engine="numpy",
    )  # fmt: skip
    np.testing.assert_allclose(model.predict(X), best, atol=1e-6)


def test_a_softmax_layer_alone_reaches_multinomial_logistic_regression():
    """Without a penalty, on overlapping classes: the probabilities agree to 1e-5."""
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    X = X[:, :2]
    y = (y + (np.arange(len(y)) % 7 == 0)) % 3  # labels that no line separates: a finite optimum
    judge = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(X, y)
    model = cr.fit(
        cr.Network([nn.Dense(3), nn.Softmax()]), X, y, loss="cross_entropy", batch_size=None,
        epochs=20_000, optimizer=optim.GradientDescent(0.5, momentum=0.95), dtype="float64",
        engine="numpy",
    )  # fmt: skip
    np.testing.assert_allclose(model.predict_proba(X), judge.predict_proba(X), atol=1e-5)


def test_every_layer_that_learns_has_numbers_to_count():
    network = cr.Network([nn.Dense(8), nn.ReLU(), nn.Dense(3)])
    params, _, shape = network.init(ops.key_from_seed(0), (5,))
    assert sum(x.size for x in leaves(params)) == 5 * 8 + 8 + 8 * 3 + 3
    with pytest.raises(ShapeError):
        network.apply(params, ({}, {}, {}), np.ones((1, 4)))
    assert shape == (3,)
