"""The progress line: it keeps changing on a terminal; elsewhere a line is written now and then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from chainrule.training import Progress

QUIET_SECONDS = 10.0
"""Where nobody watches, a line is written this often."""


@contextmanager
def progress_line(
    first: str = "", *, silent: bool = False
) -> Iterator[bool | Callable[[Progress], None]]:
    """A function for `progress=` that shows how training goes on stderr; False where silent.

    Args:
        first: a line before all others, said once training has begun and not where it is refused.
    """
    if silent:
        yield False
        return
    lines = [first] if first else []
    with _shown() as show:

        def tell(progress: Progress) -> None:
            if lines:
                click.echo(lines.pop(), err=True)
            show(progress)

        yield tell
    if lines:
        click.echo(lines.pop(), err=True)


@contextmanager
def _shown() -> Iterator[Callable[[Progress], None]]:
    """What writes the line: on a terminal in place, elsewhere now and then."""
    if not sys.stderr.isatty():
        yield _now_and_then()
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        yield lambda progress: live.update(Text(describe(progress)), refresh=True)


def _now_and_then() -> Callable[[Progress], None]:
    last = 0.0

    def write(progress: Progress) -> None:
        nonlocal last
        if progress.seconds < last:
            last = 0.0
        if progress.seconds - last >= QUIET_SECONDS:
            last = progress.seconds
            click.echo(describe(progress), err=True)

    return write


def describe(progress: Progress) -> str:
    """A training run in progress as one line."""
    judged = progress.validation_loss
    stage = getattr(progress, "stage", "")
    validation = "" if judged is None else f"  validation {judged:.4g}"
    return (
        f"{stage}{', ' if stage else ''}epoch {progress.epoch}/{progress.epochs}  "
        f"loss {progress.train_loss:.4g}{validation}"
        f"  {progress.seconds:.1f} s  (Ctrl-C stops and keeps the best)"
    )
