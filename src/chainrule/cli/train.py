"""`chainrule train`: from a table to a judged, saved network."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from chainrule.cli.document import json_option, print_document
from chainrule.cli.output import check_output, next_lines
from chainrule.cli.page import judgement_lines, training_lines
from chainrule.cli.progress import progress_line
from chainrule.data import as_table
from chainrule.errors import SettingError
from chainrule.losses import LOSSES
from chainrule.model import Model
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
@json_option
def train(file: str, out: Path | None, force: bool, as_json: bool, **typed: Any) -> int:
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
    if as_json:
        model.save(out)
        print_document(_document(model, out))
    else:
        for line in _page(model, file, out, str(typed["target"])):
            click.echo(line)
    return 130 if model.stop_reason == "interrupted" else 0


def _page(model: Model, file: str, out: Path, target: str) -> Iterator[str]:
    """What was read, decided, learnt and judged; the model is saved before that is said."""
    yield from training_lines(model)
    yield from judgement_lines(model)
    model.save(out)
    yield f"Saved {out} ({out.stat().st_size / 1000:.0f} kB; no code, none of your rows)"
    yield from next_lines(file, out, target, judged=model.judgement is not None)


def _document(model: Model, out: Path) -> dict[str, Any]:
    """The same as fields."""
    card = {name: value for name, value in model.card.items() if name != "judgement"}
    return {
        "file": str(out),
        "bytes": out.stat().st_size,
        "parameters": model.parameters,
        "stop_reason": model.stop_reason,
        "judgement": model.judgement,
        "card": card,
        "history": model.history,
    }


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
