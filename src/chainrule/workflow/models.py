"""A model from a model or the path of its file, and what it knows of tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from chainrule.clustering import Segments, is_segments_file, load_segments
from chainrule.data import Encoder
from chainrule.errors import ModelFileError, SettingError
from chainrule.model import Model, looks_like_model
from chainrule.model import load as load_network


def load_model(model: Model | str | os.PathLike[str], source: Any = None) -> Model:
    """The model itself, or the one in a file.

    Args:
        source: the table that it is wanted for; where the two are swapped, that is said.

    Raises:
        ModelFileError: the file is no model. SettingError: it is neither model nor path.
    """
    if isinstance(model, Model):
        return model
    if isinstance(model, str | os.PathLike):
        if is_segments_file(model):
            raise SettingError(
                f"{model} holds segments and no network: they have predict, inspect and plot."
            )
        try:
            return load_network(model)
        except ModelFileError:
            if isinstance(source, str | os.PathLike) and looks_like_model(source):
                raise SettingError(
                    f"{model} is no model, and {source} is one: the model comes first, then the "
                    "table."
                ) from None
            raise
    raise SettingError(
        f"A model is needed and {type(model).__name__} is none: give what cr.train or cr.fit "
        "returned, or the path of a model file."
    )


def load_any(
    model: Model | Segments | str | os.PathLike[str], source: Any = None
) -> Model | Segments:
    """A model or segments, themselves or from a file. Nothing in the file is ever run.

    Args:
        source: as for `load_model`.

    Raises:
        ModelFileError: the file is neither. SettingError: it is no model, segments or path.
    """
    if isinstance(model, Segments):
        return model
    if isinstance(model, str | os.PathLike) and is_segments_file(model):
        return load_segments(model)
    return load_model(model, source)


def load(path: Model | Segments | str | os.PathLike[str]) -> Model | Segments:
    """The model, or the segments, in a file. Nothing in the file is ever run.

    Args:
        path: of a file that `save`, `chainrule train` or `chainrule cluster` wrote.

    Raises:
        ModelFileError: the file is neither, is cut off, or was changed.

    Example:
        >>> import tempfile, chainrule as cr
        >>> model = cr.fit(cr.Network([cr.nn.Dense(1)]), [[0.0], [1.0]], [1.0, 3.0], loss="mse")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/line.safetensors")
        ...     again = load(f"{folder}/line.safetensors")
        >>> again.predict([[2.0]]).tolist() == model.predict([[2.0]]).tolist()
        True
    """
    return load_any(path)


Markers = str | Sequence[str] | None
"""What stands for a missing value: a cell, several of them, or None for what usually does."""


def missing_markers(model: Model | Segments, asked: Markers = None) -> Sequence[str] | None:
    """The markers that were asked for, else those that its own table had; None for the usual."""
    if asked is not None:
        return (asked,) if isinstance(asked, str) else asked
    found = model.card.get("missing")
    return found if isinstance(found, list) and all(isinstance(x, str) for x in found) else None


def table_encoder(model: Model) -> Encoder:
    """The encoder of a model that was trained on a table.

    Raises:
        SettingError: it was trained on arrays.
    """
    if model.encoder is None:
        raise SettingError(
            "This model was trained on arrays and knows no columns of a table. Use it from Python: "
            "cr.load(FILE).predict(array), or train on the table itself: chainrule train."
        )
    return model.encoder
