"""Into how many parts a batch is cut that are worked on at once.

XLA runs recurrences and convolutions on one thread, whatever the number of cores, so a network that
has them trains in two streams: copies of the program that see half of every batch each and add up
their losses and gradients. Whatever the parts, the arithmetic is that of the whole batch: random
numbers belong to a row of the batch, and batch normalization adds its sums up over the streams.

A convolutional network also takes its half of the batch a few images at a time, because the
feature maps of many leave the cache: their gradients are added up in order.
"""

from __future__ import annotations

import math
from typing import Any

from chainrule.engine import Engine
from chainrule.model import on_one_thread, only_ours, parts_of
from chainrule.nn import init_layer
from chainrule.ops import key_from_seed
from chainrule.training.step import Task

SMALLEST_PART = 8
"""Rows: below it, meeting after every step costs more than the second stream saves."""

CACHED_NUMBERS = 200_000
"""Numbers in the largest feature maps of a piece: they stay in a core's cache."""


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


def pieces_for(network: Any, rows: int, in_shape: Any) -> int:
    """Into how many pieces a stream cuts its rows: a power of two that divides them, or 1.

    Where a layer looks at the whole batch, as batch normalization does, there is one piece. Pieces
    have at least as many rows as the smallest part of a stream.
    """
    parts = list(parts_of(network))
    if any(getattr(part, "whole_batch", False) for part in parts) or not all(
        getattr(part, "few_at_a_time", False)
        for part in parts
        if getattr(part, "one_thread", False)
    ):
        return 1
    largest, pieces = _largest(network, in_shape), 1
    while (
        rows * largest > pieces * CACHED_NUMBERS
        and rows % (2 * pieces) == 0
        and rows // (2 * pieces) >= SMALLEST_PART
    ):
        pieces *= 2
    return pieces


def _largest(network: Any, shape: Any) -> int:
    """Numbers of an example in the largest result of a layer."""
    largest, key = 0, key_from_seed(0)
    for layer in network.layers:
        shape = init_layer(layer, key, shape)[2]
        largest = max(largest, _numbers(shape))
    return largest


def _numbers(shape: Any) -> int:
    """Numbers of the largest array that a shape stands for."""
    return max(map(_numbers, shape.values())) if isinstance(shape, dict) else math.prod(shape)
