"""The formula of one number on the tape, and of one local derivative: in names and in numbers.

Both are the primitive's own `formula` and `derivative`, with names and numbers in place of their
letters. Only sums over several numbers are spelled out, in `sums.py`. What a formula comes to is
never computed here: that number is read from the tape, or obtained from the derivative rule.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import numpy as np

from chainrule.autodiff import Primitive, Record
from chainrule.explanation.labels import Index
from chainrule.explanation.names import Names
from chainrule.explanation.selection import Selection
from chainrule.explanation.sums import Sums, Written
from chainrule.explanation.writing import Text, numeral, substitute

SPELLED = frozenset(
    [
        "absolute",
        "add",
        "clip",
        "cos",
        "divide",
        "equal",
        "exp",
        "greater",
        "greater_equal",
        "less",
        "less_equal",
        "log",
        "maximum",
        "minimum",
        "multiply",
        "negative",
        "not_equal",
        "power",
        "power_of",
        "residual",
        "sign",
        "sin",
        "sqrt",
        "square",
        "subtract",
        "where",
    ]
)
"""Primitives whose formula is as short as a call would be; others are written as a call."""

LETTERS = {
    "slope": ["α"], "alpha": ["α"], "logits": ["z"], "targets": ["y", "p"], "scores": ["z"],
    "signs": ["t"], "exponent": ["n"],
}  # fmt: skip
"""How formulas write inputs whose names in the code are longer."""


class Formulas:
    """Writes formulas about the numbers of a tape.

    Args:
        names: of the tape's numbers.
        selection: which terms of a sum are written; the rest is an ellipsis.
    """

    def __init__(self, names: Names, selection: Selection) -> None:
        self.names = names
        self._sums = Sums(names, selection)

    def forward(self, record: Record, index: Index) -> Written:
        """The formula of the number at an index of a record's output."""
        spelled = self._sums.forward(record, index)
        if spelled is not None:
            return spelled
        if not self.elementwise(record):
            return record.primitive.formula, ""
        operands = self._operands(record, index)
        pieces = (
            _letters(record, operands, self.names.text),
            _letters(record, operands, self._numbered),
        )
        formula = record.primitive.formula
        symbols = substitute(formula, pieces[0])
        if record.primitive.name not in SPELLED:
            call = ", ".join(self.names.name(identity) for identity in operands)
            symbols = f"{record.primitive.name}({call})"
        return symbols, substitute(formula, pieces[1])

    def derivative(self, record: Record, k: int, out: Index, source: Index) -> Written:
        """The formula of ∂out/∂source, where source is a number of the record's input k."""
        spelled = self._sums.derivative(record, k, out, source)
        if spelled is not None:
            return spelled
        if not self.elementwise(record):
            return "", ""
        formula = _part(record.primitive, k, len(record.inputs))
        operands = self._operands(record, out)
        result = int(self.names.ids[record.outputs[0]][out])
        symbols = {"out": self.names.text(result), **_letters(record, operands, self.names.text)}
        numbers = {"out": self._numbered(result), **_letters(record, operands, self._numbered)}
        return substitute(formula, symbols), substitute(formula, numbers)

    def singular(self, record: Record, out: Index) -> str:
        """What to say where a derivative is not defined at this very point; else nothing."""
        said = re.match(r"(\w+) = (\w+)\b", record.primitive.singular)
        if not said or not self.elementwise(record):
            return ""
        letters = _letters(record, self._operands(record, out), self._numbered)
        sides = [letters[s].text if s in letters else s for s in said.groups()]
        singular = record.primitive.singular
        return f"no derivative here; by convention at {singular}" if sides[0] == sides[1] else ""

    def elementwise(self, record: Record) -> bool:
        """Whether every number of the output depends on the inputs' numbers at its own place."""
        if record.several or "Σ" in record.primitive.formula:
            return False
        if self._sums.knows(record):
            return False
        shapes = [self.names.values[slot].shape for slot in record.inputs]
        try:
            whole = np.broadcast_shapes(*shapes)
        except ValueError:
            return False
        return bool(whole == self.names.values[record.outputs[0]].shape)

    def _numbered(self, identity: int) -> Text:
        return numeral(self.names.value(identity))

    def _operands(self, record: Record, index: Index) -> list[int]:
        """The identities of the inputs' numbers at the place of an output."""
        shape = self.names.values[record.outputs[0]].shape
        return [int(np.broadcast_to(self.names.ids[slot], shape)[index]) for slot in record.inputs]


def _letters(record: Record, operands: list[int], write: Callable[[int], Text]) -> dict[str, Text]:
    """What stands for the letters of a primitive's formula: its inputs and its settings."""
    found = list(inspect.signature(record.primitive.forward).parameters.values())[1:]
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        return {}
    pieces: dict[str, Text] = {}
    inputs = [p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]
    for name, identity in zip(inputs, operands, strict=False):
        for letter in LETTERS.get(name, [name]):
            pieces[letter] = write(identity)
    for name, value in record.static.items():
        if isinstance(value, int | float):
            for letter in LETTERS.get(name, [name]):
                pieces[letter] = numeral(value)
    return pieces


def _part(primitive: Primitive, k: int, inputs: int) -> str:
    """The part of a primitive's derivative that is about its input k."""
    whole = primitive.derivative.split(";")[0]
    parts = whole.split(", ")
    alternatives = re.search(r"\b(where|if|else|by)\b", whole)
    if len(parts) == inputs and not alternatives:
        return parts[k]
    return whole if k == 0 or inputs == 1 or alternatives else primitive.derivative
