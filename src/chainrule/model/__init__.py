"""A trained model: predict, and (in `model.file`) save and load."""

from chainrule.model.model import Model, check_in_shape, index_flags, shape_of
from chainrule.model.scores import score_network, score_tree, whole_tree

__all__ = [
    "Model",
    "check_in_shape",
    "index_flags",
    "score_network",
    "score_tree",
    "shape_of",
    "whole_tree",
]
