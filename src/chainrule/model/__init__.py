"""A trained model: predict, save and load."""

from chainrule.model.model import Model, check_in_shape, index_flags, load, shape_of
from chainrule.model.registry import register
from chainrule.model.scores import score_network, score_tree, whole_tree

__all__ = [
    "Model",
    "check_in_shape",
    "index_flags",
    "load",
    "register",
    "score_network",
    "score_tree",
    "shape_of",
    "whole_tree",
]
