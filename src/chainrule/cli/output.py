"""Where a command writes, checked before the work begins, and what can be typed afterwards."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from chainrule.errors import SettingError


def check_output(out: Path, source: Path, force: bool) -> None:
    """Refuse a path that could not be written in the end.

    Raises:
        SettingError: it exists and may not be replaced, is the data file, or lies nowhere.
    """
    if out.is_dir():
        raise SettingError(f"--out {out} is a folder. Name a file in it.")
    if not out.parent.is_dir():
        raise SettingError(f"--out {out}: there is no folder {out.parent}. Make it first.")
    if out.exists() and source.exists() and out.samefile(source):
        raise SettingError(f"--out {out} is the data file itself. Choose another name.")
    if out.exists() and not force:
        raise SettingError(f"{out} exists. Type --force to replace it, or --out OTHER{out.suffix}.")
    if not os.access(out.parent, os.W_OK):
        raise SettingError(f"--out {out}: the folder {out.parent} cannot be written to.")


def next_lines(source: str, out: Path, *, judged: bool) -> Iterator[str]:
    """Lines that can be typed as they stand after `train`."""
    command = program("chainrule", sys.argv[0])
    if not judged:
        again = [arg for arg in sys.argv[1:] if arg != "--resume"]
        yield f"Next: {shlex.join([command, 'evaluate', str(out), source])}"
        yield f"or go on: {shlex.join([command, *again, '--resume'])}"
        return
    new = _new_rows(source)
    yield f"Next: {shlex.join([command, 'predict', str(out), new])}"
    yield f"      {shlex.join([command, 'explain', str(out), new, '--row', '1'])}"


def _new_rows(source: str) -> str:
    """The table NAME_new.csv beside NAME.csv where there is one, else the table itself."""
    path = Path(source)
    new = path.with_name(f"{path.stem}_new{path.suffix}")
    return str(new) if new.is_file() else source


def program(name: str, path: str) -> str:
    """How a program is typed here: by its name where that finds it, else by its path."""
    found = shutil.which(name)
    if found is not None and Path(path).exists() and Path(found).samefile(path):
        return name
    whole = Path.cwd() / path
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else str(whole)
