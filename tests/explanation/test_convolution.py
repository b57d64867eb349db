"""A step through a convolution is explained: the products of every window, or of one path."""

import re
from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.explanation.names import Names
from chainrule.explanation.recorded import record

IMAGE = np.arange(9.0).reshape(1, 3, 3, 1)
KERNEL = [[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]]
RNG = np.random.default_rng(0)


def lines(sections):
    return {line.name: line for section in sections for line in section.lines}


def by_hand():
    network = nn.Network([nn.Conv2D(1, 2), nn.MaxPool(2, 1), nn.Flatten(), nn.Dense(1)])
    params = [{"weight": KERNEL, "bias": [0.5]}, {"weight": [[2.0]], "bias": [0.0]}]
    return cr.explain(network, IMAGE, [[1.0]], loss="mse", params=params)


def test_a_number_is_written_as_the_products_of_its_window():
    line = lines(by_hand().forward)["net_c1(1,2,1)"]
    assert line.symbols == "w1·x(1,2,1) + w2·x(1,3,1) + w3·x(2,2,1) + w4·x(2,3,1) + b1"
    assert line.numbers == "1·1 + 2·2 + 3·4 + 4·5 + 0.5"
    assert line.value == 37.5


def test_a_pooling_is_written_as_the_largest_of_its_window():
    line = lines(by_hand().forward)["out_p1(1,1,1)"]
    assert line.symbols == "max(net_c1(1,1,1), net_c1(1,2,1), net_c1(2,1,1), net_c1(2,2,1))"
    assert line.numbers == "max(27.5, 37.5, 57.5, 67.5)"


def test_a_derivative_is_what_its_number_was_multiplied_with():
    found = lines(by_hand().backward)
    assert found["∂net_c1(2,2,1)/∂w3"].symbols == "x(3,2,1)"
    assert found["∂net_c1(2,2,1)/∂w3"].value == 7


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2D(2, 2),
        nn.Conv2D(4, (3, 2), stride=2, padding=1, groups=2, bias=False),
        nn.Conv2D(2, 2, dilation=2, padding="same"),
    ],
)
def test_the_products_written_add_up_to_the_number(layer):
    x = RNG.normal(size=(1, 4, 4, 2))
    network = nn.Network([layer, nn.GlobalPool(), nn.Dense(1)])
    page = cr.explain(network, x, [[1.0]], loss="mse")
    for name, line in lines(page.forward).items():
        if name.startswith("net_c1"):
            named = re.findall(r"(w\d+)·(x\(\d,\d,\d\))", line.symbols)
            total = sum(page.values[w] * page.values[i] for w, i in named)
            total += sum(page.values[b] for b in re.findall(r"b\d+", line.symbols))
            assert total == pytest.approx(line.value, rel=1e-12, abs=1e-12), line.symbols
    for name, derivative in page.derivatives.items():
        assert derivative.complete, name
    located = [n for n in lines(page.backward) if n.startswith("∂net_c1") and "/∂w" in n]
    assert located
    for name in located:
        line = lines(page.backward)[name]
        assert line.value == (page.values[line.symbols] if line.symbols else 0)  # 0 is padding


def test_whatever_enters_a_dense_layer_has_a_name():
    for middle in ([nn.Flatten()], [nn.MaxPool(2), nn.Flatten()], [nn.GlobalPool("max")]):
        network = nn.Network([nn.Conv2D(3, 2), nn.ReLU(), *middle, nn.Dense(2)])
        page = str(cr.explain(network, RNG.normal(size=(2, 5, 5, 1)), [0, 1], loss="cross_entropy"))
        assert re.search(r"w\d+ from [cp]1\(", page)
        assert "from ," not in page


def test_of_a_large_network_one_path_is_written():
    layers = [nn.Conv2D(8, 3), nn.ReLU(), nn.MaxPool(2), nn.Conv2D(4, 2), nn.ReLU(), nn.Flatten()]
    page = cr.explain(
        nn.Network([*layers, nn.Dense(3)]), RNG.normal(size=(2, 9, 9, 3)), [0, 2],
        loss="cross_entropy",
    )  # fmt: skip
    found = lines(page.forward)
    path = [name for name in found if re.match(r"(net|out)_[cp]", name)]
    kinds = [name.split("(")[0] for name in path]
    assert kinds == ["net_c1", "out_c1", "out_p1", "net_c2", "out_c2"]
    for before, after in pairwise(path):
        assert before in found[after].symbols
    assert "one path" in " ".join(str(page).split())
    assert len(str(page).splitlines()) < 300


def test_what_is_followed_is_what_convolutions_and_poolings_made_and_all_of_its_shape():
    layers = [
        *(nn.Conv2D(2, 2), nn.BatchNorm(), nn.Residual(nn.Tanh()), nn.Dense(3), nn.ReLU()),
        *(nn.MaxPool(2), nn.Upsample(2), nn.GlobalPool(), nn.Dense(1)),
    ]
    recorded = record(
        nn.Network(layers), RNG.normal(size=(2, 5, 5, 1)), [[1.0], [0.0]], loss="mse",
        optimizer="sgd", seed=0, params=None,
    )  # fmt: skip
    names = Names(recorded)
    found = {
        mark.title: [
            made.primitive.name
            for i, made in names.produced
            if mark.start <= i < mark.end and names.is_image(made.outputs[0])
        ]
        for mark in recorded.marks
    }
    assert found == {
        "Conv2D": ["convolve"],
        "BatchNorm": ["batch_norm"],
        "Tanh": ["tanh"],
        "Residual": ["tanh", "residual"],
        "Dense": [],
        "ReLU": [],
        "MaxPool": ["max_pool"],
        "Upsample": [],
        "GlobalPool": [],
    }
