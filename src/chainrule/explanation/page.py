"""What an explanation is: sections of equations, the same numbers by name, and the printed page."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from chainrule.autodiff import Tree
from chainrule.explanation.writing import WIDTH, equation, folded, number, paragraph
from chainrule.judgement import aligned, printable

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


@dataclass(frozen=True)
class InputRow:
    """One input of the network, where it comes from, and what it does.

    Attributes:
        name: on the page, e.g. "x4". meaning: e.g. "island = Dream". cell: as it stands in the
            table. value: as the network sees it. slope: ∂E/∂value; None where there is none.
    """

    name: str
    meaning: str
    cell: str
    value: float
    slope: float | None


@dataclass(frozen=True, eq=False)
class Explanation:
    """One training step in numbers and formulas; print it.

    Attributes:
        heading: what is explained, and what the names mean.
        row: which row of which table, if any. inputs: the columns behind the network's inputs.
        forward, backward, updates: the sections of the page, in reading order; those that were not
            asked for are empty.
        weights: the names of the weights and biases that are written out.
        values: every quantity that is written out, by name: "w1", "net_h1", "out_o1", "E".
        derivatives: ∂E/∂name by name, with every product.
        updated: the new value of every weight and bias that is written out, by name.
        loss, new_loss: E before and after the step; None where there is none.
        params, grads, new_params: the same as trees like the network's parameters, float64.
        notes: what is said at the end, e.g. what was predicted.
    """

    heading: tuple[str, ...]
    row: str
    inputs: tuple[InputRow, ...]
    forward: tuple[Section, ...]
    backward: tuple[Section, ...]
    updates: tuple[Section, ...]
    weights: tuple[str, ...]
    values: dict[str, float]
    derivatives: dict[str, Derivative]
    updated: dict[str, float]
    loss: float | None
    new_loss: float | None
    params: Tree = field(repr=False)
    grads: Tree = field(repr=False)
    new_params: Tree = field(repr=False)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        end = "outputs" if self.loss is None else "loss"
        parts = ["\n".join(self.heading)]
        if self.inputs:
            parts += [printable(f"INPUTS: {self.row} as the network sees it"), self._inputs()]
        for title, sections in (
            (f"FORWARD: from the inputs to the {end}", self.forward),
            ("BACKWARD: how much the loss changes with everything before it", self.backward),
            ("UPDATE: a step against the gradient", self.updates),
        ):
            parts += [title, *map(str, sections)] if sections else []
        parts += ["RESULT", "\n".join(self._result())]
        lines = "\n\n".join(parts).split("\n")
        return "\n".join(map(printable, lines)) + "\n"

    def _inputs(self) -> str:
        sloped = self.loss is not None
        rows = [("", "column", "in the table", "input", "∂E/∂input" * sloped)]
        for row in self.inputs:
            slope = number(row.slope) if sloped and row.slope is not None else ""
            rows.append((row.name, row.meaning[:40], row.cell[:20], number(row.value), slope))
        return "\n".join(map(printable, aligned(rows, left=3, gap=COLUMN_GAP)))

    def _result(self) -> list[str]:
        words = ("before", "gradient", "after") if self.updated else ("value", "gradient")
        rows: list[tuple[str, ...]] = [("", *words)]
        for name in self.weights if self.backward else ():
            numbers = [self.values[name], self.derivatives[name].value]
            numbers += [self.updated[name]] if self.updated else []
            rows.append((name, *[number(x) for x in numbers]))
        table = [*aligned(rows, left=1, gap=COLUMN_GAP), ""] if len(rows) > 1 else []
        if self.new_loss is None:
            losses = [] if self.loss is None else [f"    E: {number(self.loss)}"]
        else:
            losses = [f"    E before the step: {number(self.loss or 0.0)}"]
            losses.append(f"    E after the step:  {number(self.new_loss)}")
        said = [row for note in self.notes for row in paragraph(note, "    ")]
        return [*table, *losses, *said]

    def __repr__(self) -> str:
        about = "" if self.loss is None else f"E = {number(self.loss)}, "
        return f"<Explanation of a step: {about}{len(self.weights)} weights and biases>"
