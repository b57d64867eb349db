"""Back-propagation: the tape read backwards, each primitive applying its own derivative.

For a record `out = p(a, b)` the cotangent of `out` (how the loss changes with it) becomes
contributions to the cotangents of `a` and `b`; a value that was used several times adds them up.
That is the chain rule, and all there is to it (Linnainmaa 1970; Rumelhart, Hinton, Williams 1986).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from chainrule.autodiff.tape import Record, Tape, Variable
from chainrule.autodiff.tree import Tree, leaves, paths, rebuild, tree_map
from chainrule.engine import Array, Namespace, namespace_of
from chainrule.errors import GradientError


class Step(NamedTuple):
    """One record of a backward walk: its rule, and the inputs (position, slot) that need one."""

    record: Record
    vjp: Callable[..., tuple[Any, ...]]
    needed: tuple[tuple[int, int], ...]


def plan_backward(tape: Tape, wanted: Sequence[int], outputs: Sequence[int]) -> tuple[Step, ...]:
    """The records that a walk from the slots `outputs` back to the slots `wanted` visits."""
    varied = set(wanted)
    for record in tape.records:
        if not varied.isdisjoint(record.inputs):
            varied.update(record.outputs)
    useful = set(outputs)
    steps = []
    for record in reversed(tape.records):
        if useful.isdisjoint(record.outputs) or varied.isdisjoint(record.outputs):
            continue
        needed = tuple((i, slot) for i, slot in enumerate(record.inputs) if slot in varied)
        useful.update(slot for _, slot in needed)
        if record.primitive.vjp is not None:
            steps.append(Step(record, record.primitive.vjp, needed))
    return tuple(steps)


def pull_back(
    xp: Namespace,
    plan: tuple[Step, ...],
    values: list[Array],
    cotangents: dict[int, Array],
    on_step: Callable[[Record, Any, dict[int, Array]], None] | None = None,
    check: bool = True,
) -> dict[int, Array]:
    """Walk backwards along a plan: from cotangents of output slots to those of all slots before.

    `on_step(record, cotangent of its output, contributions by input slot)` watches the walk;
    that is how a step is explained. `check`: whether every cotangent must have its input's shape
    and dtype, which is known where the same plan was walked before.
    """
    for record, vjp, needed in plan:
        if record.several:
            arriving, out = _at_outputs(record, values, cotangents)
        else:
            arriving, out = cotangents.get(record.outputs[0]), values[record.outputs[0]]
        if arriving is None:
            continue
        inputs = [values[slot] for slot in record.inputs]
        contributions = vjp(xp, arriving, out, *inputs, **record.static)
        if type(contributions) is not tuple or len(contributions) != len(inputs):
            raise _miscounted(record, contributions)
        given = {} if on_step is not None else cotangents
        for position, slot in needed:
            cotangent = contributions[position]
            if cotangent is None:
                continue
            if callable(cotangent):
                cotangent = cotangent()
            if check:
                _check_fits(record, position, cotangent, inputs[position])
            given[slot] = given[slot] + cotangent if slot in given else cotangent
        if on_step is not None:
            for slot, cotangent in given.items():
                known = cotangents.get(slot)
                cotangents[slot] = cotangent if known is None else known + cotangent
            on_step(record, arriving, given)
    return cotangents


def _at_outputs(record: Record, values: list[Array], cotangents: dict[int, Array]) -> Any:
    """The cotangents that arrive at several outputs (None where none does), and the outputs."""
    arriving = tuple([cotangents.get(slot) for slot in record.outputs])
    none = all(c is None for c in arriving)
    return None if none else arriving, tuple([values[slot] for slot in record.outputs])


def _check_fits(record: Record, position: int, cotangent: Any, value: Array) -> None:
    try:
        if cotangent.shape == value.shape and cotangent.dtype == value.dtype:
            return
        got = _described(cotangent)
    except AttributeError:
        got = type(cotangent).__name__
    raise GradientError(
        f"The derivative rule of {record.primitive.name!r} returned {got} for input {position}, "
        f"which is {_described(value)}. A rule must return its input's shape and dtype."
    )


def _miscounted(record: Record, contributions: Any) -> GradientError:
    many = isinstance(contributions, tuple)
    got = f"{len(contributions)} cotangents" if many else f"a {type(contributions).__name__}"
    return GradientError(
        f"The derivative rule of {record.primitive.name!r} returned {got}; it must return a tuple "
        f"with one cotangent (or None) for each of its {len(record.inputs)} inputs."
    )


def _described(array: Array) -> str:
    return f"{array.dtype} {tuple(array.shape)}"


class Recording:
    """A function recorded with its arguments: run it again, with its gradient, on new arrays.

    The recording is a frozen program for one set of shapes: replaying it skips the Python of the
    function itself, which for small networks is most of the time NumPy needs.

    Args:
        function: `(params, *arguments) -> loss` or, with `aux`, `-> (loss, tree of arrays)`.
        params: the tree to differentiate with respect to.
        arguments: further trees; with `trace_arguments` their leaves may change between runs.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        params: Tree,
        arguments: tuple[Tree, ...],
        *,
        aux: bool,
        trace_arguments: bool,
    ) -> None:
        self.tape = Tape()
        try:
            variables = tree_map(self.tape.input, params)
            self._wanted = list(self.tape.inputs)
            _check_floating(params)
            if trace_arguments:
                arguments = tuple(tree_map(self.tape.input, a) for a in arguments)
            out = function(variables, *arguments)
        finally:
            self.tape.close()
        loss: Any
        self._aux: Tree
        loss, self._aux = out if aux else (out, ())
        self._aux_leaves = leaves(self._aux)
        self.loss = _on_tape(loss, self.tape)
        self._params = params
        self._xp = namespace_of(*self.tape.values)
        self._types = {type(value) for value in self.tape.values}
        self._checked = False
        self._seed = self._xp.ones_like(self.tape.values[self.loss.slot])
        self._known: list[tuple[Tree, list[Array]]] = [(None, [])] * (1 + len(arguments))
        self.plan = plan_backward(self.tape, self._wanted, [self.loss.slot])

    def gradients(
        self,
        xp: Namespace,
        values: list[Array],
        on_step: Callable[[Record, Any, dict[int, Array]], None] | None = None,
    ) -> list[Array]:
        """The gradients of the loss from the values of all slots: one for each parameter leaf."""
        seed = {self.loss.slot: self._seed}
        cotangents = pull_back(xp, self.plan, values, seed, on_step, check=not self._checked)
        self._checked = True
        return [
            cotangents[slot] if slot in cotangents else xp.zeros_like(values[slot])
            for slot in self._wanted
        ]

    def results(self, values: list[Array]) -> tuple[Array, Tree]:
        """The loss and the auxiliary output, from the values of all slots."""
        if not self._aux_leaves:
            return values[self.loss.slot], self._aux
        found = [
            values[x.slot] if isinstance(x, Variable) and x.tape is self.tape else x
            for x in self._aux_leaves
        ]
        return values[self.loss.slot], rebuild(self._aux, iter(found))

    def __call__(self, params: Tree, *arguments: Tree) -> tuple[tuple[Array, Tree], list[Array]]:
        """Replay on new arrays: `((loss, aux), gradients)`; trees are taken as immutable."""
        inputs: list[Array] = []
        for i, tree in enumerate((params, *arguments)):
            if self._known[i][0] is not tree:
                self._known[i] = (tree, leaves(tree))
            inputs += self._known[i][1]
        same = self._types.issuperset(map(type, inputs))
        xp = self._xp if same else namespace_of(*inputs)
        values = self.tape.run(xp, inputs)
        return self.results(values), self.gradients(xp, values)


def value_and_grad(function: Callable[..., Any], *, aux: bool = False) -> Callable[..., Any]:
    """A function that returns the value of `function` and its gradient.

    Args:
        function: `(params, *arguments) -> scalar`, written with operators and `chainrule.ops`.
            With `aux=True` it returns `(scalar, anything else)`.
        aux: whether the function returns more than its scalar.

    Returns:
        A function of the same arguments. It returns `(value, grads)`, or `((value, more), grads)`
        with `aux=True`; `grads` is a tree like `params`, each array with the shape and dtype of
        its parameter.

    Raises:
        GradientError: the value is not a scalar float, a parameter is not a float array, or a
            derivative of a derivative is asked for.

    Example:
        >>> import numpy as np
        >>> f = lambda w, x: ((x @ w) ** 2).sum()
        >>> value, grad = value_and_grad(f)(np.array([1.0, 2.0]), np.array([[3.0, 1.0]]))
        >>> float(value), grad.tolist()
        (25.0, [30.0, 10.0])
    """

    def wrapped(params: Tree, *arguments: Any) -> Any:
        recording = Recording(function, params, arguments, aux=aux, trace_arguments=False)
        values = recording.tape.values
        xp = namespace_of(*values)
        loss, more = recording.results(values)
        grads = _owned(xp, recording.gradients(xp, values))
        return (loss, more) if aux else loss, rebuild(params, iter(grads))

    return wrapped


def _owned(xp: Namespace, grads: list[Array]) -> list[Array]:
    """Gradients that may be written into: no views, and no array twice (`a + b` passes on one)."""
    seen: set[int] = set()
    own = []
    for grad in grads:
        shared = id(grad) in seen or getattr(grad, "base", None) is not None
        seen.add(id(grad))
        own.append(xp.copy(grad) if shared else grad)
    return own


def _check_floating(params: Tree) -> None:
    for path, leaf in paths(params):
        kind = getattr(getattr(leaf, "dtype", None), "kind", "?")
        if kind != "f":
            raise GradientError(
                f"Parameter {path or 'params'!r} is {getattr(leaf, 'dtype', type(leaf).__name__)}; "
                "a derivative needs float32 or float64 arrays. Convert it, e.g. with np.float32(…)."
            )


def _on_tape(loss: Any, tape: Tape) -> Variable:
    if not hasattr(loss, "dtype"):
        raise GradientError(
            f"The function returned {type(loss).__name__}; value_and_grad needs one traced number. "
            "Return the loss as a scalar, e.g. ops.mean(losses)."
        )
    if tuple(loss.shape) != () or loss.dtype.kind != "f":
        raise GradientError(
            f"The function returned {_described(loss)}; value_and_grad needs a float scalar. "
            "Reduce it first, e.g. with ops.mean or ops.sum."
        )
    slot = tape.slot_of(loss)
    return loss if isinstance(loss, Variable) else Variable(tape, slot, loss)
