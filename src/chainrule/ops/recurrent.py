"""Recurrence over a whole sequence, with back-propagation through time written by hand.

A step depends on the one before, so only what must be is inside the loop: the inputs are projected
before it in one product, and the way back yields what arrives at the gates of every step, from
which one product each makes the gradients of the weights (Werbos 1990).

Weights are (in_features, gates · units) and (units, gates · units). Sequences are (batch, time, …).
Optional lengths (batch,) say how many steps of each example count: a step beyond keeps the state,
so the last state is that of the last step that counts, and going backwards starts there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.errors import ShapeError

Rule = Callable[..., Any]

CHUNK = 512
"""Rows of one product for the recurrent weight: its transposed factor stays in the cache."""


def _sigmoid(xp: Any, x: Array) -> Array:
    return 0.5 * xp.tanh(0.5 * x) + 0.5


def time_first(xp: Any, x: Array) -> Array:
    """(batch, time, …) as (time, batch, …), and back."""
    return xp.swapaxes(x, 0, 1)


def projected(xp: Any, x: Array, weight: Array, bias: Array) -> Array:
    """x·weight + bias of all steps, (time, batch, gates)."""
    batch, time, features = x.shape
    rows = xp.reshape(time_first(xp, x), (time * batch, features))
    return xp.reshape(xp.matmul(rows, weight) + bias, (time, batch, weight.shape[1]))


def valid_at(xp: Any, lengths: tuple[Array, ...], time: int) -> tuple[Array, ...]:
    """Whether a step counts, (time, batch, 1), or nothing where all do."""
    if not lengths:
        return ()
    steps = xp.expand_dims(xp.arange(time, dtype="int32"), (1, 2))
    return (steps < xp.expand_dims(lengths[0], (0, 2)),)


def chosen(xp: Any, valid: tuple[Array, ...], new: tuple[Any, ...], old: tuple[Any, ...]) -> Any:
    """The new values where the step counts, else the old ones."""
    if not valid:
        return new
    return tuple([xp.where(valid[0], a, b) for a, b in zip(new, old, strict=True)])


def _forward(
    xp: Any, step: Rule, x: Array, weights: Any, carries: int, lengths: Any, reverse: bool
) -> tuple[Any, Any]:
    """Run `step(carry, projected) -> (carry, kept)`: the last carry; all states and kept."""
    weight, recurrent_weight, bias = weights[:3]
    batch, time = x.shape[:2]
    zeros = xp.zeros((batch, recurrent_weight.shape[0]), dtype=str(x.dtype))

    def body(carry: Any, at: Any) -> tuple[Any, Any]:
        new, kept = step(carry, at[0])
        new = chosen(xp, at[1:], new, carry)
        return new, (new[0], *kept)

    xs = (projected(xp, x, weight, bias), *valid_at(xp, lengths, time))
    return xp.scan(body, (zeros,) * carries, xs, time, reverse)  # type: ignore[no-any-return]


def _backward(
    xp: Any, back: Rule, cotangent: Array, kept: Any, carries: int, lengths: Any,
    reverse: bool, sequences: bool,
) -> tuple[Array, ...]:  # fmt: skip
    """Run `back(cotangents of the carry, kept) -> (those of the carry before, gates)` backwards.

    Returns what arrives at the gates of every step, each (time, batch, …).
    """
    time, batch, units = kept[0].shape
    zeros = xp.zeros((batch, units), dtype=str(cotangent.dtype))
    start = (zeros if sequences else cotangent, *(zeros,) * (carries - 1))
    arriving = (time_first(xp, cotangent),) if sequences else ()
    count = len(kept)

    def body(carry: Any, at: Any) -> tuple[Any, Any]:
        values, rest = at[:count], at[count:]
        if sequences:
            carry, rest = (carry[0] + rest[0], *carry[1:]), rest[1:]
        before, gates = back(carry, values)
        none = tuple([xp.zeros_like(g) for g in gates]) if rest else gates
        return chosen(xp, rest, before, carry), chosen(xp, rest, gates, none)

    xs = (*kept, *arriving, *valid_at(xp, lengths, time))
    gates: tuple[Array, ...] = xp.scan(body, start, xs, time, not reverse)[1]
    return gates


def _result(xp: Any, last: Any, states: Array, sequences: bool) -> Array:
    return time_first(xp, states) if sequences else last[0]


def _flat(xp: Any, x: Array) -> Array:
    return xp.reshape(x, (-1, x.shape[-1]))


def _input_gradients(xp: Any, x: Array, weight: Array, gates: Array) -> tuple[Any, ...]:
    """For inputs, weight and bias, from what arrives at the gates (time, batch, …)."""
    batch, time, features = x.shape
    rows = _flat(xp, gates)

    def to_x() -> Array:
        back = xp.reshape(xp.matmul_nt(rows, weight), (time, batch, features))
        return time_first(xp, back)

    return (
        to_x,
        lambda: xp.matmul_tn(_flat(xp, time_first(xp, x)), rows),
        lambda: xp.sum(rows, (0,)),
    )


def _recurrent_gradient(xp: Any, states: Array, gates: Array, reverse: bool) -> Array:
    """For the recurrent weight: every step's gates with the state before it, 0 before the first.

    Of long sequences in chunks that divide them: a slice of the gates would be copied whole.
    """
    time, batch = states.shape[:2]
    start = xp.zeros_like(states[:1])
    parts = [states[1:], start] if reverse else [start, states[:-1]]
    before = xp.concatenate(parts, axis=0)
    if time * batch <= 4 * CHUNK:
        product: Array = xp.matmul_tn(_flat(xp, before), _flat(xp, gates))
        return product
    most = max(1, CHUNK // batch)
    chunk = next(n for n in range(most, 0, -1) if time % n == 0)
    pair = tuple(
        [xp.reshape(x, (time // chunk, chunk * batch, x.shape[2])) for x in (before, gates)]
    )

    def add(total: Array, part: Any) -> tuple[Array, Any]:
        return total + xp.matmul_tn(*part), ()

    zeros = xp.zeros((states.shape[2], gates.shape[2]), dtype=str(gates.dtype))
    total: Array = xp.scan(add, zeros, pair, time // chunk, False)[0]
    return total


def check_recurrence(
    name: str, x: Array, weights: tuple[Array, ...], gates: int, lengths: Any
) -> None:
    """Refuse shapes that do not fit together."""
    weight, recurrent_weight = weights[:2]
    units = recurrent_weight.shape[0]
    if x.ndim != 3 or weight.shape != (x.shape[2], gates * units):
        raise ShapeError(
            f"{name} of {tuple(x.shape)} with weight {tuple(weight.shape)} and recurrent weight "
            f"{tuple(recurrent_weight.shape)}: it needs (batch, time, in_features), (in_features, "
            f"{gates} · units) and (units, {gates} · units)."
        )
    if lengths and lengths[0].shape != x.shape[:1]:
        raise ShapeError(
            f"{name} of {tuple(x.shape)} with lengths {tuple(lengths[0].shape)}: there must be one "
            f"per example, ({x.shape[0]},)."
        )


def simple_rnn_step(xp: Any, recurrent_weight: Array) -> Rule:
    """`step(carry, projected) -> (carry, kept)`."""

    def step(carry: Any, at: Array) -> tuple[Any, Any]:
        return (xp.tanh(at + xp.matmul(carry[0], recurrent_weight)),), ()

    return step


@primitive(
    formula="hₜ = tanh(xₜ·w + hₜ₋₁·u + b)",
    derivative="back through time: aₜ = cₜ·(1 - hₜ²), cₜ₋₁ += aₜ·uᵀ",
    promote=(0, 1, 2, 3),
)
def simple_rnn(
    xp: Any, x: Array, weight: Array, recurrent_weight: Array, bias: Array, *lengths: Array,
    reverse: bool = False, sequences: bool = False,
) -> tuple[Array, ...]:  # fmt: skip
    """Recurrent tanh units (Elman 1990): the result, then the states (time, batch, units).

    Args:
        x: (batch, time, in_features). weight: (in_features, units).
        recurrent_weight: (units, units). bias: (units,). lengths: integers (batch,), or none.
        reverse: whether time runs backwards. sequences: whether the result is the states of all
            steps, (batch, time, units), else that of the last one, (batch, units).
    """
    check_recurrence("simple_rnn", x, (weight, recurrent_weight), 1, lengths)
    step = simple_rnn_step(xp, recurrent_weight)
    last, (states,) = _forward(xp, step, x, (weight, recurrent_weight, bias), 1, lengths, reverse)
    return _result(xp, last, states, sequences), states


@simple_rnn.rule
def _(
    xp: Any, cotangent: Any, out: Any, x: Array, weight: Array, recurrent_weight: Array,
    bias: Array, *lengths: Array, reverse: bool = False, sequences: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    def back(carry: Any, kept: Any) -> tuple[Any, Any]:
        gate = carry[0] * (1 - kept[0] * kept[0])
        return (xp.matmul_nt(gate, recurrent_weight),), (gate,)

    (gates,) = _backward(xp, back, cotangent[0], out[1:], 1, lengths, reverse, sequences)
    to_x, to_weight, to_bias = _input_gradients(xp, x, weight, gates)
    return (
        to_x,
        to_weight,
        lambda: _recurrent_gradient(xp, out[1], gates, reverse),
        to_bias,
        *(None for _ in lengths),
    )


HALVES = (0.5, 0.5, 1.0, 0.5)
MIDDLES = (0.5, 0.5, 0.0, 0.5)
"""sigmoid(x) = tanh(x/2)/2 + 1/2, so that one tanh serves all four gates: s·tanh(s·x) + m."""


def per_gate(xp: Any, values: tuple[float, ...], units: int, dtype: Any) -> Array:
    """One value for every unit of each gate, (gates · units,)."""
    return xp.asarray(np.repeat(values, units).astype(dtype))


def parts_of_gates(gates: Array, units: int) -> tuple[Array, ...]:
    """The gates (batch, gates · units), one by one."""
    return tuple([gates[:, k : k + units] for k in range(0, gates.shape[1], units)])


def lstm_step(xp: Any, recurrent_weight: Array) -> Rule:
    """`step(carry, projected) -> (carry, kept)`."""
    units = recurrent_weight.shape[0]
    slope, middle = (
        per_gate(xp, values, units, recurrent_weight.dtype) for values in (HALVES, MIDDLES)
    )

    def step(carry: Any, at: Array) -> tuple[Any, Any]:
        hidden, cell = carry
        sums = at + xp.matmul(hidden, recurrent_weight)
        gates = xp.tanh(sums * slope) * slope + middle
        i, f, g, o = parts_of_gates(gates, units)
        new = f * cell + i * g
        bent = xp.tanh(new)
        return (o * bent, new), (gates, cell, bent)

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

    Returns: the result as in `simple_rnn`, then for the way back, (time, batch, …): states, gates,
        cells before each step, tanh of the cells after it.
    """
    check_recurrence("lstm", x, (weight, recurrent_weight), 4, lengths)
    step = lstm_step(xp, recurrent_weight)
    last, kept = _forward(xp, step, x, (weight, recurrent_weight, bias), 2, lengths, reverse)
    return _result(xp, last, kept[0], sequences), *kept


@lstm.rule
def _(
    xp: Any, cotangent: Any, out: Any, x: Array, weight: Array, recurrent_weight: Array,
    bias: Array, *lengths: Array, reverse: bool = False, sequences: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    units = recurrent_weight.shape[0]
    whole = per_gate(xp, (0, 0, 1, 0), units, x.dtype)

    def back(carry: Any, kept: Any) -> tuple[Any, Any]:
        to_hidden, to_cell = carry
        _, gates, cell, bent = kept
        i, f, g, o = parts_of_gates(gates, units)
        to_cell = to_cell + to_hidden * o * (1 - bent * bent)
        from_state = xp.concatenate([to_cell, to_cell, to_cell, to_hidden], axis=1)
        others = xp.concatenate([g, cell, i, bent], axis=1)
        arriving = from_state * others * ((gates + whole) * (1 - gates))
        return (xp.matmul_nt(arriving, recurrent_weight), to_cell * f), (arriving,)

    (gates,) = _backward(xp, back, cotangent[0], out[1:], 2, lengths, reverse, sequences)
    to_x, to_weight, to_bias = _input_gradients(xp, x, weight, gates)
    return (
        to_x,
        to_weight,
        lambda: _recurrent_gradient(xp, out[1], gates, reverse),
        to_bias,
        *(None for _ in lengths),
    )


def gru_step(xp: Any, recurrent_weight: Array, recurrent_bias: Array) -> Rule:
    """`step(carry, projected) -> (carry, kept)`."""
    units = recurrent_weight.shape[0]

    def step(carry: Any, at: Array) -> tuple[Any, Any]:
        hidden = carry[0]
        again = xp.matmul(hidden, recurrent_weight)
        both = _sigmoid(xp, at[:, : 2 * units] + again[:, : 2 * units])
        r, z = parts_of_gates(both, units)
        inner = again[:, 2 * units :] + recurrent_bias
        n = xp.tanh(at[:, 2 * units :] + r * inner)
        new = n + z * (hidden - n)
        return (new,), (both, n, inner, hidden)

    return step


@primitive(
    formula="r, z = σ of xₜ·w + hₜ₋₁·u + b; n = tanh(xₜ·w + b + r·(hₜ₋₁·u + d)); "
    "hₜ = (1 - z)·n + z·hₜ₋₁",
    derivative="back through time, gate by gate",
    promote=(0, 1, 2, 3, 4),
)
def gru(
    xp: Any, x: Array, weight: Array, recurrent_weight: Array, bias: Array,
    recurrent_bias: Array, *lengths: Array, reverse: bool = False, sequences: bool = False,
) -> tuple[Array, ...]:  # fmt: skip
    """Gated recurrent unit (Cho et al. 2014), the reset gate behind the product as in cuDNN.

    Args:
        x: (batch, time, in_features). weight: (in_features, 3 · units), the gates in the order
            reset, update, new. recurrent_weight: (units, 3 · units). bias: (3 · units,).
        recurrent_bias: (units,), d in the formula: the one that the reset gate multiplies.
        lengths, reverse, sequences: as in `simple_rnn`.

    Returns: the result as in `simple_rnn`, then for the way back, (time, batch, …): states, reset
        and update gate, n, what the reset gate multiplies, states before each step.
    """
    check_recurrence("gru", x, (weight, recurrent_weight), 3, lengths)
    step = gru_step(xp, recurrent_weight, recurrent_bias)
    last, kept = _forward(xp, step, x, (weight, recurrent_weight, bias), 1, lengths, reverse)
    return _result(xp, last, kept[0], sequences), *kept


@gru.rule
def _(
    xp: Any, cotangent: Any, out: Any, x: Array, weight: Array, recurrent_weight: Array,
    bias: Array, recurrent_bias: Array, *lengths: Array,
    reverse: bool = False, sequences: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    units = recurrent_weight.shape[0]

    def back(carry: Any, kept: Any) -> tuple[Any, Any]:
        (arriving,) = carry
        _, both, n, inner, hidden = kept
        r, z = parts_of_gates(both, units)
        to_n = arriving * (1 - z) * (1 - n * n)
        from_state = xp.concatenate([to_n * inner, arriving * (hidden - n)], axis=1)
        inside = xp.concatenate([from_state * (both * (1 - both)), to_n * r], axis=1)
        before = arriving * z + xp.matmul_nt(inside, recurrent_weight)
        return (before,), (inside, to_n)

    inside, to_n = _backward(xp, back, cotangent[0], out[1:], 1, lengths, reverse, sequences)
    gates = xp.concatenate([inside[..., : 2 * units], to_n], axis=2)
    to_x, to_weight, to_bias = _input_gradients(xp, x, weight, gates)
    return (
        to_x,
        to_weight,
        lambda: _recurrent_gradient(xp, out[1], inside, reverse),
        to_bias,
        lambda: xp.sum(_flat(xp, inside[..., 2 * units :]), (0,)),
        *(None for _ in lengths),
    )
