"""A model from a model or the path of its file, and what it knows of tables."""

from __future__ import annotations

import os
from collections.abc import Sequence

from chainrule.data import Encoder
from chainrule.errors import SettingError
from chainrule.model import Model, load


def load_model(model: Model | str | os.PathLike[str]) -> Model:
    """The model itself, or the one in a file.

    Raises:
        ModelFileError: the file is no model. SettingError: it is neither model nor path.
    """
    if isinstance(model, Model):
        return model
    if isinstance(model, str | os.PathLike):
        return load(model)
    raise SettingError(
        f"A model is needed and {type(model).__name__} is none: give what cr.train or cr.fit "
        "returned, or the path of a model file."
    )


Markers = str | Sequence[str] | None
"""What stands for a missing value: a cell, several of them, or None for what usually does."""


def missing_markers(model: Model, asked: Markers = None) -> Sequence[str] | None:
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
