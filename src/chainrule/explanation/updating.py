"""The optimizer's step, read from a tape as well: its rule is recorded and written as formulas.

The rule is the one that trains (`optim.update_rule`), given traced numbers. What it remembers, and
what it corrects for the first steps, gets a line of its own; all else is written into the formulas.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.autodiff import Record, Tape, Tree, leaves, rebuild
from chainrule.engine import namespace_of
from chainrule.explanation.page import UPDATE, Line
from chainrule.explanation.writing import Text, factor, number, numeral, substitute
from chainrule.optim import clip_scale, decays, schedule_of, update_rule

TRACED_XP = SimpleNamespace(**{name: getattr(ops, name) for name in ops.__all__}, abs=ops.absolute)
"""The facade that an optimizer's rule is recorded with."""

INFIX = {"add": (" + ", 1), "subtract": (" - ", 1), "multiply": ("·", 2), "divide": (" / ", 2)}
"""Signs between two operands, and how tightly they bind."""

ATOM = 3


class Update:
    """One optimizer step, the first one, on the tape of every parameter.

    Args:
        optimizer: of chainrule.optim, or one like them.
        params, grads: trees of float64 arrays.

    Attributes:
        new_params: the parameters after the step.
    """

    def __init__(self, optimizer: Any, params: Tree, grads: Tree) -> None:
        self.optimizer = optimizer
        gradients = leaves(grads)
        scale = clip_scale(optimizer, namespace_of(np.zeros(())), gradients)
        self._steps = [
            ParameterStep(optimizer, p, g, is_weight, scale)
            for p, g, is_weight in zip(leaves(params), gradients, decays(params), strict=True)
        ]
        self.new_params: Tree = rebuild(params, iter([step.new for step in self._steps]))

    def lines(self, leaf: int, index: tuple[int, ...], name: str) -> list[Line]:
        """The step of one number of one parameter, as equations about its name."""
        return self._steps[leaf].lines(index, name)


class ParameterStep:
    """The recorded step of one parameter."""

    def __init__(self, optimizer: Any, p: Any, g: Any, is_weight: bool, scale: Any) -> None:
        self.tape = Tape()
        corrections = optimizer.corrections(np.ones(1))[0]
        self._names: dict[int, str] = {}
        try:
            parameter, gradient = self._input(p, "{name}"), self._input(g, "∂E/∂{name}")
            old = [self._input(np.zeros_like(p), f"old {slot}") for slot in optimizer.slots]
            rate = self._input(first_rate(optimizer), "rate")
            row = [self._input(np.asarray(c), "") for c in corrections]
            clip = None if scale is None else self._input(scale, "clip")
            rule = update_rule(optimizer, TRACED_XP, rate, row)
            with np.errstate(all="ignore"):
                new, slots = rule(parameter, gradient, is_weight, tuple(old), clip)
        finally:
            self.tape.close()
        self.new = new.array
        self._corrections = {variable.slot for variable in row}
        self._made = {record.outputs[0]: record for record in self.tape.records}
        self._kept = dict(zip([self.tape.slot_of(s) for s in slots], optimizer.slots, strict=True))
        self._result = new.slot

    def _input(self, array: Any, name: str) -> Any:
        variable = self.tape.input(np.asarray(array, "float64"))
        self._names[variable.slot] = name
        return variable

    def lines(self, index: tuple[int, ...], name: str) -> list[Line]:
        """What is remembered, what is corrected, and the new value, in the order of the tape."""
        said = {slot: text.format(name=name) for slot, text in self._names.items() if text}
        found = []
        for record in self.tape.records:
            slot = record.outputs[0]
            title = self._title(record, index, said, name)
            if title is None:
                continue
            symbols = self._written(slot, index, said, True, top=True)[0]
            numbers = bared(self._written(slot, index, said, False, top=True)[0])
            found.append(Line(UPDATE, title, symbols, numbers, self._value(slot, index)))
            said[slot] = title
        return found

    def _title(
        self, record: Record, index: tuple[int, ...], said: dict[int, str], name: str
    ) -> str | None:
        """The name of a result that gets a line of its own, or None."""
        slot = record.outputs[0]
        if slot == self._result:
            return f"new {name}"
        if slot in self._kept:
            return str(self._kept[slot])
        rest = [s for s in record.inputs if s not in self._corrections]
        if len(rest) == len(record.inputs):
            return None
        return "corrected " + self._written(rest[0], index, said, True)[0]

    def _value(self, slot: int, index: tuple[int, ...]) -> float:
        value = np.asarray(self.tape.values[slot])
        return float(value[index] if value.ndim else value)

    def _written(
        self,
        slot: int,
        index: tuple[int, ...],
        said: dict[int, str],
        names: bool,
        top: bool = False,
    ) -> tuple[str, int]:
        """A value as a formula of what has a name, and how tightly the formula binds."""
        record = self._made.get(slot)
        if record is None or (slot in said and not top):
            if names and slot in said:
                return said[slot], ATOM if " " not in said[slot] else 2
            return factor(self._value(slot, index)), ATOM
        operands = [self._written(s, index, said, names) for s in record.inputs]
        if record.primitive.name in INFIX:
            return _infix(record.primitive.name, operands)
        letters = list(inspect.signature(record.primitive.forward).parameters)[1:]
        pieces = {
            letter: Text(text, binds < ATOM)
            for letter, (text, binds) in zip(letters, operands, strict=False)
        }
        settings = {k: numeral(v) for k, v in record.static.items() if isinstance(v, int | float)}
        return substitute(record.primitive.formula, {**pieces, **settings}), ATOM


def _infix(name: str, operands: list[tuple[str, int]]) -> tuple[str, int]:
    """Two operands with a sign between them, in parentheses where they bind less tightly."""
    sign, binds = INFIX[name]
    (left, left_binds), (right, right_binds) = operands
    if left_binds < binds:
        left = f"({left})"
    if right_binds < binds or (right_binds == binds and name in ("subtract", "divide")):
        right = f"({right})"
    return left + sign + right, binds


def bared(formula: str) -> str:
    """A formula whose negative numbers are in parentheses, without those that nobody needs.

    >>> bared("(-0.5)·(-0.5)"), bared("0.1·((-0.5) / 2)")
    ('-0.5·(-0.5)', '0.1·(-0.5 / 2)')
    """
    return re.sub(r"(^|\()\((-[^()]+)\)(?![²^])", r"\1\2", formula)


def first_rate(optimizer: Any) -> float:
    """The learning rate of the first step; of a schedule, that of a run of one epoch."""
    return float(schedule_of(optimizer).rates(np.zeros(1), 1)[0])


def described(optimizer: Any) -> str:
    """An optimizer with the settings that do something, e.g. "GradientDescent, rate 0.5"."""
    shown = [f"rate {number(first_rate(optimizer))}"]
    for f in fields(optimizer):
        value = getattr(optimizer, f.name)
        if f.name != "learning_rate" and value not in (None, 0, False):
            shown.append(f"{f.name} {number(value)}" if value is not True else f.name)
    return f"{type(optimizer).__name__}, {', '.join(shown)}"


def idea(optimizer: Any) -> tuple[str, ...]:
    """The first line of what an optimizer that remembers something says about itself."""
    said = (inspect.getdoc(type(optimizer)) or "").split("\n")[0]
    return (said,) if said and optimizer.slots else ()
