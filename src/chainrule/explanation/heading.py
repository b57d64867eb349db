"""The head of the page: which network, what the names mean, which weight leads where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.autodiff import leaves, paths
from chainrule.explanation.names import LETTERS, TABLE, Names
from chainrule.explanation.selection import Selection
from chainrule.explanation.writing import listed, paragraph
from chainrule.losses import HeadLosses
from chainrule.nn import Branches, Heads, Network

PARAMETERS = {
    "weight": "weights, counted neuron by neuron through all layers",
    "bias": "biases, one a neuron",
}


def heading(names: Names, selection: Selection, *, loss: bool = True) -> Iterator[str]:
    """The head of the page, line by line; `loss`: whether the page has one."""
    recorded = names.recorded
    layers = [_word(layer) for _, layer in recorded.network.walk()]
    yield "ONE ROW IN NUMBERS" if recorded.predicting else "ONE TRAINING STEP IN NUMBERS"
    yield ""
    end = [f"loss {loss_word(recorded.loss)}"] if loss else []
    yield from paragraph(" → ".join([_counts(names), *layers, *end]), "  ")
    yield ""
    rows = list(_legend(names, loss))
    width = max(len(left) for left, _ in rows)
    for left, right in rows:
        yield f"  {left:<{width}}   {right}"
    yield ""
    wiring = list(_wiring(names, selection))
    for row in wiring:
        yield from paragraph(row, "  ")
    if wiring:
        yield ""
    yield "  Numbers are calculated in double precision and printed with six digits."
    if selection.most is not None:
        yield ""
        yield from paragraph(_left_out(names, selection.most, loss), "  ")


def _counts(names: Names) -> str:
    """How many numbers an example has, of named inputs each one."""
    sizes = {name: names.values[slot].shape[1:] for name, slot in names.inputs.items()}
    if "" in sizes:
        return _times(sizes[""]) + (" input" if sizes[""] == (1,) else " inputs")
    return "inputs " + ", ".join(f"{name}: {_times(size)}" for name, size in sizes.items())


def _times(sizes: Sequence[int]) -> str:
    return " × ".join(str(n) for n in sizes) or "1"


def loss_word(loss: Any) -> str:
    """The name of a loss; of heads the sum, with their weights."""
    if isinstance(loss, HeadLosses):
        return " + ".join(
            ("" if head.weight == 1 else f"{head.weight:g} · ")
            + f"{loss_word(head.loss)} of {name}"
            for name, head in loss.heads
        )
    return str(getattr(loss, "__name__", type(loss).__name__))


def _word(layer: Any) -> str:
    if isinstance(layer, Heads | Branches):
        inside = ", ".join(f"{name}: {_words(inner)}" for name, inner in layer.layers)
        added = "; sum" if isinstance(layer, Branches) and layer.join == "sum" else ""
        return f"{type(layer).__name__}({inside}{added})"
    units = getattr(layer, "units", None)
    return type(layer).__name__ + (f"({units})" if units is not None else "")


def _words(layer: Any) -> str:
    inner = [part for _, part in layer.walk()] if isinstance(layer, Network) else [layer]
    return " → ".join(map(_word, inner))


def _legend(names: Names, loss: bool) -> Iterator[tuple[str, str]]:
    """What every kind of name means."""
    batch = names.recorded.slots()[1]
    units = [unit for found in names.neurons.values() for unit in found]
    hidden = [unit for unit in units if unit.startswith("h")]
    outputs = [unit for unit in units if unit.startswith("o")]
    for name, slot in names.inputs.items():
        inputs = [names.label(int(i)).unit for i in names.ids[slot][:1].flat]
        said = f"{'input' if len(inputs) == 1 else 'inputs'} {name}".rstrip()
        indices = names.values[slot].dtype.kind in "iu"
        yield listed(inputs), said + (": rows of a table, counted from 0" if indices else "")
    if hidden:
        several = "hidden neurons, counted through all layers"
        yield listed(hidden), several if len(hidden) > 1 else "hidden neuron"
    if outputs:
        yield listed(outputs), "output neurons" if len(outputs) > 1 else "output neuron"
    yield from _parameters(names)
    if units:
        yield "net, out", "a neuron's weighted sum, and what its activation makes of it"
    made = {record.primitive.name for record in names.tape.records}
    if made & {"convolve", "transposed_convolve"}:
        yield "c1(…)", "of the first convolution: row and column, or step, and the filter"
    if made & {"max_pool", "average_pool"}:
        yield "p1(…)", "of the first pooling: row and column, or step, and the channel"
    if "attention" in made:
        yield "a1(2,3)", "how much step 2 looks at step 3, by head 1 of an attention layer"
    if not loss:
        return
    heads = batch["y"] if isinstance(batch["y"], dict) else {"": batch["y"]}
    for head, slot in heads.items():
        yield _targets(names, head, slot)
    yield "E", "loss of the step"
    if len(names.recorded.batch["share"]) > 1:
        yield "[2]", "the second example; E is the mean of the examples' losses"


def _targets(names: Names, head: str, slot: int) -> tuple[str, str]:
    """What the targets are called, of one output or of one of several heads."""
    of = f" of {head}" if head else ""
    targets = [names.name(int(i)).split("[")[0] for i in names.ids[slot][:1].flat]
    if names.ids[slot].ndim == 1:
        return targets[0], f"target{of}: the number of its class, counted from 0"
    return listed(targets), f"target{of}" if len(targets) == 1 else f"targets{of}"


def _parameters(names: Names) -> Iterator[tuple[str, str]]:
    """The names of all weights and biases, in ranges, with what they are."""
    counts: dict[str, int] = {}
    tables = []
    for path, slot in paths(names.recorded.slots()[0]):
        key = path.split(".")[-1]
        if key == TABLE:
            tables.append(names.ids[slot])
            continue
        counts[key] = counts.get(key, 0) + int(names.ids[slot].size)
    for key in sorted(counts, key=lambda key: (key != "weight", key)):
        letter = LETTERS.get(key, key)
        all_of_them = [f"{letter}{i}" for i in range(1, counts[key] + 1)]
        yield listed(all_of_them, 2), PARAMETERS.get(key, "parameters of another layer")
    for ids in tables:
        corners = [names.name(int(ids.flat[i])) for i in (0, -1)]
        yield " … ".join(corners), "table of vectors, a row for each index, counted from 1"


def _wiring(names: Names, selection: Selection) -> Iterator[str]:
    """Which weight leads from where to where, a line for every neuron."""
    for position, units in names.neurons.items():
        ids = [names.ids[slot] for slot in names.tape.records[position].inputs]
        row = ids[0].reshape(-1, ids[0].shape[-1])[0]
        sources = [names.label(int(i)).unit for i in row]
        rows = selection.units(sources)
        for j in selection.units(units):
            parts = [f"{names.name(int(ids[1][i, j]))} from {sources[i]}" for i in rows]
            if len(rows) < len(sources):
                parts.append("…")
            if len(ids) == 3:
                parts.append(f"bias {names.name(int(ids[2][j]))}")
            yield f"into {units[j]}: {', '.join(parts)}"


def _left_out(names: Names, most: int, loss: bool) -> str:
    weights = sum(int(p.size) for p in leaves(names.recorded.params))
    examples = len(names.recorded.batch["share"])
    several = f" and {examples} examples" if examples > 1 else ""
    path = any(names.is_image(record.outputs[0]) for _, record in names.produced)
    what, changes = ("step", "loss") if loss else ("network", "prediction")
    slope = "∂E/∂value" if loss else "∂prediction/∂value"
    return (
        f"Left out: this {what} has {weights:,} weights and biases{several}, too many to write "
        "out. Of each layer the "
        f"{most} neurons that matter most are shown, the {most} inputs that do, and the weights "
        f"between them: those with the largest |value · {slope}|, which is how much the {changes} "
        "would change, to first order, if they were 0"
        + (f"; and the first {most} examples" if examples > most else "")
        + (". Of images and sequences one path through their windows is shown" if path else "")
        + f". … stands for the rest. Every value is that of the whole {what}."
    )
