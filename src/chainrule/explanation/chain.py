"""The chain rule term by term: every local derivative, asked of the rules one output at a time.

The rule of a primitive turns what arrives at its outputs into what arrives at its inputs. Fed with
1 at a single output and 0 elsewhere, it gives the local derivatives of that output; fed with NaN
there, it shows by the NaNs that come back which inputs the output depends on at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.autodiff import Record, Tree, rebuild
from chainrule.engine import namespace_of
from chainrule.explanation.labels import Index
from chainrule.explanation.names import Names
from chainrule.explanation.page import Derivative, Term
from chainrule.explanation.selection import Selection
from chainrule.explanation.writing import EXACT


@dataclass(frozen=True)
class Local:
    """∂out/∂source, both numbers of one record; `position` says which of its inputs source is."""

    out: int
    source: int
    position: int
    out_index: Index
    source_index: Index
    value: float


@dataclass(frozen=True, eq=False)
class Visit:
    """One record on the way back: its local derivatives, and what arrives at its outputs."""

    record: Record
    locals: tuple[Local, ...]
    arriving: Any


class Chain:
    """The backward walk over a recorded step, watched.

    Args:
        names: of the tape's numbers.
        most: so many numbers of every kind are looked at, see `Selection`; None looks at all.

    Attributes:
        grads: ∂E/∂params, a tree like the parameters, from the walk itself.
        selection: which numbers are looked at.
        visits: the records that compute something, in the order of the walk.
        derivatives: by identity, ∂E/∂number with its terms.
    """

    def __init__(self, names: Names, most: int | None) -> None:
        self.names = names
        self.most = most
        self.visits: list[Visit] = []
        self._terms: dict[int, list[Term]] = {}
        self._arrived: dict[int, float] = {}
        walked: list[tuple[Record, Any, dict[int, Any]]] = []
        recording = names.recorded.recording
        with np.errstate(all="ignore"):
            found = recording.gradients(
                namespace_of(*names.values),
                names.values,
                lambda record, arriving, given: walked.append((record, arriving, given)),
            )
            self.grads: Tree = rebuild(names.recorded.params, iter(found))
            arriving_at = {id(record): arriving for record, arriving, _ in walked}
            self.selection = Selection(names, most, arriving_at)
            for record, arriving, given in walked:
                if record.outputs[0] in names.ids and not names.moves(record):
                    self._visit(record, arriving, given)

    def derivative(self, identity: int, value: float | None = None) -> Derivative:
        """∂E/∂number with its products; a parameter's value is that in `grads`."""
        found = self._arrived.get(identity, 0.0) if value is None else value
        terms = tuple(self._terms.get(identity, ()))
        listed = sum(term.arriving * term.local for term in terms)
        complete = self.most is None or abs(listed - found) <= EXACT * abs(found)
        return Derivative(self.names.name(identity), found, terms, complete)

    def _visit(self, record: Record, arriving: Any, given: dict[int, Any]) -> None:
        found: list[Local] = []
        for number, slot in enumerate(record.outputs):
            cotangent = arriving[number] if record.several else arriving
            if cotangent is None or slot not in self.names.ids:
                continue
            for index, out in self.selection.shown(self.names.ids[slot]):
                self._arrived[out] = float(cotangent[index])
                for local in self._locals(record, number, index, out, given):
                    term = Term(self.names.name(out), float(cotangent[index]), local.value)
                    self._terms.setdefault(local.source, []).append(term)
                    found.append(local)
        self.visits.append(Visit(record, tuple(found), arriving))

    def _locals(
        self, record: Record, number: int, index: Index, out: int, given: dict[int, Any]
    ) -> Iterator[Local]:
        one, nan = (self._pulled(record, number, index, seed) for seed in (1.0, np.nan))
        for position, slot in enumerate(record.inputs):
            if slot not in given or one[position] is None:
                continue
            depends = np.isnan(nan[position]) | (one[position] != 0)
            for place, source in self.selection.shown(self.names.ids[slot]):
                if depends[place]:
                    yield Local(out, source, position, index, place, float(one[position][place]))

    def _pulled(self, record: Record, number: int, index: Index, seed: float) -> list[Any]:
        """What a rule gives for a cotangent that is `seed` at one place and 0 elsewhere."""
        values = self.names.values
        inputs = [values[slot] for slot in record.inputs]
        out: Any = values[record.outputs[number]]
        cotangent: Any = np.zeros_like(out)
        cotangent[index] = seed
        if record.several:
            out = tuple([values[slot] for slot in record.outputs])
            cotangent = tuple([cotangent if k == number else None for k in range(len(out))])
        rule = record.primitive.vjp
        assert rule is not None
        pulled = rule(namespace_of(*inputs), cotangent, out, *inputs, **record.static)
        return [np.asarray(p()) if callable(p) else p for p in pulled]
