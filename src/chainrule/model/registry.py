"""The closed table of what a model file may name: layers, losses, optimizers, encoders.

A file holds names and plain values, never code. A name is looked up here and nowhere else; your own
layers and losses are entered by `register` before a file that names them is loaded.
"""

from __future__ import annotations

import dataclasses
import types
from typing import Any, TypeVar

from chainrule import nn, optim
from chainrule.data import CODES
from chainrule.errors import SettingError
from chainrule.losses import LOSSES, HeadLoss, HeadLosses

_T = TypeVar("_T")


def _is_class(part: Any) -> bool:
    return isinstance(part, type) and dataclasses.is_dataclass(part)


def name_of(part: Any) -> str:
    """The name under which a class or function stands in the table."""
    return str(part.__name__)


def _built_in() -> dict[str, Any]:
    """An initializer and a schedule share the name Constant: a file means the initializer."""
    described = [getattr(room, name) for room in (optim, nn) for name in room.__all__]
    parts = [*filter(_is_class, described), *LOSSES.values(), HeadLoss, HeadLosses, *CODES]
    return {name_of(part): part for part in parts if part is not nn.Context}


BUILT_IN: dict[str, Any] = _built_in()
"""chainrule's own parts by the name of their class."""

_registered: dict[str, Any] = {}


def register(part: _T) -> _T:
    """Make a layer, initializer or loss of your own known to `load`.

    Args:
        part: a dataclass (the class, not a layer made from it), or a loss function.

    Returns:
        The same part, so that it can stand as a decorator.

    Raises:
        SettingError: it is neither, or chainrule has a part of that name itself.

    Example:
        >>> @register
        ... def cubic(targets, outputs):
        ...     return abs(targets - outputs)[:, 0] ** 3
    """
    if not (_is_class(part) or isinstance(part, types.FunctionType)):
        raise SettingError(
            f"register got {part!r}; it takes a dataclass, e.g. cr.register(MyLayer), or a loss "
            "function with a name."
        )
    name = name_of(part)
    if name in BUILT_IN:
        raise SettingError(f"chainrule has a {name} itself: give yours another name.")
    if not name.isidentifier():
        raise SettingError(
            "A lambda has no name by which a file could name it: write it as `def my_loss(…)`."
        )
    _registered[name] = part
    return part


def is_built_in(part: Any) -> bool:
    """Whether a class is chainrule's own."""
    return BUILT_IN.get(name_of(part)) is part


def find_part(name: str) -> Any:
    """The class or function of a name, or None."""
    return BUILT_IN.get(name, _registered.get(name))
