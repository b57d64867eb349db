"""A network with several heads written out: both losses in numbers, their sum, all derivatives."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, nn, ops
from chainrule.autodiff import leaves, value_and_grad
from chainrule.errors import ChainruleError
from chainrule.training.step import Task, objective

NETWORK = cr.Network(
    [
        nn.Dense(3),
        nn.Tanh(),
        nn.Heads({"class": nn.Network([nn.Dense(3), nn.Softmax()]), "box": nn.Dense(2)}),
    ]
)
LOSS = losses.head_losses({"class": "cross_entropy", "box": "mse"}, {"box": 2.0})
X = np.array([[0.5, -1.0], [2.0, 0.25]])
Y = {"class": [2, 0], "box": [[0.5, 1.0], [-1.0, 3.0]]}


def outputs_of(page_params):
    scored = cr.Network([*NETWORK.layers[:2], nn.Heads({"class": nn.Dense(3), "box": nn.Dense(2)})])
    own = (*page_params[:2], {"class": page_params[2]["class"][0], "box": page_params[2]["box"]})
    state = scored.init(ops.key_from_seed(0), (2,))[1]
    return scored.apply(own, state, X)[0]


def test_the_parts_and_their_sum_are_shown():
    page = cr.explain(NETWORK, X, Y, loss=LOSS)
    outputs = outputs_of(page.params)
    box = ((outputs["box"] - Y["box"]) ** 2).mean(1)
    logits = outputs["class"]
    classes = np.log(np.exp(logits).sum(1)) - logits[[0, 1], Y["class"]]
    for row in (0, 1):
        assert page.values[f"loss_box[{row + 1}]"] == pytest.approx(box[row], rel=1e-12)
        assert page.values[f"loss_class[{row + 1}]"] == pytest.approx(classes[row], rel=1e-12)
        assert page.values[f"loss[{row + 1}]"] == pytest.approx(2 * box[row] + classes[row])
    assert page.loss == pytest.approx((2 * box + classes).mean(), rel=1e-12)
    assert page.new_loss < page.loss


def test_all_derivatives_are_those_of_the_training_step():
    page = cr.explain(NETWORK, X, Y, loss=LOSS)
    scored = cr.Network([*NETWORK.layers[:2], nn.Heads({"class": nn.Dense(3), "box": nn.Dense(2)})])
    own = (*page.params[:2], {"class": page.params[2]["class"][0], "box": page.params[2]["box"]})
    task = Task(scored, LOSS, cr.optim.GradientDescent())
    state = scored.init(ops.key_from_seed(0), (2,))[1]
    targets = {"class": np.array(Y["class"], "int32"), "box": np.array(Y["box"])}
    batch = {"x": X, "y": targets, "share": np.full(2, 0.5)}
    step = {"key": ops.key_from_seed(0), "step": np.asarray(0, "int32")}
    _, grads = value_and_grad(lambda p: objective(task, p, state, batch, step, task.rates())[0])(
        own
    )
    every = np.concatenate([np.ravel(g) for g in leaves(grads)])
    names = [name for name in page.derivatives if name[0] in "wb" and name[1:].isdigit()]
    assert len(names) == every.size == 3 * 2 + 3 + 3 * 3 + 3 + 3 * 2 + 2
    found = sorted(page.derivatives[name].value for name in names)
    np.testing.assert_allclose(found, np.sort(every), rtol=1e-10, atol=1e-13)


def test_the_page_names_heads_targets_and_what_a_loss_contains():
    text = str(cr.explain(NETWORK, X[0], {"class": 2, "box": [0.5, 1.0]}, loss=LOSS))
    for words in (
        "Heads(box: Dense(2), class: Dense(3) → Softmax)",
        "2 · MeanSquaredError of box",
        "CrossEntropy of class",
        "t1, t2",
        "targets of box",
        "label_class",
        "box: Dense o1, o2",
        "class: Dense o3, o4, o5",
        "the class of o5",
        "class: It contains the network's last Softmax",
    ):
        assert words in " ".join(text.split()), words


def test_a_head_that_does_not_count_is_out_of_reach():
    page = cr.explain(
        NETWORK, X[0], {"class": 2, "box": [0.5, 1.0]},
        loss=losses.head_losses({"class": "cross_entropy", "box": "mse"}, {"box": 0.0}),
    )  # fmt: skip
    assert page.backward[-1].title == "Out of reach"
    assert page.loss == page.values["E"] == pytest.approx(page.loss)


def test_a_model_and_a_large_network_are_written_out_too():
    wide = cr.Network([nn.Dense(40), nn.ReLU(), NETWORK.layers[2]])
    rows = {"class": np.tile(Y["class"], 10), "box": np.tile(Y["box"], (10, 1))}
    model = cr.fit(wide, np.tile(X, (10, 1)), rows, loss=LOSS, epochs=2, engine="numpy")
    page = cr.explain(model, X, Y)
    assert "too many to write out" in str(page)
    assert {"net_o1[1]", "net_o3[1]"} <= set(page.values)


@pytest.mark.parametrize(
    ("y", "loss", "words"),
    [
        (Y, "mse", "a loss for each"),
        ({"class": [2, 0]}, LOSS, "lacks 'box'"),
        ({**Y, "class": [7, 0]}, LOSS, "the class 7"),
        ({**Y, "box": [[1.0, 2.0]]}, LOSS, "different numbers of rows"),
    ],
)
def test_what_does_not_fit_is_said(y, loss, words):
    with pytest.raises(ChainruleError, match=words):
        cr.explain(NETWORK, X, y, loss=loss)


def test_layers_inside_a_residual_go_by_their_head_as_well():
    block = nn.Network([nn.Residual(nn.Dense(2)), nn.Dense(1)])
    network = cr.Network([nn.Dense(2), nn.Heads({"class": nn.Dense(3), "box": block})])
    page = cr.explain(network, X[0], {"class": 1, "box": 0.5}, loss=LOSS)
    titles = [section.title.split()[:2] for section in page.forward]
    assert titles[1:4] == [["box:", "Dense"], ["box:", "Residual"], ["box:", "Dense"]]
