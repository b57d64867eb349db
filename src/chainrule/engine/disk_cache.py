"""Compiled programs on disk, so that a second run of a command starts at once.

They are native code, which a process loads and runs. So the folder must be a folder of the user's
own that nobody else can read or write; every file has its SHA-256 in a list, and one that differs
or is not listed is deleted before JAX can see it. A folder a kind of machine: versions, processor
and compiler options are in its name. The oldest files go when all of them grow beyond a bound.
JAX keeps its programs here, and `stored_program.py` those of whole trainings.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import platform
import stat
import warnings
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

LARGEST = 64 * 2**20
"""Bytes of all programs together."""

LIST = "digests.json"
OPTIONS = ("XLA_FLAGS", "JAX_PLATFORMS", "JAX_ENABLE_X64", "JAX_DEFAULT_MATMUL_PRECISION")
"""What decides the machine code beside the versions and the processor."""


def cache_folder() -> Path:
    """Where the programs of this kind of machine are kept."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(named) if Path(named).is_absolute() else Path.home() / ".cache"
    return root / "chainrule" / "programs" / _kind_of_machine()


def prepare(folder: Path) -> bool:
    """Make a folder fit to load code from: the user's own, checked, and not too large.

    Returns whether it is. Where not, a warning says why, and programs are compiled as without it.
    """
    try:
        _make_private(folder)
        check_files(folder)
        prune(folder.parent, LARGEST)
    except OSError as error:
        warnings.warn(f"Compiled programs are not kept: {error}.", stacklevel=2)
        return False
    atexit.register(seal, folder)
    return True


def check_files(folder: Path) -> None:
    """Delete every file that is not as it was when it was listed."""
    listed = _listed(folder)
    for file in _files(folder):
        if listed.get(file.name) != _digest(file):
            file.unlink(missing_ok=True)


def seal(folder: Path) -> None:
    """List the digests of all files, at the end of a process that may have written some."""
    try:
        found = {file.name: _digest(file) for file in _files(folder)}
        for file in _files(folder):
            file.chmod(0o600)
        waiting = folder / f"{LIST}.{os.getpid()}"
        waiting.write_text(json.dumps(found, indent=0))
        waiting.chmod(0o600)
        waiting.replace(folder / LIST)
    except OSError:
        return  # the folder went away meanwhile: the next process begins with an empty one


def prune(root: Path, largest: int) -> None:
    """Delete the oldest files of all kinds of machines until the rest fits a bound in bytes."""
    files = [file for folder in root.iterdir() if folder.is_dir() for file in _files(folder)]
    by_age = sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in by_age:
        total += file.stat().st_size
        if total > largest:
            file.unlink(missing_ok=True)


def _make_private(folder: Path) -> None:
    """Make the folder, and refuse one that anybody else could have written into."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for place in (folder.parent.parent, folder.parent, folder):
        with contextlib.suppress(FileExistsError):
            place.mkdir(mode=0o700)
        found = place.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise OSError(f"{place} is no folder")
        if found.st_uid != os.getuid():
            raise OSError(f"{place} belongs to somebody else")
        if stat.S_IMODE(found.st_mode) & 0o077:
            place.chmod(0o700)
            if place == folder:
                _empty(folder)  # others could have written here


def _empty(folder: Path) -> None:
    for file in _files(folder):
        file.unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if not file.name.startswith(LIST))


def _digest(file: Path) -> str:
    if file.is_symlink() or not file.is_file():
        return "no file"
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _listed(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / LIST).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _kind_of_machine() -> str:
    packages = ("chainrule", "jax", "jaxlib", "numpy")
    parts: Iterable[str] = (
        *(f"{name} {version(name)}" for name in packages),
        platform.python_version(),
        platform.platform(),
        platform.machine(),
        _processor(),
        *(f"{name}={os.environ.get(name, '')}" for name in OPTIONS),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    """The model and features of the processor, as Linux tells them; elsewhere its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in lines if line.startswith(wanted)}))
