"""What a command prints on stdout: a page, or with `--json` one JSON document instead.

The fields of the documents: docs/commands.md.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from typing import Any

import click

from chainrule.judgement import printable

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead."
)
"""The option that every command has."""


def print_page(lines: Iterable[str]) -> None:
    """Write lines to stdout, each as soon as it is there, without signs a terminal would obey."""
    for line in lines:
        click.echo(printable(line))


def print_document(document: Any) -> None:
    """Write a document to stdout as JSON, indented for a reader."""
    click.echo(json.dumps(plain(document), ensure_ascii=False, allow_nan=False, indent=2))


def plain(value: Any) -> Any:
    """A value as JSON has it: dataclasses become objects, arrays lists, NaN and infinity null.

    >>> plain({"score": float("nan"), "shape": (2, 3)})
    {'score': None, 'shape': [2, 3]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
