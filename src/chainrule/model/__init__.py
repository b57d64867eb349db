"""A trained model: predict, and (in `model.file`) save and load."""

from chainrule.model.model import (
    Model,
    check_in_shape,
    index_flags,
    score_network,
    shape_of,
)

__all__ = ["Model", "check_in_shape", "index_flags", "score_network", "shape_of"]
