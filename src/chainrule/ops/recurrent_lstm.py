"""Long short-term memory: each step keeps the factors of its derivative, not its gates.

So the loop of the way back, where a step waits for the one after it, has little left to compute.
The factors of the four gates lie where the projected inputs lay, and what arrives at the gates is
written over them: a long sequence's largest array is in memory once instead of three times.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.ops.recurrent import (
    Rule,
    backward,
    check_recurrence,
    forward,
    gradients_of_weights,
    parts_of_gates,
    result,
    time_first,
    to_inputs,
    transposed,
)

HALVES = (0.5, 0.5, 1.0, 0.5)
MIDDLES = (0.5, 0.5, 0.0, 0.5)
"""sigmoid(x) = tanh(x/2)/2 + 1/2, so that one tanh serves all four gates: s·tanh(s·x) + m."""


def per_gate(xp: Any, values: tuple[float, ...], units: int, dtype: Any) -> Array:
    """One value for every unit of each gate, (gates · units,)."""
    return xp.asarray(np.repeat(values, units).astype(dtype))


def lstm_step(xp: Any, recurrent_weight: Array) -> Rule:
    """`step(carry, projected) -> (carry, kept)`; kept as `lstm` returns it."""
    units, dtype = recurrent_weight.shape[0], recurrent_weight.dtype
    slope, middle = (per_gate(xp, values, units, dtype) for values in (HALVES, MIDDLES))
    whole = per_gate(xp, (0, 0, 1, 0), units, dtype)

    def step(carry: Any, at: Array) -> tuple[Any, Any]:
        hidden, cell = carry
        sums = at + xp.matmul(hidden, recurrent_weight)
        gates = xp.tanh(sums * slope) * slope + middle
        i, f, g, o = parts_of_gates(gates, units)
        new = f * cell + i * g
        bent = xp.tanh(new)
        others = xp.concatenate([g, cell, i, bent], axis=1)
        to_gates = others * ((gates + whole) * (1 - gates))
        return (o * bent, new), (to_gates, hidden, o * (1 - bent * bent), f)

    return step


@primitive(
    formula="i, f, g, o = σ, σ, tanh, σ of xₜ·w + hₜ₋₁·u + b; cₜ = f·cₜ₋₁ + i·g; hₜ = o·tanh(cₜ)",
    derivative="back through time, gate by gate",
    promote=(0, 1, 2, 3),
)
def lstm(
    xp: Any, x: Array, weight: Array, recurrent_weight: Array, bias: Array, *lengths: Array,
    reverse: bool = False, sequences: bool = False,
) -> tuple[Array, ...]:  # fmt: skip
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

    Args:
        x: (batch, time, in_features). weight: (in_features, 4 · units), the gates in the order
            input, forget, cell, output. recurrent_weight: (units, 4 · units). bias: (4 · units,).
        lengths, reverse, sequences: as in `simple_rnn`.

    Returns: the result as in `simple_rnn`, then (time, batch, …): states, and for the way back
        ∂c/∂a of i, f and g side by side with ∂h/∂a of o (a: the sums that the gates are of),
        states before each step, ∂h/∂c, and f, which is ∂c/∂c of the step before.
    """
    check_recurrence("lstm", x, (weight, recurrent_weight), 4, lengths)
    step, weights = lstm_step(xp, recurrent_weight), (weight, recurrent_weight, bias)
    last, kept = forward(xp, step, x, weights, 2, lengths, reverse, in_place=True)
    before, end = kept[1], xp.expand_dims(last[0], (0,))
    states = xp.concatenate([end, before[:-1]] if reverse else [before[1:], end], axis=0)
    return result(xp, last, states, sequences), states, *kept


@lstm.rule
def _(
    xp: Any, cotangent: Any, out: Any, x: Array, weight: Array, recurrent_weight: Array,
    bias: Array, *lengths: Array, reverse: bool = False, sequences: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    _, _, to_gates, before, to_cell, forget = out
    back_weight = transposed(xp, recurrent_weight)

    def back(carry: Any, kept: Any) -> tuple[Any, Any]:
        hidden, cell = carry
        to_gates, to_cell, forget = kept
        cell = cell + hidden * to_cell
        arriving = xp.concatenate([cell, cell, cell, hidden], axis=1) * to_gates
        return (xp.matmul(arriving, back_weight), cell * forget), (arriving,)

    kept = (to_gates, to_cell, forget)
    (gates,) = backward(xp, back, cotangent[0], kept, 2, lengths, reverse, sequences, in_place=True)
    parts = (before, time_first(xp, x))
    to_recurrent, to_weight, to_bias = gradients_of_weights(xp, parts, gates)
    to_x = functools.partial(to_inputs, xp, x, weight, gates)
    return to_x, to_weight, to_recurrent, to_bias, *(None for _ in lengths)
