"""What is true of new rows, beside what a model says: targets in the terms of its predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data import (
    NUMBER,
    Column,
    Strange,
    TargetCode,
    as_table,
    no_column,
    strange_cells,
    table_chunks,
    together,
    warn_of,
)
from chainrule.errors import DataError
from chainrule.model import Model
from chainrule.workflow.card import rows_of_bits
from chainrule.workflow.models import Markers, missing_markers, table_encoder


def true_values(model: Model, columns: Sequence[Column], rows: Any, table: str) -> Any:
    """The targets of rows that have them, as class numbers, answers (0 or 1) or numbers.

    Args:
        columns: the targets; none of their cells is missing.
        rows: the numbers of these rows in the table, counted from 0.
        table: what messages call it.

    Returns:
        (rows,), or (rows, targets) where there are several.

    Raises:
        DataError: text where the model predicts numbers, or a label that it does not know.
    """
    codes = table_encoder(model).targets
    each = [
        _true(model, code, column, rows, table) for code, column in zip(codes, columns, strict=True)
    ]
    return each[0] if len(each) == 1 else np.stack(each, axis=1)


def _true(model: Model, code: TargetCode, column: Column, rows: Any, table: str) -> Any:
    if code.kind == NUMBER:
        if column.labels:
            raise DataError(
                f"{table}: the column {column.name!r} holds text such as {column.labels[0]!r}, "
                "and the model predicts numbers."
            )
        return column.values
    known = list(code.labels) or [str(label) for label in model.targets.classes.tolist()]
    labels, codes = _labels(column)
    places = np.array([known.index(label) if label in known else -1 for label in labels])
    if (places < 0).any():
        odd = labels[int(np.argmax(places < 0))]
        row = int(rows[np.argmax(codes == np.argmax(places < 0))]) + 1
        listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
        raise DataError(
            f"{table}, row {row}: {column.name} is {odd!r}, which the model does not know; it "
            f"knows {listed}. Leave such rows out."
        )
    return places[codes]


def _labels(column: Column) -> tuple[list[str], Any]:
    """The different labels as text, and which of them every row has."""
    present, codes = np.unique(column.values, return_inverse=True)
    if column.labels:
        return [column.labels[label] for label in present], codes
    return [f"{value:.15g}" for value in present], codes


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says about rows whose targets are known, beside what is true.

    Attributes:
        truth, predicted: class numbers, answers (0 or 1) or numbers: (rows,), or (rows, targets)
            where there are several.
        probabilities: (rows, classes), or of yes (rows, targets); None where the model has none.
        left_out: rows without a target.
        table: what messages call the table.
        seen: whether the model was trained on these very rows.
        unseen: whether the table is the one that it was made from, and these are only the rows that
            training never saw, because it was not judged then.
    """

    truth: Any
    predicted: Any
    probabilities: Any
    left_out: int
    table: str
    seen: bool = False
    unseen: bool = False

    def take(self, rows: Any) -> Answers:
        """The answers of these rows only."""
        shares = None if self.probabilities is None else self.probabilities[rows]
        return replace(
            self, truth=self.truth[rows], predicted=self.predicted[rows], probabilities=shares
        )


def gather_answers(model: Model, source: Any, name: str = "", missing: Markers = None) -> Answers:
    """Predict all rows of a table that have their targets; the rows may be read piece by piece.

    Where the table is the one that the model was made from, the answers say so; of a model that was
    not judged then they are those of the rows that were held back.

    Raises:
        DataError: the table has no target column, or no row with a target.
    """
    encoder = table_encoder(model)
    targets = [code.column for code in encoder.targets]
    parts: list[tuple[Any, Any, Any]] = []
    left_out, table = 0, ""
    strange: list[list[Strange]] = []
    for chunk in table_chunks(
        source,
        encoder.kinds,
        optional=encoder.target_kinds,
        missing=missing_markers(model, missing),
        name=name,
    ):
        table = chunk.table.name
        for target in targets:
            if target not in chunk.names:
                raise no_column(table, target, chunk.names)
        columns = [chunk.table.column(target) for target in targets]
        kept = np.flatnonzero(~np.any([column.missing for column in columns], axis=0))
        left_out += chunk.table.rows - len(kept)
        if len(kept):
            inputs = encoder.encode(chunk.table.take(kept), model.dtype)
            strange.append(strange_cells(encoder, chunk.table.take(kept)))
            shares = model.predict_proba(inputs) if _has_shares(model) else kept[:, None]
            true = [column.take(kept) for column in columns]
            truth = true_values(model, true, kept + chunk.first, table)
            parts.append((truth, predicted_values(model, inputs), shares))
    if not parts:
        raise DataError(
            f"{table} has no row with a {', '.join(targets)}: there is nothing to compare with."
        )
    warn_of(together(strange), stacklevel=3)
    truth, predicted, shares = (np.concatenate(part) for part in zip(*parts, strict=True))
    answers = Answers(truth, predicted, shares if _has_shares(model) else None, left_out, table)
    return _beside_training(model, source, answers, missing)


def _beside_training(model: Model, source: Any, answers: Answers, missing: Markers) -> Answers:
    """What the rows are to the model: new ones, those it was trained on, or those held back."""
    if not _is_training_table(model, source, answers, missing):
        return answers
    unseen = _unseen(model, answers)
    if unseen is None:
        return replace(answers, seen=True)
    return replace(answers.take(unseen), unseen=True)


def _is_training_table(model: Model, source: Any, answers: Answers, missing: Markers) -> bool:
    """Whether the rows are those that the model was made from, where that can be found out."""
    if hasattr(source, "read") or model.card.get("data_rows") != len(answers.truth):
        return False
    types = model.card.get("types")
    table = as_table(
        source, types if isinstance(types, dict) else None, missing=missing_markers(model, missing)
    )
    targets = [table.column(code.column) for code in table_encoder(model).targets]
    kept = np.flatnonzero(~np.any([column.missing for column in targets], axis=0))
    return bool(table.take(kept).digest() == model.card.get("data_hash"))


def _unseen(model: Model, answers: Answers) -> Any:
    """The rows that a model which was not judged has never seen; None where it was judged."""
    if model.judgement is not None or not isinstance(model.card.get("unseen"), str):
        return None
    rows = rows_of_bits(model.card["unseen"])
    return rows if len(rows) and rows[-1] < len(answers.truth) else None


def predicted_values(model: Model, inputs: Any) -> Any:
    """What a model predicts for encoded rows, in the terms of `true_values`."""
    if model.targets.classes is not None:
        return class_numbers(model, model.predict(inputs))
    if table_encoder(model).target.kind == NUMBER:
        return model.predict(inputs)
    return replace(model, encoder=None).predict(inputs)


def _has_shares(model: Model) -> bool:
    return model.targets.kind in ("classes", "binary")


def class_numbers(model: Model, labels: Any) -> Any:
    """The positions of labels among the model's classes."""
    order = np.argsort(model.targets.classes, kind="stable")
    return order[np.searchsorted(model.targets.classes, labels, sorter=order)]
