"""One row of a table on its way through a model: columns, inputs, layers, prediction, gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.autodiff import plan_backward, pull_back
from chainrule.engine import namespace_of
from chainrule.explanation.explaining import written
from chainrule.explanation.labels import rows_of
from chainrule.explanation.names import TABLE
from chainrule.explanation.page import Explanation, InputRow, Section
from chainrule.explanation.recorded import Recorded, record
from chainrule.model import Model
from chainrule.nn import EmbedColumns
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
    page = written(recorded, update=optimizer is not None and known, loss=known)
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
    """The inputs with their columns and slopes; of many those that matter most.

    The number of a label has no slope: the numbers of its vector stand below it, with theirs.
    """
    params, batch = recorded.slots()
    slot, tables = batch["x"], _tables(recorded.network.layers[0], params[0])
    tape = recorded.recording.tape
    values = np.asarray(tape.values[slot])[0]
    slopes = _slopes(recorded, [slot, *(table for _, table in tables.values())])
    rows = []
    for i, (meaning, cell) in enumerate(meanings):
        value = float(values[i])
        slope = None if i in tables else float(slopes[slot][0, i])
        rows.append(InputRow(f"x{i + 1}", meaning, cell, value, slope))
        if i in tables:
            name, table = tables[i]
            pair = np.asarray(tape.values[table]), slopes[table]
            rows += _vector_rows(name, meaning, int(value), *pair)
    matters = [np.inf if row.slope is None else abs(row.value * row.slope) for row in rows]
    order = np.argsort(-np.array(matters), kind="stable")[:MOST_INPUTS]
    return tuple(rows[i] for i in sorted(order))


def _tables(first: Any, params: Any) -> dict[int, tuple[str, int]]:
    """The tables of vectors by the input whose numbers are their rows: each one's name and slot."""
    if not isinstance(first, EmbedColumns):
        return {}
    return {
        column: (f"{TABLE}{n}", own[TABLE])
        for n, (column, own) in enumerate(zip(first.columns, params, strict=True), 1)
    }


def _vector_rows(name: str, meaning: str, code: int, table: Any, slopes: Any) -> Iterator[InputRow]:
    """The numbers of the vector that stands for a label."""
    label = rows_of(name)
    for k, (value, slope) in enumerate(zip(table[code], slopes[code], strict=True)):
        said = f"vector of {meaning}, {k + 1}"
        yield InputRow(label((code, k)).unit, said, "", float(value), float(slope))


def _slopes(recorded: Recorded, slots: list[int]) -> dict[int, Any]:
    """∂E of the numbers in slots, by slot; 0 where the loss does not depend on them."""
    tape, loss = recorded.recording.tape, recorded.recording.loss.slot
    xp = namespace_of(*tape.values)
    seed = {loss: xp.ones_like(tape.values[loss])}
    with np.errstate(all="ignore"):
        found = pull_back(xp, plan_backward(tape, slots, [loss]), tape.values, seed)
    return {
        slot: np.zeros_like(tape.values[slot]) if found.get(slot) is None else found[slot]
        for slot in slots
    }
