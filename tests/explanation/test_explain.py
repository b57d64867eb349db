"""What `explain` shows is what training does: values of the tape, derivatives by the rules."""

import dataclasses
import itertools
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.autodiff import PRIMITIVES, leaves, paths, value_and_grad
from chainrule.errors import DataError
from chainrule.explanation.writing import WIDTH, number
from chainrule.nn import Context, Dense
from tests.explanation.networks import TWO_TWO_ONE, WEIGHTS, explained

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 2))
NUMBERS = RANDOM.normal(size=(3, 2))
TARGETS = {
    "mse": NUMBERS,
    "mae": NUMBERS,
    "huber": NUMBERS * 3,
    "binary_cross_entropy": np.array([[0.0, 1], [1, 1], [0.25, 0]]),
    "cross_entropy": np.array([1, 0, 1]),
    "perceptron": np.array([[1.0, -1], [1, 1], [-1, 1]]),
    "hinge": np.array([[1.0, -1], [1, 1], [-1, 1]]),
}
ACTIVATIONS = [made for name, made in cr.nn.ACTIVATIONS.items() if name != "linear"]
OPTIMIZERS = {
    "plain": cr.optim.GradientDescent(0.3),
    "momentum": cr.optim.GradientDescent(0.3, momentum=0.9),
    "nesterov": cr.optim.GradientDescent(0.3, momentum=0.9, nesterov=True, l2=0.01),
    "adam": cr.optim.Adam(0.1),
    "adamw": cr.optim.AdamW(0.1, l1=0.02, clip_norm=0.1),
    "rmsprop": cr.optim.RMSProp(0.1),
    "adagrad": cr.optim.AdaGrad(cr.optim.Cosine(0.1)),
}
NETWORKS = {
    "residual": [Dense(2), cr.nn.Residual(cr.Network([Dense(2), cr.nn.Tanh()])), Dense(2)],
    "batch norm": [Dense(2), cr.nn.BatchNorm(), cr.nn.LeakyReLU(0.3), Dense(2)],
    "layer norm": [Dense(2), cr.nn.LayerNorm(), cr.nn.ELU(), Dense(2)],
    "dropout": [Dense(4), cr.nn.Dropout(0.5), cr.nn.Tanh(), Dense(2)],
    "nested": [cr.Network([Dense(2), cr.nn.Tanh()]), cr.Network([Dense(2), cr.nn.Softmax()])],
    "no bias": [Dense(2, bias=False), cr.nn.GELU(), Dense(2, bias=False)],
    "one layer": [Dense(2)],
    "flattened": [cr.nn.Flatten(), Dense(2)],
}


def close(value, expected):
    return abs(value - expected) <= 1e-12 * max(1.0, abs(expected))


def assert_products_are_the_gradient(page):
    """Every product of the chain rule, added up, is what back-propagation found."""
    for derivative in page.derivatives.values():
        if derivative.terms:
            total = sum(term.arriving * term.local for term in derivative.terms)
            assert close(total, derivative.value), derivative
            for term in derivative.terms:
                assert term.arriving == page.derivatives[term.through].value
        elif derivative.name != "E":
            assert derivative.value == 0
    found = sorted(page.derivatives[name].value for name in page.updated)
    assert np.allclose(found, np.sort(np.concatenate([g.ravel() for g in leaves(page.grads)])))
    assert not [line for line in str(page).splitlines() if len(line) > WIDTH]


@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda made: made.__name__)
def test_every_product_adds_up_to_the_gradient(activation, loss):
    network = cr.Network([Dense(3), activation(), Dense(2)])
    page = cr.explain(network, X, TARGETS[loss], loss=loss)
    assert_products_are_the_gradient(page)
    function = cr.losses.LOSSES[loss]()

    def objective(params):
        outputs, _ = network.apply(params, ({}, {}, {}), X, Context(training=True))
        return ops.mean(function(TARGETS[loss], outputs))

    value, grads = value_and_grad(objective)(page.params)
    assert close(page.loss, value)
    for (path, ours), theirs in zip(paths(page.grads), leaves(grads), strict=True):
        assert np.abs(ours - theirs).max() <= 1e-12, path


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_other_layers_are_written_out_by_their_primitives(layers):
    page = cr.explain(cr.Network(layers), X, NUMBERS, loss="mse", seed=1)
    assert_products_are_the_gradient(page)
    assert len(page.values) == len({*page.values})


TABLES = {
    "columns": (cr.nn.EmbedColumns((1,), (4,), (2,)), [[0.5, 3], [-1.0, 1]]),
    "two columns": (cr.nn.EmbedColumns((0, 2), (3, 4), (2, 1)), [[2, 0.5, 3], [0, -1.0, 3]]),
    "indices": (cr.nn.Embedding(4, 3), [[3], [1]]),
}


@pytest.mark.parametrize("name", TABLES)
def test_vectors_of_a_table_are_named_by_row_and_column(name):
    layer, x = TABLES[name]
    page = cr.explain(
        cr.Network([layer, cr.nn.Flatten(), Dense(2)]), np.array(x), NUMBERS[:2], loss="mse"
    )
    assert_products_are_the_gradient(page)
    assert "table1(1,1) …" in str(page)
    row = int(x[0][layer.columns[0]] if name != "indices" else x[0][0]) + 1
    assert f"table1({row},1)" in str(page.forward[0])
    assert "cast" not in str(page)


@pytest.mark.parametrize("name", TABLES)
def test_of_a_large_table_the_rows_that_were_picked_are_shown(name):
    """It failed on numbers of a row beyond the first three."""
    small, x = TABLES[name]
    wide = {"features": 30} if name == "indices" else {"features": (30,) * len(small.columns)}
    layer = dataclasses.replace(small, **wide)
    x, y = np.array(x), NUMBERS[:2]
    page = cr.explain(cr.Network([layer, cr.nn.Flatten(), Dense(2)]), x, y, loss="mse")
    found = dict(zip(page.weights, [page.derivatives[w].value for w in page.weights], strict=True))
    grad = page.grads[0]["table"] if name == "indices" else page.grads[0][0]["table"]
    shown = [w for w in found if w.startswith("table1(")]
    assert shown
    for w in shown:
        row, column = map(int, w[len("table1(") : -1].split(","))
        assert found[w] == grad[row - 1, column - 1] != 0
    assert "Out of reach" not in str(page)


def test_codes_outside_a_table_are_refused_as_in_training():
    network = cr.Network([cr.nn.EmbedColumns((1,), (4,), (2,)), Dense(1)])
    with pytest.raises(DataError, match="index 4, and the EmbedColumns has rows 0 to 3"):
        cr.explain(network, [[0.5, 4]], [1.0], loss="mse")


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_step_is_the_one_that_fit_takes(optimizer):
    network = cr.Network([Dense(3), cr.nn.Tanh(), Dense(2), cr.nn.Softmax()])
    labels = [0, 1, 1]
    page = cr.explain(network, X, labels, loss="cross_entropy", optimizer=optimizer, seed=5)
    model = cr.fit(
        network,
        X,
        labels,
        loss="cross_entropy",
        optimizer=optimizer,
        epochs=1,
        batch_size=None,
        seed=5,
        engine="numpy",
        dtype="float64",
    )
    for (path, ours), theirs in zip(paths(page.new_params), leaves(model.params), strict=True):
        assert np.abs(ours - theirs).max() <= 1e-12, path
    assert_products_are_the_gradient(page)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_formula_of_an_update_comes_to_its_value(optimizer):
    """The numbers of every printed update are calculated again, with the page's six digits."""
    page = explained(optimizer=optimizer)
    lines = [line for section in page.updates for line in section.lines]
    assert lines
    for line in lines:
        code = line.numbers.replace("·", "*").replace("sign(", "np.sign(")
        code = code.replace("√", "np.sqrt+")
        while "np.sqrt+" in code:
            before, _, after = code.partition("np.sqrt+")
            number = "".join(itertools.takewhile(lambda c: c in "0123456789.e-+", after))
            if after.startswith("("):
                code = f"{before}np.sqrt{after}"
            else:
                code = f"{before}np.sqrt({number}){after[len(number) :]}"
        value = eval(code, {"np": np})
        assert value == pytest.approx(line.value, rel=1e-4, abs=1e-9), line


def test_a_planted_wrong_rule_shows_on_the_page(monkeypatch):
    """The page reads the tape: where a rule is wrong, so is what is explained."""
    right = explained()
    monkeypatch.setattr(
        PRIMITIVES["sigmoid"], "vjp", lambda xp, cotangent, out, x: (cotangent * out,)
    )
    wrong = explained()
    assert wrong.loss == right.loss
    assert wrong.derivatives["w5"].value == pytest.approx(
        right.derivatives["w5"].value / (1 - right.values["out_o1"])
    )
    local = "∂out_o1/∂net_o1 = out_o1·(1 - out_o1) = 0.751365·(1 - 0.751365) = "
    assert local + "0.186816" in str(right)
    assert local + "0.751365" in str(wrong)


def test_a_model_explains_itself_with_its_own_loss_and_weights():
    model = cr.fit(TWO_TWO_ONE, X, NUMBERS[:, 0], loss="mse", epochs=3, batch_size=None)
    page = cr.explain(model, X[0], NUMBERS[0, 0])
    assert page.values["out_o1"] == pytest.approx(float(model.predict(X)[0]), rel=1e-5)
    assert page.values["w1"] == float(model.params[0]["weight"][0, 0])


def test_a_model_of_labels_takes_its_labels():
    labels = ["cat", "dog", "dog"]
    network = cr.Network([Dense(2), cr.nn.Softmax()])
    model = cr.fit(network, X, labels, loss="cross_entropy", epochs=3, batch_size=None)
    page = cr.explain(model, X[1], "dog")
    assert page.values["label"] == 1
    probability = model.predict_proba(X)[1, 1]
    assert page.loss == pytest.approx(-np.log(probability), rel=1e-5)


def test_a_model_of_a_table_takes_raw_rows():
    sizes = [float(i) / 4 for i in range(40)]
    table = {"size": sizes, "price": [10 * size + size**2 for size in sizes]}
    model = cr.train(table, target="price", epochs=5)
    page = cr.explain(model, {"size": [2.0]}, [21.0])
    center, scale = model.encoder.target.center, model.encoder.target.scale
    assert page.values["net_o1"] * scale + center == pytest.approx(
        float(model.predict({"size": [2.0]})[0]), rel=1e-4
    )


def test_the_loss_with_the_new_weights_is_that_of_another_step():
    page = explained()
    assert explained(params=page.new_params).loss == pytest.approx(page.new_loss, rel=1e-14)
    assert page.new_loss < page.loss


def test_one_example_and_a_batch_of_it_are_the_same():
    one = cr.explain(TWO_TWO_ONE, X[0], 0.5, loss="mse")
    same = cr.explain(TWO_TWO_ONE, X[:1], [0.5], loss="mse")
    assert str(one) == str(same)


def test_names_of_a_batch_say_the_example():
    page = cr.explain(TWO_TWO_ONE, X, [0.5, 0.1, 0.2], loss="mse", params=WEIGHTS)
    assert {"x1[1]", "x2[3]", "net_h1[2]", "out_o1[3]", "loss[3]", "E"} <= set(page.values)
    assert len(page.derivatives["w1"].terms) == 3


def test_the_softmax_in_the_loss_is_said_and_its_probabilities_shown():
    network = cr.Network([Dense(3), cr.nn.Softmax()])
    text = str(cr.explain(network, X[0], 2, loss="cross_entropy"))
    assert "contains the network's last Softmax" in text
    assert "softmax_o3 - 1" in text
    assert "softmax_o1 - 0" in text
    assert "label = 2, the class of o3" in text


def test_a_point_without_derivative_is_said():
    network = cr.Network([Dense(1), cr.nn.ReLU()])
    zero = [{"weight": [[1.0]], "bias": [0.0]}]
    text = str(cr.explain(network, [0.0], 1.0, loss="mse", params=zero))
    assert "no derivative here; by convention at x = 0: 0" in text
    other = str(cr.explain(network, [0.5], 1.0, loss="mse", params=zero))
    assert "no derivative" not in other


def test_weights_that_nothing_leads_back_to_are_named():
    network = cr.Network([Dense(1), cr.nn.Step(), Dense(1)])
    text = str(cr.explain(network, [0.5], 1.0, loss="mse"))
    assert "No derivative leads back to w1, b1: the gradient there is 0." in text


def test_a_large_network_is_limited_and_says_so():
    network = cr.Network([Dense(64), cr.nn.ReLU(), Dense(10)])
    x, y = RANDOM.normal(size=(16, 30)), np.arange(16) % 10
    page = cr.explain(network, x, y, loss="cross_entropy", optimizer="adam")
    text = str(page)
    assert "Left out: this step has 2,634 weights and biases and 16 examples" in text
    assert "…" in text
    assert len(text.splitlines()) < 800
    assert not [line for line in text.splitlines() if len(line) > WIDTH]
    unit, source = np.unravel_index(np.arange(64 * 30), (64, 30))
    shown = [int(name[1:]) - 1 for name in page.weights if name[0] == "w" and int(name[1:]) <= 1920]
    assert len(shown) == 9
    for i in shown:
        derivative = page.derivatives[f"w{i + 1}"]
        assert derivative.value == page.grads[0]["weight"][source[i], unit[i]]
        assert not derivative.complete


def test_of_a_large_network_what_matters_most_is_shown():
    """x·∂E/∂x by differences, and the neurons whose removal would change the loss most."""
    network = cr.Network([Dense(40), cr.nn.Tanh(), Dense(1)])
    x = RANDOM.normal(size=(1, 12))
    page = cr.explain(network, x, [0.5], loss="mse")
    first, last = page.params[0], page.params[2]

    def output(x):
        return np.tanh(x @ first["weight"] + first["bias"]) @ last["weight"] + last["bias"]

    hidden = np.tanh(x @ first["weight"] + first["bias"])
    step = 1e-6 * np.eye(12)
    slope = (output(x + step) - output(x - step))[:, 0] / 2e-6
    matter = (
        np.argsort(-np.abs(x[0] * slope))[:3],
        np.argsort(-np.abs(hidden[0] * last["weight"][:, 0]))[:3],
    )
    text = str(page)
    assert all(re.search(rf"from x{i + 1}\b", text) for i in matter[0])
    assert [f"into h{j + 1}:" in text for j in range(40)] == [j in matter[1] for j in range(40)]


def test_without_an_optimizer_the_gradient_is_shown_and_no_step():
    network = cr.Network([Dense(2), cr.nn.Tanh(), Dense(1)])
    page = cr.explain(network, [0.05, 0.10], 0.01, loss="mse", optimizer=None)
    whole = cr.explain(network, [0.05, 0.10], 0.01, loss="mse")
    assert (page.updates, page.updated, page.new_loss, page.new_params) == ((), {}, None, None)
    assert page.derivatives == whole.derivatives
    assert "UPDATE" not in str(page)
    assert "value" in str(page)
    assert f"E: {number(page.loss)}\n" in str(page)


@dataclasses.dataclass(frozen=True)
class Scale:
    """A layer of one's own."""

    def init(self, key, in_shape):
        return {"scale": np.ones(in_shape, "float32")}, {}, in_shape

    def apply(self, params, state, x, context):
        return ops.sin(x * params["scale"]), state


def test_a_custom_layer_and_a_custom_loss_are_explained():
    def cubed(targets, outputs):
        return ops.sum(ops.absolute(outputs - targets) ** 3, axis=-1)

    page = cr.explain(cr.Network([Scale(), Dense(2)]), X, NUMBERS, loss=cubed)
    assert_products_are_the_gradient(page)
    assert "Scale" in str(page)
    assert "Loss cubed" in str(page)
    assert {"scale1", "scale2"} <= set(page.updated)


def test_integers_and_lists_are_calculated_in_double_precision():
    page = cr.explain([Dense(1)], [[1, 2]], [3], loss="mse")
    assert all(leaf.dtype == np.float64 for leaf in leaves(page.new_params))
