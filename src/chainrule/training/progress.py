"""The progress line of `fit`, for whoever did not bring one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from chainrule.training.records import Progress


def as_listener(progress: Any) -> Callable[[Progress], Any] | None:
    """What is told about progress: a function as it is, True the line below, False nobody."""
    if callable(progress):
        return progress  # type: ignore[no-any-return]
    return print_line if progress else None


def print_line(progress: Progress) -> None:
    """One line on stderr that keeps changing."""
    judged = progress.validation_loss
    validation = "" if judged is None else f"  validation {judged:.4g}"
    line = (
        f"epoch {progress.epoch}/{progress.epochs}"
        f"  loss {progress.train_loss:.4g}{_by_head(progress.train_losses)}"
        f"{validation}{_by_head(progress.validation_losses)}  {progress.seconds:.1f} s"
    )
    sys.stderr.write(f"\r{line:<70}")
    sys.stderr.flush()


def _by_head(losses: Mapping[str, float]) -> str:
    """Each head's own loss in brackets, where there are several."""
    listed = ", ".join(f"{head} {loss:.4g}" for head, loss in losses.items())
    return f" ({listed})" if listed else ""
