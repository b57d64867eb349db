"""Targets: from what the user has (numbers, labels, shares) to what a loss takes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data.features import as_floats, check_finite
from chainrule.errors import DataError, ShapeError

KINDS = ("numbers", "classes", "binary", "signs")
"""What losses take: floats; class numbers or probabilities; 0/1 or probabilities; -1/+1."""

SUM_TOLERANCE = 1e-3
"""How far the probabilities of an example may sum to something else than 1."""


@dataclass(frozen=True)
class Targets:
    """How targets of one kind are written for a loss and read back from outputs.

    Attributes:
        kind: one of KINDS.
        outputs: how many outputs the network has.
        classes: the labels in order, as an array; None for numbers and probabilities.
        flat: whether the user's targets had one number an example, so predictions have too.
        axes: axes between rows and outputs; 1 for a target at every step, (rows, time, …).
    """

    kind: str
    outputs: int
    classes: Any = None
    flat: bool = True
    axes: int = 0

    def encode(self, y: Any, dtype: str, name: str = "y") -> Any:
        """Targets as the loss takes them.

        Returns: numbers, binary, signs: float (rows, outputs); classes: int32 (rows,), or float
        (rows, outputs) for probabilities; with a time axis (rows, time, …).

        Raises:
            DataError: a label that is none of the classes, NaN, infinity, no rows.
            ShapeError: another number of columns than the network has outputs.
        """
        array = _target_array(y, name)
        if self.axes:
            lead = _leading(array, self.axes, name)
            steps = array.reshape(-1, *array.shape[len(lead) :])
            encoded = replace(self, axes=0).encode(steps, dtype, name)
            return encoded.reshape(*lead, *encoded.shape[1:])
        if self.kind == "classes" and self.classes is not None:
            return _class_numbers(array, self.classes, name)
        if self.classes is not None:
            numbers = _class_numbers(array, self.classes, name).astype(dtype)[:, None]
            return 2 * numbers - 1 if self.kind == "signs" else numbers
        floats = _as_floats(array, dtype, name)
        rows = floats[:, None] if floats.ndim == 1 else floats
        if rows.shape[1:] != (self.outputs,):
            raise ShapeError(
                f"{name} has shape {array.shape}, that is {rows.shape[1:]} numbers per example, "
                f"and the network has {self.outputs} outputs: they must be equal. "
                f"{_units_hint(rows)}"
            )
        return rows

    def decode(self, outputs: Any) -> Any:
        """Predictions in the user's terms, from probabilities or scores (rows, …, outputs)."""
        if self.axes:
            steps = outputs.reshape(-1, outputs.shape[-1])
            decoded = replace(self, axes=0).decode(steps)
            return decoded.reshape(*outputs.shape[:-1], *decoded.shape[1:])
        if self.kind == "numbers":
            return outputs[:, 0] if self.flat and outputs.shape[1] == 1 else outputs
        if self.kind == "classes":
            best = outputs.argmax(axis=1)
            return best if self.classes is None else self.classes[best]
        threshold = 0 if self.kind == "signs" else 0.5
        answers = (outputs > threshold).astype("int64")
        if self.classes is not None:
            return self.classes[answers[:, 0]]
        return answers[:, 0] if self.flat and outputs.shape[1] == 1 else answers

    def groups(self, encoded: Any) -> Any:
        """The class number of every row as a key to keep proportions by, (rows,), or None."""
        if self.classes is None or self.axes:
            return None
        return encoded if encoded.ndim == 1 else encoded[:, 0]


def make_targets(kind: str, y: Any, outputs: int, name: str = "y", axes: int = 0) -> Targets:
    """Learn from the training targets how to write them for a loss of a kind.

    Args:
        kind: one of KINDS.
        y: the training targets: (rows,) or (rows, columns); numbers, booleans or strings.
        outputs: how many outputs the network has.
        axes: how many axes stand between rows and outputs: 1 where every step has a target.

    Raises:
        DataError: the targets cannot be of that kind, e.g. more classes than outputs.
    """
    array = _target_array(y, name)
    if axes:
        lead = _leading(array, axes, name)
        steps = array.reshape(-1, *array.shape[len(lead) :])
        return replace(make_targets(kind, steps, outputs, name), axes=axes)
    flat = array.ndim == 1
    if kind == "numbers":
        return Targets(kind, outputs, None, flat)
    if kind == "classes":
        return _classes(array, outputs, name)
    if flat or (array.ndim == 2 and array.shape[1] == 1 and outputs == 1):
        return _two_classes(kind, array.reshape(-1), outputs, name, flat)
    return _many_binary(kind, array, outputs, name)


def _target_array(y: Any, name: str) -> Any:
    if isinstance(y, Mapping):
        raise DataError(
            f"{name} is a dict and the network has one output: give its targets as one array, or "
            "end the network in cr.nn.Heads({'name': layer})."
        )
    array = y.to_numpy() if hasattr(y, "to_numpy") else np.asarray(y)
    if array.ndim == 0:
        raise DataError(f"{name} is a single value ({array}); it must have one per example.")
    if array.shape[0] == 0:
        raise DataError(f"{name} has no rows: there is nothing to learn from.")
    if array.ndim == 2 and array.shape[1] == 1 and array.dtype.kind in "OUST":
        array = array[:, 0]
    if array.dtype.kind == "O":
        _check_missing(array, name)
        if all(isinstance(v, str) for v in array.flat):
            array = array.astype(str)
        elif all(isinstance(v, int | float | np.number | bool) for v in array.flat):
            array = np.array(array.tolist())
    return array


def _leading(array: Any, axes: int, name: str) -> tuple[int, ...]:
    """The sizes of the rows and of the axes between them and the outputs."""
    if array.ndim not in (axes + 1, axes + 2):
        raise ShapeError(
            f"{name} has shape {array.shape}, and the network gives outputs of the shape (rows, "
            f"{', '.join(['time', *['…'] * (axes - 1)])}, outputs): targets need these axes too. "
            "For one answer an example end in the last state (sequences=False), or add Flatten() "
            "before the last Dense."
        )
    lead: tuple[int, ...] = array.shape[: axes + 1]
    return lead


def _check_missing(array: Any, name: str) -> None:
    for row, value in enumerate(array.reshape(array.shape[0], -1)[:, 0]):
        if value is None or value != value:
            raise DataError(
                f"{name} at row {row} is missing ({value}). Drop rows without a target."
            )


def _as_floats(array: Any, dtype: str, name: str) -> Any:
    if array.dtype.kind not in "fiub":
        example = array.reshape(-1)[0]
        raise DataError(
            f"{name} holds {array.dtype} such as {example!r}; this loss takes numbers. For labels "
            "use loss='cross_entropy' or 'binary_cross_entropy'."
        )
    return as_floats(array, dtype, name)


def _labels(array: Any, name: str) -> Any:
    if array.dtype.kind == "f":
        check_finite(array, name)
    return np.unique(array)


def _classes(array: Any, outputs: int, name: str) -> Targets:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        return _probabilities(array, outputs, name)
    if array.ndim != 1:
        raise ShapeError(f"{name} has shape {array.shape}; class labels have one per example.")
    found = _labels(array, name)
    if found.dtype.kind == "f" and not (found == np.floor(found)).all():
        bad = found[found != np.floor(found)][0]
        raise DataError(
            f"{name} holds {bad}, and class labels are whole numbers or strings. For numbers to be "
            "predicted use loss='mse'; probabilities have one column per class."
        )
    whole = found.dtype.kind in "iub" or found.dtype.kind == "f"
    if whole and found[0] >= 0 and found[-1] < outputs:
        if found.dtype.kind == "b":
            return Targets("classes", outputs, np.array([False, True])[:outputs])
        return Targets("classes", outputs, np.arange(outputs).astype(array.dtype))
    if len(found) != outputs:
        listed = ", ".join(str(label) for label in found[:8]) + (", …" if len(found) > 8 else "")
        raise DataError(
            f"{name} has {len(found)} classes ({listed}) and the network {outputs} outputs: give "
            f"the last layer one unit per class, cr.nn.Dense({len(found)})."
        )
    return Targets("classes", outputs, found)


def _probabilities(array: Any, outputs: int, name: str) -> Targets:
    floats = _as_floats(array, "float64", name)
    if floats.shape[1] != outputs:
        raise ShapeError(
            f"{name} has {floats.shape[1]} columns of probabilities and the network {outputs} "
            f"outputs. {_units_hint(floats)}"
        )
    if floats.min() < 0:
        row, column = (int(i) for i in np.argwhere(floats < 0)[0])
        raise DataError(
            f"{name} at row {row}, column {column} is {floats[row, column]}: probabilities are not "
            "negative."
        )
    totals = floats.sum(axis=1)
    if (np.abs(totals - 1) > SUM_TOLERANCE).any():
        row = int(np.argmax(np.abs(totals - 1) > SUM_TOLERANCE))
        raise DataError(
            f"{name} at row {row} sums to {totals[row]:.6g}: probabilities of an example sum to "
            "1. For yes/no questions with several right answers use loss='binary_cross_entropy'."
        )
    return Targets("classes", outputs, None, False)


def _two_classes(kind: str, array: Any, outputs: int, name: str, flat: bool) -> Targets:
    if outputs != 1:
        raise ShapeError(
            f"{name} has one value per example and the network {outputs} outputs; this loss needs "
            "as many outputs as values: end the network in Dense(1), or use loss='cross_entropy'."
        )
    found = _labels(array, name)
    shares = found.dtype.kind == "f" and found[0] >= 0 and found[-1] <= 1
    if kind == "binary" and shares and not np.isin(found, (0, 1)).all():
        return Targets(kind, 1, None, flat)
    if len(found) > 2 or (found.dtype.kind == "f" and not (found == np.floor(found)).all()):
        listed = ", ".join(str(label) for label in found[:8]) + (", …" if len(found) > 8 else "")
        raise DataError(
            f"{name} has {len(found)} different values ({listed}) and this loss takes two classes. "
            "For more classes use loss='cross_entropy' and one output per class; for numbers 'mse'."
        )
    return Targets(kind, 1, _completed(found), flat)


def _completed(found: Any) -> Any:
    """Two labels in order; where the data shows one of 0/1 or -1/1 the other is known."""
    if len(found) == 2:
        return found
    only = found[0]
    if found.dtype.kind == "b":
        return np.array([False, True])
    if found.dtype.kind in "iuf" and only in (0, 1):
        return np.array([0, 1]).astype(found.dtype)
    if found.dtype.kind in "if" and only == -1:
        return np.array([-1, 1]).astype(found.dtype)
    raise DataError(f"All targets are {only}: two classes are needed to tell them apart.")


def _many_binary(kind: str, array: Any, outputs: int, name: str) -> Targets:
    floats = _as_floats(array, "float64", name)
    if floats.ndim != 2 or floats.shape[1] != outputs:
        raise ShapeError(
            f"{name} has shape {array.shape} and the network {outputs} outputs: this loss needs "
            f"one column per output. {_units_hint(floats)}"
        )
    low = -1 if kind == "signs" else 0
    if kind == "signs" and not np.isin(floats, (-1, 1)).all():
        raise DataError(f"{name} must hold -1 and 1 where it has several columns.")
    if floats.min() < low or floats.max() > 1:
        row, column = (int(i) for i in np.argwhere((floats < low) | (floats > 1))[0])
        raise DataError(
            f"{name} at row {row}, column {column} is {floats[row, column]}; this loss takes "
            "values from 0 to 1."
        )
    return Targets(kind, outputs, None, False)


def _class_numbers(array: Any, classes: Any, name: str) -> Any:
    flat = array.reshape(-1) if array.ndim == 2 and array.shape[1] == 1 else array
    if flat.ndim != 1:
        raise ShapeError(f"{name} has shape {array.shape}; class labels have one per example.")
    if classes.dtype.kind in "US" and flat.dtype.kind not in "US":
        flat = flat.astype(str)
    if classes.dtype.kind not in "US" and flat.dtype.kind in "US":
        raise DataError(f"{name} holds {flat[0]!r}, and the classes are {classes.tolist()}.")
    positions = np.clip(np.searchsorted(classes, flat), 0, len(classes) - 1)
    unknown = classes[positions] != flat
    if unknown.any():
        row = int(np.argmax(unknown))
        listed = ", ".join(str(label) for label in classes[:12])
        raise DataError(
            f"{name} at row {row} is {flat[row]}, which is none of the {len(classes)} classes "
            f"({listed}{', …' if len(classes) > 12 else ''})."
        )
    return positions.astype("int32")


def _units_hint(rows: Any) -> str:
    columns = int(np.prod(rows.shape[1:]))
    return f"End the network in Dense({columns}) for such targets."
