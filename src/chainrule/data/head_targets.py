"""Targets of a network with several outputs: a dict of them, each written as a single one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.data.targets import Targets
from chainrule.errors import ShapeError

MOST_NAMES = 12
"""So many names are listed in a message."""


@dataclass(frozen=True)
class HeadTargets:
    """How the targets of every head are written for its loss and read back from its outputs.

    Attributes:
        heads: the Targets of every head by its name.
    """

    heads: Mapping[str, Targets]

    @property
    def kind(self) -> Any:
        """The kind of every head's targets, a dict."""
        return {name: part.kind for name, part in self.heads.items()}

    @property
    def classes(self) -> Any:
        """None: there is no one set of labels, each head has its own."""
        return None

    @property
    def axes(self) -> int:
        """The most axes between rows and outputs that a head has."""
        return max(part.axes for part in self.heads.values())

    def encode(self, y: Any, dtype: str, name: str = "y") -> dict[str, Any]:
        """Targets as the losses take them, a dict of arrays with equal rows.

        Raises:
            ShapeError: other names than the heads', or heads with different numbers of rows.
            DataError, ShapeError: as for single targets; the head is named.
        """
        check_names(y, list(self.heads), name)
        encoded = {
            head: part.encode(y[head], dtype, f"{name}[{head!r}]")
            for head, part in self.heads.items()
        }
        counts = {head: len(array) for head, array in encoded.items()}
        if len(set(counts.values())) != 1:
            raise ShapeError(f"The targets of {name} have different numbers of rows: {counts}.")
        return encoded

    def groups(self, encoded: Any) -> Any:
        """The class number of every row, (rows,), by the first head that has labels, or None."""
        found = (part.groups(encoded[head]) for head, part in self.heads.items())
        return next((groups for groups in found if groups is not None), None)


def check_names(y: Any, heads: list[str], name: str = "y") -> None:
    """Refuse targets that are not one for every head.

    Raises:
        ShapeError: y is one array, or has other names.
    """
    wanted = f"{{{', '.join(f'{head!r}: …' for head in heads[:MOST_NAMES])}}}"
    if not isinstance(y, Mapping):
        raise ShapeError(
            f"{name} is {type(y).__name__} and the network has {len(heads)} heads: give targets by "
            f"name, {wanted}."
        )
    lacking = [head for head in heads if head not in y]
    odd = [head for head in y if head not in heads]
    if lacking or odd:
        fault = f"lacks {lacking[0]!r}" if lacking else f"has {odd[0]!r}, which is no head"
        raise ShapeError(f"{name} {fault}: the network needs the targets {wanted}.")
