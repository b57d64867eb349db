"""`--json`: one JSON document on stdout instead of the page; its fields: docs/commands.md."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import click

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead."
)
"""The option that every command has."""


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
