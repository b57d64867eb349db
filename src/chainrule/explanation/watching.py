"""Layers and losses that note which records of the tape they write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from chainrule.autodiff import Tree, leaves
from chainrule.losses import HeadLoss, HeadLosses, LossFunction
from chainrule.nn import Branches, Heads, Network, Residual, is_named, split_lengths, takes_lengths


@dataclass(frozen=True)
class Mark:
    """Which records of the tape a layer wrote: from `start` up to, but not including, `end`."""

    title: str
    start: int
    end: int


@dataclass(frozen=True)
class Watched:
    """A layer that notes which records it writes."""

    layer: Any
    marks: list[Mark] = field(compare=False)
    head: str = ""

    @property
    def takes_lengths(self) -> bool:
        """As the layer itself says."""
        return takes_lengths(self.layer)

    def init(self, key: Any, in_shape: Any) -> tuple[Tree, Tree, Any]:
        made: tuple[Tree, Tree, Any] = self.layer.init(key, in_shape)
        return made

    def apply(self, params: Tree, state: Tree, x: Any, context: Any) -> tuple[Any, Tree]:
        records = leaves(x)[0].tape.records
        start = len(records)
        out, state = self.layer.apply(params, state, x, context)
        self.marks.append(Mark(self.head + type(self.layer).__name__, start, len(records)))
        return out, state


@dataclass(frozen=True, eq=False)
class WatchedLoss:
    """A loss that notes where on the tape it starts, and which outputs it was given."""

    loss: LossFunction
    calls: list[tuple[int, Any]]

    def __call__(self, targets: Any, outputs: Any) -> Any:
        slots = (
            {n: split_lengths(out)[0].slot for n, out in outputs.items()}
            if is_named(outputs)
            else outputs.slot
        )
        self.calls.append((len(leaves(outputs)[0].tape.records), slots))
        return self.loss(targets, outputs)


@dataclass(frozen=True, eq=False)
class WatchedHead:
    """The loss of a head, which notes the slot of its result."""

    loss: LossFunction
    name: str
    found: dict[str, int]

    def __call__(self, targets: Any, outputs: Any) -> Any:
        losses = self.loss(targets, outputs)
        self.found[self.name] = losses.slot
        return losses


def watch_loss(loss: LossFunction, calls: list[tuple[int, Any]], found: dict[str, int]) -> Any:
    """The same loss, noting where it starts and, of several heads, the slots of their losses."""
    if isinstance(loss, HeadLosses):
        heads = loss.heads
        loss = HeadLosses(
            {n: HeadLoss(WatchedHead(head.loss, n, found), head.weight) for n, head in heads}
        )
    return WatchedLoss(loss, calls)


def watch(layer: Any, marks: list[Mark], head: str = "") -> Any:
    """The same layer, or network of layers, noting who writes which records."""
    if isinstance(layer, Network):
        return Network([watch(inner, marks, head) for inner in layer.layers])
    if isinstance(layer, Heads | Branches):
        inside = {n: watch(inner, marks, f"{head}{n}: ") for n, inner in layer.layers}
        layer = replace(layer, layers=inside)
        if isinstance(layer, Heads):
            return layer
    if isinstance(layer, Residual):
        layer = replace(layer, layer=watch(layer.layer, marks, head))
    return Watched(layer, marks, head)
