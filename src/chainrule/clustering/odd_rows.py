"""The oddest rows of a table, each with the cells that make it odd beside those of its segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.clustering.profiles import written
from chainrule.data import Column, Table

LISTED, MOST_REASONS = 10, 2
"""Rows that are listed, and cells that are named for each."""

CLEAR_SHARE = 0.2
"""The least share of a row's oddness that a cell must have to be named."""

USUAL = (0.05, 0.95)
"""Between these quantiles of its segment a number is usual."""

RARE = 0.1
"""A label that so few rows of the segment share is unusual."""

TOGETHER = "no cell is unusual alone, but together they are"


def oddness_reasons(gaps: Any, names: Sequence[str]) -> list[tuple[str, float]]:
    """The columns that make a row odd, each with its share of the squares, the largest first.

    Args:
        gaps: (features,), as `distance_parts` gives them. names: the column of every feature.
    """
    squares = gaps**2 / max(float((gaps**2).sum()), 1e-300)
    shares: dict[str, float] = {}
    for name, part in zip(names, squares, strict=True):
        shares[name] = shares.get(name, 0.0) + float(part)
    return sorted(shares.items(), key=lambda item: -item[1])


def odd_rows(
    table: Table, names: Sequence[str], labels: Any, beside: Any, gaps: Any
) -> list[dict[str, Any]]:
    """The oddest rows: their number, segment, oddness, the columns that stand out, and the reason.

    Args:
        names: the column of every feature. labels, beside: (rows,), the segment of every row, and
            the one beside which it is judged. gaps: (rows, features), its distance to that one's
            middle, in widths.
    """
    oddness = np.sqrt((gaps**2).sum(axis=1))
    found = []
    for row in np.argsort(-oddness, kind="stable")[:LISTED]:
        others = labels == beside[row]
        said = {
            name: reason
            for name, part in oddness_reasons(gaps[row], names)
            if part >= CLEAR_SHARE
            and (reason := _unusual(table.column(name), row, np.flatnonzero(others)))
        }
        columns = list(said)[:MOST_REASONS]
        found.append({
            "row": int(row) + 1, "segment": int(labels[row]) + 1, "oddness": float(oddness[row]),
            "columns": columns, "reason": "; ".join(said[n] for n in columns) or TOGETHER,
        })  # fmt: skip
    return found


def without_cells(odd: dict[str, Any]) -> dict[str, Any]:
    """An odd row as a file may hold it that keeps no rows: which columns stand out, no cell."""
    columns = " and ".join(odd["columns"])
    return odd | {"reason": f"by {columns}" if columns else TOGETHER}


def _unusual(column: Column, row: Any, others: Any) -> str:
    """A cell that is unusual beside those of other rows, and in what; "" where it is not."""
    if column.missing[row]:
        return ""
    value, values = column.values[row], column.values[others]
    if column.labels:
        share = float((values == value).mean())
        told = f"{column.name} is {column.labels[value]}, as in {share:.1%} of its segment"
        return told if share < RARE else ""
    present = values[~np.isnan(values)]
    if not len(present):
        return ""
    low, high = np.quantile(present, USUAL, method="nearest")
    if low <= value <= high:
        return ""
    ends = f"{written(column, low)} to {written(column, high)}"
    return f"{column.name} is {written(column, value)}, and 90% of its segment {ends}"
