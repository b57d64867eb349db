"""Writing a file so that at every moment, also at a power cut, either the old or the new is whole.

The new file is written beside the old one, flushed to the disk, and takes its place in one step;
then the folder is flushed too. Every call of the system that can fail stands in this module.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MOST_OF_NAME = 40
"""Signs of the file's name in that of the temporary one: names have 255 bytes at most."""


def replace_file(path: Path, pieces: Iterable[Any]) -> None:
    """Write pieces of bytes one after the other to a path.

    A link is followed. A file that was there keeps its permissions. What is written first is called
    `.NAME.RANDOM.part`; nothing of it is left, unless the process is killed.

    Raises:
        OSError: the disk refuses, or the path is there and no plain file. The path then has its old
            content; the new one only where nothing but flushing the folder failed.
    """
    path = Path(os.path.realpath(path))
    mode = _mode_of(path)
    temporary = path.with_name(f".{path.name[:MOST_OF_NAME]}.{secrets.token_hex(8)}.part")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            _write_new(temporary, pieces, mode)
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _flush_folder(folder)
    finally:
        os.close(folder)


def _mode_of(path: Path) -> int | None:
    """The permissions of the file that is there."""
    try:
        found = path.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(found):
        raise OSError(errno.EINVAL, "it is a device or a pipe, and not a file", str(path))
    return stat.S_IMODE(found)


def _write_new(path: Path, pieces: Iterable[Any], mode: int | None) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        for piece in pieces:
            left = memoryview(piece)
            while left:
                left = left[os.write(file, left) :]
        if mode is not None and mode != stat.S_IMODE(os.fstat(file).st_mode):
            os.fchmod(file, mode)
        os.fsync(file)
    finally:
        os.close(file)


def _flush_folder(folder: int) -> None:
    """Flush the folder's list of names, where its file system knows such a thing."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
