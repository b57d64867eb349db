"""Parquet files, at once or some rows at a time.

Known limit: polars 2.1 ends the process on some files that are damaged inside, not cut off: it asks
for as much memory as they say (github.com/pola-rs/polars/issues/15342).
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chainrule.data.files import InputFile
from chainrule.data.libraries import load_polars
from chainrule.data.names import check_names
from chainrule.errors import DataError

ROWS = 100_000
"""Rows read at a time."""

STDERR = 2
"""The number by which the system knows it."""


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
        with _quiet():
            return read()
    except (polars.exceptions.PolarsError, OSError, polars.exceptions.PanicException) as error:
        reason = (str(error).splitlines() or ["no reason is given"])[0][:120].rstrip(".")
        raise DataError(f"{name} is Parquet that is damaged: {reason}. Write it again.") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps from the process' stderr what polars writes there before it raises on a damaged file.

    Rust prints where it panicked, with a stack; nothing in Python can ask it not to.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = os.dup(STDERR)
        os.dup2(file.fileno(), STDERR)
        try:
            yield
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)
