"""`chainrule inspect`: what a model file holds: layers, columns, card, judgement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from chainrule.cli.cluster import segment_lines
from chainrule.cli.document import json_option, print_document
from chainrule.cli.layout import printable
from chainrule.cli.page import judgement_lines
from chainrule.clustering import Segments
from chainrule.errors import ModelFileError
from chainrule.model import Model
from chainrule.workflow import Inspection, load_any
from chainrule.workflow import inspect as inspect_model

GAP = "  "
KNOWN_ELSEWHERE = (
    "columns",
    "classes",
    "reasons",
    "task",
    "task_reason",
    "target",
    "split",
    "unseen",
)
"""Parts of the card that the page shows in words of its own, or that are too long for it."""


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
    for line in _whole_page(model, made, found):
        click.echo(printable(line))


def _whole_page(path: Path, made: Model, found: Inspection) -> list[str]:
    """All lines; the card is whatever the file says, so it may lack what the page shows."""
    try:
        judged = judgement_lines(made) if found.judgement is not None else ()
        return [*_page(path, found), *judged]
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise ModelFileError(
            f"{path} holds a card that chainrule train did not write, and no page can be made of "
            f"it: {type(error).__name__} {error!s:.100}. Look at it with --json."
        ) from error


def _show_segments(made: Segments, as_json: bool) -> None:
    if as_json:
        print_document(made.card)
        return
    for line in segment_lines(made, True):
        click.echo(printable(line))


def _document(path: Path, found: Inspection) -> dict[str, Any]:
    totals = ("parameters", "operations", "activation_bytes")
    own = {name: getattr(found, name) for name in vars(found)}
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        **own,
        **{name: getattr(found, name) for name in totals},
    }


def _page(path: Path, found: Inspection) -> Iterator[str]:
    yield f"{path}: {size_words(path.stat().st_size)}; no code, no rows of data"
    yield f"Answers{_answers(found)} (trained for {found.loss}, {found.dtype})"
    yield f"Network: {_inputs(found)}; for one example, forward"
    yield from _layers(found)
    if found.columns:
        yield "Columns"
        yield from _columns(found)
    yield "Card"
    yield from _card(found.card)


def _answers(found: Inspection) -> str:
    target = found.card.get("target", "")
    about = f" {target}" if target else ""
    if isinstance(found.targets, dict):
        heads = [
            f"{name}: {_listed(found.classes[name]) if name in found.classes else kind}"
            for name, kind in found.targets.items()
        ]
        return f" with {'; '.join(heads)}"
    if found.classes:
        listed = _listed(found.classes)
        return f"{about}: {listed}" if about else f" with {listed}"
    return f"{about} with {found.targets}"


def _listed(classes: Any) -> str:
    return ", ".join(map(str, classes[:8])) + (", …" if len(classes) > 8 else "")


def _inputs(found: Inspection) -> str:
    shape = found.in_shape
    if isinstance(shape, dict):
        return f"inputs {_shape(shape)}"
    columns = f" from {len(found.columns)} columns" if found.columns else ""
    return f"{_shape(shape)} inputs{columns}"


def _shape(sizes: Any) -> str:
    if isinstance(sizes, dict):
        return ", ".join(
            f"{name} ({_shape(inner)})" if isinstance(inner, dict) else f"{name} {_shape(inner)}"
            for name, inner in sizes.items()
        )
    return " × ".join(map(str, sizes)) or "1"


def _layers(found: Inspection) -> Iterator[str]:
    head = ("", "layer", "output", "parameters", "operations", "memory")
    counted = [
        (
            layer.path,
            layer.layer,
            _shape(layer.out_shape),
            *_costs(layer),
        )
        for layer in found.layers
    ]
    yield from grid([head, *counted, ("", "in all", "", *_costs(found))], left=2)


def _costs(counted: Any) -> tuple[str, str, str]:
    """Parameters, operations and memory of a layer, or of all together."""
    return (
        f"{counted.parameters:,}",
        f"{counted.operations:,}",
        size_words(counted.activation_bytes),
    )


def _columns(found: Inspection) -> Iterator[str]:
    rows = [(_range(c.first, c.width), c.name, c.kind, c.encoding) for c in found.columns]
    yield from grid([("inputs", "column", "kind", "encoding"), *rows], left=4)


def _range(first: int, width: int) -> str:
    return f"x{first}" if width == 1 else f"x{first} … x{first + width - 1}"


def _card(card: dict[str, Any]) -> Iterator[str]:
    said = {
        name.replace("_", " "): str(value)
        for name, value in card.items()
        if name not in KNOWN_ELSEWHERE and not isinstance(value, dict | list)
    }
    if isinstance(card.get("split"), dict):
        said["parts"] = ", ".join(f"{rows} {name}" for name, rows in card["split"].items())
    yield from grid(list(said.items()), left=2)
    for reason in card.get("reasons", ()):
        yield f"{GAP}{reason}"


def grid(rows: list[tuple[str, ...]], left: int) -> Iterator[str]:
    """Rows as aligned columns; the first `left` of them to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield (GAP + GAP.join(cells)).rstrip()


def size_words(count: int) -> str:
    """A number of bytes for a reader.

    >>> size_words(268), size_words(11_400), size_words(3_200_000)
    ('268 B', '11 kB', '3.2 MB')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            number = count / size
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{count} B"
