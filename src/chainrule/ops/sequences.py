"""Sequences of different lengths: their values padded to one shape, and how many steps count.

Such a sequence is the dict `{"values": (batch, time, …), "lengths": (batch,) integers}`. What lies
beyond an example's length is padding: it stands for nothing and changes no result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.engine import Array, namespace_of
from chainrule.ops.arithmetic import less
from chainrule.ops.shape import expand_dims

_NAMES = {"values", "lengths"}


def is_sequence(x: Any) -> bool:
    """Whether `x` is values with lengths, or a dict of their shapes.

    >>> is_sequence({"values": np.zeros((2, 3, 1)), "lengths": np.array([3, 1])})
    True
    """
    return isinstance(x, Mapping) and set(x) == _NAMES


def valid_steps(lengths: Any, time: int) -> Any:
    """Which steps count, booleans (batch, time), for lengths (batch,).

    >>> valid_steps(np.array([2, 1], "int32"), 3).tolist()
    [[True, True, False], [True, False, False]]
    """
    return less(np.arange(time, dtype="int32"), expand_dims(lengths, axis=-1))


def own_steps(x: Array, streams: int) -> Array:
    """The steps that this stream of a prediction works on, (batch, time / streams, …).

    Args:
        x: (batch, time, …), the same in every stream. streams: a divisor of time.
    """
    xp = namespace_of(x)
    parts = xp.reshape(x, (x.shape[0], streams, x.shape[1] // streams, *x.shape[2:]))
    return xp.take(xp.swapaxes(parts, 0, 1), xp.stream())


def all_steps(x: Array) -> Array:
    """The steps of all streams, each of which gives its own_steps (batch, time / streams, …).

    >>> all_steps(own_steps(np.array([[[1.0], [2.0]]]), 1)).tolist()
    [[[1.0], [2.0]]]
    """
    xp = namespace_of(x)
    parts = xp.swapaxes(xp.stack_streams(x), 0, 1)
    return xp.reshape(parts, (x.shape[0], parts.shape[1] * x.shape[1], *x.shape[2:]))
