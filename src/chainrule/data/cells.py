"""The cells of one column as text, and which of them say that there is no value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data.kinds import MISSING, SIGNS
from chainrule.errors import DataError


@dataclass(frozen=True)
class Cells:
    """The cells of a column.

    Attributes:
        name: of the column. texts: polars text without spaces and missing markers.
        place: says where a row is. decimal: the decimal mark of the file.
        among_numbers: cells that are missing where the others are numbers or dates.
    """

    name: str
    texts: Any
    place: Callable[[int], str]
    decimal: str = "."
    among_numbers: Sequence[str] = ()

    @property
    def present(self) -> int:
        """How many cells have a value."""
        return len(self.texts) - int(self.texts.null_count())

    def for_numbers(self) -> Cells:
        """The cells as they are read where the others are numbers or dates."""
        if not self.among_numbers:
            return self
        texts = self.texts.set(self.texts.is_in(list(self.among_numbers)), None)
        return replace(self, texts=texts, among_numbers=())


def without_missing(texts: Any, missing: Sequence[str]) -> tuple[Any, str]:
    """Cells with null where one says that there is no value, and a word on signs that do.

    Args:
        texts: polars text without spaces around. missing: the markers; MISSING brings the rule of
            signs with it.
    """
    texts = texts.set(texts.is_in(["", *missing]), None)
    if tuple(missing) != MISSING:
        return texts, ""
    alone = texts.filter(texts.str.contains(r"^[^\p{L}\p{N}]+$").fill_null(value=False)).unique()
    if not len(alone) or not alone.is_in(list(SIGNS)).all():
        return texts, ""
    listed = ", ".join(f"{sign!r}" for sign in alone.sort())
    return texts.set(texts.is_in(list(SIGNS)), None), f"{listed} is missing"


def finite(cells: Cells, numbers: Any) -> Any:
    """Numbers as float64 (rows,), NaN where missing.

    Raises:
        DataError: one is infinite.
    """
    values = numbers.to_numpy().astype("float64")
    if np.isinf(values).any():
        row = int(np.argmax(np.isinf(values)))
        raise DataError(
            f"{cells.place(row)}, column {cells.name!r}: the number is infinite or too large. "
            "Correct it, or leave the cell empty where it is not known."
        )
    return values
