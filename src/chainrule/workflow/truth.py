"""What is true: the target column of new rows, in the terms of a model's predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data import NUMBER, Column
from chainrule.errors import DataError
from chainrule.model import Model


def true_values(model: Model, column: Column, table: str) -> Any:
    """The targets of rows that have one, (rows,): labels as the model gives them, or numbers.

    Args:
        column: the target; none of its cells is missing. table: what messages call the table.

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
    labels = _labels(column)
    known = {str(label): i for i, label in enumerate(classes.tolist())}
    places = np.array([known.get(label, -1) for label in labels[0]])
    if (places < 0).any():
        odd = labels[0][int(np.argmax(places < 0))]
        row = int(np.argmax(labels[1] == np.argmax(places < 0))) + 1
        listed = ", ".join(list(known)[:12]) + (", …" if len(known) > 12 else "")
        raise DataError(
            f"{table}, row {row}: {column.name} is {odd!r}, which the model does not know; it "
            f"knows {listed}. Leave such rows out."
        )
    return classes[places[labels[1]]]


def _labels(column: Column) -> tuple[list[str], Any]:
    """The different labels as text, and which of them every row has."""
    if column.kind != NUMBER:
        return list(column.labels), column.values
    present, codes = np.unique(column.values, return_inverse=True)
    return [f"{value:.15g}" for value in present], codes
