"""A drawing of a network: neurons and weights of dense ones, boxes for all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.explanation import LayerCount
from chainrule.plotting.canvas import BLACK, BLUE, GRAY, ORANGE, WHITE_TO_BLUE, drawn, new_figure

MOST = 12
"""So many neurons of a layer are drawn; of more the strongest, in their order, and dots."""

GAP, STEP = 3.4, 1.0
"""Distances between layers and between neurons, in units of the drawing."""


@dataclass(frozen=True)
class Column:
    """Neurons side by side.

    Attributes:
        count: how many there are. words: what the layer does, a line each.
        weight: from the column before, (before, count); None for the inputs.
        strength: of every neuron the sum of its weights' sizes, those that lead on included.
    """

    count: int
    words: tuple[str, ...]
    weight: Any = None
    strength: Any = None

    def drawn(self) -> list[int]:
        """The neurons that are drawn."""
        if self.count <= MOST:
            return list(range(self.count))
        strength = np.zeros(self.count) if self.strength is None else self.strength
        return sorted(np.argsort(-strength, kind="stable")[: MOST - 2].tolist())

    def heights(self) -> list[float]:
        """Where they are drawn, from the top to the bottom, around 0."""
        hidden = self.count > MOST
        places = len(self.drawn()) + 2 * hidden
        kept = [i for i in range(places) if not hidden or abs(i - (places - 1) / 2) > 1]
        return [STEP * ((places - 1) / 2 - i) for i in kept]


@drawn
def draw_network(
    layers: Sequence[LayerCount],
    weights: Sequence[Any],
    in_shape: Any,
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> Any:
    """A figure of a network.

    Args:
        layers: in order. weights: of each that is dense, (in, out); None of the others.
        in_shape: of one example.
        inputs, outputs: names of the inputs and of the outputs; empty where there are none.
    """
    columns = _columns(layers, weights, in_shape)
    return _boxes(layers, in_shape) if columns is None else _neurons(columns, inputs, outputs)


def _columns(
    layers: Sequence[LayerCount], weights: Sequence[Any], in_shape: Any
) -> list[Column] | None:
    """The columns of a network of dense layers; None where another one changes the shape."""
    if isinstance(in_shape, dict) or len(in_shape) != 1:
        return None
    columns = [Column(in_shape[0], (_count(in_shape[0], "input"),))]
    for layer, weight in zip(layers, weights, strict=True):
        before = columns[-1]
        word = layer.layer.removesuffix("()")
        if weight is not None:
            columns.append(Column(layer.out_shape[0], (word,), weight))
        elif layer.out_shape == (before.count,) and not layer.layer.startswith("Residual"):
            columns[-1] = Column(before.count, (*before.words, word), before.weight)
        else:
            return None
    return list(_with_strengths(columns))


def _with_strengths(columns: list[Column]) -> Iterator[Column]:
    """The columns with the strength of every neuron."""
    for i, column in enumerate(columns):
        strength = np.zeros(column.count)
        if column.weight is not None:
            strength += np.abs(column.weight).sum(axis=0)
        if i + 1 < len(columns):
            strength += np.abs(columns[i + 1].weight).sum(axis=1)
        yield replace(column, strength=strength)


def _neurons(columns: list[Column], inputs: Sequence[str], outputs: Sequence[str]) -> Any:
    tallest = max(len(column.heights()) + 2 * (column.count > MOST) for column in columns)
    left, right = _longest(inputs), _longest(outputs)
    width = 0.62 * GAP * (len(columns) - 1) + 0.085 * (left + right) + 1.8
    figure, (panel,) = new_figure(max(4.5, width), max(3.2, 0.42 * tallest + 1.7))
    panel.axis("off")
    places = [list(zip(c.drawn(), c.heights(), strict=True)) for c in columns]
    for i, column in enumerate(columns):
        if column.weight is not None:
            _edges(panel, i, places[i - 1], places[i], column.weight)
    for i, column in enumerate(columns):
        _nodes(panel, i, column, places[i])
    _names(panel, 0, places[0], inputs, -0.35, "right")
    last = len(columns) - 1
    _names(panel, last * GAP, places[-1], outputs, 0.35, "left")
    low = -STEP * (tallest / 2 + 0.3)
    for i, column in enumerate(columns):
        panel.text(i * GAP, low, "\n".join(column.words), ha="center", va="top", fontsize=9)
    lines = max(len(column.words) for column in columns)
    panel.set_ylim(low - 0.5 * lines, STEP * (tallest / 2 + 0.2))
    panel.set_xlim(-0.5 - 0.14 * left, last * GAP + 0.5 + 0.14 * right)
    total = sum(c.weight.size for c in columns if c.weight is not None)
    panel.set_title(f"{total:,} weights: blue adds, orange takes away; thick is large")
    return figure


def _longest(names: Sequence[str]) -> int:
    return max((min(len(name), 28) for name in names), default=0)


def _edges(
    panel: Any, i: int, before: list[tuple[int, float]], here: list[tuple[int, float]], weight: Any
) -> None:
    """A line for every weight between neurons that are drawn."""
    largest = float(np.abs(weight).max()) or 1.0
    for source, y0 in before:
        for unit, y1 in here:
            w = float(weight[source, unit]) / largest
            panel.plot(
                [(i - 1) * GAP, i * GAP],
                [y0, y1],
                color=BLUE if w > 0 else ORANGE,
                linewidth=0.2 + 2.2 * abs(w),
                alpha=0.15 + 0.75 * abs(w),
                zorder=1,
                solid_capstyle="round",
            )


def _nodes(panel: Any, i: int, column: Column, places: list[tuple[int, float]]) -> None:
    """A circle for every neuron, three dots where some are left out."""
    heights = [y for _, y in places]
    face = WHITE_TO_BLUE[1] if i else "white"
    panel.scatter(
        [i * GAP] * len(heights), heights, s=190, facecolor=face, edgecolor=BLACK, linewidth=1,
        zorder=3,
    )  # fmt: skip
    if column.count > MOST:
        panel.scatter([i * GAP] * 3, [-0.3, 0, 0.3], s=5, color=BLACK, zorder=3)
        more = f"{column.count - len(heights)} weaker"
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85}
        panel.text(i * GAP + 0.22, 0, more, va="center", fontsize=8, color=GRAY, bbox=box, zorder=2)


def _names(
    panel: Any,
    x: float,
    places: list[tuple[int, float]],
    names: Sequence[str],
    shift: float,
    side: str,
) -> None:
    if not names:
        return
    for unit, y in places:
        name = names[unit] if len(names[unit]) <= 28 else names[unit][:27] + "…"
        panel.text(x + shift, y, name, ha=side, va="center", fontsize=9)


def _boxes(layers: Sequence[LayerCount], in_shape: Any) -> Any:
    """A box for every layer, from the top to the bottom, with the shape that leaves it."""
    figure, (panel,) = new_figure(6.2, 0.75 * (len(layers) + 1) + 0.6)
    panel.axis("off")
    words = [("inputs", _shape(in_shape), "")]
    words += [
        (
            layer.layer.removesuffix("()"),
            _shape(layer.out_shape),
            _count(layer.parameters, "parameter"),
        )
        for layer in layers
    ]
    for i, (name, shape, cost) in enumerate(words):
        face = WHITE_TO_BLUE[1] if cost and not cost.startswith("0") else "white"
        box = {"boxstyle": "round,pad=0.45", "facecolor": face, "edgecolor": GRAY}
        shown = name if len(name) <= 38 else name[:37] + "…"
        panel.text(0, -i, shown, ha="center", va="center", bbox=box, zorder=2)
        said = f"{shape}   {cost}" if cost and not cost.startswith("0") else shape
        panel.text(1.15, -i, said, ha="left", va="center", color=GRAY, fontsize=9)
        if i:
            arrow = {"arrowstyle": "-|>", "color": GRAY, "shrinkA": 13, "shrinkB": 13}
            panel.annotate("", xy=(0, -i), xytext=(0, 1 - i), arrowprops=arrow, zorder=1)
    panel.set(xlim=(-1.4, 2.6), ylim=(-len(layers) - 0.6, 0.6))
    total = sum(layer.parameters for layer in layers)
    panel.set_title(f"{_count(total, 'parameter')}")
    return figure


def _shape(shape: Any) -> str:
    if isinstance(shape, dict):
        return ", ".join(f"{name} {_shape(sizes)}" for name, sizes in shape.items())
    return " × ".join(map(str, shape)) or "1"


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
