"""Which classes are taken for which: a matrix of counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.plotting.canvas import PALE, WHITE_TO_BLUE, colors_between, drawn, new_figure

FEW, MANY = 8, 25
"""Up to FEW classes have counts and shares in their cells, up to MANY counts."""


@drawn
def draw_confusion(counts: Any, labels: Sequence[str], target: str) -> Any:
    """A figure of a confusion matrix; a cell's color is its share of the row.

    Args:
        counts: (classes, classes), true classes in rows, predicted ones in columns.
        labels: of the classes. target: what is predicted.
    """
    size = len(labels)
    side = float(np.clip(0.75 * size + 2.4, 4.2, 12))
    figure, (panel,) = new_figure(side + 0.6, side)
    total = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(total, 1)
    panel.imshow(share, cmap=colors_between(WHITE_TO_BLUE), vmin=0, vmax=1)
    if size <= MANY:
        for i, j in np.ndindex(size, size):
            text = f"{counts[i, j]:,}" if counts[i, j] or i == j else "·"
            if size <= FEW and counts[i, j]:
                text += f"\n{100 * share[i, j]:.0f} %"
            color = "white" if share[i, j] > 0.5 else "black"
            panel.text(j, i, text, ha="center", va="center", color=color, fontsize=10)
    names = [label if len(label) <= 20 else label[:19] + "…" for label in labels]
    turned = max(map(len, names)) * size > 60
    ticks = range(size)
    panel.set_xticks(ticks, names, rotation=45 if turned else 0, ha="right" if turned else "center")
    panel.set_yticks(ticks, names)
    panel.grid(visible=False)
    for edge in np.arange(-0.5, size):
        panel.axhline(edge, color=PALE, linewidth=0.8)
        panel.axvline(edge, color=PALE, linewidth=0.8)
    panel.tick_params(length=0)
    for side_name in ("left", "bottom"):
        panel.spines[side_name].set_visible(False)
    right = np.trace(counts) / max(1, counts.sum())
    panel.set_title(f"{target}: {100 * right:.1f} % of {counts.sum():,} rows right")
    panel.set(xlabel=f"predicted {target}", ylabel=f"true {target}")
    return figure
