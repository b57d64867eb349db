"""chainrule: trains neural networks fast and shows everything they do."""

from importlib.metadata import version

from chainrule import errors, losses, nn, ops, optim
from chainrule.autodiff import check_gradients, hyper, primitive, value_and_grad
from chainrule.explanation import explain
from chainrule.model import Model, register
from chainrule.nn import Network
from chainrule.training import Progress, fit
from chainrule.workflow import (
    cluster,
    evaluate,
    explain_row,
    inspect,
    load,
    plot,
    predict,
    reproduce,
    train,
)

__version__ = version("chainrule")

__all__ = [
    "Model",
    "Network",
    "Progress",
    "__version__",
    "check_gradients",
    "cluster",
    "errors",
    "evaluate",
    "explain",
    "explain_row",
    "fit",
    "hyper",
    "inspect",
    "load",
    "losses",
    "nn",
    "ops",
    "optim",
    "plot",
    "predict",
    "primitive",
    "register",
    "reproduce",
    "train",
    "value_and_grad",
]
