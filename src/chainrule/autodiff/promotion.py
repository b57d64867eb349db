"""One rule of promotion for both engines, because NumPy and JAX each have their own.

- Python numbers and NumPy scalars are weak: they take the dtype of the arrays beside them.
- A float beats an integer, an integer beats a boolean; of two floats the wider wins.
- Values that are being traced decide over constants: a float64 constant beside traced float32
  values becomes float32, so that a training step has one dtype on every engine. So it is with
  integers.
- An operation that needs floats turns integers and booleans into float32.
- Python numbers alone beside an array that takes no part (`where(condition, 1.0, 0.0)`) become
  float32 and int32, which widen where they meet wider arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.engine import namespace_of


class Traced:
    """Base of values that stand on a tape; the tape writes down what is done with them."""

    __slots__ = ("array", "slot", "tape")

    def __init__(self, tape: Any, slot: int, array: Any) -> None:
        self.tape = tape
        self.slot = slot
        self.array = array


def promoted(
    inputs: tuple[Any, ...],
    which: bool | tuple[int, ...],
    floating: bool,
    cast: Callable[..., Any],
) -> tuple[Any, ...]:
    """The inputs, those named by `which` (True: all) brought to one dtype."""
    if which is not True and which is not False:
        chosen = tuple(inputs[i] for i in which)
        if all(isinstance(x, _WEAK) for x in chosen):
            chosen = tuple(_narrow(x) for x in chosen)
        chosen = promoted(chosen, True, floating, cast)
        return tuple(
            chosen[which.index(i)] if i in which else as_array(x) for i, x in enumerate(inputs)
        )
    dtype = _common(inputs)
    if dtype is None or (floating and dtype.kind != "f"):
        inputs = tuple(as_array(x) for x in inputs)
        dtype = _target(inputs, floating)
        return tuple(_converted(x, dtype, cast) for x in inputs)
    return inputs


def _common(inputs: tuple[Any, ...]) -> np.dtype[Any] | None:
    """The dtype that all inputs already have, or None."""
    dtype = None
    for x in inputs:
        if isinstance(x, Traced):
            own = x.array.dtype
        elif type(x) is np.ndarray:
            own = x.dtype
        elif isinstance(x, _WEAK_OR_LIST):
            return None
        elif hasattr(x, "dtype"):
            own = x.dtype
        else:
            raise TypeError(f"An operation takes arrays and numbers, not {type(x).__name__}.")
        if dtype is None:
            dtype = own
        elif own != dtype:
            return None
    return dtype


_WEAK = (bool, int, float, np.generic)
_WEAK_OR_LIST = (*_WEAK, list, tuple)


def as_array(x: Any) -> Any:
    """A list or tuple of numbers as an array; anything else as it is."""
    return np.asarray(x) if isinstance(x, list | tuple) else x


def settled(inputs: list[Any]) -> list[Any]:
    """The values that enter a loop as arrays, each with the dtype it keeps from step to step.

    Numbers, and constants where floats are traced, take the float dtype of the others.
    """
    inputs = [as_array(x) for x in inputs]
    strong = [x for x in inputs if not isinstance(x, _WEAK)]
    floats = _deciding(strong, "f")
    dtype = max(floats, key=lambda d: d.itemsize, default=None)
    traced = any(not isinstance(x, np.ndarray) and _dtype(x).kind == "f" for x in strong)

    def settle(x: Any) -> Any:
        if isinstance(x, _WEAK):
            own = np.asarray(x) if isinstance(x, np.generic) else _narrow(x)
            return own if dtype is None or own.dtype.kind != "f" else np.asarray(x, dtype)
        constant = isinstance(x, np.ndarray) and x.dtype.kind == "f"
        return x.astype(dtype) if traced and constant else x

    return [settle(x) for x in inputs]


def _narrow(x: Any) -> Any:
    """A number as an array of 32 bits."""
    kind = np.asarray(x).dtype.kind
    return np.asarray(x, {"f": "float32", "i": "int32"}.get(kind))


def _target(inputs: tuple[Any, ...], floating: bool) -> np.dtype[Any]:
    strong = [x for x in inputs if not isinstance(x, _WEAK)]
    if not strong:
        dtype = np.result_type(*[np.asarray(x).dtype for x in inputs])
        return dtype if dtype.kind == "f" or not floating else np.dtype("float64")
    floats = _deciding(strong, "f")
    if floats:
        return max(floats, key=lambda d: d.itemsize)
    if floating or any(isinstance(x, float | np.floating) for x in inputs):
        return np.dtype("float32")
    integers = _deciding(strong, "iu")
    if not integers and any(isinstance(x, int) and not isinstance(x, bool) for x in inputs):
        return np.dtype("int32")
    return np.result_type(*(integers or [_dtype(x) for x in strong]))


def _deciding(arrays: list[Any], kinds: str) -> list[np.dtype[Any]]:
    """The dtypes of these kinds: those of traced values, or where there are none, of constants."""
    chosen = [x for x in arrays if _dtype(x).kind in kinds]
    traced = [x for x in chosen if not isinstance(x, np.ndarray)]
    return [_dtype(x) for x in traced or chosen]


def _dtype(x: Any) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(x.array.dtype if isinstance(x, Traced) else x.dtype)
    return dtype


def _converted(x: Any, dtype: np.dtype[Any], cast: Callable[..., Any]) -> Any:
    if isinstance(x, _WEAK):
        return np.asarray(x, dtype)
    if _dtype(x) == dtype:
        return x
    if isinstance(x, Traced):
        return cast(x, dtype=str(dtype))
    return namespace_of(x).astype(x, str(dtype))
