"""Sequences of different lengths at the border: from lists or padded arrays to values and lengths.

Padding is overwritten here, once: with 0 in inputs, with an example's first target in targets. So
whatever stood there, NaN among it, never reaches the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import DataError, ShapeError
from chainrule.ops.sequences import is_sequence


def is_uneven(source: Any) -> bool:
    """Whether it is a list of arrays with several axes each, the first ones of unequal length."""
    if isinstance(source, np.ndarray):
        if source.dtype != object or source.ndim != 1:
            return False
    elif not isinstance(source, list | tuple):
        return False
    shapes = [_shape(item) for item in source]
    return len({shape[:1] for shape in shapes}) > 1 and all(len(shape) > 0 for shape in shapes)


def _shape(item: Any) -> tuple[int, ...]:
    """The shape of one example; a ragged one, and one that is no array, has none."""
    if hasattr(item, "shape"):
        return tuple(item.shape)
    if not isinstance(item, list | tuple):
        return ()
    try:
        return np.asarray(item).shape
    except ValueError:
        return ()


def padded(source: Sequence[Any], name: str) -> tuple[Any, Any]:
    """A list of arrays (time, …) as values (batch, longest time, …) and lengths (batch,).

    Raises:
        ShapeError: the examples differ in more than their number of steps.
    """
    parts = [item.to_numpy() if hasattr(item, "to_numpy") else np.asarray(item) for item in source]
    for row, part in enumerate(parts):
        if part.shape[1:] != parts[0].shape[1:]:
            raise ShapeError(
                f"{name} at row {row} has shape {part.shape} and at row 0 {parts[0].shape}: "
                "sequences may differ in their number of steps, the first axis, alone."
            )
    lengths = np.array([len(part) for part in parts])
    shape = (len(parts), int(lengths.max()), *parts[0].shape[1:])
    values = np.zeros(shape, np.result_type(*parts))
    for row, part in enumerate(parts):
        values[row, : len(part)] = part
    return values, lengths


def values_and_lengths(source: Any, name: str) -> tuple[Any, Any]:
    """Values (batch, time, …) whose padding is 0 and int32 lengths (batch,), as new arrays.

    Args:
        source: the dict of both, or a list of arrays (time, …).

    Raises:
        ShapeError: lengths of another shape than (batch,), values without a time axis.
        DataError: a length that is no whole number, 0, or beyond the array.
    """
    if is_sequence(source):
        values, lengths = _array(source["values"], name), _array(source["lengths"], name)
    else:
        values, lengths = padded(source, name)
    if values.ndim < 2 or 0 in values.shape:
        raise ShapeError(
            f"{name}['values'] has shape {values.shape}; sequences with lengths have the shape "
            "(batch, time, features), none of it 0."
        )
    lengths = checked_lengths(lengths, values.shape, name)
    return cleared(values, lengths), lengths


def checked_lengths(lengths: Any, shape: tuple[int, ...], name: str) -> Any:
    """Lengths as int32, one for each row of values of a shape, all from 1 to its steps."""
    if lengths.shape != shape[:1]:
        mask = " Of a mask of valid steps take mask.sum(axis=1)." if lengths.ndim > 1 else ""
        raise ShapeError(
            f"{name}['lengths'] has shape {lengths.shape} and {name}['values'] {shape}: there must "
            f"be one length per row, ({shape[0]},).{mask}"
        )
    whole = lengths.dtype.kind in "iu" or (
        lengths.dtype.kind == "f" and bool((lengths == np.floor(lengths)).all())
    )
    if not whole:
        raise DataError(
            f"{name}['lengths'] holds {lengths.dtype} such as {lengths[0]}; lengths are whole "
            "numbers of steps."
        )
    bad = (lengths < 1) | (lengths > shape[1])
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"{name}['lengths'] at row {row} is {lengths[row]}, and {name}['values'] has shape "
            f"{shape}: a length is at least 1 and at most {shape[1]}, the steps there are. Drop "
            "empty sequences."
        )
    return lengths.astype("int32")


def cleared(values: Any, lengths: Any, first: bool = False) -> Any:
    """A copy with 0, or with each example's first step, beyond the lengths."""
    beyond = np.arange(values.shape[1]) >= lengths[:, None]
    cleaned = values.copy()
    filler = np.broadcast_to(values[:, :1], values.shape)[beyond] if first else 0
    cleaned[beyond] = filler
    return cleaned


def step_targets(y: Any, lengths: Any, shape: tuple[int, ...], name: str) -> Any:
    """Targets of every step as an array (rows, time, …), its padding a target that is allowed.

    Args:
        y: an array (rows, time, …), a list of arrays (time, …), or a dict with lengths.
        lengths: of the inputs (rows,), or None. shape: of one example's outputs, (time, outputs).

    Raises:
        ShapeError, DataError: no time axis, or other lengths than those of the inputs.
    """
    own = None
    if is_sequence(y):
        y, own = values_and_lengths(y, name)
    elif is_uneven(y):
        y, own = padded(y, name)
    array = _array(y, name)
    if array.ndim < 2:
        raise ShapeError(
            f"{name} has shape {array.shape}, and the network's output (batch, "
            f"{', '.join(map(str, shape))}), an answer for every step: targets need a time axis "
            "too, (rows, time). For one answer an example end in the last state "
            "(sequences=False), or add Flatten() before the last Dense."
        )
    if own is not None and lengths is not None:
        _check_same(own, lengths, name)
    counts = lengths if own is None else own
    if counts is None or len(counts) != len(array) or counts.max() > array.shape[1]:
        return array
    return cleared(array, counts, first=True)


def _check_same(own: Any, lengths: Any, name: str) -> None:
    if len(own) == len(lengths) and (own != lengths).any():
        row = int(np.argmax(own != lengths))
        raise ShapeError(
            f"{name} at row {row} has {own[row]} steps and its input {lengths[row]}: every step of "
            "an input needs one target."
        )


def _array(x: Any, name: str) -> Any:
    if is_uneven(x):
        return padded(x, name)[0]
    return x.to_numpy() if hasattr(x, "to_numpy") else np.asarray(x)
