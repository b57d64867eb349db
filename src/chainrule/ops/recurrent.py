"""Recurrence over a whole sequence, with back-propagation through time written by hand.

A step depends on the one before, so only what must be is inside the loop: the inputs are projected
before it in one product, and the way back yields what arrives at the gates of every step, from
which one product each makes the gradients of the weights (Werbos 1990).

Weights are (in_features, gates · units) and (units, gates · units). Sequences are (batch, time, …).
Optional lengths (batch,) say how many steps of each example count: a step beyond keeps the state,
so the last state is that of the last step that counts, and going backwards starts there.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.errors import ShapeError

Rule = Callable[..., Any]

CHUNK = 512
"""Rows of one product for the weights: its transposed factor stays in the cache."""


def _sigmoid(xp: Any, x: Array) -> Array:
    return 0.5 * xp.tanh(0.5 * x) + 0.5


def time_first(xp: Any, x: Array) -> Array:
    """(batch, time, …) as (time, batch, …), and back."""
    return xp.swapaxes(x, 0, 1)


def projected(xp: Any, x: Array, weight: Array, bias: Array) -> Array:
    """x·weight + bias of all steps, (time, batch, gates): one product of (x, 1)."""
    batch, time, _ = x.shape
    rows = _flat(xp, with_ones(xp, time_first(xp, x)))
    both = xp.concatenate([weight, xp.expand_dims(bias, (0,))], axis=0)
    return xp.reshape(xp.matmul(rows, both), (time, batch, weight.shape[1]))


def with_ones(xp: Any, *parts: Array) -> Array:
    """Arrays (time, batch, …) side by side, and a column of ones."""
    ones = xp.ones((*parts[0].shape[:2], 1), dtype=str(parts[0].dtype))
    return xp.concatenate([*parts, ones], axis=2)


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


def forward(
    xp: Any, step: Rule, x: Array, weights: Any, carries: int, lengths: Any, reverse: bool,
    in_place: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Run `step(carry, projected) -> (carry, kept)`: the last carry; all states and kept.

    With `in_place` the first of kept is as large as what is projected, and takes its place; the
    states are then not kept, unless the step does it.
    """
    weight, recurrent_weight, bias = weights[:3]
    batch, time = x.shape[:2]
    zeros = xp.zeros((batch, recurrent_weight.shape[0]), dtype=str(x.dtype))

    def body(carry: Any, at: Any) -> tuple[Any, Any]:
        new, kept = step(carry, at[0])
        new = chosen(xp, at[1:], new, carry)
        return new, kept if in_place else (new[0], *kept)

    xs = (projected(xp, x, weight, bias), *valid_at(xp, lengths, time))
    scan = xp.scan_in_place if in_place else xp.scan
    return scan(body, (zeros,) * carries, xs, time, reverse)  # type: ignore[no-any-return]


def backward(
    xp: Any, back: Rule, cotangent: Array, kept: Any, carries: int, lengths: Any,
    reverse: bool, sequences: bool, in_place: bool = False,
) -> tuple[Array, ...]:  # fmt: skip
    """Run `back(cotangents of the carry, kept) -> (those of the carry before, gates)` backwards.

    Returns what arrives at the gates of every step, each (time, batch, …); with `in_place` it takes
    the place of the first of kept, which is as large.
    """
    time = kept[0].shape[0]
    zeros = xp.zeros((cotangent.shape[0], cotangent.shape[-1]), dtype=str(cotangent.dtype))
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
    scan = xp.scan_in_place if in_place else xp.scan
    gates: tuple[Array, ...] = scan(body, start, xs, time, not reverse)[1]
    return gates


def result(xp: Any, last: Any, states: Array, sequences: bool) -> Array:
    """The states of all steps, (batch, time, units), or that of the last."""
    return time_first(xp, states) if sequences else last[0]


def _flat(xp: Any, x: Array) -> Array:
    return xp.reshape(x, (-1, x.shape[-1]))


def to_inputs(xp: Any, x: Array, weight: Array, gates: Array) -> Array:
    """The gradient for the inputs, from what arrives at the gates (time, batch, …)."""
    batch, time, features = x.shape
    back = xp.reshape(xp.matmul_nt(_flat(xp, gates), weight), (time, batch, features))
    return time_first(xp, back)


def states_before(xp: Any, states: Array, reverse: bool) -> Array:
    """Every step's state before it, 0 before the first."""
    start = xp.zeros_like(states[:1])
    parts = [states[1:], start] if reverse else [start, states[:-1]]
    return xp.concatenate(parts, axis=0)


def gradients_of_weights(xp: Any, parts: tuple[Array, ...], gates: Array) -> tuple[Rule, ...]:
    """One rule for the weight of each part (time, batch, …), and one for a bias.

    All are rows of one product, with a column of ones for the bias. Of long sequences it is taken
    in chunks that divide them: a slice of the gates would be copied whole.
    """

    @functools.cache
    def product() -> Array:
        return _summed_product(xp, parts, gates)

    def rows(start: int, stop: int) -> Rule:
        return lambda: product()[start:stop]

    ends = np.cumsum([0, *(part.shape[2] for part in parts)]).tolist()
    return (*itertools.starmap(rows, itertools.pairwise(ends)), lambda: product()[-1])


def _summed_product(xp: Any, parts: tuple[Array, ...], gates: Array) -> Array:
    """Σ (parts, 1)ᵀ·gates over (time, batch)."""
    time, batch = gates.shape[:2]

    def product(arrays: Any) -> Array:
        found: Array = xp.matmul_tn(_flat(xp, with_ones(xp, *arrays[:-1])), _flat(xp, arrays[-1]))
        return found

    arrays = (*parts, gates)
    if time * batch <= 4 * CHUNK:
        return product(arrays)
    most = max(1, CHUNK // batch)
    chunk = next(n for n in range(most, 0, -1) if time % n == 0)
    chunks = tuple([xp.reshape(x, (time // chunk, chunk, batch, x.shape[2])) for x in arrays])

    def add(total: Array, at: Any) -> tuple[Array, Any]:
        return total + product(at), ()

    rows = sum(x.shape[2] for x in parts) + 1
    zeros = xp.zeros((rows, gates.shape[2]), dtype=str(gates.dtype))
    total: Array = xp.scan(add, zeros, chunks, time // chunk, False)[0]
    return total


def transposed(xp: Any, weight: Array) -> Array:
    """A weight for the way back, laid out anew before the loop: as it is, each product would."""
    back: Array = xp.alone(xp.swapaxes(weight, 0, 1))
    return back


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
    last, (states,) = forward(xp, step, x, (weight, recurrent_weight, bias), 1, lengths, reverse)
    return result(xp, last, states, sequences), states


@simple_rnn.rule
def _(
    xp: Any, cotangent: Any, out: Any, x: Array, weight: Array, recurrent_weight: Array,
    bias: Array, *lengths: Array, reverse: bool = False, sequences: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    back_weight = transposed(xp, recurrent_weight)

    def back(carry: Any, kept: Any) -> tuple[Any, Any]:
        gate = carry[0] * (1 - kept[0] * kept[0])
        return (xp.matmul(gate, back_weight),), (gate,)

    (gates,) = backward(xp, back, cotangent[0], out[1:], 1, lengths, reverse, sequences)
    parts = (states_before(xp, out[1], reverse), time_first(xp, x))
    to_recurrent, to_weight, to_bias = gradients_of_weights(xp, parts, gates)
    to_x = functools.partial(to_inputs, xp, x, weight, gates)
    return to_x, to_weight, to_recurrent, to_bias, *(None for _ in lengths)


def parts_of_gates(gates: Array, units: int) -> tuple[Array, ...]:
    """The gates (batch, gates · units), one by one."""
    return tuple([gates[:, k : k + units] for k in range(0, gates.shape[1], units)])


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
    last, kept = forward(xp, step, x, (weight, recurrent_weight, bias), 1, lengths, reverse)
    return result(xp, last, kept[0], sequences), *kept


@gru.rule
def _(
    xp: Any, cotangent: Any, out: Any, x: Array, weight: Array, recurrent_weight: Array,
    bias: Array, recurrent_bias: Array, *lengths: Array,
    reverse: bool = False, sequences: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    units, back_weight = recurrent_weight.shape[0], transposed(xp, recurrent_weight)

    def back(carry: Any, kept: Any) -> tuple[Any, Any]:
        (arriving,) = carry
        _, both, n, inner, hidden = kept
        r, z = parts_of_gates(both, units)
        to_n = arriving * (1 - z) * (1 - n * n)
        from_state = xp.concatenate([to_n * inner, arriving * (hidden - n)], axis=1)
        inside = xp.concatenate([from_state * (both * (1 - both)), to_n * r], axis=1)
        before = arriving * z + xp.matmul(inside, back_weight)
        return (before,), (inside, to_n)

    inside, to_n = backward(xp, back, cotangent[0], out[1:], 1, lengths, reverse, sequences)
    gates = xp.concatenate([inside[..., : 2 * units], to_n], axis=2)
    to_weight, to_bias = gradients_of_weights(xp, (time_first(xp, x),), gates)
    to_recurrent, to_inner = gradients_of_weights(xp, (out[5],), inside)
    return (
        functools.partial(to_inputs, xp, x, weight, gates),
        to_weight,
        to_recurrent,
        to_bias,
        lambda: to_inner()[2 * units :],
        *(None for _ in lengths),
    )
