"""Which numbers of a large step are written out: those that matter most to the loss.

How much a neuron or an input matters is |value · ∂E/∂value|: to first order, how much the loss
would change if it were 0 (Shrikumar, Greenside, Kundaje 2016). It is read from the backward walk.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.autodiff import Record
from chainrule.explanation.labels import Index
from chainrule.explanation.names import Names
from chainrule.explanation.windows import pooled, products


class Selection:
    """The inputs, neurons, weights and examples that are shown.

    Args:
        names: of the tape's numbers.
        most: so many of each layer, and so many inputs and examples; None shows everything.
        arriving: what arrived at the output of every record in the backward walk, by its identity.

    Attributes:
        slopes: ∂E/∂value of what enters dense layers, in the first example, by its name.
    """

    def __init__(self, names: Names, most: int | None, arriving: Mapping[int, Any]) -> None:
        self.names = names
        self.most = most
        self.slopes: dict[str, float] = {}
        self._units: set[str] = set()
        self._kept: dict[int, list[Sequence[int]]] = {}
        self._picked = dict(_picked(names))
        if names.neurons:
            self._choose(arriving)
        if most is not None:
            self._follow(arriving)

    def units(self, units: Sequence[str]) -> list[int]:
        """Which of the neurons or inputs of these names are shown; the first where none is known.

        Everything that lies along the neurons of a layer asks here, so that all show the same.
        """
        if self.most is None:
            return list(range(len(units)))
        known = [i for i, unit in enumerate(units) if unit in self._units]
        return known or list(range(min(self.most, len(units))))

    def along(self, ids: Any) -> list[int]:
        """The same for a row of identities."""
        return self.units([self.names.label(int(i)).unit for i in ids])

    def shown(self, ids: Any) -> Iterator[tuple[Index, int]]:
        """The numbers of an array that are shown, by index and identity."""
        for index in itertools.product(*self._places(ids)):
            yield index, int(ids[index])

    def _places(self, ids: Any) -> list[Sequence[int]]:
        """Along every axis, what is shown."""
        everything: list[Sequence[int]] = [range(n) for n in ids.shape]
        if self.most is None or ids.size == 0:
            return everything
        slot = self.names.slot(int(ids.flat[0]))
        if slot in self._kept and self.names.ids[slot].shape == ids.shape:
            return self._kept[slot]
        if slot in self._picked and self.names.ids[slot].shape == ids.shape:
            rows = self._picked[slot][: self.most]
            return [rows, sorted({column for row in rows for column in self.along(ids[row])})]
        places = [axis[: self.most] for axis in everything]
        if ids.ndim == 2 and not self.names.is_param(int(ids.flat[0])):
            places[1] = self.along(ids[0])
        return places

    def _choose(self, arriving: Mapping[int, Any]) -> None:
        """Rank what enters every dense layer, then settle which weights lie between."""
        layers: list[tuple[Record, list[str], list[str]]] = []
        pulls: dict[int, Any] = {}
        for position, units in self.names.neurons.items():
            record = self.names.tape.records[position]
            weight, out = (self.names.values[i] for i in (record.inputs[1], record.outputs[0]))
            slope = arriving.get(id(record), np.zeros_like(out))
            sources = self._labels(self.names.ids[record.inputs[0]])
            pulls[record.inputs[0]] = pulls.get(record.inputs[0], 0.0) + slope @ weight.T
            layers.append((record, sources, units))
            if self.names.is_output(position):
                self._rank(units, np.abs(arriving.get(id(record), out)))
        for record, sources, _ in layers:
            x, pulled = self.names.values[record.inputs[0]], pulls[record.inputs[0]]
            self._rank(sources, np.abs(x * pulled))
            self.slopes |= dict(zip(sources, pulled.reshape(-1, len(sources))[0], strict=True))
        for record, sources, units in layers:
            rows, columns = self.units(sources), self.units(units)
            self._kept[record.inputs[1]] = [rows, columns]
            if len(record.inputs) == 3:
                self._kept[record.inputs[2]] = [columns]

    def _follow(self, arriving: Mapping[int, Any]) -> None:
        """One path back through windows, in the first example: it starts where it matters most."""
        path: dict[int, Index] = {}
        for _, record in reversed(self.names.produced):
            slot = record.outputs[0]
            if not self.names.is_image(slot):
                continue
            values = self.names.values[slot][:1]
            if slot not in path:
                matters = np.abs(values * arriving.get(id(record), np.ones_like(values))[:1])
                path[slot] = tuple(int(i) for i in np.unravel_index(matters.argmax(), values.shape))
            self._kept[slot] = [[i] for i in path[slot]]
            before = self._before(record, path[slot])
            if before is not None:
                path.setdefault(*self.names.place(before))

    def _before(self, record: Record, out: Index) -> int | None:
        """The number that most of another one on the path was made of, by its identity."""
        arrays = [self.names.ids[slot] for slot in record.inputs]
        name, ids = record.primitive.name, arrays[0]
        if name == "convolve":
            x, weight = (self.names.values[slot] for slot in record.inputs[:2])
            places = products(record, x.shape, weight.shape, out)
            w, at = max(places, key=lambda place: abs(weight[place[0]] * x[place[1]]))
            kept: list[list[Sequence[int]]] = [[[i] for i in w], [[out[-1]]]]
            self._kept |= dict(zip(record.inputs[1:], kept, strict=False))
            return int(ids[at])
        if name in ("max_pool", "average_pool"):
            seen = self.names.values[record.inputs[0]]
            places_of = pooled(record, seen.shape, out)
            return int(ids[max(places_of, key=lambda at: seen[at])])
        shape = self.names.values[record.outputs[0]].shape
        return next((int(x[out]) for x in arrays if x.shape == shape), None)

    def _labels(self, ids: Any) -> list[str]:
        row = ids.reshape(-1, ids.shape[-1])[0]
        return [self.names.label(int(i)).unit for i in row]

    def _rank(self, units: Sequence[str], matters: Any) -> None:
        """Keep the units that matter most, over all examples; equals in their order."""
        total = matters.reshape(-1, matters.shape[-1]).sum(axis=0)
        order = np.argsort(-total, kind="stable")
        self._units.update(units[i] for i in order[: self.most] if units[i])


def _picked(names: Names) -> Iterator[tuple[int, Sequence[int]]]:
    """The tables that embeddings pick rows from, by slot, and the rows picked."""
    for record in names.tape.records:
        slot, *index = record.inputs
        if record.primitive.name == "take" and names.values[slot].ndim == 2 and slot in names.ids:
            yield slot, list(dict.fromkeys(names.values[index[0]].reshape(-1).tolist()))
