"""The libraries that read tables, loaded only when one is read."""

from __future__ import annotations

from typing import Any


def load_polars() -> Any:
    """polars, which reads and converts columns in parallel."""
    import polars

    return polars


def load_calamine() -> Any | None:
    """python-calamine, which reads workbooks; None where it is not installed."""
    try:
        import python_calamine
    except ImportError:
        return None
    return python_calamine
