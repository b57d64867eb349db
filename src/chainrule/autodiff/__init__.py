"""One tape, many readers: primitives, the tape they are recorded on, and back-propagation."""

from chainrule.autodiff.backward import Recording, plan_backward, pull_back, value_and_grad
from chainrule.autodiff.check import check_gradients
from chainrule.autodiff.description import hyper, hyper_values, with_hyper
from chainrule.autodiff.identity import program_digest, program_key
from chainrule.autodiff.primitive import PRIMITIVES, Primitive, primitive
from chainrule.autodiff.promotion import Traced, settled
from chainrule.autodiff.tape import Record, Tape, Variable
from chainrule.autodiff.tree import Tree, describe, leaves, paths, rebuild, tree_map

__all__ = [
    "PRIMITIVES",
    "Primitive",
    "Record",
    "Recording",
    "Tape",
    "Traced",
    "Tree",
    "Variable",
    "check_gradients",
    "describe",
    "hyper",
    "hyper_values",
    "leaves",
    "paths",
    "plan_backward",
    "primitive",
    "program_digest",
    "program_key",
    "pull_back",
    "rebuild",
    "settled",
    "tree_map",
    "value_and_grad",
    "with_hyper",
]
