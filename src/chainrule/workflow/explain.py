"""`explain_row`: one row of a table on its way through a model, in numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.data import (
    NUMBER,
    Chunk,
    Encoder,
    TargetCode,
    strange_cells,
    table_chunks,
    warn_of,
)
from chainrule.errors import DataError, SettingError
from chainrule.explanation import (
    Explanation,
    explain_prediction,
    input_columns,
    input_names,
    number,
)
from chainrule.model import Model
from chainrule.optim import Optimizer
from chainrule.workflow.models import Markers, load_model, missing_markers, table_encoder
from chainrule.workflow.truth import true_values


def explain_row(
    model: Model | str | os.PathLike[str],
    source: Any,
    row: int,
    *,
    optimizer: str | Optimizer | None = None,
    missing: Markers = None,
    name: str = "",
) -> Explanation:
    """Write out what a model makes of one row: inputs as encoded, layers, output, loss, gradient.

    Where the table has no target, or the row's is missing, the way to the output is shown alone.

    Args:
        model: a Model that was trained on a table, or the path of its file.
        source: the path of a table, an open binary file, a DataFrame, or a dict of columns.
        row: its number; 1 is the first row below the header.
        optimizer: whose step from this row alone is shown too.
        missing: what stands for a missing value; None: what did when the model was trained.
        name: what messages call an open file.

    Raises:
        DataError: there is no such row, or it does not fit the model.
        SettingError: the model was trained on arrays.

    Example:
        >>> import chainrule as cr
        >>> table = {"x": [0.0, 1.0] * 20, "y": [0.5, 2.5] * 20}
        >>> page = explain_row(cr.train(table, target="y", hidden=(2,)), table, row=2)
        >>> [(line.meaning, line.cell) for line in page.inputs]
        [('x', '1.0')]
    """
    made = load_model(model, source)
    encoder = table_encoder(made)
    if row < 1:
        raise SettingError(f"Row {row}: rows are counted from 1, the first below the header.")
    chunk, place = _find(encoder, source, row, name, missing_markers(made, missing))
    one = chunk.table.take([place])
    inputs = encoder.encode(one, "float64")[0]
    warn_of(strange_cells(encoder, one), stacklevel=2)
    truth = None
    targets = [code.column for code in encoder.targets]
    if all(name in one.names for name in targets):
        columns = [one.column(name) for name in targets]
        if not any(column.missing[0] for column in columns):
            truth = true_values(made, columns, np.array([row - 1]), one.name)[0]
    return explain_prediction(
        made,
        inputs,
        _as_trained(made, truth),
        list(_meanings(encoder, chunk, place)),
        row=f"row {row} of {one.name}",
        optimizer=optimizer,
        notes=list(_notes(made, inputs, truth)),
    )


def _find(
    encoder: Encoder, source: Any, row: int, name: str, markers: Sequence[str] | None
) -> tuple[Chunk, int]:
    """The piece of the table that has the row, and the row's place in it."""
    rows, table = 0, "the table"
    columns = list(encoder.kinds)
    for chunk in table_chunks(
        source,
        encoder.kinds,
        optional=encoder.target_kinds,
        texts=columns,
        missing=markers,
        name=name,
    ):
        rows, table = chunk.first + chunk.table.rows, chunk.table.name
        if row <= rows:
            return chunk, row - 1 - chunk.first
    count = f"{rows} {'row' if rows == 1 else 'rows'}"
    raise DataError(f"{table} has {count}; there is no row {row}.")


def _meanings(encoder: Encoder, chunk: Chunk, place: int) -> Iterator[tuple[str, str]]:
    names = iter(input_names(encoder))
    for column in input_columns(encoder):
        cell = chunk.texts[column.name][place]
        for _ in range(column.width):
            yield next(names), "" if cell is None else str(cell)


def _as_trained(model: Model, truth: Any) -> Any:
    """True values as the loss takes them."""
    assert model.encoder is not None
    if truth is None:
        return None
    if model.targets.classes is not None:
        return model.targets.classes[truth]
    if model.encoder.target.kind == NUMBER:
        return model.encoder.encode_target(truth[None])[0]
    return truth


def _notes(model: Model, inputs: Any, truth: Any) -> Iterator[str]:
    """What the outputs stand for, what was predicted, and what is true."""
    assert model.encoder is not None
    codes, row = model.encoder.targets, inputs[None].astype(model.dtype)
    if model.encoder.further:
        yield "Outputs: " + ", ".join(f"o{i + 1} {code.column}" for i, code in enumerate(codes))
    elif model.targets.classes is not None:
        yield _outputs(model)
    predicted = np.atleast_1d(model.predict(row)[0])
    each = [None] * len(codes) if truth is None else np.atleast_1d(truth)
    shares = model.predict_proba(row)[0] if model.targets.kind in ("classes", "binary") else None
    for i, (code, said, true) in enumerate(zip(codes, predicted, each, strict=True)):
        labels = code.labels or model.targets.classes
        label = true if true is None or labels is None else labels[true]
        known = "not in the table" if true is None else f"{label} in the table"
        text = f"{said:.6g}" if code.kind == NUMBER else str(said)
        share = ""
        if shares is not None:
            sure = max(shares[i], 1 - shares[i]) if code.labels else shares.max()
            share = f" with probability {sure:.4g}"
        yield f"{code.column}: {known}, {text} predicted{share}"
        if code.kind == NUMBER:
            yield _scaled(code, i + 1, float(said), None if true is None else float(true))
    if shares is not None and model.temperature != 1:
        yield (
            f"Before that the network's outputs are divided by the temperature "
            f"{model.temperature:.4g}, found on rows that it was not fitted to, so that "
            "probabilities come true. The probabilities above are those without it."
        )


def _scaled(code: TargetCode, place: int, said: float, true: float | None) -> str:
    """How a target in its own unit and what the network sees and says follow from each other."""
    center, scale = f"{code.center:.6g}", f"{code.scale:.6g}"
    seen = ""
    if true is not None:
        as_seen = number(float(code.encode(true)))
        seen = f"t{place} = ({true:.6g} - {center}) / {scale} = {as_seen}, and "
    out = (said - code.center) / code.scale
    return (
        f"The network sees {code.column} less its mean {center}, divided by its standard deviation "
        f"{scale}: {seen}its output o{place} = {number(out)} means {number(out)} · {scale} + "
        f"{center} = {said:.6g}"
    )


def _outputs(model: Model) -> str:
    labels = model.targets.classes.tolist()
    if model.targets.kind == "classes":
        return "Outputs: " + ", ".join(f"o{i + 1} {label}" for i, label in enumerate(labels))
    return f"Output: above 0 for {labels[1]}, below 0 for {labels[0]}"
