"""`explain`: one training step written out as a person would on paper, read from the tape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np

from chainrule.autodiff import Record, leaves, paths
from chainrule.errors import NonFiniteError
from chainrule.explanation.chain import Chain, Local, Visit
from chainrule.explanation.formulas import Formulas
from chainrule.explanation.heading import heading, loss_word
from chainrule.explanation.loss_notes import loss_notes
from chainrule.explanation.names import Names
from chainrule.explanation.page import (
    FORWARD,
    LOCAL,
    PRODUCT,
    Derivative,
    Explanation,
    Line,
    Section,
)
from chainrule.explanation.recorded import Recorded, record
from chainrule.explanation.through_time import RECURRENT, through_time
from chainrule.explanation.updating import Update, described, idea
from chainrule.explanation.writing import factor, listed, number
from chainrule.losses import LossFunction
from chainrule.model import Model
from chainrule.nn import Network
from chainrule.optim import Optimizer

MOST_WEIGHTS = 120
"""A network with more weights and biases is not written out whole, …"""

MOST_PRODUCTS = 600
"""… nor one whose weights times the examples are more than this."""

FEW = 3
"""So many neurons of a layer, inputs and examples are written out then."""


def explain(
    network: Network | Model,
    x: Any,
    y: Any,
    *,
    loss: str | LossFunction | None = None,
    optimizer: str | Optimizer | None = "sgd",
    seed: int = 0,
    params: Any = None,
) -> Explanation:
    """Write out one training step of a network in numbers and formulas, calculated in float64.

    Of a model that was trained on a table, `explain_row` writes out a row with its columns.

    Args:
        network: a `Network`, or a `Model`: then its own weights are explained.
        x: one example (in_features,), or several (batch, in_features); a dict of them for named
            inputs, which are those of one example where one of them is an array of one axis or a
            single index (of a model: where all have the shapes of one).
        y: its targets: as in `fit`, one row per example; for one example also just its target.
        loss: as in `fit`; by default that of the model.
        optimizer: as in `fit`; the step is its first one. None: the gradient, and no step.
        seed: where a network's first weights come from, the same as in `fit`.
        params: weights to use instead: a tree like the model's params, or a list of layers, each
            `{"weight": [[…]], "bias": […]}` with weights (in_features, units).

    Returns:
        An `Explanation`: print it, or take numbers from its `values`, `derivatives`, `updated`.
        Of a network with more than 120 weights and biases only what matters most is written out.

    Raises:
        ShapeError, DataError, SettingError: with what was expected and what to write.
        NonFiniteError: a number on the way is NaN or infinite.

    Example:
        >>> from chainrule.nn import Dense
        >>> line = Network([Dense(1)])
        >>> weights = [{"weight": [[0.5]], "bias": [1.0]}]
        >>> page = explain(line, [3.0], 4.0, loss="mse", params=weights)
        >>> print(page.forward[0])
          Dense o1
            net_o1 = w1·x1 + b1 = 0.5·3 + 1 = 2.5
        >>> page.derivatives["w1"].value, round(page.updated["w1"], 3)
        (-9.0, 0.59)
    """
    recorded = record(
        network, x, y, loss=loss, optimizer=optimizer or "sgd", seed=seed, params=params
    )
    return written(recorded, update=optimizer is not None)


def written(recorded: Recorded, *, update: bool, loss: bool = True) -> Explanation:
    """A recorded step as an explanation, with the optimizer's step or without.

    `loss`: whether its head speaks of a loss.

    Raises:
        NonFiniteError: a number on the way is NaN or infinite.
    """
    names = Names(recorded)
    _check_finite(names)
    return _Writer(recorded, names, _most(recorded), update, loss).explanation()


def _check_finite(names: Names) -> None:
    """Refuse a step with NaN or infinity: there is no chain rule to show."""
    for _, made in names.produced:
        for slot in made.outputs:
            bad = ~np.isfinite(names.values[slot])
            if bad.any():
                name = names.name(int(names.ids[slot][bad][0]))
                raise NonFiniteError(
                    f"{name} is {names.values[slot][bad][0]}, which is not finite: the inputs or "
                    "the weights are too large. Scale them to about -1 … 1."
                )


def _most(recorded: Recorded) -> int | None:
    weights = sum(int(p.size) for p in leaves(recorded.params))
    examples = len(recorded.batch["share"])
    whole = weights <= MOST_WEIGHTS and weights * examples <= MOST_PRODUCTS
    return None if whole else FEW


class _Writer:
    """Writes the sections of one explanation."""

    def __init__(
        self, recorded: Recorded, names: Names, most: int | None, update: bool, loss: bool
    ) -> None:
        self.recorded = recorded
        self.loss = loss
        self.names = names
        self.most = most
        self.chain = Chain(names, most)
        self.formulas = Formulas(names, self.chain.selection)
        self.update = (
            Update(recorded.optimizer, recorded.params, self.chain.grads) if update else None
        )
        self.position = {id(r): i for i, r in names.produced}
        self.values: dict[str, float] = {}
        self.derivatives: dict[str, Derivative] = {}
        self._by_identity: dict[int, Derivative] = {}
        self._origin: dict[int, int] = {}

    def explanation(self) -> Explanation:
        """Everything, in the order in which it builds on each other."""
        for ids in self.names.ids.values():
            for _, identity in self.chain.selection.shown(ids):
                if not self.names.is_constant(identity):
                    self.values[self.names.name(identity)] = self.names.value(identity)
        forward = tuple(self._forward())
        self._collect_derivatives()
        backward = tuple(self._backward())
        updates, updated = self._updates()
        recording, update = self.recorded.recording, self.update
        return Explanation(
            heading=tuple(heading(self.names, self.chain.selection, loss=self.loss)),
            row="",
            inputs=(),
            forward=forward,
            backward=backward,
            updates=updates,
            weights=tuple(self.names.name(i) for i in self._params()),
            values=self.values,
            derivatives=self.derivatives,
            updated=updated,
            loss=float(self.names.values[recording.loss.slot]),
            new_loss=self.recorded.loss_with(update.new_params) if update else None,
            params=self.recorded.params,
            grads=self.chain.grads,
            new_params=update.new_params if update else None,
        )

    def _place(self, position: int) -> tuple[int, str]:
        """Which layer wrote a record: a number that tells layers apart, and the layer's title."""
        if position >= self.recorded.loss_start:
            return len(self.recorded.marks), "Loss"
        for i, mark in enumerate(self.recorded.marks):
            if mark.start <= position < mark.end:
                return i, mark.title
        return -1, "Network"

    def _title(self, place: tuple[int, str], records: Iterable[Record]) -> str:
        if place[1] == "Loss":
            return f"Loss {loss_word(self.recorded.loss)}"
        ids = self.names.ids[list(records)[-1].outputs[0]]
        units = [self.names.label(i).unit for _, i in self.chain.selection.shown(ids)]
        return f"{place[1]} {listed([u for u in dict.fromkeys(units) if u])}".rstrip()

    def _forward(self) -> Iterator[Section]:
        for place, group in groupby(self.names.produced, lambda p: self._place(p[0])):
            records = [r for _, r in group]
            lines = [line for r in records for line in self._computed(r)]
            notes = loss_notes(self.names, self.chain.selection) if place[1] == "Loss" else ()
            yield Section(self._title(place, records), tuple(lines), tuple(notes))

    def _computed(self, record: Record) -> Iterator[Line]:
        for slot in record.outputs[:1] if record.primitive.name in RECURRENT else record.outputs:
            for index, identity in self.chain.selection.shown(self.names.ids[slot]):
                symbols, numbers = self.formulas.forward(record, index)
                name, value = self.names.name(identity), self.names.value(identity)
                yield Line(FORWARD, name, symbols, numbers, value)

    def _collect_derivatives(self) -> None:
        for visit in self.chain.visits:
            for _, identity in self.chain.selection.shown(self.names.ids[visit.record.outputs[0]]):
                self._keep(identity, self.chain.derivative(identity))
                self._origin[identity] = self.position[id(visit.record)]
        for (_, slot), grad in zip(
            paths(self.recorded.slots()[0]), leaves(self.chain.grads), strict=True
        ):
            for index, identity in self.chain.selection.shown(self.names.ids[slot]):
                self._keep(identity, self.chain.derivative(identity, float(grad[index])))

    def _keep(self, identity: int, derivative: Derivative) -> None:
        self._by_identity[identity] = derivative
        self.derivatives[derivative.name] = derivative

    def _backward(self) -> Iterator[Section]:
        due = self._last_users()
        visits = self.chain.visits
        for place, group in groupby(visits, lambda v: self._place(self.position[id(v.record)])):
            inside = list(group)
            lines: list[Line] = []
            for visit in inside:
                lines += self._products(self._outputs(visit))
                lines += self._locals(visit)
                lines += self._products(due.get(id(visit.record), ()))
            notes = [
                note
                for visit in inside
                if visit.record.primitive.name in RECURRENT
                for note in through_time(visit.record, visit.arriving, self.names.values)
            ]
            title = self._title(place, [v.record for v in inside][::-1])
            yield Section(title, tuple(lines), tuple(notes))
        found = [self._by_identity[i] for i in self._params()]
        unreached = [d.name for d in found if not d.terms and d.value == 0]
        if unreached:
            said = f"No derivative leads back to {', '.join(unreached)}: the gradient there is 0."
            yield Section("Out of reach", (), (said,))

    def _params(self) -> list[int]:
        """The identities of all weights and biases that are shown: weights, then biases."""
        ids = [self.names.ids[slot] for _, slot in paths(self.recorded.slots()[0])]
        return sorted(
            (i for array in ids for _, i in self.chain.selection.shown(array)), key=self._by_neuron
        )

    def _outputs(self, visit: Visit) -> Iterator[int]:
        for _, identity in self.chain.selection.shown(self.names.ids[visit.record.outputs[0]]):
            yield identity

    def _last_users(self) -> dict[int, list[int]]:
        """For every record the parameters whose derivative is complete once it was visited."""
        last: dict[int, int] = {}
        for visit in self.chain.visits:
            for local in visit.locals:
                if self.names.is_param(local.source) and local.source in self._by_identity:
                    last[local.source] = id(visit.record)
        due: dict[int, list[int]] = {}
        for identity in sorted(last, key=self._by_neuron):
            due.setdefault(last[identity], []).append(identity)
        return due

    def _by_neuron(self, identity: int) -> tuple[str, int, str]:
        """Weights before biases, in the order of their numbers."""
        name = self.names.name(identity)
        letter = name.rstrip("0123456789")
        return ("" if letter == "w" else letter, int(name[len(letter) :] or 0), name)

    def _products(self, identities: Iterable[int]) -> Iterator[Line]:
        for identity in identities:
            derivative = self._by_identity[identity]
            through_loss = [t.through for t in derivative.terms] == ["E"]
            if derivative.name != "E" and not through_loss and derivative.terms:
                yield self._product(derivative, self.names.is_param(identity))

    def _product(self, derivative: Derivative, through_activation: bool) -> Line:
        """∂E/∂name as the sum of its products; that of a weight starts at the activation."""
        symbols, numbers = [], []
        for i, term in enumerate(derivative.terms):
            chain = [(f"∂E/∂{term.through}", term.arriving)]
            before = self.derivatives[term.through]
            if through_activation and len(derivative.terms) == 1 and self._is_activation(before):
                one = before.terms[0]
                chain = [(f"∂E/∂{one.through}", one.arriving)]
                chain.append((f"∂{one.through}/∂{before.name}", one.local))
            chain.append((f"∂{term.through}/∂{derivative.name}", term.local))
            symbols.append(" · ".join(s for s, _ in chain))
            first = number(chain[0][1]) if i == 0 else factor(chain[0][1])
            numbers.append(" · ".join([first, *[factor(v) for _, v in chain[1:]]]))
        more = [] if derivative.complete or len(derivative.terms) < FEW else ["…"]
        return Line(
            PRODUCT,
            f"∂E/∂{derivative.name}",
            " + ".join(symbols + more),
            " + ".join(numbers + more),
            derivative.value,
        )

    def _is_activation(self, derivative: Derivative) -> bool:
        """Whether a quantity acts through a single other one of the network: its activation."""
        return (
            derivative.complete
            and len(derivative.terms) == 1
            and derivative.name.startswith("net")
            and derivative.terms[0].through.startswith("out")
        )

    def _locals(self, visit: Visit) -> Iterator[Line]:
        ordered: Iterable[Local] = visit.locals
        if visit.record.primitive.name in ("affine", "matmul"):
            ordered = sorted(visit.locals, key=lambda v: (v.out, v.position == 0))
        for local in ordered:
            place = local.position, local.out_index, local.source_index
            symbols, numbers = self.formulas.derivative(visit.record, *place)
            yield Line(
                LOCAL,
                f"∂{self.names.name(local.out)}/∂{self.names.name(local.source)}",
                symbols,
                numbers,
                local.value,
                self.formulas.singular(visit.record, local.out_index),
            )

    def _updates(self) -> tuple[tuple[Section, ...], dict[str, float]]:
        if self.update is None:
            return (), {}
        lines: dict[int, list[Line]] = {}
        for leaf, (_, slot) in enumerate(paths(self.recorded.slots()[0])):
            for index, identity in self.chain.selection.shown(self.names.ids[slot]):
                lines[identity] = self.update.lines(leaf, index, self.names.name(identity))
        ordered = sorted(lines, key=self._by_neuron)
        updated = {self.names.name(i): lines[i][-1].value for i in ordered}
        optimizer = self.recorded.optimizer
        title, notes = described(optimizer), idea(optimizer)
        if all(len(found) == 1 for found in lines.values()):
            whole = tuple(lines[i][0] for i in ordered)
            return (Section(title, whole, notes),), updated
        first = Section(title, (), notes)
        return (first, *[Section(self.names.name(i), tuple(lines[i])) for i in ordered]), updated
