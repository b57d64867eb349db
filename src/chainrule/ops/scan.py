"""`scan`: one body repeated along a sequence, with a carry. Recurrence is written with it.

The body is traced once, onto a tape of its own; the primitive replays that tape for every step,
and its derivative replays it once more in reverse order (back-propagation through time, Werbos
1990). Only the carries are kept in between: each step's inner values are computed again on the way
back, which costs a forward pass and saves the memory of all steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainrule.autodiff import (
    Tape,
    Traced,
    Tree,
    describe,
    leaves,
    plan_backward,
    primitive,
    pull_back,
    rebuild,
    settled,
)
from chainrule.engine import Array, namespace_of
from chainrule.errors import ShapeError


@dataclass(frozen=True, eq=False)
class Body:
    """A traced body: its tape, and which slots are what. `explain` and `inspect` descend into it.

    Attributes:
        tape: inputs are the carry's leaves, then one step of the sequence, then captured values.
        carries: how many leaves the carry has. sequences: how many leaves a step has.
        new_carry: slots of the next carry. outputs: slots of what is stacked.
    """

    tape: Tape
    carries: int
    sequences: int
    length: int
    new_carry: tuple[int, ...]
    outputs: tuple[int, ...]

    def split(self, arrays: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
        """All inputs of the primitive as carry, sequences, captured values."""
        start, stop = self.carries, self.carries + self.sequences
        return arrays[:start], arrays[start:stop], arrays[stop:]

    def floats(self, slots: tuple[int, ...]) -> tuple[int, ...]:
        """Those of the slots that hold floats, in order."""
        return tuple([s for s in slots if self.tape.values[s].dtype.kind == "f"])


def scan(body: Callable[[Any, Any], tuple[Any, Any]], carry: Tree, xs: Tree) -> tuple[Tree, Tree]:
    """Run `carry, y = body(carry, x)` for every x along the first axis of `xs`.

    Args:
        body: `(carry, x) -> (carry, y)`, written with operators and ops. It may use traced values
            from outside, such as weights. The carry keeps its shapes and dtypes.
        carry: a tree of arrays.
        xs: a tree of arrays with one first axis, the steps.

    Returns:
        The last carry, and the ys stacked along a new first axis.

    Raises:
        ShapeError: the sequences have different lengths, or the carry changes its shape.

    Example:
        >>> import numpy as np
        >>> total, sums = scan(lambda c, x: (c + x, c + x), np.float64(0), np.arange(4.0))
        >>> float(total), sums.tolist()
        (6.0, [0.0, 1.0, 3.0, 6.0])
    """
    count = len(leaves(carry))
    entering = settled(leaves(carry) + leaves(xs))
    carry_leaves, x_leaves = entering[:count], entering[count:]
    lengths = {x.shape[0] if x.ndim else "none" for x in x_leaves}
    if len(lengths) != 1 or "none" in lengths:
        theirs = ", ".join(sorted(map(str, lengths))) or "missing"
        raise ShapeError(f"scan needs sequences of one length; theirs are {theirs}.")
    traced, new_structure, y_structure = _trace(body, carry, carry_leaves, xs, x_leaves)
    out = scan_body(*carry_leaves, *x_leaves, *traced.tape.captured, body=traced)
    split = len(traced.new_carry)
    last, ys = out[:split], out[split : split + len(traced.outputs)]
    return rebuild(new_structure, iter(last)), rebuild(y_structure, iter(ys))


def _trace(
    body: Callable[[Any, Any], tuple[Any, Any]],
    carry: Tree,
    carry_leaves: list[Any],
    xs: Tree,
    x_leaves: list[Any],
) -> tuple[Body, Tree, Tree]:
    tape = Tape(captures=True)
    try:
        start = [tape.input(_plain(c)) for c in carry_leaves]
        first = [tape.input(_first(_plain(x))) for x in x_leaves]
        new, y = body(rebuild(carry, iter(start)), rebuild(xs, iter(first)))
        new_leaves, y_leaves = settled(leaves(new)), settled(leaves(y))
        before = describe(rebuild(carry, iter(start)))
        after = describe(rebuild(new, iter(new_leaves)))
        if before != after:
            raise ShapeError(
                f"The carry of a scan must keep its shapes and dtypes: {before} became {after}."
            )
        new_slots = tuple([tape.slot_of(x) for x in new_leaves])
        y_slots = tuple([tape.slot_of(x) for x in y_leaves])
    finally:
        tape.close()
    length = int(x_leaves[0].shape[0])
    return Body(tape, len(start), len(first), length, new_slots, y_slots), new, y


def _plain(x: Any) -> Array:
    return x.array if isinstance(x, Traced) else x


def _first(x: Array) -> Array:
    return x[0] if x.shape[0] else namespace_of(x).zeros(x.shape[1:], dtype=x.dtype)


@primitive(formula="the body, repeated", derivative="the body's, in reverse order", promote=False)
def scan_body(xp: Any, *arrays: Array, body: Body) -> tuple[Array, ...]:
    """The last carry, the stacked outputs, and every step's carry as it came in."""
    carry, xs, captured = body.split(arrays)

    def step(carry: Any, x: Any) -> tuple[Any, Any]:
        values = body.tape.run(xp, [*carry, *x, *captured])
        outputs = tuple([values[slot] for slot in body.outputs])
        return tuple([values[slot] for slot in body.new_carry]), outputs + tuple(carry)

    if body.length == 0:
        shapes = [body.tape.values[slot] for slot in body.outputs] + list(carry)
        return carry + tuple(xp.zeros((0, *x.shape), dtype=x.dtype) for x in shapes)
    last, stacked = xp.scan(step, carry, xs, body.length, False)
    return tuple(last) + tuple(stacked)


@scan_body.rule
def _(xp: Any, cotangent: Any, out: Any, *arrays: Array, body: Body) -> tuple[Any, ...]:
    _, xs, captured = body.split(arrays)
    slots = tuple(body.tape.inputs)
    carry_slots, x_slots, captured_slots = map(body.floats, body.split(slots))
    ends = body.floats((*body.new_carry, *body.outputs))
    plan = plan_backward(body.tape, body.floats(slots), ends)

    def step(sums: Any, at: Any) -> tuple[Any, Any]:
        from_next, captured_sums = sums
        carry_in, x, from_ys = at
        values = body.tape.run(xp, [*carry_in, *x, *captured])
        seeds: dict[int, Array] = {}
        for slot, c in zip(ends, from_next + from_ys, strict=True):
            seeds[slot] = seeds[slot] + c if slot in seeds else c
        found = pull_back(xp, plan, values, seeds)

        def passed(to: tuple[int, ...]) -> tuple[Array, ...]:
            return tuple([found[s] if s in found else xp.zeros_like(values[s]) for s in to])

        pairs = zip(captured_sums, passed(captured_slots), strict=True)
        return (passed(carry_slots), tuple([total + c for total, c in pairs])), passed(x_slots)

    stop = body.carries + len(body.outputs)
    from_end = _filled(xp, cotangent[: body.carries], out[: body.carries])
    from_ys = _filled(xp, cotangent[body.carries : stop], out[body.carries : stop])
    sums = _filled(xp, (None,) * len(captured), captured)
    if body.length == 0:
        (to_carry, to_captured), to_xs = (from_end, sums), _filled(xp, (None,) * len(xs), xs)
    else:
        (to_carry, to_captured), to_xs = xp.scan(
            step, (from_end, sums), (out[stop:], xs, from_ys), body.length, True
        )
    given = [*to_carry, *to_xs, *to_captured]
    by_slot = dict(zip(carry_slots + x_slots + captured_slots, given, strict=True))
    return tuple([by_slot.get(slot) for slot in slots])


def _filled(xp: Any, cotangents: tuple[Any, ...], values: tuple[Array, ...]) -> tuple[Array, ...]:
    """The cotangents of the float values; zeros where none arrives."""
    pairs = zip(cotangents, values, strict=True)
    return tuple([xp.zeros_like(x) if c is None else c for c, x in pairs if x.dtype.kind == "f"])
