"""One path through time: what a recurrent layer carried, and which steps mattered to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autodiff import Record
from chainrule.engine import namespace_of
from chainrule.explanation.writing import number

RECURRENT = {"simple_rnn", "lstm", "gru"}
"""Primitives whose first output is the result; the second is the states (time, batch, units)."""

MOST_STEPS = 5


def through_time(record: Record, arriving: Any, values: list[Any]) -> tuple[str, ...]:
    """The first example's path in words: of many steps those whose inputs act most on the loss.

    How much a step acts is the size of ∂E/∂x over its features, from the layer's own rule.

    Args:
        record: of a recurrent primitive. arriving: the cotangents of its outputs.
        values: of all slots of the tape.
    """
    inputs = [values[slot] for slot in record.inputs]
    out = tuple([values[slot] for slot in record.outputs])
    rule = record.primitive.vjp
    assert rule is not None
    to_x = rule(namespace_of(*inputs), arriving, out, *inputs, **record.static)[0]()
    slopes, states = np.asarray(to_x)[0], out[1][:, 0]
    sizes = np.sqrt((slopes * slopes).sum(axis=1))
    order = np.argsort(-sizes, kind="stable")[:MOST_STEPS]
    largest = int(np.abs(out[1]).max(axis=(0, 1)).argmax())
    every = "every step" if len(sizes) <= MOST_STEPS else f"the {len(order)} steps that act most"
    lines = [
        f"Through time, example 1, {every} of {len(sizes)}; h is the state's unit {largest + 1}, "
        "|∂E/∂x| what the input of the step acts on the loss:"
    ]
    for step in sorted(order):
        state = number(states[step, largest])
        lines.append(f"step {step + 1}: h = {state}, |∂E/∂x| = {number(sizes[step])}")
    return tuple(lines)
