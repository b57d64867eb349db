"""`chainrule evaluate`: how good a model is on rows with known targets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from chainrule.cli.document import json_option, print_document
from chainrule.cli.inspect import grid
from chainrule.cli.layout import wrapped
from chainrule.cli.settings import markers, missing_option
from chainrule.cli.verdict import number_text
from chainrule.judgement import Measure
from chainrule.workflow import Evaluation
from chainrule.workflow import evaluate as evaluate_model


@click.command(name="evaluate")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("file")
@missing_option
@json_option
def evaluate(model: Path, file: str, missing: str | None, as_json: bool) -> None:
    """Judge MODEL on the table FILE, which has the target, or on - for stdin.

    Every score has its 95 % interval and stands beside the simplest guess and beside what the
    model's card says. Rows without a target are left out, and counted.

    Example: chainrule evaluate penguins.safetensors test.csv
    """
    source: Any = sys.stdin.buffer if file == "-" else file
    found = evaluate_model(model, source, missing=markers(missing), name="stdin")
    if as_json:
        print_document(found)
        return
    for line in _page(found):
        click.echo(line)


def _page(found: Evaluation) -> Iterator[str]:
    never = " that it never saw" if found.unseen else ""
    yield f"Judged on {found.rows:,} {'row' if found.rows == 1 else 'rows'} of {found.table}{never}"
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
                number_text(name, measure.value),
                _interval(name, measure),
                number_text(name, found.trivial_scores[name]),
                "" if said is None else number_text(name, said),
            )
        )
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    yield from grid(rows, left=1)
    for sentence in found.verdict:
        yield from wrapped(sentence, 2)


def _interval(name: str, measure: Measure) -> str:
    return f"{number_text(name, measure.low)} to {number_text(name, measure.high)}"
