"""What a description is made of: whose layers they are, and what runs on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from chainrule.model.registry import is_built_in


def only_ours(*descriptions: Any) -> bool:
    """Whether all layers and losses are chainrule's own: none looks at the batch as a whole
    unless it says so, and none does anything beside its arithmetic."""
    return all(is_dataclass(part) and is_built_in(type(part)) for part in parts_of(descriptions))


def on_one_thread(*descriptions: Any) -> bool:
    """Whether any layer is one that XLA runs on one thread."""
    return any(getattr(part, "one_thread", False) for part in parts_of(descriptions))


def parts_of(part: Any) -> Iterator[Any]:
    """All layers, initializers, losses and functions that a description is made of."""
    if isinstance(part, tuple):
        for inner in part:
            yield from parts_of(inner)
    elif is_dataclass(part):
        yield part
        for field in fields(part):
            yield from parts_of(getattr(part, field.name))
    elif not isinstance(part, str | int | float | None):
        yield part
