"""`chainrule inspect`: what a model file holds: layers, columns, card, judgement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from chainrule.cli.cluster import segment_lines
from chainrule.cli.document import json_option, print_document, print_page
from chainrule.clustering import Segments
from chainrule.errors import ModelFileError
from chainrule.judgement import size_words
from chainrule.workflow import Inspection, load_any
from chainrule.workflow import inspect as inspect_model


@click.command(name="inspect")
@click.argument("model", type=click.Path(path_type=Path))
@json_option
def inspect(model: Path, as_json: bool) -> None:
    """Show what the model file MODEL holds. Nothing in it is run.

    Layers with their shapes, parameters, operations and memory for one example; the columns it was
    trained on; how it was made, and how good it is.

    Example: chainrule inspect penguins.safetensors
    """
    made = load_any(model)
    if isinstance(made, Segments):
        _show_segments(made, as_json)
        return
    found = inspect_model(made)
    if as_json:
        print_document(_document(model, found))
        return
    page = _page(model, found)
    print_page([f"{model}: {size_words(model.stat().st_size)}; no code, no rows of data"])
    click.echo(page)


def _page(path: Path, found: Inspection) -> str:
    """The page; the card is whatever the file says, so it may lack what the page shows."""
    try:
        return str(found)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise ModelFileError(
            f"{path} holds a card that chainrule train did not write, and no page can be made of "
            f"it: {type(error).__name__} {error!s:.100}. Look at it with --json."
        ) from error


def _show_segments(made: Segments, as_json: bool) -> None:
    if as_json:
        print_document(made.card)
        return
    print_page(segment_lines(made, True))


def _document(path: Path, found: Inspection) -> dict[str, Any]:
    totals = ("parameters", "operations", "activation_bytes")
    own = {name: getattr(found, name) for name in vars(found)}
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        **own,
        **{name: getattr(found, name) for name in totals},
    }
