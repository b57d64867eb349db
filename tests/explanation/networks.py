"""The networks that the tests of the explanation share."""

import chainrule as cr

TWO_TWO_ONE = cr.Network([cr.nn.Dense(2), cr.nn.Sigmoid(), cr.nn.Dense(1), cr.nn.Sigmoid()])
WEIGHTS = [
    {"weight": [[0.15, 0.25], [0.20, 0.30]], "bias": [0.35, 0.35]},
    {"weight": [[0.40], [0.45]], "bias": [0.60]},
]


def explained(**changed):
    """The 2-2-1 network's step, with other settings where named."""
    settings = {"loss": "mse", "optimizer": cr.optim.GradientDescent(0.5), "params": WEIGHTS}
    return cr.explain(TWO_TWO_ONE, [0.05, 0.10], [0.01], **(settings | changed))
