"""Parquet files, at once or some rows at a time."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chainrule.data.files import InputFile
from chainrule.data.libraries import load_polars
from chainrule.data.names import check_names
from chainrule.errors import DataError

ROWS = 100_000
"""Rows read at a time."""


def parquet_frame(file: InputFile) -> Any:
    """The whole table as a polars DataFrame.

    Raises:
        DataError: the file is damaged.
    """
    lazy = lazy_parquet(file)
    names = parquet_names(file, lazy)
    frame = _tried(file.name, lazy.collect)
    frame.columns = names
    return frame


def lazy_parquet(file: InputFile) -> Any:
    """The table still to be read: from where it lies, or from the bytes of a pipe."""
    polars = load_polars()

    where = file.path or io.BytesIO(file.read())
    return _tried(file.name, lambda: polars.scan_parquet(where, glob=False))


def parquet_names(file: InputFile, lazy: Any) -> list[str]:
    """The names of its columns.

    Raises:
        DataError: a blank or double name, or a damaged file.
    """
    return check_names(_tried(file.name, lambda: lazy.collect_schema().names()), file.name)


def parquet_batches(file: InputFile, wanted: Sequence[str], lazy: Any) -> Iterator[Any]:
    """The wanted columns, some rows at a time; one empty batch where there are no rows."""
    polars = load_polars()

    rows = _tried(file.name, lambda: lazy.select(polars.len()).collect().item())
    for first in range(0, rows, ROWS):
        yield _tried(file.name, lazy.select(list(wanted)).slice(first, ROWS).collect)


def _tried(name: str, read: Callable[[], Any]) -> Any:
    """What polars gives, or the reason why it gives nothing."""
    polars = load_polars()

    try:
        return read()
    except (polars.exceptions.PolarsError, OSError, polars.exceptions.PanicException) as error:
        reason = (str(error).splitlines() or ["no reason is given"])[0][:120].rstrip(".")
        raise DataError(f"{name} is Parquet that is damaged: {reason}. Write it again.") from None
