"""A model from a model or the path of its file."""

from __future__ import annotations

import os

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
