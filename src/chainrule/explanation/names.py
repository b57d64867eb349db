"""A name for every number on the tape, so that a formula can be written about it.

Every number that a record computes gets an identity, an integer. A record that only moves numbers
about (reshape, transpose, …) is run on the identities themselves: what comes out has kept its name.

    x1, x2 …       inputs              w1, w2 …   weights, neuron by neuron, through all layers
    h1, h2 …       hidden neurons      b1, b2 …   biases, one a neuron
    o1, o2 …       output neurons      t1, t2 …   targets
    table1(7,2)    of the first embedding, the second number in its row of index 6
    net_h1         weighted sum        out_h1     what the activation makes of it
    x_row(2)       of the named input "row", the second number
    c2(3,4,1)      of the second convolution, row 3, column 4, filter 1; p1(3,4,1) of a pooling
    net_h1[2]      the same in the second example of a batch
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.autodiff import Record, paths
from chainrule.engine import namespace_of
from chainrule.explanation.labels import (
    Index,
    Label,
    commas,
    counted_on,
    joined,
    positions,
    reduced_axes,
    rows_of,
    spread,
)
from chainrule.explanation.landmarks import head_records, last_denses, leading_to, loss_record
from chainrule.explanation.recorded import Recorded
from chainrule.explanation.windows import LETTERS as IMAGES
from chainrule.explanation.writing import Text, number, numeral
from chainrule.nn import is_named, split_lengths
from chainrule.ops.counting import MOVES

NOUNS = {
    "add": "sum", "subtract": "difference", "multiply": "product", "divide": "quotient",
    "absolute": "size", "maximum": "larger", "minimum": "smaller", "power_of": "power",
    "label_cross_entropy": "cross_entropy", "where": "chosen", "sqrt": "root", "residual": "sum",
}  # fmt: skip
"""What the result of a primitive is called, where not by the primitive's own name."""

LETTERS = {"weight": "w", "bias": "b"}
TABLE = "table"
"""What embeddings call the parameter that rows are picked from."""


@dataclass(frozen=True, eq=False)
class Root:
    """An array whose numbers were computed or given here, and how they are named."""

    start: int
    slot: int
    shape: Index
    base: str
    label: Callable[[Index], Label]
    constant: bool = False
    param: bool = False

    @property
    def given(self) -> bool:
        """Whether its numbers were there before the step: weights, inputs and targets."""
        return self.param or not self.base


class Names:
    """Identities, names and values of all numbers on a recorded tape.

    Attributes:
        ids: the identities in every slot, an integer array like its value.
        inputs: the slots of the inputs by name; of a single one by "".
        produced: the records that compute something for the loss, as (position, record).
        neurons: the names of the neurons behind every dense record, by its position; `o` those
            that are outputs, counted on through several heads.
    """

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.tape = recorded.recording.tape
        self.values = [np.asarray(value) for value in self.tape.values]
        self.ids: dict[int, Any] = {}
        self.neurons: dict[int, list[str]] = {}
        self.inputs: dict[str, int] = {}
        self.produced: list[tuple[int, Record]] = []
        self._roots: list[Root] = []
        self._starts: list[int] = []
        self._next = 0
        self._images: set[int] = set()
        self._counted: Counter[str] = Counter()
        self._used: set[str] = set()
        self._params, batch = recorded.slots()
        self._indices = {r.inputs[1] for r in self.tape.records if r.primitive.name == "take"}
        self._examples = len(recorded.batch["share"])
        self._name_params()
        self._name_batch(batch)
        self._loss_record = loss_record(recorded)
        self._head_records = head_records(recorded)
        self._last_denses = last_denses(recorded, self.is_dense)
        self._outputs = 0
        self._hidden = 0
        self._walk()

    def name(self, identity: int) -> str:
        """The name of a number; of a constant, the number itself."""
        root, index = self._place(identity)
        if root.constant:
            return number(self.value(identity))
        return joined(root.base, root.label(index), root.param)

    def text(self, identity: int) -> Text:
        """The name of a number as a piece of a formula; of a constant, the number itself."""
        if self.is_constant(identity):
            return numeral(self.value(identity))
        return Text(self.name(identity))

    def label(self, identity: int) -> Label:
        """The neuron and the example that a number belongs to."""
        root, index = self._place(identity)
        return root.label(index)

    def value(self, identity: int) -> float:
        """The number itself."""
        root, index = self._place(identity)
        return float(self.values[root.slot][index])

    def slot(self, identity: int) -> int:
        """The slot in which a number was given or computed."""
        return self._place(identity)[0].slot

    def place(self, identity: int) -> tuple[int, Index]:
        """The slot in which a number was given or computed, and where it stands there."""
        root, index = self._place(identity)
        return root.slot, index

    def is_image(self, slot: int) -> bool:
        """Whether a slot holds what a convolution or a pooling made, or something of its shape."""
        return slot in self._images

    def is_constant(self, identity: int) -> bool:
        """Whether a number is neither learnt nor computed from anything that is."""
        return self._place(identity)[0].constant

    def is_param(self, identity: int) -> bool:
        """Whether a number is a weight, a bias or another parameter."""
        return self._place(identity)[0].param

    def is_output(self, position: int) -> bool:
        """Whether the dense record at a position makes outputs of the network."""
        return position in self._last_denses

    def moves(self, record: Record) -> bool:
        """Whether a record only moves numbers about, or is the mean over a single example."""
        if (
            record.primitive.name == "dot"
            and record.outputs[0] == self.recorded.recording.loss.slot
        ):
            return self._examples == 1 and self._loss_record is not None
        if record.primitive.name == "cast":
            return record.outputs[0] in self._indices or bool(
                self.values[record.outputs[0]].dtype.kind == "f"
            )
        return record.primitive.name in MOVES

    def _place(self, identity: int) -> tuple[Root, Index]:
        root = self._roots[bisect.bisect_right(self._starts, identity) - 1]
        index = np.unravel_index(identity - root.start, root.shape) if root.shape else ()
        return root, tuple(int(i) for i in index)

    def _add(self, slot: int, base: str, label: Callable[[Index], Label], **kind: bool) -> None:
        value = self.values[slot]
        shape = tuple(int(n) for n in value.shape)
        size = int(np.prod(shape, dtype=int))
        self._roots.append(Root(self._next, slot, shape, base, label, **kind))
        self._starts.append(self._next)
        self.ids[slot] = np.arange(self._next, self._next + size).reshape(shape)
        self._next += max(size, 1)

    def _constant(self, slot: int) -> Any:
        """The identities of a slot; one that has none yet holds constants."""
        if slot not in self.ids:
            self._add(slot, "", lambda index: Label(), constant=True)
        return self.ids[slot]

    def _name_params(self) -> None:
        counted: Counter[str] = Counter()
        for path, slot in paths(self._params):
            key = path.split(".")[-1]
            letter, shape = LETTERS.get(key, key), tuple(self.values[slot].shape)
            before = counted[letter]
            counted[letter] += 1 if key == TABLE else int(self.values[slot].size)
            if key == TABLE:
                self._add(slot, "", rows_of(f"{TABLE}{before + 1}"), param=True)
            else:
                self._add(slot, letter, counted_on(before, shape), param=True)

    def _name_batch(self, batch: Any) -> None:
        self._name_inputs(batch["x"], "")
        if not isinstance(batch["y"], dict):
            self._name_targets(batch["y"], "label", 0)
            return
        before = 0
        for head, slot in batch["y"].items():
            self._name_targets(slot, f"label_{head}", before)
            before += self.values[self.recorded.outputs[head]].shape[-1]

    def _name_inputs(self, x: Any, name: str) -> None:
        """The inputs of an array; of named ones the inputs of each, with its name."""
        if is_named(x):
            for part in sorted(x):
                self._name_inputs(x[part], f"{name}.{part}" if name else part)
            return
        values, lengths = split_lengths(x)
        self.inputs[name] = values
        letter, axes = (f"x_{name}", 0) if name else ("x", self.values[values].ndim)
        self._add(values, "", self._grid(letter, axes))
        if lengths is not None:
            base = f"length_{name}" if name else "length"
            self._add(lengths, base, lambda index: Label("", self._example(index[0])))

    def _name_targets(self, slot: int, label: str, before: int) -> None:
        """The targets of an output: its labels, or numbers counted on like the outputs."""
        if self.values[slot].ndim == 1:
            self._add(slot, label, lambda index: Label("", self._example(index[0])))
        else:
            self._add(slot, "", self._grid("t", 2, before))

    def _grid(self, letter: str, axes: int, before: int = 0) -> Callable[[Index], Label]:
        def label(index: Index) -> Label:
            inner = [before + i + 1 for i in index[1:]]
            place = f"({commas(inner)})" if inner else ""
            unit = f"{letter}{inner[0]}" if axes == 2 else letter + place
            return Label(unit, self._example(index[0]))

        return label

    def _example(self, row: int) -> str:
        return f"[{row + 1}]" if self._examples > 1 else ""

    def is_dense(self, record: Record) -> bool:
        """Whether a record is a weighted sum with a weight matrix of the network."""
        if record.primitive.name not in ("affine", "matmul"):
            return False
        weight = self.ids.get(record.inputs[1])
        return weight is not None and weight.ndim == 2 and self.is_param(int(weight.flat[0]))

    def _walk(self) -> None:
        useful = leading_to(self.tape.records, self.recorded.recording.loss.slot)
        ends = {mark.end - 1 for mark in self.recorded.marks}
        for i, record in enumerate(self.tape.records):
            if i not in useful:
                continue
            if not any(slot in self.ids and self._varies(self.ids[slot]) for slot in record.inputs):
                continue
            inputs = [self._constant(slot) for slot in record.inputs]
            if self._makes_image(record):
                self._images.update(record.outputs[:1])
            if self.moves(record):
                self.ids[record.outputs[0]] = self._moved(record, inputs)
                continue
            self.produced.append((i, record))
            for slot in record.outputs:
                self._name_output(i, record, slot, inputs, i in ends)

    def _makes_image(self, record: Record) -> bool:
        """Whether a record makes an image, acts on every number of one, or moves one about."""
        shape, own = self.values[record.outputs[0]].shape, record.primitive.name
        if len(shape) < 3 or self.is_dense(record):
            return False
        images = [self.values[slot].shape for slot in record.inputs if slot in self._images]
        return own in IMAGES or shape in images or bool(images and self.moves(record))

    def _varies(self, ids: Any) -> bool:
        return ids.size > 0 and not self.is_constant(int(ids.flat[0]))

    def _moved(self, record: Record, inputs: list[Any]) -> Any:
        """The identities after a move; indices stay what they are."""
        if record.primitive.name == "dot":
            return np.reshape(inputs[0], ())
        if record.primitive.name == "cast":
            return inputs[0]
        if record.primitive.name == "take":
            inputs = [inputs[0], self.values[record.inputs[1]]]
        return record.primitive.forward(namespace_of(*inputs), *inputs, **record.static)

    def _name_output(
        self, i: int, record: Record, slot: int, inputs: list[Any], ends_layer: bool
    ) -> None:
        shape = tuple(int(n) for n in self.values[slot].shape)
        if self.is_dense(record):
            base, label = "net", self._dense_label(i, record, inputs[0], shape)
        elif record.primitive.name in IMAGES or self._shrinks_image(i, record, inputs, shape):
            letter = IMAGES.get(record.primitive.name, "p")
            self._counted[letter] += 1
            base = "net" if letter == "c" else self._base(i, record, ends_layer)
            label = self._grid(f"{letter}{self._counted[letter]}", 0)
        else:
            base, label = self._base(i, record, ends_layer), self._derived(record, inputs, shape)
        if base in ("E", "loss") or id(record) in self._head_records:
            label = self._of_example(label)
        size = int(np.prod(shape, dtype=int))
        last = tuple(n - 1 for n in shape)
        if size > 1 and label(tuple(0 for _ in shape)) == label(last):
            label = positions
        self._add(slot, self._fresh(base, label, shape), label)

    def _shrinks_image(self, i: int, record: Record, inputs: list[Any], shape: Index) -> bool:
        """Whether a record takes whole images or sequences together, channel by channel."""
        source = inputs[0].shape
        return (
            i < self.recorded.loss_start
            and record.primitive.name in ("mean", "max")
            and len(source) > 2
            and shape == (*source[:1], *source[-1:])
        )

    def _of_example(self, label: Callable[[Index], Label]) -> Callable[[Index], Label]:
        return lambda index: Label("", label(index).example if self._examples > 1 else "")

    def _base(self, i: int, record: Record, ends_layer: bool) -> str:
        if self.recorded.recording.loss.slot in record.outputs:
            return "E"
        if record is self._loss_record:
            return "E" if self._examples == 1 else "loss"
        if id(record) in self._head_records:
            return self._head_records[id(record)]
        if ends_layer and i < self.recorded.loss_start:
            return "out"
        return NOUNS.get(record.primitive.name, record.primitive.name)

    def _fresh(self, base: str, label: Callable[[Index], Label], shape: Index) -> str:
        """The base, with a digit where it would name two numbers alike."""
        first = label(tuple(0 for _ in shape)) if 0 not in shape else Label()
        count, tried = 1, base
        while joined(tried, first) in self._used:
            count += 1
            tried = f"{base}{count}"
        self._used.add(joined(tried, first))
        return tried

    def _dense_label(
        self, i: int, record: Record, x: Any, shape: Index
    ) -> Callable[[Index], Label]:
        if i in self._last_denses:
            units = [f"o{self._outputs + j + 1}" for j in range(shape[-1])]
            self._outputs += shape[-1]
        else:
            units = [f"h{self._hidden + j + 1}" for j in range(shape[-1])]
            self._hidden += shape[-1]
        self.neurons[i] = units

        def label(index: Index) -> Label:
            row = x[index[:-1]]
            own = self.label(int(row[0])) if row.size else Label()
            position = "" if len(shape) == 2 else f"({commas([k + 1 for k in index[1:-1]])})"
            example = own.example
            if not example and shape[0] == self._examples:  # what comes from a table has none
                example = self._example(index[0])
            return Label(units[index[-1]] + position, example)

        return label

    def _derived(self, record: Record, inputs: list[Any], shape: Index) -> Callable[[Index], Label]:
        """Labels of a result from those of what it was computed from."""
        varied = [ids for ids in inputs if self._varies(ids)]
        varied.sort(key=lambda ids: self._place(int(ids.flat[0]))[0].given)
        for ids in varied:
            if ids.shape == shape:
                return lambda index: self.label(int(ids[index]))
        source = varied[0]
        axes = reduced_axes(record, source, shape)
        if axes is None:
            return positions

        def label(index: Index) -> Label:
            first = source[spread(index, axes, source.ndim, 0)]
            last = source[spread(index, axes, source.ndim, -1)]
            return self.label(int(first)).merged(self.label(int(last)))

        return label
