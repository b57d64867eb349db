"""Opening what a user names: looked at before it is opened, and unpacked where it is gzip."""

from __future__ import annotations

import difflib
import gzip
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from chainrule.data.formats import GZIP, TEXT, format_of, head_of
from chainrule.errors import DataError


class InputFile:
    """An open file of which the format is known, read from its beginning.

    Attributes:
        name: what messages call it. path: where it lies, None for a pipe.
        head: its first bytes, unpacked. format: of what is inside, see `format_of`.
        compressed: whether it came through gzip.
    """

    def __init__(self, file: BinaryIO, name: str, path: Path | None = None) -> None:
        self.name, self.path = name, path
        self._file, self._head = file, head_of(file)
        self.format = format_of(self._head, name)
        self.compressed = self.format == GZIP
        if self.compressed:
            self._file = cast(
                BinaryIO, gzip.GzipFile(fileobj=cast(BinaryIO, _Again(self._head, file)), mode="rb")
            )
            self._head = b""
            self._head = head_of(cast(BinaryIO, self))
            self.format = format_of(self._head, name)
            if self.format != TEXT:
                raise DataError(
                    f"{name} is gzip around {self.format}. Unpack it with gunzip first."
                )
        self.head = self._head
        if not self._head:
            raise self.empty()

    def empty(self) -> DataError:
        """The error where nothing is inside."""
        cure = " The first line must name the columns." if self.path else ""
        return DataError(f"{self.name} is empty.{cure}")

    def read(self, size: int = -1) -> bytes:
        """The next bytes; fewer than `size` at the end, and maybe from a pipe.

        Raises:
            DataError: the file cannot be read any further.
        """
        head, self._head = self._head, b""
        if head:
            if 0 <= size < len(head):
                head, self._head = head[:size], head[size:]
                return head
            size = size - len(head) if size >= 0 else size
        try:
            return head + self._file.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise DataError(
                f"{self.name} is gzip that is damaged or cut off. Copy or compress it again."
            ) from None
        except OSError as error:
            raise DataError(f"{self.name} cannot be read: {error.strerror or error}.") from None


class _Again:
    """The bytes that were looked at, and then the rest of the file."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._head, self._file = head, file

    def read(self, size: int = -1) -> bytes:
        self.head = self._head
        if not self._head:
            return self._file.read(size)
        size = size if size >= 0 else len(self._head)
        head, self._head = self._head[:size], self._head[size:]
        return head


@contextmanager
def opened(path: Path) -> Iterator[InputFile]:
    """A regular file, opened.

    Raises:
        DataError: it is not there, no regular file, empty, or may not be read.
    """
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise DataError(f"{path} is a folder. Name a table in it.")
        if not stat.S_ISREG(kind):
            raise DataError(f"{path} is not a file but a device or a pipe. Name a file.")
        file = path.open("rb")
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.{_nearest_file(path)}") from None
    except DataError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{str(path)!r} cannot be read: {reason}.") from None
    with file:
        yield InputFile(file, path.name, path)


def _nearest_file(path: Path) -> str:
    """A hint where the folder has a file of nearly that name."""
    if not path.parent.is_dir():
        return f" There is no folder {path.parent} either."
    try:
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()], n=1)
    except OSError:
        return ""
    return f" Did you mean {path.parent / near[0]}?" if near else ""
