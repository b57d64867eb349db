"""Recurrence by NumPy where nothing is traced: nothing is kept for the way back.

Sums, gates and states are overwritten in place, and the inputs are projected for a few steps at a
time, so that a step works on what is in the cache. The numbers are those of `ops/recurrent.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.engine import Array
from chainrule.ops.recurrent import check_recurrence, gru, parts_of_gates, simple_rnn
from chainrule.ops.recurrent_lstm import HALVES, MIDDLES, lstm, per_gate

__all__ = ["gru", "lstm", "simple_rnn"]

PROJECTED_ROWS = 1024
"""Rows of one product for the inputs: of small batches all steps at once, of large ones a few."""

Step = Callable[[Array, tuple[Array, ...]], None]


def _run(
    xp: Any, step: Step, x: Array, weight: Array, bias: Array, carries: int, units: int,
    lengths: tuple[Array, ...], reverse: bool, sequences: bool,
) -> tuple[Array]:  # fmt: skip
    """Run `step(projected, states)`, which overwrites both, over all steps."""
    batch, time, _ = x.shape
    states = tuple([np.zeros((batch, units), x.dtype) for _ in range(carries)])
    found = np.empty((batch, time, units), x.dtype) if sequences else None
    block = max(1, PROJECTED_ROWS // max(batch, 1))
    for first in range(0, time, block):
        last = min(first + block, time)
        part = slice(time - last, time - first) if reverse else slice(first, last)
        projected = _projected(xp, x[:, part], weight, bias)
        order = range(part.stop - part.start)
        for i in reversed(order) if reverse else order:
            _masked(step, projected[i], states, lengths, part.start + i)
            if found is not None:
                found[:, part.start + i] = states[0]
    return (states[0] if found is None else found,)


def _projected(xp: Any, x: Array, weight: Array, bias: Array) -> Array:
    """x·weight + bias, (time, batch, gates)."""
    batch, time, features = x.shape
    sums = xp.matmul(x.swapaxes(0, 1).reshape(time * batch, features), weight)
    sums += bias
    return sums.reshape(time, batch, weight.shape[1])


def _masked(
    step: Step, projected: Array, states: tuple[Array, ...], lengths: tuple[Array, ...], t: int
) -> None:
    """A step that leaves the states of examples alone that have ended."""
    ended = (lengths[0] <= t)[:, None] if lengths else None
    if ended is None or not ended.any():
        return step(projected, states)
    before = [state.copy() for state in states]
    step(projected, states)
    for state, old in zip(states, before, strict=True):
        np.copyto(state, old, where=ended)


@simple_rnn.untraced("numpy")
def _(
    xp: Any, x: Array, weight: Array, recurrent_weight: Array, bias: Array, *lengths: Array,
    reverse: bool = False, sequences: bool = False,
) -> tuple[Array]:  # fmt: skip
    check_recurrence("simple_rnn", x, (weight, recurrent_weight), 1, lengths)

    def step(sums: Array, states: tuple[Array, ...]) -> None:
        (hidden,) = states
        sums += xp.matmul(hidden, recurrent_weight)
        np.tanh(sums, out=hidden)

    units = recurrent_weight.shape[0]
    return _run(xp, step, x, weight, bias, 1, units, lengths, reverse, sequences)


@lstm.untraced("numpy")
def _(
    xp: Any, x: Array, weight: Array, recurrent_weight: Array, bias: Array, *lengths: Array,
    reverse: bool = False, sequences: bool = False,
) -> tuple[Array]:  # fmt: skip
    check_recurrence("lstm", x, (weight, recurrent_weight), 4, lengths)
    units = recurrent_weight.shape[0]
    slope, middle = (per_gate(xp, values, units, x.dtype) for values in (HALVES, MIDDLES))
    recurrent_weight = recurrent_weight * slope  # 1 or 1/2: no rounding

    def step(gates: Array, states: tuple[Array, ...]) -> None:
        hidden, cell = states
        gates += xp.matmul(hidden, recurrent_weight)
        np.tanh(gates, out=gates)
        gates *= slope
        gates += middle
        i, f, g, o = parts_of_gates(gates, units)
        cell *= f
        i *= g
        cell += i
        np.tanh(cell, out=hidden)
        hidden *= o

    weight, bias = weight * slope, bias * slope
    return _run(xp, step, x, weight, bias, 2, units, lengths, reverse, sequences)


@gru.untraced("numpy")
def _(
    xp: Any, x: Array, weight: Array, recurrent_weight: Array, bias: Array,
    recurrent_bias: Array, *lengths: Array, reverse: bool = False, sequences: bool = False,
) -> tuple[Array]:  # fmt: skip
    check_recurrence("gru", x, (weight, recurrent_weight), 3, lengths)
    units = recurrent_weight.shape[0]
    slope = per_gate(xp, (0.5, 0.5, 1.0), units, x.dtype)
    recurrent_weight = recurrent_weight * slope

    def step(sums: Array, states: tuple[Array, ...]) -> None:
        (hidden,) = states
        again = xp.matmul(hidden, recurrent_weight)
        both, n, inner = sums[:, : 2 * units], sums[:, 2 * units :], again[:, 2 * units :]
        both += again[:, : 2 * units]
        np.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        r, z = parts_of_gates(both, units)
        inner += recurrent_bias
        inner *= r
        n += inner
        np.tanh(n, out=n)
        hidden -= n
        hidden *= z
        hidden += n

    weight, bias = weight * slope, bias * slope
    return _run(xp, step, x, weight, bias, 1, units, lengths, reverse, sequences)
