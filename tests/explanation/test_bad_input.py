"""Every bad input of `explain` gets one plain sentence with what was given and what to write."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError
from tests.explanation.networks import TWO_TWO_ONE, WEIGHTS

BAD = {
    "no loss": ({"loss": None}, "explain needs a loss"),
    "an unknown loss": ({"loss": "msee"}, "Did you mean 'mse'"),
    "an unknown optimizer": ({"optimizer": "sdg"}, "Did you mean 'sgd'"),
    "no network": ({"network": 3}, "takes cr.Network"),
    "NaN in x": ({"x": [np.nan, 1.0]}, "x at row 0, column 0 is nan"),
    "text in x": ({"x": ["a", "b"]}, "not a number"),
    "named inputs": ({"x": {"a": [1.0]}}, "takes one array and is given"),
    "three targets": ({"y": [1.0, 2.0, 3.0]}, "they must be equal"),
    "more targets than examples": ({"x": [[1.0, 2.0]], "y": [1.0, 2.0]}, "every example needs one"),
    "one layer of weights": ({"params": WEIGHTS[:1]}, "1 layers and the network has 2"),
    "weights without bias": (
        {"params": [{"weight": [[1.0], [1.0]]}, WEIGHTS[1]]},
        "needs 'weight' and 'bias'",
    ),
    "weights of another shape": (
        {"params": [WEIGHTS[0], WEIGHTS[0]]},
        r"layer 2, 'weight' has shape \(2, 2\), and the network needs \(2, 1\)",
    ),
    "ragged weights": (
        {"params": [{"weight": [[1.0, 2.0], [1.0]], "bias": [0.0, 0.0]}, WEIGHTS[1]]},
        "rows of equal length",
    ),
    "text as weights": (
        {"params": [{"weight": [["1", "2"], ["1", "2"]], "bias": [0.0, 0.0]}, WEIGHTS[1]]},
        "must be numbers",
    ),
    "infinite weights": (
        {"params": [{"weight": [[1.0, np.inf], [0.0, 0.0]], "bias": [0.0, 0.0]}, WEIGHTS[1]]},
        r"is inf at \(0, 1\)",
    ),
    "a number as a layer": ({"params": [1.0, 2.0]}, "where a layer should be"),
    "cross-entropy with one output": ({"loss": "cross_entropy", "y": 0}, "an output for every"),
    "an overflow": ({"y": [1e200]}, "E is inf, which is not finite"),
    "a seed below 0": ({"seed": -1}, "seed"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_refused_in_one_sentence(kind):
    changed, said = BAD[kind]
    settings = {"network": TWO_TWO_ONE, "x": [0.5, 1.0], "y": 0.5, "loss": "mse"} | changed
    network, x, y = (settings.pop(name) for name in ("network", "x", "y"))
    with pytest.raises(ChainruleError, match=said) as error:
        cr.explain(network, x, y, **settings)
    assert len(str(error.value)) < 300


def test_a_class_that_there_is_not_is_refused():
    network = cr.Network([cr.nn.Dense(3)])
    with pytest.raises(ChainruleError, match="classes 0 to 2"):
        cr.explain(network, [1.0, 2.0], 3, loss="cross_entropy")
