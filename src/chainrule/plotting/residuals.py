"""How far predicted numbers are off: against the true ones, and what is left over."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.plotting.canvas import (
    BLUE,
    GRAY,
    ORANGE,
    WHITE_TO_BLUE,
    colors_between,
    drawn,
    few_ticks,
    new_figure,
)

CROWD = 3_000
"""With more rows than this, density is drawn in place of dots."""

SLICES = 12
"""In so many slices of equal counts the middle half of the residuals is marked."""


@drawn
def draw_residuals(truth: Any, predicted: Any, target: str) -> Any:
    """A figure of two panels: true against predicted, and true minus predicted.

    Args:
        truth, predicted: (rows,). target: what is predicted.
    """
    figure, (left, right) = new_figure(9.6, 4.4, widths=(1, 1))
    low, high = min(truth.min(), predicted.min()), max(truth.max(), predicted.max())
    margin = 0.04 * (high - low) or 1.0
    ends = [low - margin, high + margin]
    _points(left, predicted, truth)
    left.plot(ends, ends, color=GRAY, linewidth=1, linestyle=(0, (4, 3)), label="exact")
    left.set(xlim=ends, ylim=ends, aspect="equal", title=f"{target}: true against predicted")
    left.set(xlabel=f"predicted {target}", ylabel=f"true {target}")
    left.legend(loc="upper left")
    rest = truth - predicted
    _points(right, predicted, rest)
    right.axhline(0, color=GRAY, linewidth=1, linestyle=(0, (4, 3)))
    _middle_half(right, predicted, rest)
    right.set(xlabel=f"predicted {target}", ylabel="true - predicted", title="What is left over")
    for axis in (left.xaxis, left.yaxis, right.xaxis):
        few_ticks(axis)
    return figure


def _points(panel: Any, x: Any, y: Any) -> None:
    """Dots, or hexagons as dark as there are many of them."""
    if len(x) <= CROWD:
        size = 14 if len(x) < 500 else 8
        panel.scatter(x, y, s=size, color=BLUE, alpha=0.5, linewidths=0)
        return
    scale = colors_between(WHITE_TO_BLUE[1:])
    panel.hexbin(x, y, gridsize=60, bins="log", cmap=scale, mincnt=1, linewidths=0.1)


def _middle_half(panel: Any, x: Any, y: Any) -> None:
    """Lines through the first, second and third quartile of y along x."""
    slices = min(SLICES, len(x) // 20)
    if slices < 2:
        return
    parts = [part for part in np.array_split(np.argsort(x, kind="stable"), slices) if len(part)]
    middle = [float(np.median(x[part])) for part in parts]
    quartiles = np.array([np.quantile(y[part], [0.25, 0.5, 0.75]) for part in parts])
    panel.plot(middle, quartiles[:, 1], color=ORANGE, label="median")
    panel.fill_between(
        middle, quartiles[:, 0], quartiles[:, 2], color=ORANGE, alpha=0.25, linewidth=0,
        label="middle half",
    )  # fmt: skip
    panel.legend(loc="best")
