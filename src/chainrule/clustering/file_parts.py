"""What a file of segments says besides its numbers, checked before anybody reads it.

The card and the tree come from a file that anyone may have written; what is let through here can be
told as a page and drawn without further questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

METHODS = ("kmeans", "ward", "single", "complete", "average")
METRICS = ("euclidean", "cosine")

KEPT_MERGES = 30
"""Of a tree, the upper merges that are kept for its picture."""

LARGEST_EFFECT = 100.0

Check = Callable[[Any], bool]


def is_card(card: Any, segments: int) -> bool:
    """Whether a card is one of so many segments: every entry there, and of its kind."""
    return (
        _CARD(card)
        and card["k"] == segments
        and [one["segment"] for one in card["segments"]] == list(range(1, segments + 1))
        and all(one["segment"] <= segments for one in card["anomalies"])
    )


def is_upper_tree(tree: Any) -> bool:
    """Whether an array (2 · merges + 1, 4) is merges that make one tree, and then its leaves.

    Every node but the last is merged once, after it was made; a leaf stands for 1 row or more.
    """
    if tree.ndim != 2 or tree.shape[1] != 4 or len(tree) % 2 == 0:
        return False
    merges = len(tree) // 2
    leaves = merges + 1
    if not 1 <= merges <= KEPT_MERGES or not (tree[merges:, 0] >= 1).all():
        return False
    pairs = tree[:merges, :2]
    made = leaves + np.arange(merges)[:, None]
    return bool(
        (tree[:merges, 2] >= 0).all()
        and (pairs < made).all()
        and np.array_equal(np.sort(pairs.ravel()), np.arange(2 * merges))
    )


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _whole(value: Any) -> bool:
    return type(value) is int


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _from_one(value: Any) -> bool:
    return type(value) is int and value >= 1


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _effect(value: Any) -> bool:
    return _number(value) and abs(value) <= LARGEST_EFFECT


def _one_of(*values: str) -> Check:
    return lambda value: _text(value) and value in values


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _by_name(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _record(**fields: Check) -> Check:
    """A dict with just these entries."""

    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and set(value) == set(fields)
            and all(holds(value[name]) for name, holds in fields.items())
        )

    return check


_CHOICE = _record(
    clusters=_from_one, rows=_count, reason=_text,
    candidates=_list(_record(
        clusters=_from_one, silhouette=_or_none(_number), gap=_number, gap_error=_number,
        stability=_number, beyond_noise=_number,
    )),
)  # fmt: skip
_TRAIT = _record(
    column=_text, words=_text, effect=_effect, inside=_number, outside=_number, label=_text,
    beside=_text,
)  # fmt: skip
_SEGMENT = _record(
    segment=_from_one, rows=_count, share=_number, words=_text, stability=_number, width=_number,
    typical_rows=_list(_from_one), oddest_rows=_list(_from_one), traits=_list(_TRAIT),
)  # fmt: skip
_ODD = _record(
    row=_from_one, segment=_from_one, oddness=_number, columns=_list(_text), reason=_text
)
_CARD = _record(
    table=_text, rows=_from_one, columns=_by_name(_text), said=_list(_text),
    method=_one_of(*METHODS), metric=_one_of(*METRICS), seed=_whole, data_hash=_text, k=_from_one,
    imputed=_by_name(_count), choice=_or_none(_CHOICE), missing=_or_none(_list(_text)),
    segments=_list(_SEGMENT), anomalies=_list(_ODD), rows_kept=_truth,
)  # fmt: skip
