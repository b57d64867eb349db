"""Into how many parts a batch is cut that are worked on at once.

XLA runs recurrences and convolutions on one thread, whatever the number of cores, so a network that
has them trains in two streams: copies of the program that see half of every batch each and add up
their losses and gradients. Whatever the parts, the arithmetic is that of the whole batch: random
numbers belong to a row of the batch, and batch normalization adds its sums up over the streams.

Networks of convolutions or attention also take their half of the batch a few examples at a time
(`model.pieces_for`): their gradients are added up in order.
"""

from __future__ import annotations

from chainrule.engine import Engine
from chainrule.model import on_one_thread, only_ours
from chainrule.training.step import Task

SMALLEST_PART = 8
"""Rows: below it, meeting after every step costs more than the second stream saves."""


def streams_for(task: Task, batch_rows: int, engine: Engine) -> int:
    """As many streams as the engine has, or 1.

    One for a network without a layer that runs on one thread, for a batch that is too small or
    cannot be halved, and wherever a layer or loss is the user's own: it may look at the whole
    batch, as batch normalization does.
    """
    streams = engine.streams
    parts = task.network, task.loss
    halved = batch_rows % streams == 0 and batch_rows // streams >= SMALLEST_PART
    if streams == 1 or not halved or not only_ours(*parts) or not on_one_thread(*parts):
        return 1
    return streams
