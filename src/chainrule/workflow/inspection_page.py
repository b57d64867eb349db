"""What `inspect` found, as lines of a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.judgement import GAP, aligned, in_digits, judgement_lines, size_words

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

COUNTED = ("rows_without_target", "duplicates", "duplicates_removed", "folds", "stopped_by_time")
SECONDS = ("seconds", "seconds_in_all")
HASH_DIGITS = 12
"""So many digits tell data apart for a reader."""


def inspection_lines(found: Any) -> Iterator[str]:
    """The page of an `Inspection`."""
    yield f"Answers{_answers(found)} (trained for {found.loss}, {found.dtype})"
    yield f"Network: {_inputs(found)}; for one example, forward"
    yield from _layers(found)
    if found.columns:
        yield "Columns"
        yield from _columns(found)
    yield "Card"
    yield from _card(found.card)
    if found.judgement is not None:
        yield from judgement_lines(found)


def _answers(found: Any) -> str:
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


def _inputs(found: Any) -> str:
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


def _layers(found: Any) -> Iterator[str]:
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
    yield from aligned([head, *counted, ("", "in all", "", *_costs(found))], left=2)


def _costs(counted: Any) -> tuple[str, str, str]:
    """Parameters, operations and memory of a layer, or of all together."""
    return (
        f"{counted.parameters:,}",
        f"{counted.operations:,}",
        size_words(counted.activation_bytes),
    )


def _columns(found: Any) -> Iterator[str]:
    rows = [(_range(c.first, c.width), c.name, c.kind, c.encoding) for c in found.columns]
    yield from aligned([("inputs", "column", "kind", "encoding"), *rows], left=4)


def _range(first: int, width: int) -> str:
    return f"x{first}" if width == 1 else f"x{first} … x{first + width - 1}"


def _card(card: dict[str, Any]) -> Iterator[str]:
    said = {
        name.replace("_", " "): _card_text(name, value)
        for name, value in card.items()
        if name not in KNOWN_ELSEWHERE and not isinstance(value, dict | list) and _says(name, value)
    }
    if card.get("best_epoch") == 0:  # nothing validated
        said["best epoch"] = "none: the last one is kept"
    if isinstance(card.get("epochs_of_folds"), list):
        said["best epochs of folds"] = ", ".join(map(str, card["epochs_of_folds"]))
    if isinstance(card.get("split"), dict):
        said["parts"] = ", ".join(f"{rows} {name}" for name, rows in card["split"].items())
    yield from aligned(list(said.items()), left=2)
    for reason in card.get("reasons", ()):
        yield f"{GAP}{reason}"


def _says(name: str, value: Any) -> bool:
    """Whether a line is worth reading: of what may be counted, not that there is none of it."""
    return not (name in COUNTED and value == 0)


def _card_text(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1f}" if name in SECONDS and value >= 1 else in_digits(value)
    if name.endswith("hash") and isinstance(value, str) and len(value) > HASH_DIGITS:
        return f"{value[:HASH_DIGITS]}… (whole with --json)"
    return str(value)
