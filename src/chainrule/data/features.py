"""Inputs as arrays: whatever holds numbers is taken; what does not is named by row and column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.autodiff import leaves
from chainrule.data.names import listed
from chainrule.data.sequences import is_uneven, values_and_lengths
from chainrule.errors import DataError, ShapeError
from chainrule.ops.sequences import is_sequence

Features = Any
"""A float or int32 array (rows, …), a sequence with lengths, or a dict of such with equal rows."""


def as_features(source: Any, *, dtype: str, indices: Any = False, name: str = "X") -> Features:
    """Inputs as arrays of one float dtype, checked to be finite.

    Args:
        source: an array, a DataFrame, nested lists, or a dict of them (named inputs, which may be
            dicts again). Any numeric or boolean dtype, and strings that are numbers in an object
            array of them; one axis means one feature per row. Sequences of different lengths are a
            list of arrays (time, features), or `{"values": (rows, time, features), "lengths":
            (rows,)}`, which both become.
            uint8 arrays with a channels axis, (rows, height, width, channels), are pictures: they
            stay uint8 and are divided by 255 where they enter the network.
        dtype: "float32" or "float64".
        indices: whether the numbers are indices of an embedding and stay integers; a dict of
            booleans for named inputs.
        name: what the data is called in messages.

    Raises:
        DataError: no rows, text, NaN or infinity (row and column are named), indices that are not
            whole, named inputs with different numbers of rows.
    """
    if is_sequence(source) or (is_uneven(source) and (indices is True or _has_features(source))):
        return _as_sequences(source, dtype, indices, name)
    if isinstance(source, Mapping):
        parts = {
            str(key): as_features(
                value,
                dtype=dtype,
                indices=indices.get(key, False) if isinstance(indices, Mapping) else indices,
                name=f"{name}[{key!r}]",
            )
            for key, value in source.items()
        }
        if not parts:
            raise DataError(f"{name} is a dict without inputs: there is nothing to learn from.")
        counts = {key: len(leaves(part)[0]) for key, part in parts.items()}
        if len(set(counts.values())) != 1:
            raise DataError(f"The named inputs of {name} have different numbers of rows: {counts}.")
        return parts
    array = _as_array(source, name)
    if indices is True:
        return _as_indices(array, name)
    if array.dtype == np.uint8 and array.ndim >= 4:
        return np.ascontiguousarray(array)
    if array.ndim == 1:
        array = array[:, None]
    return as_floats(array, dtype, name, column_names(source))


def _as_sequences(source: Any, dtype: str, indices: Any, name: str) -> Features:
    values, lengths = values_and_lengths(source, name)
    if indices is True:
        return {"values": _as_indices(values, name), "lengths": lengths}
    if values.ndim < 3:
        raise ShapeError(
            f"{name}['values'] has shape {values.shape}; sequences have the shape (rows, time, "
            "features). Of a series of single numbers give values[:, :, None]."
        )
    return {"values": as_floats(values, dtype, name), "lengths": lengths}


def _has_features(source: Any) -> bool:
    """Whether the arrays of a list have an axis behind that of time."""
    return all(np.ndim(item) > 1 for item in source)


def column_names(source: Any) -> list[str] | None:
    """The column names of a DataFrame, or None."""
    columns = getattr(source, "columns", None)
    return None if columns is None else [str(column) for column in columns]


def names_of(source: Any) -> list[str] | None:
    """The column names of a DataFrame, or None where they are not all text: numbers name nothing.

    >>> import polars
    >>> names_of(polars.DataFrame({"b": [1], "a": [2]})), names_of([[1, 2]])
    (['b', 'a'], None)
    """
    columns = list(getattr(source, "columns", ()))
    return columns if columns and all(isinstance(column, str) for column in columns) else None


def in_order(source: Any, names: list[str] | None, name: str = "X") -> Any:
    """The columns of a DataFrame by the names of training, in their order; arrays as they are.

    Columns that the model was not trained on are left out.

    Raises:
        DataError: columns are missing.
    """
    given = names_of(source)
    if names is None or given is None or given == names:
        return source
    absent = [column for column in names if column not in given]
    if absent:
        raise DataError(
            f"{name} lacks columns that the model was trained on: {listed(absent)}. Its columns: "
            f"{listed(given)}. Give it those names, or an array in the order of training."
        )
    return source[names]


def _as_array(source: Any, name: str) -> Any:
    try:
        array = source.to_numpy() if hasattr(source, "to_numpy") else np.asarray(source)
    except ValueError as error:
        raise DataError(
            f"{name} is not a table of numbers: its rows have different lengths ({error}). "
            "Sequences of different lengths are arrays (time, features) each."
        ) from None
    if array.ndim == 0:
        raise DataError(f"{name} is a single value ({array}); it must have one row per example.")
    if array.shape[0] == 0:
        raise DataError(f"{name} has no rows: there is nothing to learn from.")
    if array.size == 0:
        raise DataError(f"{name} has shape {array.shape}: there are no columns to learn from.")
    return array


def as_floats(array: Any, dtype: str, name: str, columns: list[str] | None = None) -> Any:
    """Numbers in a float dtype, all finite.

    Raises:
        DataError: text, complex numbers, dates, NaN, infinity, or a number the dtype cannot hold.
    """
    floats = _converted(array, dtype, name, columns)
    if array.dtype.kind != "O" and floats.dtype != array.dtype:
        _check_held(array, floats, name, columns)
    check_finite(floats, name, columns)
    return floats


def _converted(array: Any, dtype: str, name: str, columns: list[str] | None) -> Any:
    kind = array.dtype.kind
    if kind == "c":
        raise DataError(f"{name} holds complex numbers; give real and imaginary parts as columns.")
    if kind in "mM":
        raise DataError(
            f"{name} has dtype {array.dtype}, which is not taken as numbers: make numbers of it "
            "first, e.g. days since a date."
        )
    try:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(array, dtype)
    except (TypeError, ValueError):
        raise _not_a_number(array, name, columns) from None


def _check_held(array: Any, floats: Any, name: str, columns: list[str] | None) -> None:
    """Refuse finite numbers that became infinite on the way to a smaller dtype."""
    with np.errstate(all="ignore"):
        if array.dtype.kind != "f" or np.isfinite(floats.sum(dtype="float64")):
            return
    lost = np.isfinite(array) & ~np.isfinite(floats)
    if lost.any():
        position = tuple(int(i) for i in np.argwhere(lost)[0])
        raise DataError(
            f"{name}{_place(position, columns)} is {array[position]}, too large for "
            f"{floats.dtype}. Scale it to about -1 … 1, or use dtype='float64'."
        )


def _not_a_number(array: Any, name: str, columns: list[str] | None) -> DataError:
    for position in np.ndindex(array.shape):
        try:
            float(array[position])
        except (TypeError, ValueError):
            value = array[position]
            shown = repr(value.item() if isinstance(value, np.generic) else value)
            return DataError(
                f"{name}{_place(position, columns)} is {shown}, which is not a number. "
                "Encode categories as numbers first, or use `chainrule train`, which does."
            )
    return DataError(f"{name} has dtype {array.dtype}, which cannot be taken as numbers.")


def check_finite(array: Any, name: str, columns: list[str] | None = None) -> None:
    """Refuse NaN and infinity, naming the first place and how many there are."""
    if array.dtype.kind != "f":
        return
    with np.errstate(all="ignore"):
        finite_sum = np.isfinite(array.sum())
    if finite_sum:
        return
    bad = ~np.isfinite(array)
    count = int(bad.sum())
    if not count:
        return
    position = tuple(int(i) for i in np.argwhere(bad)[0])
    more = f" ({count} such values in all)" if count > 1 else ""
    raise DataError(
        f"{name}{_place(position, columns)} is {array[position]}{more}. Fill or drop missing "
        "values first, e.g. with their column's median."
    )


def _place(position: tuple[int, ...], columns: list[str] | None) -> str:
    if len(position) == 2:
        column = repr(columns[position[1]]) if columns else position[1]
        return f" at row {position[0]}, column {column}"
    return f" at {position if len(position) > 1 else f'row {position[0]}'}"


def _as_indices(array: Any, name: str) -> Any:
    numbers = array if array.dtype.kind in "iub" else as_floats(array, "float64", name)
    unfit = np.zeros(numbers.shape, bool)
    if numbers.dtype.kind != "b":
        unfit = (numbers != np.floor(numbers)) | (numbers >= 2**31) | (numbers < -(2**31))
    if unfit.any():
        position = tuple(int(i) for i in np.argwhere(unfit)[0])
        raise DataError(
            f"{name}{_place(position, None)} is {numbers[position]}; an Embedding takes whole "
            "numbers, the indices of its rows."
        )
    return np.ascontiguousarray(numbers, "int32")
