"""Whether probabilities mean what they say: how often what was given 80 % came true."""

from __future__ import annotations

from typing import Any

from chainrule.plotting.canvas import BLUE, GRAY, drawn, new_figure, percent_ticks


@drawn
def draw_calibration(bins: Any, error: float, target: str) -> Any:
    """A reliability diagram above a histogram of the probabilities.

    Args:
        bins: (n, 7): from, to, rows, mean probability, share that came true, and its interval.
        error: the expected calibration error. target: what is predicted.
    """
    figure, (panel, below) = new_figure(5.2, 5.8, heights=(4, 1))
    filled = bins[bins[:, 2] > 0]
    panel.plot([0, 1], [0, 1], color=GRAY, linewidth=1, linestyle=(0, (4, 3)), label="exact")
    away = [filled[:, 4] - filled[:, 5], filled[:, 6] - filled[:, 4]]
    panel.errorbar(
        filled[:, 3], filled[:, 4], yerr=away, fmt="o-", color=BLUE, linewidth=1.2, elinewidth=1.2,
        capsize=2.5, markersize=5, label="this network, 95 % intervals",
    )  # fmt: skip
    panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="share that came true")
    panel.set_title(f"{target}: off by {100 * error:.1f} points on average")
    panel.legend(loc="upper left")
    below.bar(
        bins[:, 0], bins[:, 2], width=bins[:, 1] - bins[:, 0], align="edge", color=BLUE,
        edgecolor="white", linewidth=0.6,
    )  # fmt: skip
    below.set(xlim=(-0.02, 1.02), xlabel="probability of the predicted class", ylabel="rows")
    for axis in (panel.xaxis, panel.yaxis, below.xaxis):
        percent_ticks(axis)
    return figure
