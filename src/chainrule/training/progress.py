"""The progress line of `fit`, for whoever did not bring one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from chainrule.training.records import Progress


def as_listener(progress: Any) -> Callable[[Progress], Any] | None:
    """What is told about progress: a function as it is, True the line below, False nobody."""
    if callable(progress):
        return progress  # type: ignore[no-any-return]
    return print_line if progress else None


def print_line(progress: Progress) -> None:
    """One line on stderr that keeps changing."""
    judged = (
        "" if progress.validation_loss is None else f"  validation {progress.validation_loss:.4g}"
    )
    line = (
        f"epoch {progress.epoch}/{progress.epochs}  loss {progress.train_loss:.4g}{judged}"
        f"  {progress.seconds:.1f} s"
    )
    sys.stderr.write(f"\r{line:<70}")
    sys.stderr.flush()
