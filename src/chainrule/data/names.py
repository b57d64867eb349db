"""The names of columns: each its own, none blank."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import DataError

MOST_COLUMNS = 50_000
"""Columns of a table; what has more is most likely turned round or no table."""


def check_names(names: Sequence[str], place: str) -> list[str]:
    """The names of the columns without the spaces around them.

    Raises:
        DataError: a blank or double name, or far too many.
    """
    stripped = [column.strip() for column in names]
    if len(stripped) > MOST_COLUMNS:
        raise DataError(
            f"{place} names {len(stripped):,} columns, and at most {MOST_COLUMNS:,} "
            "are read. Keep those that matter, or turn the table round if its rows are columns."
        )
    seen: dict[str, int] = {}
    for i, column in enumerate(stripped, 1):
        if not column:
            hint = " (pandas writes such a column for its index: index=False)" if i == 1 else ""
            raise DataError(f"{place}: column {i} has no name. Give it one{hint}.")
        if column in seen:
            raise DataError(
                f"{place}: columns {seen[column]} and {i} are both named {column!r:.80}. "
                "Give one of them another name."
            )
        seen[column] = i
    return stripped


def listed(names: Sequence[str]) -> str:
    """The first names for a message, on one line however odd they are.

    Example:
        >>> listed(["age", "first\\nname"])
        "age, 'first\\\\nname'"
    """
    shown = [
        name if name.isprintable() and len(name) <= 80 else f"{name[:80]!r}" for name in names[:20]
    ]
    return ", ".join(shown) + (", …" if len(names) > 20 else "")
