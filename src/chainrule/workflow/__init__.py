"""What a user asks for in one call: from a table to a judged model, and what to do with it."""

from chainrule.workflow.cluster import cluster
from chainrule.workflow.evaluate import Evaluation, evaluate
from chainrule.workflow.explain import explain_row
from chainrule.workflow.inspect import Inspection, inspect
from chainrule.workflow.kept import forget, is_kept
from chainrule.workflow.models import load, load_any, load_model
from chainrule.workflow.plot import FIGURES, plot
from chainrule.workflow.predict import Predictions, predict, predict_chunks
from chainrule.workflow.reproduce import Reproduction, is_finished, reproduce
from chainrule.workflow.train import train

__all__ = [
    "FIGURES",
    "Evaluation",
    "Inspection",
    "Predictions",
    "Reproduction",
    "cluster",
    "evaluate",
    "explain_row",
    "forget",
    "inspect",
    "is_finished",
    "is_kept",
    "load",
    "load_any",
    "load_model",
    "plot",
    "predict",
    "predict_chunks",
    "reproduce",
    "train",
]
