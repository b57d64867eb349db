"""Descriptions: frozen dataclasses in which rates are numbers and everything else is structure.

Structure (which layers, how wide) decides what is compiled. A rate (dropout, slope, momentum, …)
is marked with `hyper()`: it enters a compiled program as a traced number, so that changing it never
compiles anything again. A rate of None or 0 is structure: it costs nothing at all.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from chainrule.autodiff.tree import Tree

_D = TypeVar("_D")


def hyper(default: Any = dataclasses.MISSING, *, kw_only: Any = dataclasses.MISSING) -> Any:
    """A dataclass field that holds a rate; `kw_only` as in `dataclasses.field`.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Leak:
    ...     slope: float = hyper(0.01)
    >>> hyper_values(Leak(0.3))
    {'slope': 0.3}
    """
    return dataclasses.field(default=default, metadata={"hyper": True}, kw_only=kw_only)


def _is_description(x: Any) -> bool:
    return dataclasses.is_dataclass(x) and not isinstance(x, type)


def _children(x: Any) -> list[tuple[str, Any]]:
    """What is inside a description or a container: (name, value) in a fixed order."""
    if _is_description(x):
        return [(f.name, getattr(x, f.name)) for f in dataclasses.fields(x)]
    if isinstance(x, tuple):
        return [(str(i), child) for i, child in enumerate(x)]
    if isinstance(x, dict):
        return sorted(x.items())
    return []


def _rates(x: Any) -> dict[str, Any]:
    if not _is_description(x):
        return {}
    return {
        f.name: getattr(x, f.name)
        for f in dataclasses.fields(x)
        if f.metadata.get("hyper") and getattr(x, f.name) not in (None, 0)
    }


def hyper_values(description: Any) -> Tree:
    """All rates of a description, as a tree of numbers; nested descriptions give nested dicts."""
    found: dict[str, Any] = _rates(description)
    for name, child in _children(description):
        if name not in found:
            inner = hyper_values(child)
            if inner:
                found[name] = inner
    return found


def with_hyper(description: _D, values: Tree) -> _D:
    """The same description with other rates, arrays and traced values among them."""
    if not values:
        return description
    changed = {
        name: with_hyper(child, values[name]) if isinstance(values[name], dict) else values[name]
        for name, child in _children(description)
        if name in values
    }
    copy: _D = _replaced(description, changed)
    return copy


def _replaced(x: Any, changed: dict[str, Any]) -> Any:
    """A copy with some parts changed; nothing is validated again, since rates may be traced."""
    if isinstance(x, tuple):
        return tuple(changed.get(str(i), child) for i, child in enumerate(x))
    if isinstance(x, dict):
        return {key: changed.get(key, child) for key, child in x.items()}
    if not _is_description(x):
        return x
    copy = object.__new__(type(x))
    for field in dataclasses.fields(x):
        object.__setattr__(copy, field.name, changed.get(field.name, getattr(x, field.name)))
    return copy
