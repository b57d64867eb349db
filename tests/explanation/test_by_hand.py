"""A 2-2-1 network's back-propagation worked by hand, digit for digit; and a published 2-2-2 one.

The digits were worked step by step as the comments say, in decimals with 40 places (Python's
`decimal`, no chainrule and no NumPy); the function below repeats the work with `math.exp`.
"""

import math

import pytest

import chainrule as cr
from tests.explanation.networks import explained

HIDDEN = cr.Network([cr.nn.Dense(2), cr.nn.Sigmoid(), cr.nn.Dense(2), cr.nn.Sigmoid()])

BY_HAND = {
    "net_h1": 0.3775,  # 0.15·0.05 + 0.20·0.10 + 0.35
    "net_h2": 0.3925,  # 0.25·0.05 + 0.30·0.10 + 0.35
    "out_h1": 0.593269992107,  # 1 / (1 + e^-0.3775)
    "out_h2": 0.596884378260,  # 1 / (1 + e^-0.3925)
    "net_o1": 1.105905967060,  # 0.40·0.593269992107 + 0.45·0.596884378260 + 0.60
    "out_o1": 0.751365069552,  # 1 / (1 + e^-1.105905967060)
    "difference_o1": 0.741365069552,  # 0.751365069552 - 0.01
    "E": 0.549622166352,  # 0.741365069552²
}
GRADIENTS_BY_HAND = {
    "out_o1": 1.482730139105,  # 2·0.741365069552
    "net_o1": 0.276997123257,  # 1.482730139105 · 0.751365069552·(1 - 0.751365069552)
    "w5": 0.164334081128,  # 0.276997123257 · 0.593269992107
    "w6": 0.165335255695,  # 0.276997123257 · 0.596884378260
    "b3": 0.276997123257,
    "out_h1": 0.110798849303,  # 0.276997123257 · 0.40
    "out_h2": 0.124648705466,  # 0.276997123257 · 0.45
    "net_h1": 0.026735840846,  # 0.110798849303 · 0.593269992107·(1 - 0.593269992107)
    "net_h2": 0.029992150978,  # 0.124648705466 · 0.596884378260·(1 - 0.596884378260)
    "w1": 0.001336792042,  # 0.026735840846 · 0.05
    "w2": 0.002673584085,  # 0.026735840846 · 0.10
    "w3": 0.001499607549,  # 0.029992150978 · 0.05
    "w4": 0.002999215098,  # 0.029992150978 · 0.10
    "b1": 0.026735840846,
    "b2": 0.029992150978,
}


def test_the_forward_pass_has_the_digits_worked_by_hand():
    values = explained().values
    for name, digits in BY_HAND.items():
        assert values[name] == pytest.approx(digits, abs=5.1e-13), name


def test_the_chain_rule_has_the_digits_worked_by_hand():
    derivatives = explained().derivatives
    for name, digits in GRADIENTS_BY_HAND.items():
        assert derivatives[name].value == pytest.approx(digits, abs=5.1e-13), name


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def test_every_number_agrees_with_the_same_arithmetic_written_out():
    h1 = sigmoid(0.15 * 0.05 + 0.2 * 0.1 + 0.35)
    h2 = sigmoid(0.25 * 0.05 + 0.3 * 0.1 + 0.35)
    o1 = sigmoid(0.4 * h1 + 0.45 * h2 + 0.6)
    arriving = 2 * (o1 - 0.01) * o1 * (1 - o1)
    hidden = [arriving * w * h * (1 - h) for w, h in ((0.4, h1), (0.45, h2))]
    gradients = {
        "w1": hidden[0] * 0.05,
        "w2": hidden[0] * 0.1,
        "w3": hidden[1] * 0.05,
        "w4": hidden[1] * 0.1,
        "w5": arriving * h1,
        "w6": arriving * h2,
        "b1": hidden[0],
        "b2": hidden[1],
        "b3": arriving,
    }
    before = {"w1": 0.15, "w2": 0.2, "w3": 0.25, "w4": 0.3, "w5": 0.4, "w6": 0.45}
    before |= {"b1": 0.35, "b2": 0.35, "b3": 0.6}
    page = explained()
    assert list(page.updated) == list(before)
    for name, gradient in gradients.items():
        assert page.derivatives[name].value == pytest.approx(gradient, rel=1e-13)
        assert page.updated[name] == pytest.approx(before[name] - 0.5 * gradient, rel=1e-13)


def half_squared_error(targets, outputs):
    return 0.5 * ((targets - outputs) ** 2).sum(axis=1)


def test_a_published_example_is_met_in_every_digit():
    """Matt Mazur, A Step by Step Backpropagation Example (2015): his biases are not updated."""
    weights = [
        {"weight": [[0.15, 0.25], [0.20, 0.30]], "bias": [0.35, 0.35]},
        {"weight": [[0.40, 0.50], [0.45, 0.55]], "bias": [0.60, 0.60]},
    ]
    page = cr.explain(
        HIDDEN,
        [0.05, 0.10],
        [0.01, 0.99],
        loss=half_squared_error,
        optimizer=cr.optim.GradientDescent(0.5),
        params=weights,
    )
    assert page.loss == pytest.approx(0.298371109, abs=5e-10)
    published = {
        "w1": 0.149780716,
        "w2": 0.19956143,
        "w3": 0.24975114,
        "w4": 0.29950229,
        "w5": 0.35891648,
        "w6": 0.408666186,
        "w7": 0.511301270,
        "w8": 0.561370121,
    }
    for name, digits in published.items():
        assert page.updated[name] == pytest.approx(digits, abs=5e-9), name
    assert page.values["out_o1"] == pytest.approx(0.75136507, abs=5e-9)
    assert page.values["out_o2"] == pytest.approx(0.772928465, abs=5e-10)
    assert page.derivatives["w5"].value == pytest.approx(0.082167041, abs=5e-10)
    assert page.derivatives["out_h1"].value == pytest.approx(0.036350306, abs=5e-10)
    assert page.derivatives["w1"].value == pytest.approx(0.000438568, abs=5e-10)
    assert "0.741365 · 0.186816 · 0.593270 = 0.0821670" in str(page)
