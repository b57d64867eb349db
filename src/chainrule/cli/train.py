"""`chainrule train`: from a table to a judged, saved network."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from chainrule.cli.document import json_option, print_document, print_page
from chainrule.cli.output import check_output, next_lines
from chainrule.cli.page import training_lines
from chainrule.cli.progress import progress_line
from chainrule.cli.settings import (
    batch,
    markers,
    missing_option,
    share_or_file,
    sizes,
    types_of_columns,
    weights_of_classes,
)
from chainrule.data import as_table
from chainrule.engine import keep_programs_on_disk
from chainrule.errors import ChainruleError, ModelFileError, SettingError
from chainrule.judgement import CLASS_METRICS, NUMBER_METRICS, judgement_lines
from chainrule.losses import LOSSES
from chainrule.model import Model
from chainrule.nn import ACTIVATIONS
from chainrule.optim import OPTIMIZERS
from chainrule.recipes import EPOCHS, PATIENCE, SCHEDULES
from chainrule.workflow import forget, is_finished, is_kept
from chainrule.workflow import train as train_on_table

Command = Callable[..., Any]


def _option(name: str, help: str, **settings: Any) -> Callable[[Command], Command]:
    return click.option(name, help=help, **settings)


OPTIONS: list[Callable[[Command], Command]] = [
    _option("--target", "The column to predict; needed. May be repeated.", multiple=True,
            metavar="COLUMN"),
    _option("--task", "classes or numbers, where the column does not say it.", metavar="NAME"),
    _option("--test", "A table to judge on.", metavar="FILE"),
    _option("--validation", "A table, or a share of the rows, to stop by.", metavar="FILE|SHARE"),
    _option("--folds", "So many folds judge; 0 for a test part.", type=int, metavar="N"),
    _option("--group", "Rows with one value of it stay in one part.", metavar="COLUMN"),
    _option("--time", "It orders the rows; the latest judge.", metavar="COLUMN"),
    _option("--weight", "It has the weights of the rows.", metavar="COLUMN"),
    _option("--type", "The kind of a column, where its cells do not say it. May be repeated.",
            multiple=True, metavar="COLUMN=KIND"),
    missing_option,
    _option("--drop", "Leave a column out. May be repeated.", multiple=True, metavar="COLUMN"),
    _option("--allow-leak", "Trust columns that give the target away.", is_flag=True),
    _option("--hidden", "Units of the hidden layers, or none; by default by the number of rows.",
            metavar="64,32"),
    _option("--activation", f"Between layers: {', '.join(ACTIVATIONS)}.", metavar="NAME"),
    _option("--dropout", "Share of numbers left out after each hidden layer.", type=float,
            metavar="RATE"),
    _option("--batch-norm", "Normalize each hidden layer over the batch.", is_flag=True),
    _option("--network", "A whole network, as JSON.", metavar="FILE.json"),
    _option("--loss", f"{', '.join(LOSSES)}.", metavar="NAME"),
    _option("--optimizer", f"{', '.join(OPTIMIZERS)}.", metavar="NAME"),
    _option("--learning-rate", "Length of the steps; by default the optimizer's, 0.001 of adam.",
            type=float, metavar="RATE"),
    _option("--schedule", f"Of the rate: {', '.join(SCHEDULES)}.", metavar="NAME"),
    _option("--weight-decay", "How fast weights decay; by default by the number of rows.",
            type=float, metavar="RATE"),
    _option("--batch-size", "Rows a step, or full.", default="auto", metavar="N|full|1"),
    _option("--epochs", f"The most passes over the training rows; {EPOCHS} by default.",
            type=int, metavar="N"),
    _option("--max-time", "Seconds of training at most.", type=float, metavar="SECONDS"),
    _option("--patience", f"Stop after so many epochs that were no better; {PATIENCE} by default.",
            type=int, metavar="N"),
    _option("--tol", "Better is better by more than this.", type=float, default=0.0,
            metavar="LOSS"),
    _option("--class-weight", "balanced, or weights of labels.", metavar="yes=2,no=1"),
    _option("--metric", f"The score that decides: {', '.join([*CLASS_METRICS, *NUMBER_METRICS])}.",
            metavar="NAME"),
    _option("--positive", "Of two labels the one that F1 is about.", metavar="LABEL"),
    _option("--baselines/--no-baselines", "Compare with simpler predictors, or not.",
            default=True),
    _option("--seed", "Of everything random.", type=int, default=0, show_default=True),
    _option("--engine", "auto, numpy or xla.", default="auto", show_default=True),
]  # fmt: skip
"""The settings of `train`, in the order of the help; each is passed on under its name."""


def _with_options(command: Command) -> Command:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command(name="train")
@click.argument("file")
@_with_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The model file; by default the name of FILE, here.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace the model file, and a run that was kept, if there is one.",
)
@click.option("--checkpoint-every", default="30s", show_default=True, metavar="30s|N",
              help="How often the run is kept on disk, in seconds, minutes or epochs.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with a run that was interrupted.")
@click.option("--no-cache", is_flag=True, help="Keep no compiled programs for the next run.")
@click.option("--dry-run", is_flag=True, help="Read, split and decide; train and save nothing.")
@click.option("--quiet", is_flag=True, help="Print nothing unless something is wrong.")
@json_option
def train(
    file: str,
    out: Path | None,
    force: bool,
    checkpoint_every: str,
    resume: bool,
    no_cache: bool,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
    **typed: Any,
) -> int:
    """Train a network on the table in FILE, judge it on rows it never saw, and save it.

    What is not given is decided from the data, and said.

    Example: chainrule train penguins.csv --target species
    """
    if not typed["target"]:
        raise _no_target(file)
    out = out or default_out(file)
    settings = typed | {
        "missing": markers(typed["missing"]),
        "types": types_of_columns(typed["type"]),
        "hidden": sizes(typed["hidden"]),
        "batch_size": batch(typed["batch_size"]),
        "class_weight": weights_of_classes(typed["class_weight"]),
        "validation": share_or_file(typed["validation"]),
    }
    del settings["type"]
    folder = out.parent / f".{out.stem}.checkpoint"
    if not dry_run:
        if resume and not folder.exists() and is_finished(out, file, settings):
            click.echo(f"{out} is finished: there is nothing to go on with.", err=True)
            return 0
        if is_kept(folder) and not resume:
            _start_anew(folder, force, quiet)
        check_output(out, Path(file), force or resume)
        settings |= {
            "checkpoint": folder,
            "checkpoint_every": _every(checkpoint_every),
            "resume": resume,
        }
    known = is_kept(folder)
    first = (f"Going on with {folder}" if known else "Nothing to resume: starting") * resume
    keep_programs_on_disk(not no_cache)
    with progress_line(first, silent=quiet) as progress, _forgotten_if_refused(folder):
        model = train_on_table(file, progress=progress, dry_run=dry_run, **settings)
    stopped = "not_judged" in model.card
    if quiet or as_json:
        if not dry_run:
            model.save(out)
        if as_json:
            print_document(_document(model, out))
        elif stopped:
            click.echo(f"Stopped. Saved {out}, which is not judged.", err=True)
    else:
        print_page(_page(model, file, out, dry_run, typed["test"] or file))
    if stopped:
        return 143 if "SIGTERM" in model.card["not_judged"] else 130
    forget(folder)
    return 0


def _start_anew(folder: Path, force: bool, quiet: bool) -> None:
    """Give up the run in a folder, where that is wanted."""
    if not force:
        raise SettingError(
            f"A run that was stopped is kept in {folder}. Type --resume to go on with it, or "
            "--force to start anew."
        )
    if not quiet:
        click.echo(f"Starting anew: the run kept in {folder} is given up", err=True)


@contextmanager
def _forgotten_if_refused(folder: Path) -> Iterator[None]:
    """Within it a folder for checkpoints that was begun in vain is deleted again."""
    known = folder.exists()
    try:
        yield
    except ModelFileError:  # the disk refused: what was kept so far is all there is
        raise
    except ChainruleError:
        if not known:
            forget(folder)
        raise


def _every(text: str) -> str | int:
    return int(text) if text.isdecimal() else text


def default_out(file: str) -> Path:
    """The model file of a table: its name, here.

    >>> str(default_out("data/houses.csv.gz")), str(default_out("2024.q1.csv"))
    ('houses.safetensors', '2024.q1.safetensors')
    """
    path = Path(file)
    stem = Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem
    return Path(f"{stem}.safetensors")


def _page(model: Model, file: str, out: Path, dry_run: bool, judging: str) -> Iterator[str]:
    """What was read, decided, learnt and judged; the model is saved before that is said."""
    yield from training_lines(model)
    if dry_run:
        yield "Nothing was trained or saved, because of --dry-run"
        return
    yield from judgement_lines(model)
    model.save(out)
    judged = model.judgement is not None
    fitted = "" if judged else ", not judged"
    if judged and model.card["folds"]:
        fitted = f", fitted to all {model.card['rows']:,} rows for {model.card['epochs']} epochs"
    yield f"Saved {out} ({out.stat().st_size / 1000:.0f} kB; no code, none of your rows){fitted}"
    yield from next_lines(file if judged else judging, out, judged=judged)


def _document(model: Model, out: Path) -> dict[str, Any]:
    """The same as fields."""
    card = {name: value for name, value in model.card.items() if name != "judgement"}
    return {
        "file": str(out),
        "bytes": out.stat().st_size if out.exists() else None,
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
