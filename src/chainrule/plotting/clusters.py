"""Segments as pictures: rows along principal axes, silhouettes, the upper tree, the profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.plotting.canvas import (
    BLACK,
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    PALE,
    PURPLE,
    RED,
    SKY,
    colors_between,
    drawn,
    new_figure,
)

COLORS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK, GRAY)
MARKS = ("o", "s", "^", "D", "v", "P", "X")
BLUE_TO_RED = [BLUE, "#7DB8DE", "#FFFFFF", "#F3B48A", RED]


def color_of(segment: int) -> str:
    """The color of a segment, counted from 1; they come back after eight."""
    return COLORS[(segment - 1) % len(COLORS)]


@drawn
def draw_scatter(places: Any, labels: Any, centers: Any, shares: Any, sizes: Sequence[int]) -> Any:
    """Rows along the two axes in which they differ most.

    Args:
        places: (rows, 2). labels: segments from 1. centers: (segments, 2). shares: of the variance
            that lies along either axis. sizes: rows of every segment.
    """
    figure, (panel,) = new_figure(6.4, 5.0)
    for segment in range(1, len(centers) + 1):
        mine = labels == segment
        panel.scatter(
            *places[mine].T, s=12, color=color_of(segment), alpha=0.6, linewidths=0,
            marker=MARKS[(segment - 1) // len(COLORS) % len(MARKS)], rasterized=True,
            label=f"segment {segment} ({sizes[segment - 1]:,} rows)",
        )  # fmt: skip
    for segment, center in enumerate(centers, 1):
        panel.text(
            *center, str(segment), fontsize=12, fontweight="bold", ha="center", va="center",
            bbox={"boxstyle": "circle", "facecolor": "white", "edgecolor": color_of(segment)},
        )  # fmt: skip
    panel.set(
        title="Segments along the two principal axes",
        xlabel=f"first axis ({100 * shares[0]:.0f} % of the variance)",
        ylabel=f"second axis ({100 * shares[1]:.0f} %)",
    )
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


@drawn
def draw_silhouette(values: Any, labels: Any) -> Any:
    """The silhouette of every row, sorted within its segment.

    Args:
        values: (rows,), from -1 to 1. labels: segments from 1.
    """
    figure, (panel,) = new_figure(6.4, 5.0)
    start, ticks, names = 0, [], []
    for segment in np.unique(labels):
        mine = np.sort(values[labels == segment])[::-1]
        places = np.arange(start, start + len(mine))
        panel.fill_betweenx(places, 0, mine, color=color_of(int(segment)), linewidth=0)
        ticks.append(start + len(mine) / 2)
        names.append(f"{segment}  (mean {mine.mean():.2f})")
        start += len(mine) + max(1, len(values) // 60)
    panel.axvline(values.mean(), color=BLACK, linewidth=1, linestyle=(0, (4, 3)))
    panel.set_yticks(ticks, names)
    panel.invert_yaxis()
    panel.grid(visible=False, axis="y")
    panel.set(
        title=f"Silhouettes: mean {values.mean():.2f}",
        xlabel="1: well inside its segment, below 0: nearer to another", ylabel="segment",
    )  # fmt: skip
    return figure


@drawn
def draw_dendrogram(merges: Any, sizes: Any, segments: int, linkage: str) -> Any:
    """The upper part of a tree of merges; a leaf stands for as many rows as are written below it.

    Args:
        merges: (merges, 4), a linkage matrix of the leaves. sizes: rows below every leaf.
        segments: where it is cut.
    """
    leaves = len(sizes)
    figure, (panel,) = new_figure(max(6.4, 0.28 * leaves + 2), 4.6)
    place, height = np.zeros(leaves + len(merges)), np.zeros(leaves + len(merges))
    order = _leaf_order(merges, leaves)
    place[order] = np.arange(leaves)
    cut = len(merges) - segments + 1
    for step, (a, b, tall, _) in enumerate(merges):
        left, right = int(a), int(b)
        color = BLUE if step < cut else GRAY
        panel.plot(
            [place[left], place[left], place[right], place[right]],
            [height[left], tall, tall, height[right]],
            color=color, linewidth=1.4,
        )  # fmt: skip
        place[leaves + step] = (place[left] + place[right]) / 2
        height[leaves + step] = tall
    if 0 < cut < len(merges):
        line = (merges[cut - 1, 2] + merges[cut, 2]) / 2
        panel.axhline(line, color=RED, linewidth=1, linestyle=(0, (4, 3)))
        panel.text(leaves - 0.5, line, f" {segments} segments", color=RED, va="bottom", ha="right")
    panel.set_xticks(range(leaves), [f"{int(sizes[i]):,}" for i in order], rotation=90, fontsize=8)
    panel.grid(visible=False, axis="x")
    panel.set_ylim(bottom=0)
    panel.set(
        title=f"The last {len(merges)} merges ({linkage})", xlabel="rows below each leaf",
        ylabel="height",
    )  # fmt: skip
    return figure


def _leaf_order(merges: Any, leaves: int) -> Any:
    """Leaves from left to right, so that no lines cross."""
    pending, order = [leaves + len(merges) - 1], []
    while pending:
        node = pending.pop()
        if node < leaves:
            order.append(node)
        else:
            a, b = merges[node - leaves, :2]
            pending += [int(b), int(a)]
    return np.array(order)


@drawn
def draw_profile(effects: Any, names: Sequence[str], segments: Sequence[str]) -> Any:
    """How every segment differs, column by column.

    Args:
        effects: (columns, segments), differences to the other rows in standard deviations.
        names: of the columns. segments: what stands below.
    """
    rows, count = effects.shape
    figure, (panel,) = new_figure(max(4.6, 1.1 * count + 2.6), max(3.0, 0.36 * rows + 1.4))
    panel.imshow(effects, cmap=colors_between(BLUE_TO_RED), vmin=-2, vmax=2, aspect="auto")
    for i, j in np.ndindex(rows, count):
        color = "white" if abs(effects[i, j]) > 1.5 else "black"
        effect = round(effects[i, j], 1) + 0.0  # never "-0.0"
        panel.text(j, i, f"{effect:+.1f}", ha="center", va="center", color=color, fontsize=9)
    short = [name if len(name) <= 32 else name[:31] + "…" for name in names]
    panel.set_yticks(range(rows), short)
    panel.set_xticks(range(count), segments)
    panel.grid(visible=False)
    panel.tick_params(length=0)
    for edge in np.arange(-0.5, count):
        panel.axvline(edge, color=PALE, linewidth=0.8)
    panel.set(title="Differences to the other rows,\nin standard deviations")
    return figure
