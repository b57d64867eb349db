"""`chainrule train`: from a table to a judged, saved network."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from chainrule.cli.output import check_output, next_lines
from chainrule.cli.page import judgement_lines, training_lines
from chainrule.cli.progress import progress_line
from chainrule.data import as_table
from chainrule.errors import SettingError
from chainrule.losses import LOSSES
from chainrule.nn import ACTIVATIONS
from chainrule.optim import OPTIMIZERS
from chainrule.workflow import train as train_on_table


@click.command(name="train")
@click.argument("file")
@click.option("--target", metavar="COLUMN", help="The column to predict; needed.")
@click.option("--hidden", metavar="64,32", help="Units of the hidden layers, or none.")
@click.option("--activation", metavar="NAME", help=f"Between layers: {', '.join(ACTIVATIONS)}.")
@click.option("--epochs", type=int, metavar="N", help="The most passes over the training rows.")
@click.option("--batch-size", default="auto", metavar="N|full|1", help="Rows a step, or full.")
@click.option("--learning-rate", type=float, metavar="RATE", help="Length of the steps.")
@click.option("--optimizer", metavar="NAME", help=f"{', '.join(OPTIMIZERS)}.")
@click.option("--loss", metavar="NAME", help=f"{', '.join(LOSSES)}.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random.")
@click.option("--engine", default="auto", show_default=True, help="auto, numpy or xla.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The model file; by default the name of FILE, here.",
)
@click.option("--force", is_flag=True, help="Replace the model file if it exists.")
def train(file: str, out: Path | None, force: bool, **typed: Any) -> int:
    """Train a network on the table in FILE (CSV), judge it on rows it never saw, and save it.

    What is not given is decided from the data, and said.

    Example: chainrule train penguins.csv --target species
    """
    out = out or Path(f"{Path(file).stem}.safetensors")
    check_output(out, Path(file), force)
    if typed["target"] is None:
        raise _no_target(file)
    settings = typed | {
        "hidden": _sizes(typed["hidden"]),
        "batch_size": _batch(typed["batch_size"]),
    }
    with progress_line() as progress:
        model = train_on_table(file, progress=progress, **settings)
    for line in training_lines(model):
        click.echo(line)
    for line in judgement_lines(model):
        click.echo(line)
    model.save(out)
    size = f"{out.stat().st_size / 1000:.0f} kB"
    click.echo(f"Saved {out} ({size}; no code, none of your rows)")
    judged = model.judgement is not None
    for line in next_lines(file, out, str(typed["target"]), judged=judged):
        click.echo(line)
    return 130 if model.stop_reason == "interrupted" else 0


def _no_target(file: str) -> SettingError:
    names = as_table(file).names
    line = shlex.join(["chainrule", "train", file, "--target", names[-1]])
    return SettingError(
        f"Which column is to be predicted? The columns: {', '.join(names)}.\nType, e.g.: {line}"
    )


def _sizes(text: str | None) -> tuple[int, ...] | None:
    """Units of the hidden layers from what was typed."""
    if text is None:
        return None
    if text.strip() == "none":
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and part.isascii() and 0 < int(part) < 10**9 for part in parts):
        raise SettingError(
            f"--hidden is {text!r}; write the units of each hidden layer as whole numbers above 0, "
            "e.g. --hidden 64,32, or --hidden none."
        )
    return tuple(int(part) for part in parts)


def _batch(text: str) -> int | str:
    """The batch size from what was typed."""
    if text in ("auto", "full"):
        return text
    if not (text.isdecimal() and text.isascii() and 0 < int(text) < 10**18):
        raise SettingError(
            f"--batch-size is {text!r}; write a whole number above 0, full for all rows at once, "
            "or 1 for one row at a time."
        )
    return int(text)
