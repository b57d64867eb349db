"""Recurrence by XLA where nothing is traced: nothing is kept, and little leaves the cache.

The steps are those of `ops/recurrent.py`. Of many examples the inputs are projected inside the
loop, step by step, since the gates of all steps at once are many megabytes that are written once
and read once; and the examples are taken some at a time, so that a step's gates stay in the cache.
"""

from __future__ import annotations

from typing import Any

from chainrule.engine import Array
from chainrule.ops.recurrent import (
    Rule,
    check_recurrence,
    chosen,
    gru_step,
    projected,
    simple_rnn_step,
    time_first,
    valid_at,
)
from chainrule.ops.recurrent_lstm import lstm_step
from chainrule.ops.recurrent_untraced import gru, lstm, simple_rnn

__all__ = ["gru", "lstm", "simple_rnn"]

PROJECTED_ROWS = 1024
"""Rows up to which all steps are projected at once: of one example that is one small product."""

GATES_AT_A_TIME = 1 << 15
"""Numbers of a step's gates that are worked on together: 128 kB in float32."""

FEWEST_EXAMPLES = 64
"""Examples that are always taken together: a product of fewer rows is slow."""


def _run(
    xp: Any, step: Rule, x: Array, weight: Array, bias: Array, carries: int, units: int,
    lengths: tuple[Array, ...], reverse: bool, sequences: bool,
) -> tuple[Array]:  # fmt: skip
    """Run `step(carry, projected) -> (carry, kept)` over all examples and steps."""
    batch = x.shape[0]
    most = max(FEWEST_EXAMPLES, GATES_AT_A_TIME // weight.shape[1])
    count = _pieces(batch, most)

    def piece(x: Array, *lengths: Array) -> Array:
        return _examples(xp, step, x, weight, bias, carries, units, lengths, reverse, sequences)

    if count == 1:
        return (piece(x, *lengths),)
    parts = tuple([xp.reshape(a, (count, batch // count, *a.shape[1:])) for a in (x, *lengths)])
    found = xp.scan(lambda none, part: (none, piece(*part)), (), parts, count, False)[1]
    return (xp.reshape(found, (batch, *found.shape[2:])),)


def _pieces(batch: int, most: int) -> int:
    """Equal parts of at most so many examples; one, where they would be less than half of that."""
    if batch <= most:
        return 1
    size = next(n for n in range(most, 0, -1) if batch % n == 0)
    return batch // size if 2 * size >= most else 1


def _examples(
    xp: Any, step: Rule, x: Array, weight: Array, bias: Array, carries: int, units: int,
    lengths: tuple[Array, ...], reverse: bool, sequences: bool,
) -> Array:  # fmt: skip
    """The result for some of the examples."""
    batch, time, _ = x.shape
    at_once = batch * time <= PROJECTED_ROWS
    zeros = xp.zeros((batch, units), dtype=str(x.dtype))

    def body(carry: Any, at: Any) -> tuple[Any, Any]:
        sums = at[0] if at_once else xp.matmul(at[0], weight) + bias
        new = chosen(xp, at[1:], step(carry, sums)[0], carry)
        return new, (new[:1] if sequences else ())

    inputs = projected(xp, x, weight, bias) if at_once else time_first(xp, x)
    xs = (inputs, *valid_at(xp, lengths, time))
    last, states = xp.scan(body, (zeros,) * carries, xs, time, reverse)
    result: Array = time_first(xp, states[0]) if sequences else last[0]
    return result


@simple_rnn.untraced("xla")
def _(
    xp: Any, x: Array, weight: Array, recurrent_weight: Array, bias: Array, *lengths: Array,
    reverse: bool = False, sequences: bool = False,
) -> tuple[Array]:  # fmt: skip
    check_recurrence("simple_rnn", x, (weight, recurrent_weight), 1, lengths)
    step, units = simple_rnn_step(xp, recurrent_weight), recurrent_weight.shape[0]
    return _run(xp, step, x, weight, bias, 1, units, lengths, reverse, sequences)


@lstm.untraced("xla")
def _(
    xp: Any, x: Array, weight: Array, recurrent_weight: Array, bias: Array, *lengths: Array,
    reverse: bool = False, sequences: bool = False,
) -> tuple[Array]:  # fmt: skip
    check_recurrence("lstm", x, (weight, recurrent_weight), 4, lengths)
    step, units = lstm_step(xp, recurrent_weight), recurrent_weight.shape[0]
    return _run(xp, step, x, weight, bias, 2, units, lengths, reverse, sequences)


@gru.untraced("xla")
def _(
    xp: Any, x: Array, weight: Array, recurrent_weight: Array, bias: Array,
    recurrent_bias: Array, *lengths: Array, reverse: bool = False, sequences: bool = False,
) -> tuple[Array]:  # fmt: skip
    check_recurrence("gru", x, (weight, recurrent_weight), 3, lengths)
    step, units = gru_step(xp, recurrent_weight, recurrent_bias), recurrent_weight.shape[0]
    return _run(xp, step, x, weight, bias, 1, units, lengths, reverse, sequences)
