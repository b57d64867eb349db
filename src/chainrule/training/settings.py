"""The settings of `fit`, checked: one sentence for each that is not possible."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.errors import SettingError

MOST = 2**31 - 1
"""Epochs and steps are counted in 32 bits."""


def check_settings(
    *,
    epochs: Any,
    batch_size: Any,
    patience: Any,
    tol: Any,
    max_time: Any,
    max_steps: Any,
    dtype: Any,
    seed: Any,
    callbacks: Any,
) -> None:
    """Refuse settings that are not possible.

    Raises:
        SettingError: with the name, what was given, and what is.
    """
    check_count("epochs", epochs)
    if batch_size is not None:
        check_count("batch_size", batch_size, "; None takes all rows at once")
    if patience is not None:
        check_count("patience", patience, "; None never stops early")
    if max_steps is not None:
        check_count("max_steps", max_steps, "; None sets no bound")
    if not (_is_number(tol) and 0 <= tol < math.inf):
        raise SettingError(f"tol is {tol!r}; it must be a finite number of at least 0.")
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise SettingError(f"seed is {seed!r}; it must be a whole number of at least 0.")
    if max_time is not None and not (_is_number(max_time) and max_time > 0):
        raise SettingError(f"max_time is {max_time!r}; it must be a number of seconds above 0.")
    if dtype not in ("float32", "float64"):
        raise SettingError(f"dtype is {dtype!r}; it must be 'float32' or 'float64'.")
    _check_callbacks(callbacks)


def check_count(name: str, value: Any, hint: str = "") -> None:
    """Refuse what is not a whole number from 1 to `MOST`."""
    whole = hasattr(value, "__index__") and not isinstance(value, bool)
    if not whole or not 1 <= int(value) <= MOST:
        most = f" and at most {MOST:,}" if whole and int(value) > MOST else ""
        raise SettingError(
            f"{name} is {value!r}; it must be a whole number of at least 1{most}{hint}."
        )


def check_steps(epochs: int, steps: int) -> None:
    """Refuse more steps than can be counted."""
    if epochs * steps > MOST:
        raise SettingError(
            f"{epochs:,} epochs of {steps:,} steps are {epochs * steps:,} steps; at most {MOST:,} "
            "can be counted. Take fewer epochs or a larger batch_size."
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _check_callbacks(callbacks: Sequence[Callable[..., Any]]) -> None:
    if not isinstance(callbacks, list | tuple):
        raise SettingError(
            f"callbacks is {callbacks!r:.60}; it must be a list of functions, e.g. [function]."
        )
    for callback in callbacks:
        if not callable(callback):
            raise SettingError(
                f"callbacks has {callback!r:.60}, which cannot be called; a callback is a function "
                "that takes a Progress."
            )
