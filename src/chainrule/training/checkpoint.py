"""A run on disk: its carry written now and then, found again, and refused where the run differs.

A run is one value, the carry of its loop; everything else follows from the seed and the settings.
So a checkpoint is the carry and the history in one file, beside what tells one run from another. A
run that goes on from it takes the very steps it would have taken.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.autodiff import Tree, paths, rebuild
from chainrule.errors import ModelFileError, SettingError
from chainrule.model import read_container, write_container

VERSION = 3
FINISHED = ("epochs", "patience")
"""Reasons for stopping after which nothing is left to do."""


SHORTEST = 1.0
"""Seconds of a finished run that is worth a file: a shorter one is done again sooner than found."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a checkpoint holds.

    Attributes:
        carry: the loop's carry, NumPy arrays. history: as far as it goes.
        seconds: of training before. epochs: what was asked for. stop_reason: of a run that ended.
    """

    carry: Tree
    history: dict[str, list[float]]
    seconds: float
    epochs: int
    stop_reason: str | None


class Keeper:
    """Keeps a run in a file.

    Args:
        path: the file. every: "30s", "5m" or a number of epochs.
        identity: what tells this run from others, by name.
        resume: whether to go on from what the file holds; otherwise it is replaced.

    Raises:
        SettingError: `every` is neither a time nor a number of epochs.
    """

    def __init__(
        self, path: Path, every: str | int, identity: Mapping[str, Any], resume: bool
    ) -> None:
        self.path, self.identity, self.resume = path, dict(identity), resume
        self._seconds, self._epochs = interval(every)
        self._saved, self._saved_epoch = time.perf_counter(), 0

    def find(self, template: Tree) -> Found | None:
        """What the file holds, or None where there is none or nothing is to be resumed.

        Args:
            template: a carry of this run, for names and shapes.

        Raises:
            ModelFileError: it is damaged. SettingError: another run made it; says what differs.
        """
        for left in self.path.parent.glob(f".{self.path.name}.*.part"):
            left.unlink()  # of a process that was killed while it wrote
        if not self.resume or not self.path.exists():
            return None
        document, arrays = read_container(self.path)
        if document.get("kind") != "checkpoint" or document.get("version") != VERSION:
            raise ModelFileError(
                f"{self.path} is no checkpoint of this chainrule. Delete it to start anew."
            )
        self._check(document["identity"])
        found = _found(self.path, document, arrays, template)
        self._saved_epoch = int(found.carry["epoch"])
        return found

    def is_due(self, epoch: int) -> bool:
        """Whether the time or the epochs between two checkpoints have passed."""
        if self._epochs is not None:
            return epoch - self._saved_epoch >= self._epochs
        return time.perf_counter() - self._saved >= self._seconds

    def is_worth(self, seconds: float) -> bool:
        """Whether the end of a run of so many seconds is written."""
        return seconds >= SHORTEST or self.path.exists()

    def save(self, found: Found) -> None:
        """Write the file, whole or not at all.

        Raises:
            ModelFileError: the disk refuses; the file that was there is whole.
        """
        arrays = {f"carry.{name}": np.asarray(x) for name, x in paths(found.carry)}
        arrays |= {f"history.{k}": np.asarray(v, "float64") for k, v in found.history.items()}
        document = {
            "kind": "checkpoint",
            "version": VERSION,
            "identity": self.identity,
            "history": list(found.history),
            "seconds": found.seconds,
            "epochs": found.epochs,
            "stop_reason": found.stop_reason,
        }
        write_container(self.path, document, arrays)
        self.wait(int(found.carry["epoch"]))

    def wait(self, epoch: int) -> None:
        """Let the time, or the epochs, until the next checkpoint begin."""
        self._saved, self._saved_epoch = time.perf_counter(), epoch

    def _check(self, other: Mapping[str, Any]) -> None:
        names = [*self.identity, *(name for name in other if name not in self.identity)]
        changed = [name for name in names if self.identity.get(name) != other.get(name)]
        if changed:
            listed = "; ".join(_difference(n, other.get(n), self.identity.get(n)) for n in changed)
            raise SettingError(
                f"{self.path} is the checkpoint of another run: {listed}. Take that back, or "
                "delete the file (or leave out resume) to start anew."
            )


def interval(every: Any) -> tuple[float, int | None]:
    """Seconds between checkpoints, and epochs where these are meant instead.

    >>> interval("30s"), interval("2m"), interval(5)
    ((30.0, None), (120.0, None), (inf, 5))
    """
    if isinstance(every, int) and not isinstance(every, bool) and every > 0:
        return float("inf"), every
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h)", every) if isinstance(every, str) else None
    if match is None:
        raise SettingError(
            f"checkpoint_every is {every!r}; it must be a time such as '30s' or '5m', or a number "
            "of epochs."
        )
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]], None


def as_path(checkpoint: Any) -> Path:
    """The file of a checkpoint.

    Raises:
        SettingError: it is no path, or the folder is not there.
    """
    if not isinstance(checkpoint, str | os.PathLike):
        raise SettingError(f"checkpoint is {checkpoint!r}; it must be the path of a file.")
    path = Path(checkpoint)
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"needs the folder {path.parent}"
        raise SettingError(f"checkpoint {str(path)!r} {what}: name a file in a folder that exists.")
    return path


def _found(path: Path, document: Any, arrays: dict[str, Any], template: Tree) -> Found:
    wanted = [(f"carry.{name}", x) for name, x in paths(template)]
    for name, x in wanted:
        known = arrays.get(name)
        if known is None or known.shape != tuple(x.shape) or known.dtype != x.dtype:
            raise ModelFileError(f"{path} lacks {name!r} as this run has it. Delete it.")
    return Found(
        carry=rebuild(template, iter([arrays[name] for name, _ in wanted])),
        history={name: arrays[f"history.{name}"].tolist() for name in document["history"]},
        seconds=float(document["seconds"]),
        epochs=int(document["epochs"]),
        stop_reason=document["stop_reason"],
    )


def _difference(name: str, before: Any, now: Any) -> str:
    """In words; long texts and digests are not shown."""
    long = any(value is None or len(str(value)) >= 16 for value in (before, now))
    return f"the {name} changed" if long else f"the {name} was {before} and is {now}"
