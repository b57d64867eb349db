"""chainrule on sequences: the public `fit` and `predict`."""

from collections.abc import Callable

import chainrule as cr
from benchmarks.cases import LEARNING_RATE
from benchmarks.peers.sequences_shapes import BLOCKS, HEADS, KERNEL
from benchmarks.sequence_cases import CLASSES, MANY, ONE, TRAINING, SequenceCase


def network(case: SequenceCase) -> cr.Network:
    """The case's network."""
    if case.recurrent:
        return cr.Network([getattr(cr.nn, case.kind)(case.units), cr.nn.Dense(1)])
    if case.kind == "Conv1D":
        body: list[cr.nn.Layer] = []
        for _ in range(2):
            body += [cr.nn.Conv1D(case.units, KERNEL, padding="same"), cr.nn.ReLU()]
    else:
        blocks = [cr.nn.TransformerBlock(HEADS) for _ in range(BLOCKS)]
        body = [cr.nn.Dense(case.units), cr.nn.PositionalEncoding(), *blocks, cr.nn.LayerNorm()]
    return cr.Network([*body, cr.nn.GlobalPool(), cr.nn.Dense(CLASSES)])


def make(case: SequenceCase) -> dict[str, Callable[[], float | None]]:
    """What to call for each activity; training says its own seconds a step."""
    net, (x, y) = network(case), case.data()
    loss = "mse" if case.recurrent else "cross_entropy"

    def fit(epochs: int = 2) -> cr.Model:
        return cr.fit(
            net, x, y, loss=loss, optimizer=cr.optim.Adam(LEARNING_RATE), epochs=epochs,
            batch_size=case.batch, engine="xla",
        )  # fmt: skip

    def train() -> float:
        card = fit().card
        return float(card["seconds"]) / int(card["steps"])

    models: list[cr.Model] = []

    def predict(activity: str) -> Callable[[], None]:
        rows = case.inputs(activity)

        def run() -> None:
            models[:] = models or [fit(1)]
            models[0].predict(rows, engine="xla")

        return run

    return {TRAINING: train, **{name: predict(name) for name in (ONE, MANY)}}
