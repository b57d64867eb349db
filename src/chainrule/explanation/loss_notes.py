"""What is said below the loss: what it is, and the probabilities that follow from the outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.explanation.names import Names
from chainrule.explanation.selection import Selection
from chainrule.explanation.writing import number
from chainrule.losses import HeadLosses
from chainrule.nn import Network
from chainrule.ops import sigmoid, softmax


def loss_notes(names: Names, selection: Selection) -> Iterator[str]:
    """Sentences about the loss; about each, where several heads have one."""
    recorded, slots = names.recorded, names.recorded.slots()[1]["y"]
    if not isinstance(recorded.loss, HeadLosses):
        left_off = _left_off(recorded.network, recorded.score)
        yield from _notes(names, selection, recorded.loss, left_off, recorded.outputs, slots)
        return
    whole, scored = (dict(_last(net).layers) for net in (recorded.network, recorded.score))
    for name, head in recorded.loss.heads:
        left_off = _left_off(whole[name], scored[name])
        own = recorded.outputs[name], slots[name]
        for note in _notes(names, selection, head.loss, left_off, *own):
            yield f"{name}: {note}"


def _notes(
    names: Names, selection: Selection, loss: Any, left_off: str, outputs: int, targets: int
) -> Iterator[str]:
    if hasattr(loss, "__dataclass_fields__"):
        yield (type(loss).__doc__ or "").strip().split("\n")[0]
    kind = getattr(loss, "targets", "numbers")
    if kind not in ("classes", "binary"):
        return
    if left_off:
        yield f"It contains the network's last {left_off} and takes the weighted sums as they are."
    yield _probabilities(names, selection, kind, outputs)
    if names.ids[targets].ndim == 1:
        yield _classes(names, selection, outputs, targets)


def _probabilities(names: Names, selection: Selection, kind: str, outputs: int) -> str:
    name, made = ("softmax", softmax) if kind == "classes" else ("sigmoid", sigmoid)
    shares = made(names.values[outputs])
    shown = [
        f"{name}_{_unit(names, identity)} = {number(shares[index])}"
        for index, identity in selection.shown(names.ids[outputs])
    ]
    return f"The probabilities are {', '.join(shown)}."


def _classes(names: Names, selection: Selection, outputs: int, targets: int) -> str:
    """Which outputs the targets are."""
    ids = names.ids[outputs]
    shown = [
        f"{names.name(i)} = {number(names.value(i))}, the class of "
        f"{names.label(int(ids[row, int(names.value(i))])).unit}"
        for (row,), i in selection.shown(names.ids[targets])
    ]
    return f"The target: {'; '.join(shown)}."


def _unit(names: Names, identity: int) -> str:
    label = names.label(identity)
    return label.unit + label.example


def _last(layer: Any) -> Any:
    """The last layer of a network, and so on inwards."""
    return _last(layer.layers[-1]) if isinstance(layer, Network) else layer


def _left_off(layer: Any, score: Any) -> str:
    """The name of the last activation, where a loss contains it; else nothing."""
    return "" if score is layer else type(_last(layer)).__name__
