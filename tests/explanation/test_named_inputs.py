"""A network with several inputs written out: every input by its name, every branch as a layer."""

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.autodiff import leaves, value_and_grad
from chainrule.errors import ChainruleError
from chainrule.training.step import Task, objective

RNG = np.random.default_rng(0)
BOTH = cr.Network([nn.Branches({"numbers": nn.Dense(2), "city": nn.Embedding(3, 2)}), nn.Dense(1)])
WEIGHTS = [
    {"table": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]},
    {"weight": [[1.0, 2.0], [3.0, 4.0]], "bias": [0.5, 0.25]},
    {"weight": [[1.0], [-1.0], [2.0], [0.5]], "bias": [0.0]},
]


def lines(sections):
    return {line.name: line for section in sections for line in section.lines}


def by_hand():
    return cr.explain(
        BOTH, {"numbers": [2.0, -1.0], "city": 1}, 3.0, loss="mse", params=WEIGHTS,
        optimizer=cr.optim.GradientDescent(0.1),
    )  # fmt: skip


def test_one_example_is_written_with_the_name_of_every_input():
    page = by_hand()
    first = lines(page.forward)["net_h1"]
    assert first.symbols == "w1·x_numbers(1) + w2·x_numbers(2) + b1"
    assert first.numbers == "1·2 + 3·(-1) + 0.5"
    last = lines(page.forward)["net_o1"]
    assert last.symbols == "w5·table1(2,1) + w6·table1(2,2) + w7·net_h1 + w8·net_h2 + b3"
    assert last.value == pytest.approx(0.3 - 0.4 + 2 * -0.5 + 0.5 * 0.25)
    assert page.values["x_city"] == 1
    slope = 2 * (last.value - 3)
    assert page.derivatives["w1"].value == pytest.approx(slope * 2 * 2)
    assert page.derivatives["table1(2,2)"].value == pytest.approx(-slope)
    assert page.updated["w1"] == pytest.approx(1 - 0.1 * slope * 4)


def test_the_page_says_what_the_inputs_and_branches_are():
    page = by_hand()
    titles = [section.title for section in page.forward]
    assert titles == ["numbers: Dense h1, h2", "Dense o1", "Loss MeanSquaredError"]
    text = " ".join(str(page).split())
    for words in (
        "inputs city: 1, numbers: 2 → Branches(city: Embedding, numbers: Dense(2)) → Dense(1)",
        "x_city input city: rows of a table, counted from 0",
        "x_numbers(1), x_numbers(2) inputs numbers",
        "into h1: w1 from x_numbers(1), w2 from x_numbers(2), bias b1",
        "into o1: w5 from table1(2,1), w6 from table1(2,2), w7 from h1, w8 from h2, bias b3",
    ):
        assert words in text, words


def test_several_examples_are_told_apart_and_all_derivatives_are_those_of_the_step():
    x = {"numbers": RNG.normal(size=(3, 2)), "city": [2, 0, 2]}
    page = cr.explain(BOTH, x, [[1.0], [0.5], [0.0]], loss="mse", params=WEIGHTS)
    assert lines(page.forward)["net_h1[2]"].symbols.startswith("w1·x_numbers(1)[2] + ")
    assert page.values["x_city[3]"] == 2
    task = Task(BOTH, cr.losses.as_loss("mse"), cr.optim.GradientDescent())
    state = BOTH.init(cr.ops.key_from_seed(0), {"numbers": (2,), "city": ()})[1]
    batch = {"x": {"numbers": x["numbers"], "city": np.array(x["city"], "int32")}}
    batch |= {"y": np.array([[1.0], [0.5], [0.0]]), "share": np.full(3, 1 / 3)}
    step = {"key": cr.ops.key_from_seed(0), "step": np.asarray(0, "int32")}
    _, grads = value_and_grad(lambda p: objective(task, p, state, batch, step, task.rates())[0])(
        page.params
    )
    for ours, theirs in zip(leaves(page.grads), leaves(grads), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert all(derivative.complete for derivative in page.derivatives.values())


def test_branches_of_branches_and_sums_are_written():
    where = nn.Branches({"city": nn.Embedding(5, 2), "height": nn.Dense(2)}, join="sum")
    net = cr.Network([nn.Branches({"row": nn.Dense(2), "where": where}), nn.Dense(1)])
    x = {"row": [1.0, 2.0, 3.0], "where": {"city": 4, "height": [7.0]}}
    page = cr.explain(net, x, 1.0, loss="mse")
    titles = [section.title.rsplit(" ", 2)[0] for section in page.forward[:3]]
    assert titles[0].startswith("row: Dense")
    assert titles[1].startswith("where: height: Dense")
    assert page.forward[2].title.startswith("where: Branches")
    assert page.values["x_where.height(1)"] == 7
    added = page.forward[2].lines[0]
    assert added.symbols == "table1(5,1) + net_h3"
    assert "where: Branches(city: Embedding, height: Dense(2); sum)" in " ".join(str(page).split())


def test_heads_that_are_joined_again_are_written_as_branches():
    net = cr.Network([
        nn.Heads({"left": nn.Dense(2), "right": nn.Dense(2)}),
        nn.Branches({"left": nn.Tanh(), "right": nn.Linear()}),
        nn.Dense(1),
    ])  # fmt: skip
    page = cr.explain(net, [1.0, 2.0], 1.0, loss="mse")
    titles = [" ".join(section.title.split()[:2]) for section in page.forward]
    assert titles[:3] == ["left: Dense", "right: Dense", "left: Tanh"]
    assert titles[3:] == ["Dense o1", "Loss MeanSquaredError"]


def test_attention_to_another_sequence_is_written_with_both_names():
    net = cr.Network([nn.MultiHeadAttention(1), nn.GlobalPool(), nn.Dense(1)])
    x = {"queries": RNG.normal(size=(1, 2, 2)), "memory": RNG.normal(size=(1, 3, 2))}
    page = cr.explain(net, x, [1.0], loss="mse")
    symbols = " ".join(line.symbols for line in lines(page.forward).values())
    assert "x_memory(3,1)" in symbols
    assert "x_queries(2,2)" in symbols
    assert "inputs memory: 3 × 2, queries: 2 × 2 → MultiHeadAttention" in str(page)


def large():
    image = cr.Network([nn.Conv2D(6, 3), nn.ReLU(), nn.MaxPool(2), nn.Flatten(), nn.Dense(8)])
    series = cr.Network([nn.LSTM(5)])
    net = cr.Network([
        nn.Branches({"image": image, "row": nn.Dense(20), "series": series}),
        nn.ReLU(),
        nn.Heads({"class": nn.Dense(3), "box": nn.Dense(2)}),
    ])  # fmt: skip
    x = {
        "image": RNG.normal(size=(12, 8, 8, 2)),
        "row": RNG.normal(size=(12, 9)),
        "series": {"values": RNG.normal(size=(12, 4, 2)), "lengths": [4, 2, 3] * 4},
    }
    y = {"class": [0, 1, 2] * 4, "box": RNG.normal(size=(12, 2))}
    loss = {"class": "cross_entropy", "box": "huber"}
    return cr.fit(net, x, y, loss=loss, epochs=2, engine="numpy"), x, y


def test_of_a_large_model_one_path_of_every_branch_is_written():
    model, x, y = large()
    row = {name: x[name][:1] for name in ("image", "row")}
    row["series"] = {"values": x["series"]["values"][:1], "lengths": [4]}
    page = cr.explain(model, row, {"class": [0], "box": y["box"][:1]})
    found = lines(page.forward)
    path = next(line for name, line in found.items() if name.startswith("net_c1"))
    assert re.search(r"w\d+·x_image\(\d,\d,\d\)", path.symbols)
    assert any("·x_row(" in line.symbols for line in found.values())
    notes = [note for section in page.forward + page.backward for note in section.notes]
    assert any("Through time" in note for note in notes)
    text = " ".join(str(page).split())
    assert "inputs image: 8 × 8 × 2, row: 9, series: 4 × 2 → Branches(image: Conv2D" in text
    assert "x_series(1,1) … x_series(4,2) inputs series" in text
    assert len(page.weights) < 60 < sum(p.size for p in leaves(model.params))


def test_a_model_knows_what_one_example_is():
    """Its shapes tell one row from several; a network is given one where an input is one row."""
    rows = {"age": [20.0, 30.0, 40.0, 50.0], "city": [0, 1, 2, 1]}
    net = cr.Network([nn.Branches({"age": nn.Dense(2), "city": nn.Embedding(3, 2)}), nn.Dense(1)])
    model = cr.fit(net, rows, [1.0, 2.0, 3.0, 4.0], loss="mse", epochs=1, engine="numpy")
    one = cr.explain(model, {"age": [20.0], "city": 0}, 1.0)
    assert "x_age(1)" in one.values
    several = cr.explain(model, rows, [1.0, 2.0, 3.0, 4.0])
    assert "x_age(1)[4]" in several.values
    alone = cr.explain(model, {"age": [20.0], "city": [0]}, [1.0])
    assert alone.loss == one.loss


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ({"numbers": [1.0, 2.0]}, "named inputs .*'city', 'numbers'.*got .*'numbers'"),
        ({"numbers": [1.0, 2.0], "city": 7}, r"X\['city'\] holds the index 7"),
        ({"numbers": [[1.0, 2.0]], "city": [0, 1]}, "different numbers of rows"),
        ({"numbers": ["a", "b"], "city": 0}, r"x\['numbers'\]"),
        ([1.0, 2.0], "named inputs"),
    ],
)
def test_what_does_not_fit_is_said(x, words):
    with pytest.raises(ChainruleError, match=words):
        cr.explain(BOTH, x, 1.0, loss="mse")
