"""Training: the pure step, the program around it, the loop, and `fit`."""

from chainrule.training.checkpoint import interval
from chainrule.training.fit import fit
from chainrule.training.records import Progress
from chainrule.training.step import Task, objective

__all__ = ["Progress", "Task", "fit", "interval", "objective"]
