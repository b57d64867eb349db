"""How training went: the losses by epoch, and the epoch that was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.plotting.canvas import BLUE, GRAY, ORANGE, add_note, drawn, new_figure, whole_ticks

MANY_FOLDS = 30.0
"""From this ratio of the largest to the smallest loss on, the scale is logarithmic."""


@drawn
def draw_curves(
    history: Mapping[str, Sequence[float]], best_epoch: int | None, loss: str, note: str = ""
) -> Any:
    """A figure of the training loss, and of the validation loss where there is one.

    Args:
        history: as of a Model. best_epoch: whose weights were kept, from 1; None: the last.
        loss: its name. note: what is said below the title.
    """
    figure, (panel,) = new_figure(6.4, 4.2)
    lowest, highest = np.inf, 0.0
    named = (("train_loss", "training", BLUE), ("validation_loss", "validation", ORANGE))
    for name, word, color in named:
        values = np.asarray(history.get(name, ()), "float64")
        if not len(values):
            continue
        epochs = np.arange(1, len(values) + 1)
        dot = "o" if len(values) == 1 else None
        panel.plot(epochs, values, color=color, label=word, marker=dot)
        present = values[np.isfinite(values)]
        if len(present):
            lowest, highest = min(lowest, present.min()), max(highest, present.max())
    if lowest > 0 and highest / lowest > MANY_FOLDS:
        panel.set_yscale("log")
    else:
        panel.set_ylim(bottom=0)
    if best_epoch:
        _mark(panel, history, best_epoch)
    whole_ticks(panel.xaxis)
    panel.set(xlabel="epoch", ylabel=loss, title="Loss by epoch")
    if note:
        add_note(figure, note)
    panel.legend()
    return figure


def _mark(panel: Any, history: Mapping[str, Sequence[float]], best: int) -> None:
    """A line at the epoch that was kept, and a dot on the curve that decided."""
    decided = history.get("validation_loss") or history.get("train_loss") or ()
    panel.axvline(best, color=GRAY, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    if 0 < best <= len(decided):
        color = ORANGE if history.get("validation_loss") else BLUE
        panel.plot([best], [decided[best - 1]], "o", color=color, label=f"kept: epoch {best}")
