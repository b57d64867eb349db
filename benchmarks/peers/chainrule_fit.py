"""chainrule through its public `fit`, with validation, best weights and patience on."""

import chainrule as cr
from benchmarks.cases import LEARNING_RATE, Case
from benchmarks.clock import Trainer

NEVER = 1_000_000
"""Patience that is counted and never runs out."""

ACTIVATIONS: dict[str, type[cr.nn.Tanh] | type[cr.nn.ReLU]] = {
    "tanh": cr.nn.Tanh,
    "relu": cr.nn.ReLU,
}


def network(case: Case) -> cr.Network:
    """The case's network: an activation after every layer but the last."""
    layers: list[cr.nn.Layer] = [cr.nn.Dense(case.widths[1])]
    for width in case.widths[2:]:
        layers += [ACTIVATIONS[case.activation](), cr.nn.Dense(width)]
    return cr.Network(layers)


def make(case: Case, engine: str) -> Trainer:
    """A whole fit a call."""
    net, (x, y), held = network(case), case.data(), case.validation()

    def run(epochs: int) -> cr.Model:
        return cr.fit(
            net,
            x,
            y,
            loss=case.loss,
            optimizer=cr.optim.Adam(LEARNING_RATE),
            epochs=epochs,
            batch_size=case.batch,
            validation=held,
            patience=NEVER,
            engine=engine,
        )

    return Trainer(run)
