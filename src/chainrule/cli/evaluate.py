"""`chainrule evaluate`: how good a model is on rows with known targets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from chainrule.cli.document import json_option, print_document
from chainrule.cli.settings import markers, missing_option
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
    click.echo(str(found))
