"""What is true of new rows, beside what a model says: targets in the terms of its predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import NUMBER, Column, no_column, table_chunks
from chainrule.errors import DataError
from chainrule.model import Model
from chainrule.workflow.models import table_encoder


def true_values(model: Model, column: Column, rows: Any, table: str) -> Any:
    """The targets of rows that have one, (rows,): labels as the model gives them, or numbers.

    Args:
        column: the target; none of its cells is missing.
        rows: the numbers of these rows in the table, counted from 0.
        table: what messages call it.

    Raises:
        DataError: text where the model predicts numbers, or a label that it does not know.
    """
    if model.targets.classes is None:
        if column.kind != NUMBER:
            raise DataError(
                f"{table}: the column {column.name!r} holds text such as {column.labels[0]!r}, "
                "and the model predicts numbers."
            )
        return column.values
    classes = model.targets.classes
    labels, codes = _labels(column)
    known = {str(label): i for i, label in enumerate(classes.tolist())}
    places = np.array([known.get(label, -1) for label in labels])
    if (places < 0).any():
        odd = labels[int(np.argmax(places < 0))]
        row = int(rows[np.argmax(codes == np.argmax(places < 0))]) + 1
        listed = ", ".join(list(known)[:12]) + (", …" if len(known) > 12 else "")
        raise DataError(
            f"{table}, row {row}: {column.name} is {odd!r}, which the model does not know; it "
            f"knows {listed}. Leave such rows out."
        )
    return classes[places[codes]]


def _labels(column: Column) -> tuple[list[str], Any]:
    """The different labels as text, and which of them every row has."""
    present, codes = np.unique(column.values, return_inverse=True)
    if column.kind != NUMBER:
        return [column.labels[label] for label in present], codes
    return [f"{value:.15g}" for value in present], codes


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says about rows whose targets are known, beside what is true.

    Attributes:
        truth, predicted: (rows,), in the terms of the table.
        probabilities: (rows, classes); None where the model has none.
        left_out: rows without a target.
        table: what messages call the table.
    """

    truth: Any
    predicted: Any
    probabilities: Any
    left_out: int
    table: str


def gather_answers(model: Model, source: Any, name: str = "") -> Answers:
    """Predict all rows of a table that have a target; the rows may be read piece by piece.

    Raises:
        DataError: the table has no target column, or no row with a target.
    """
    encoder = table_encoder(model)
    target = encoder.target.column
    parts: list[tuple[Any, Any, Any]] = []
    left_out, table = 0, ""
    for chunk in table_chunks(source, encoder.kinds, optional=[target], name=name):
        table = chunk.table.name
        if target not in chunk.names:
            raise no_column(table, target, chunk.names)
        column = chunk.table.column(target)
        kept = np.flatnonzero(~column.missing)
        left_out += len(column.missing) - len(kept)
        if len(kept):
            inputs = encoder.encode(chunk.table.take(kept), model.dtype)
            shares = model.predict_proba(inputs) if _has_shares(model) else kept[:, None]
            truth = true_values(model, column.take(kept), kept + chunk.first, table)
            parts.append((truth, model.predict(inputs), shares))
    if not parts:
        raise DataError(f"{table} has no row with a {target}: there is nothing to compare with.")
    truth, predicted, shares = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Answers(truth, predicted, shares if _has_shares(model) else None, left_out, table)


def _has_shares(model: Model) -> bool:
    return model.targets.kind in ("classes", "binary") and model.targets.classes is not None


def class_numbers(model: Model, labels: Any) -> Any:
    """The positions of labels among the model's classes."""
    order = np.argsort(model.targets.classes, kind="stable")
    return order[np.searchsorted(model.targets.classes, labels, sorter=order)]
