"""`predict`: a model's answers for the rows of a table, in their order, as columns by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.clustering import Segments
from chainrule.data import (
    Chunk,
    Encoder,
    Strange,
    strange_cells,
    table_chunks,
    together,
    warn_of,
)
from chainrule.data.reading import Reading
from chainrule.errors import SettingError
from chainrule.model import Model
from chainrule.workflow.models import Markers, load_any, missing_markers, table_encoder


@dataclass(frozen=True, eq=False)
class Predictions:
    """Answers for some rows.

    Attributes:
        columns: by name: those asked for by `id`, the predicted column, its probabilities.
        rows: how many rows. ignored: columns of the table that the model does not need.
        reading: how the table was read.
    """

    columns: dict[str, Any]
    rows: int
    ignored: tuple[str, ...]
    reading: Reading


def predict(
    model: Model | Segments | str | os.PathLike[str],
    source: Any,
    *,
    proba: bool = False,
    id: str | Sequence[str] = (),
    missing: Markers = None,
) -> dict[str, Any]:
    """A model's answers for the rows of a table.

    Args:
        model: a Model that was trained on a table, or segments, or the path of their file.
        source: the path of a table, an open binary file, a DataFrame, or a dict of columns. Columns
            may stand in any order; those that the model does not need are ignored.
        proba: whether the probability of every class is wanted too.
        id: columns of the table that are passed on as they are.
        missing: what stands for a missing value; None: what did when the model was trained.

    Returns:
        Arrays by the name of their column: first those of `id`, then the predicted column under its
        own name ("predicted_…" where `id` has that name), then "probability_…" of every class;
        of several yes/no answers it is that of each target's second label. Of segments: "segment",
        counted from 1, and "oddness", the distance to its middle in widths of the segment.

    Raises:
        DataError: a column that the model needs is missing, or a cell does not fit it.
        SettingError: the model was not trained on a table, or has no probabilities.

    Example:
        >>> import chainrule as cr
        >>> table = {"x": [0.0, 1.0] * 20, "y": ["no", "yes"] * 20}
        >>> model = cr.train(table, target="y", learning_rate=0.1)
        >>> predict(model, {"name": ["a", "b"], "x": [1.0, 0.0]}, id="name")["y"].tolist()
        ['yes', 'no']
    """
    parts = list(predict_chunks(model, source, proba=proba, id=id, missing=missing))
    return {
        name: np.concatenate([np.asarray(part.columns[name]) for part in parts])
        for name in parts[0].columns
    }


def predict_chunks(
    model: Model | Segments | str | os.PathLike[str],
    source: Any,
    *,
    proba: bool = False,
    id: str | Sequence[str] = (),
    missing: Markers = None,
    name: str = "",
) -> Iterator[Predictions]:
    """The same piece by piece, for tables that are longer than memory.

    Args:
        name: what messages call an open file. Everything else as for `predict`.
    """
    made = load_any(model, source)
    encoder = made.encoder if isinstance(made, Segments) else table_encoder(made)
    answers = _placed if isinstance(made, Segments) else _answers
    passed = (id,) if isinstance(id, str) else tuple(id)
    strange: list[list[Strange]] = []
    for chunk in table_chunks(
        source, encoder.kinds, texts=passed, missing=missing_markers(made, missing), name=name
    ):
        strange.append(strange_cells(encoder, chunk.table))
        yield Predictions(
            {**chunk.texts, **answers(made, encoder, chunk, proba)},
            chunk.table.rows,
            tuple(n for n in chunk.names if n not in encoder.kinds and n not in passed),
            chunk.table.reading,
        )
    warn_of(together(strange), stacklevel=3)


def _placed(made: Any, encoder: Encoder, chunk: Chunk, proba: bool) -> dict[str, Any]:
    """Segments of rows."""
    if proba:
        raise SettingError("Segments have no probabilities: leave --proba out.")
    segments, oddness = made.place(made.features(chunk.table))
    named = {"segment": segments, "oddness": oddness}
    return {f"predicted_{n}" if n in chunk.texts else n: x for n, x in named.items()}


def _answers(model: Any, encoder: Encoder, chunk: Chunk, proba: bool) -> dict[str, Any]:
    inputs = encoder.encode(chunk.table, model.dtype)
    predicted = model.predict(inputs)
    columns = [predicted] if predicted.ndim == 1 else list(predicted.T)
    targets = [code.column for code in encoder.targets]
    named = {
        f"predicted_{target}" if target in chunk.texts else target: column
        for target, column in zip(targets, columns, strict=True)
    }
    if proba:
        shares = model.predict_proba(inputs)
        labels = targets if encoder.further else model.targets.classes
        named |= {f"probability_{label}": shares[:, i] for i, label in enumerate(labels)}
    return named
