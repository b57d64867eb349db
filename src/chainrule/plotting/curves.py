"""How training went: the losses by epoch, and the epoch that was kept."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.plotting.canvas import (
    BLACK,
    BLUE,
    GRAY,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    add_note,
    drawn,
    new_figure,
    whole_ticks,
)

MANY_FOLDS = 30.0
"""From this ratio of the largest to the smallest loss on, the scale is logarithmic."""


HEADS = (GREEN, RED, PURPLE, SKY, BLACK)
"""The colors of heads, one after the other and then again."""


@drawn
def draw_curves(
    history: Mapping[str, Sequence[float]], best_epoch: int | None, loss: str, note: str = ""
) -> Any:
    """A figure of the training loss, and of the validation loss where there is one.

    Of several heads a second panel has each one's own: a line a head in training, broken ones in
    validation.

    Args:
        history: as of a Model. best_epoch: whose weights were kept, from 1; None: the last.
        loss: its name. note: what is said below the title.
    """
    heads = _heads_of(history)
    figure, panels = new_figure(*((10.4, 4.2, (1, 1)) if heads else (6.4, 4.2)))
    named = [("train_loss", "training", BLUE, "-"), ("validation_loss", "validation", ORANGE, "-")]
    _draw_losses(panels[0], history, named)
    if best_epoch:
        _mark(panels[0], history, best_epoch)
    panels[0].set(ylabel=loss, title="Loss by epoch")
    if heads:
        colored = list(zip(heads, itertools.cycle(HEADS)))
        named = [
            (f"{part}_{head}_loss", f"{head}, {word}", color, style)
            for part, word, style in (
                ("train", "training", "-"),
                ("validation", "validation", "--"),
            )
            for head, color in colored
        ]
        _draw_losses(panels[1], history, named)
        panels[1].set(ylabel="loss of a head", title="Each head's own, before its weight")
    if note:
        add_note(figure, note)
    for panel in panels:
        whole_ticks(panel.xaxis)
        panel.set_xlabel("epoch")
        panel.legend()
    return figure


def _heads_of(history: Mapping[str, Sequence[float]]) -> list[str]:
    """The heads that have losses of their own, where these tell more than the sum."""
    found = [re.fullmatch("train_(.+)_loss", name, re.DOTALL) for name in history]
    heads = [match[1] for match in found if match]
    return heads if len(heads) > 1 else []


def _draw_losses(
    panel: Any, history: Mapping[str, Sequence[float]], named: Sequence[tuple[str, str, str, str]]
) -> None:
    """A line for every loss that the history has: its name there, its label, color and style."""
    lowest, highest = np.inf, 0.0
    for name, label, color, style in named:
        values = np.asarray(history.get(name, ()), "float64")
        if not len(values):
            continue
        epochs = np.arange(1, len(values) + 1)
        dot = "o" if len(values) == 1 else None
        panel.plot(epochs, values, color=color, label=label, marker=dot, linestyle=style)
        present = values[np.isfinite(values)]
        if len(present):
            lowest, highest = min(lowest, present.min()), max(highest, present.max())
    if lowest > 0 and highest / lowest > MANY_FOLDS:
        panel.set_yscale("log")
    else:
        panel.set_ylim(bottom=0)


def _mark(panel: Any, history: Mapping[str, Sequence[float]], best: int) -> None:
    """A line at the epoch that was kept, and a dot on the curve that decided."""
    decided = history.get("validation_loss") or history.get("train_loss") or ()
    panel.axvline(best, color=GRAY, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    if 0 < best <= len(decided):
        color = ORANGE if history.get("validation_loss") else BLUE
        panel.plot([best], [decided[best - 1]], "o", color=color, label=f"kept: epoch {best}")
