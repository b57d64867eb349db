"""What an explanation is: sections of equations, the same numbers by name, and the printed page."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from chainrule.autodiff import Tree
from chainrule.explanation.writing import WIDTH, equation, folded, number, paragraph

FORWARD, LOCAL, PRODUCT, UPDATE = "forward", "local", "product", "update"
"""Kinds of lines: a value; a local derivative; a product of the chain rule; an optimizer's step."""

COLUMN_GAP = "    "
CELL = 46
"""Local derivatives up to this length stand side by side."""


@dataclass(frozen=True)
class Line:
    """One equation: `name = symbols = numbers = value`.

    Attributes:
        kind: FORWARD, LOCAL, PRODUCT or UPDATE.
        name: what it is about, e.g. "net_h1" or "∂E/∂w5".
        symbols: its formula in names. numbers: the same in numbers. value: what it comes to.
        note: what has to be said beside it, e.g. that there is no derivative at this point.
    """

    kind: str
    name: str
    symbols: str
    numbers: str
    value: float
    note: str = ""

    @property
    def parts(self) -> list[str]:
        """What stands between the equals signs."""
        said = f"   ({self.note})" if self.note else ""
        return [self.symbols, self.numbers, number(self.value) + said]

    def __str__(self) -> str:
        return equation(self.name, self.parts)


@dataclass(frozen=True)
class Section:
    """Equations that belong together: a layer, the loss, one weight's update."""

    title: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = [f"  {self.title}"] if self.title else []
        rows += [row for note in self.notes for row in paragraph(note, "    ")]
        start = 0
        for end in range(1, len(self.lines) + 1):
            if end == len(self.lines) or self.lines[end].kind != self.lines[start].kind:
                rows += _block(self.lines[start:end])
                start = end
        return "\n".join(rows)


def _block(lines: tuple[Line, ...]) -> list[str]:
    """Lines of one kind, their equals signs one below the other."""
    if lines[0].kind == LOCAL and max(len(str(line)) for line in lines) <= CELL:
        return _grid(lines)
    width = max(len(line.name) for line in lines)
    named = [(f"{line.name:<{width}}", line.parts) for line in lines]
    too_long = any(len(equation(name, parts)) + 4 > WIDTH for name, parts in named)
    wide = too_long and lines[0].kind != UPDATE
    return [row for name, parts in named for row in folded(name, parts, "    ", wide)]


def _grid(lines: tuple[Line, ...]) -> list[str]:
    """Short local derivatives side by side, a new row for every quantity that is derived."""
    cell = max(len(str(line)) for line in lines) + len(COLUMN_GAP)
    across = (WIDTH - 4 + len(COLUMN_GAP)) // cell
    rows: list[str] = []
    for _, group in groupby(lines, lambda line: line.name.split("/")[0]):
        cells = [f"{line!s:<{cell}}" for line in group]
        starts = range(0, len(cells), across)
        rows += [("    " + "".join(cells[i : i + across])).rstrip() for i in starts]
    return rows


@dataclass(frozen=True)
class Term:
    """One product of the chain rule: ∂E/∂through · ∂through/∂name."""

    through: str
    arriving: float
    local: float


@dataclass(frozen=True)
class Derivative:
    """∂E/∂name with the products it is the sum of.

    Attributes:
        terms: one for every quantity that `name` acts on; none for E itself.
        value: what back-propagation found, taken from the tape.
        complete: whether all terms are listed; of large networks only the first are.
    """

    name: str
    value: float
    terms: tuple[Term, ...] = ()
    complete: bool = True


@dataclass(frozen=True, eq=False)
class Explanation:
    """One training step in numbers and formulas; print it.

    Attributes:
        heading: what is explained, and what the names mean.
        forward, backward, updates: the sections of the page, in reading order.
        values: every quantity that is written out, by name: "w1", "net_h1", "out_o1", "E".
        derivatives: ∂E/∂name by name, with every product.
        updated: the new value of every weight and bias that is written out, by name.
        loss, new_loss: E before and after the step.
        params, grads, new_params: the same as trees like the network's parameters, float64.
    """

    heading: tuple[str, ...]
    forward: tuple[Section, ...]
    backward: tuple[Section, ...]
    updates: tuple[Section, ...]
    values: dict[str, float]
    derivatives: dict[str, Derivative]
    updated: dict[str, float]
    loss: float
    new_loss: float
    params: Tree = field(repr=False)
    grads: Tree = field(repr=False)
    new_params: Tree = field(repr=False)

    def __str__(self) -> str:
        parts = ["\n".join(self.heading)]
        for title, sections in (
            ("FORWARD: from the inputs to the loss", self.forward),
            ("BACKWARD: how much the loss changes with everything before it", self.backward),
            ("UPDATE: a step against the gradient", self.updates),
        ):
            parts += [title, *map(str, sections)]
        parts += ["RESULT", "\n".join(self._result())]
        return "\n\n".join(parts) + "\n"

    def _result(self) -> list[str]:
        rows: list[tuple[str, ...]] = [("", "before", "gradient", "after")]
        for name, after in self.updated.items():
            numbers = self.values[name], self.derivatives[name].value, after
            rows.append((name, *[number(x) for x in numbers]))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        table = [
            "    " + row[0].ljust(widths[0])
            + "".join(COLUMN_GAP + row[i].rjust(widths[i]) for i in (1, 2, 3))
            for row in rows
        ]  # fmt: skip
        return [
            *table,
            "",
            f"    E before the step: {number(self.loss)}",
            f"    E after the step:  {number(self.new_loss)}",
        ]

    def __repr__(self) -> str:
        weights = len(self.updated)
        return f"<Explanation of a step: E = {number(self.loss)}, {weights} weights and biases>"
