"""chainrule on sequences and images: the public `fit` and `predict`, compiled by XLA."""

from collections.abc import Callable

import chainrule as cr
from benchmarks.cases import LEARNING_RATE
from benchmarks.network_cases import (
    CLASSES,
    EPOCHS,
    HEADS,
    IMAGE_KERNEL,
    KERNEL,
    MANY,
    ONE,
    TRAINING,
    NetworkCase,
)
from chainrule import nn
from chainrule.engine import engine_by_name, keep_programs_on_disk


def network(case: NetworkCase) -> cr.Network:
    """The case's network."""
    if case.recurrent:
        return cr.Network([getattr(nn, case.kind)(*case.widths), nn.Dense(1)])
    body = {"Conv1D": _along_time, "transformer": _transformer, "CNN": _cnn, "deep CNN": _deep}
    return cr.Network([*body[case.kind](case), nn.Dense(CLASSES)])


def _along_time(case: NetworkCase) -> list[nn.Layer]:
    body: list[nn.Layer] = []
    for filters in case.widths:
        body += [nn.Conv1D(filters, KERNEL, padding="same"), nn.ReLU()]
    return [*body, nn.GlobalPool()]


def _transformer(case: NetworkCase) -> list[nn.Layer]:
    blocks = [nn.TransformerBlock(HEADS) for _ in case.widths]
    begin = [nn.Dense(case.widths[0]), nn.PositionalEncoding()]
    return [*begin, *blocks, nn.LayerNorm(), nn.GlobalPool()]


def _cnn(case: NetworkCase) -> list[nn.Layer]:
    *filters, units = case.widths
    body: list[nn.Layer] = []
    for count in filters:
        body += [nn.Conv2D(count, IMAGE_KERNEL, padding="same"), nn.ReLU(), nn.MaxPool(2)]
    return [*body, nn.Flatten(), nn.Dense(units), nn.ReLU()]


def _deep(case: NetworkCase) -> list[nn.Layer]:
    body: list[nn.Layer] = []
    for index, filters in enumerate(case.widths):
        body += [nn.Conv2D(filters, IMAGE_KERNEL, padding="same"), nn.BatchNorm(), nn.ReLU()]
        body += [nn.MaxPool(2)] * (index % 2)
    return [*body, nn.GlobalPool()]


def make(case: NetworkCase) -> dict[str, Callable[[], float | None]]:
    """What to call for each activity, training first; it says its own seconds a step.

    Compiled programs are kept in the cache folder that the process is given, for the next one.
    """
    keep_programs_on_disk()
    engine_by_name("xla")
    net, (x, y) = network(case), case.data()
    loss = "mse" if case.recurrent else "cross_entropy"

    models: list[cr.Model] = []

    def train() -> float:
        model = cr.fit(
            net, x, y, loss=loss, optimizer=cr.optim.Adam(LEARNING_RATE), epochs=EPOCHS,
            batch_size=case.batch, engine="xla",
        )  # fmt: skip
        models[:] = models or [model]
        return float(model.card["seconds"]) / int(model.card["steps"])

    def predict(activity: str) -> Callable[[], None]:
        rows = case.inputs(activity)

        def run() -> None:
            models[0].predict(rows, engine="xla")

        return run

    return {TRAINING: train, **{name: predict(name) for name in (ONE, MANY)}}
