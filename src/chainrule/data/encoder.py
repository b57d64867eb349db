"""From the columns of a table to numbers for a network, as learnt from the training part alone.

An encoder is pure data: every code below is a name and a few numbers, kept in the model file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.codes import CategoryCode, Code, DateCode, EmbeddedCode, NumberCode
from chainrule.data.kinds import CATEGORY, DATE, NUMBER
from chainrule.data.learning import fit_code, moments
from chainrule.data.table import Column, Table, reads_as
from chainrule.errors import DataError


@dataclass(frozen=True)
class TargetCode:
    """What is predicted: labels, or a number that the network sees as (number - center) / scale.

    Attributes:
        labels: of one yes/no answer of several the two labels, that of no first; else none.
        writing: how the numbers were written, see `data.numbers`.
    """

    column: str
    kind: str
    center: float = 0.0
    scale: float = 1.0
    labels: tuple[str, ...] = ()
    writing: str = ""

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise DataError(f"The scale of column {self.column!r} is {self.scale}, not above 0.")
        if len(self.labels) not in (0, 2):
            raise DataError(f"The target {self.column!r} has not two labels: {self.labels!r}.")

    def encode(self, y: Any) -> Any:
        """Targets in the units of the table as the network sees them; labels as they are."""
        if self.labels:
            said = [f"{x:.15g}" if isinstance(x, float) else str(x) for x in np.asarray(y).tolist()]
            return np.array([label == self.labels[1] for label in said], "int64")
        if self.kind == CATEGORY:
            return y
        return (np.asarray(y, "float64") - self.center) / self.scale

    def decode(self, predictions: Any) -> Any:
        """What the network predicts in the units of the table; labels as they are."""
        if self.labels:
            return np.array(self.labels)[np.asarray(predictions, "int64")]
        return predictions if self.kind == CATEGORY else predictions * self.scale + self.center


@dataclass(frozen=True)
class Encoder:
    """How a table is written for a network.

    Attributes:
        codes: one a column that is used, in the order of the features.
        target: how the predicted column is written. further: of several targets the other ones.
    """

    codes: tuple[NumberCode | CategoryCode | EmbeddedCode | DateCode, ...]
    target: TargetCode
    further: tuple[TargetCode, ...] = ()

    @property
    def targets(self) -> tuple[TargetCode, ...]:
        """How all targets are written."""
        return (self.target, *self.further)

    @property
    def kinds(self) -> dict[str, str]:
        """The kind and writing of every column that is needed, for `as_table`."""
        return {code.column: reads_as(code.kind, code.writing) for code in self.codes}

    @property
    def target_kinds(self) -> dict[str, str]:
        """The targets, with the kind of those whose numbers are written in a way of their own."""
        return {
            code.column: reads_as(code.kind, code.writing) if code.writing else ""
            for code in self.targets
        }

    @property
    def width(self) -> int:
        """How many features a row has."""
        return sum(code.width for code in self.codes)

    @property
    def embedded(self) -> dict[int, EmbeddedCode]:
        """The features that are numbers of labels, by their place."""
        found, place = {}, 0
        for code in self.codes:
            if isinstance(code, EmbeddedCode):
                found[place] = code
            place += code.width
        return found

    def encode(self, table: Table, dtype: str = "float32") -> Any:
        """The features of a table, (rows, width). Columns that are not needed are ignored.

        Raises:
            DataError: columns are missing (all are named).
        """
        absent = sorted(set(self.kinds) - set(table.names))
        if absent:
            raise DataError(
                f"{table.name} lacks what the model was trained on: "
                f"{', '.join(map(repr, absent))}. Its columns: {', '.join(table.names)}."
            )
        out = np.empty((table.rows, self.width), dtype)
        place = 0
        for code in self.codes:
            column = table.column(code.column)
            _check_kind(table.name, column, code)
            code.write(column, out[:, place : place + code.width])
            place += code.width
        return out

    def encode_target(self, y: Any) -> Any:
        """Targets in the units of the table as the network sees them; labels as they are.

        Args:
            y: (rows,), or (rows, targets) where there are several.
        """
        array = y.to_numpy() if hasattr(y, "to_numpy") else y
        return self._each(array, [code.encode for code in self.targets])

    def decode(self, predictions: Any) -> Any:
        """Predicted numbers in the units of the table; labels as they are."""
        return self._each(predictions, [code.decode for code in self.targets])

    def _each(self, values: Any, change: Sequence[Callable[[Any], Any]]) -> Any:
        """Every target changed by its own code."""
        if not self.further:
            return change[0](values)
        columns = np.asarray(values)
        return np.stack([one(columns[:, i]) for i, one in enumerate(change)], axis=1)


def _check_kind(table: str, column: Column, code: Code) -> None:
    """Refuse labels for numbers, numbers for labels, and numbers for dates; no values fit all."""
    fits = bool(column.labels) == (code.kind == CATEGORY)
    fits &= (column.kind == DATE) == (code.kind == DATE)
    if not fits and not column.missing.all():
        found = CATEGORY if column.labels else column.kind
        raise DataError(
            f"{table}: column {column.name!r} is a {found}, and the model was trained on a "
            f"{code.kind}."
        )


CODES = (NumberCode, CategoryCode, EmbeddedCode, DateCode, TargetCode, Encoder)
"""The parts of an encoder, for the table of what a model file may name."""


def fit_encoder(
    table: Table, columns: Sequence[str], *targets: Column, embedded: Collection[str] = ()
) -> Encoder:
    """Learn an encoder.

    Args:
        table: the training part, and nothing but it.
        columns: the columns to learn from.
        targets: the target of the training part, or several.
        embedded: the columns whose labels are numbered, for `nn.EmbedColumns`.

    Raises:
        DataError: a target of dates.

    Example:
        >>> from chainrule.data import as_table
        >>> table = as_table({"size": [1.0, 3.0], "kind": ["a", "b"], "price": [10.0, 30.0]})
        >>> encoder = fit_encoder(table, ["size", "kind"], table.column("price"))
        >>> encoder.encode(table).tolist()
        [[-1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    """
    codes = tuple(fit_code(table.column(name), embedded=name in embedded) for name in columns)
    first, *further = (_target_code(target) for target in targets)
    return Encoder(codes, first, tuple(further))


def _target_code(target: Column) -> TargetCode:
    if target.labels:
        return TargetCode(target.name, CATEGORY)
    if target.kind == DATE:
        raise DataError(
            f"The target {target.name!r} holds dates, and a network predicts numbers or labels. "
            "Make a number of it, e.g. the days since another date."
        )
    return TargetCode(target.name, NUMBER, *moments(target.values), writing=target.writing)
