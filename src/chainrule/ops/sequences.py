"""Sequences of different lengths: their values padded to one shape, and how many steps count.

Such a sequence is the dict `{"values": (batch, time, …), "lengths": (batch,) integers}`. What lies
beyond an example's length is padding: it stands for nothing and changes no result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

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
