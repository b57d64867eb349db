"""JSON as a model file holds it: ASCII, no name twice, nothing endless, nothing deep.

What is written is read back by the rules of reading, so a document that is kept can be loaded.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

DEPTH_LIMIT = 32
"""Objects and lists inside one another."""

NUMBER_LIMIT = 2**64
"""Size of the largest whole number: beyond it other programs read another one."""


def to_text(value: Mapping[str, Any]) -> str:
    """A JSON object without spaces; NumPy's numbers are taken as plain ones.

    Raises:
        ValueError: it holds what the file cannot keep.

    >>> to_text({"seed": 3, "scores": [0.5, None], "town": "Köln"})
    '{"seed":3,"scores":[0.5,null],"town":"K\\\\u00f6ln"}'
    """
    try:
        text = json.dumps(value, separators=(",", ":"), default=_plain_number)
    except TypeError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    from_text(text)
    return text


def from_text(text: str) -> dict[str, Any]:
    """The object that a text stands for.

    Raises:
        ValueError: the text is no JSON, or not of this strict kind; it says why.
    """
    try:
        parsed = json.loads(text, object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if not isinstance(parsed, dict):
        raise ValueError("it is not an object")
    _check(parsed, 1)
    return parsed


_HALF_SIGN = re.compile("[\ud800-\udfff]")
_TOO_DEEP = f"it is nested more than {DEPTH_LIMIT} deep"


def _plain_number(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"it holds {value!r:.80} of type {type(value).__name__}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name occurs twice")
    return made


def _check(value: Any, depth: int) -> None:
    """Refuse depth, numbers that are not finite or giant, and text that cannot be printed."""
    if isinstance(value, dict | list):
        if depth > DEPTH_LIMIT:
            raise ValueError(_TOO_DEEP)
        for item in value:
            _check(item, depth + 1)
        if isinstance(value, dict):
            for item in value.values():
                _check(item, depth + 1)
    elif isinstance(value, str):
        if not value.isascii() and _HALF_SIGN.search(value):
            raise ValueError(f"the text {value!r:.80} is not proper Unicode")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no finite number")
    elif isinstance(value, int) and abs(value) > NUMBER_LIMIT:
        raise ValueError("a whole number is too large")
