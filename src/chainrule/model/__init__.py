"""A trained model: predict, save and load."""

from chainrule.model.container import looks_like_model, read_container, write_container
from chainrule.model.cost import forward_cost, traced_example
from chainrule.model.descriptions import from_plain, to_plain
from chainrule.model.inputs import (
    check_channels_last,
    check_embeddings,
    check_in_shape,
    check_scale,
    index_flags,
    shape_of,
    with_expected_lengths,
)
from chainrule.model.model import Model, load
from chainrule.model.parts import on_one_thread, only_ours, parts_of, pieces_for
from chainrule.model.registry import is_built_in, register
from chainrule.model.scores import score_network, score_tree, whole_tree
from chainrule.model.structure import example_numbers

__all__ = [
    "Model",
    "check_channels_last",
    "check_embeddings",
    "check_in_shape",
    "check_scale",
    "example_numbers",
    "forward_cost",
    "from_plain",
    "index_flags",
    "is_built_in",
    "load",
    "looks_like_model",
    "on_one_thread",
    "only_ours",
    "parts_of",
    "pieces_for",
    "read_container",
    "register",
    "score_network",
    "score_tree",
    "shape_of",
    "to_plain",
    "traced_example",
    "whole_tree",
    "with_expected_lengths",
    "write_container",
]
