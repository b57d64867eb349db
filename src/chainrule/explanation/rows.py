"""One row of a table on its way through a model: columns, inputs, layers, prediction, gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.autodiff import plan_backward, pull_back
from chainrule.engine import namespace_of
from chainrule.explanation.explaining import written
from chainrule.explanation.page import Explanation, InputRow, Section
from chainrule.explanation.recorded import Recorded, record
from chainrule.model import Model
from chainrule.optim import Optimizer

MOST_INPUTS = 40
"""So many inputs are listed."""


def explain_prediction(
    model: Model,
    inputs: Any,
    target: Any,
    meanings: Sequence[tuple[str, str]],
    *,
    row: str,
    optimizer: str | Optimizer | None = None,
    notes: Sequence[str] = (),
) -> Explanation:
    """Write out what a model makes of one row of a table, as in prediction.

    Args:
        inputs: the row as the network sees it, (features,).
        target: its label, or its number as the network sees it; None where it is not known: then
            there is no loss, and what is shown is what matters most to the prediction.
        meanings: of every input: what it is, and the cell of the table behind it.
        row: what it is called. notes: said at the end of the page.
        optimizer: whose step is shown; None shows none.
    """
    known = target is not None
    recorded = record(
        model,
        inputs,
        target if known else _stand_in(model, inputs),
        loss=None,
        optimizer=optimizer or "sgd",
        seed=0,
        params=None,
        predicting=True,
    )
    page = written(recorded, update=optimizer is not None and known)
    page = replace(page, row=row, inputs=_input_rows(recorded, meanings), notes=tuple(notes))
    return page if known else _without_loss(page)


def _stand_in(model: Model, inputs: Any) -> Any:
    """A target that makes the loss's derivative point along the prediction's own."""
    row = np.reshape(inputs, (1, -1))
    if model.targets.kind == "numbers":
        return model.outputs(row)[0] - 1
    return model.predict(row)[0]


def _without_loss(page: Explanation) -> Explanation:
    """The forward pass alone; of the loss the probabilities that it contains are kept."""
    *layers, loss = page.forward
    said = tuple(note for note in loss.notes if note.startswith("The probabilities"))
    forward = (*layers, Section("Probabilities", (), said)) if said else tuple(layers)
    return replace(
        page, forward=forward, backward=(), updates=(), derivatives={}, updated={},
        loss=None, new_loss=None,
        values={name: value for name, value in page.values.items() if name != "E"},
    )  # fmt: skip


def _input_rows(recorded: Recorded, meanings: Sequence[tuple[str, str]]) -> tuple[InputRow, ...]:
    """The inputs with their columns and slopes; of many those that matter most."""
    slot = recorded.slots()[1]["x"]
    tape, loss = recorded.recording.tape, recorded.recording.loss.slot
    values = np.asarray(tape.values[slot])[0]
    xp = namespace_of(*tape.values)
    seed = {loss: xp.ones_like(tape.values[loss])}
    with np.errstate(all="ignore"):
        found = pull_back(xp, plan_backward(tape, [slot], [loss]), tape.values, seed)
    slopes = found.get(slot)
    slope = np.zeros(len(values)) if slopes is None else np.asarray(slopes)[0]
    order = np.argsort(-np.abs(values * slope), kind="stable")[:MOST_INPUTS]
    rows = []
    for i in sorted(order):
        meaning, cell = meanings[i]
        rows.append(InputRow(f"x{i + 1}", meaning, cell, float(values[i]), float(slope[i])))
    return tuple(rows)
