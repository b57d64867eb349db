"""`chainrule evaluate`: how good a model is on rows with known targets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from chainrule.cli.document import json_option, print_document
from chainrule.cli.inspect import grid
from chainrule.judgement import Measure
from chainrule.workflow import Evaluation
from chainrule.workflow import evaluate as evaluate_model

SHARES = {"accuracy", "balanced accuracy", "F1", "R²", "calibration error"}
"""Scores between 0 and 1, printed with three decimals."""


@click.command(name="evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("file")
@json_option
def evaluate(model: Path, file: str, as_json: bool) -> None:
    """Judge MODEL on the table FILE, which has the target, or on - for stdin.

    Every score has its 95 % interval and stands beside the simplest guess and beside what the
    model's card says. Rows without a target are left out, and counted.

    Example: chainrule evaluate penguins.safetensors test.csv
    """
    source: Any = sys.stdin.buffer if file == "-" else file
    found = evaluate_model(model, source, name="stdin")
    if as_json:
        print_document(found)
        return
    for line in _page(found):
        click.echo(line)


def _page(found: Evaluation) -> Iterator[str]:
    yield f"Judged on {found.rows:,} {'row' if found.rows == 1 else 'rows'} of {found.table}"
    if found.left_out:
        yield f"Left out {found.left_out:,} rows that have no {found.target}"
    card = found.card or {}
    rows: list[tuple[str, ...]] = [
        ("", "this network", "95 % interval", found.trivial, "its card says")
    ]
    for name, measure in found.scores.items():
        said = card.get("score") if card.get("metric") == name else None
        rows.append(
            (
                name,
                _number(name, measure.value),
                _interval(name, measure),
                _number(name, found.trivial_scores[name]),
                "" if said is None else _number(name, said),
            )
        )
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    yield from grid(rows, left=1)
    yield from found.verdict


def _interval(name: str, measure: Measure) -> str:
    return f"{_number(name, measure.low)} to {_number(name, measure.high)}"


def _number(name: str, value: float) -> str:
    return f"{round(value, 3) + 0:.3f}" if name in SHARES else f"{value:.4g}"
