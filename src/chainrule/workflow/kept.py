"""A run of `train` on disk: a folder with a checkpoint of each of its networks.

`train` is a fixed sequence of networks: two a fold, the rivals', the one of all rows. A run that
goes on goes through the same sequence, and each network comes back from its own file, finished or
not. What is predicted from it is computed again, to the same bits.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chainrule.errors import ModelFileError, SettingError
from chainrule.training import interval

RUN = "run.json"
"""The file that says which run it is."""


@dataclass(frozen=True, eq=False)
class Kept:
    """The folder of a run.

    Attributes:
        folder: where the checkpoints are. every: as for `fit`.
        resumed: whether a run is gone on with.
        count: how many networks there were so far, a list of one number.
    """

    folder: Path
    every: str | int
    resumed: bool
    count: list[int] = field(default_factory=lambda: [0])

    def next(self, epochs: int | None) -> dict[str, Any]:
        """The arguments of `fit` for the next network; one of other epochs has another file."""
        self.count[0] += 1
        length = "" if epochs is None else f"-{epochs}"
        file = self.folder / f"network-{self.count[0]:02d}{length}"
        return {"checkpoint": file, "checkpoint_every": self.every, "resume": self.resumed}


@dataclass(frozen=True, eq=False)
class Replay:
    """A run done again step by step, where a time limit had cut its networks off.

    Attributes:
        steps: of every network, in order. count: how many networks there were so far.
    """

    steps: Sequence[int]
    count: list[int] = field(default_factory=lambda: [0])

    def next(self, epochs: int | None) -> dict[str, Any]:
        """The arguments of `fit` for the next network."""
        self.count[0] += 1
        return {"max_time": None, "max_steps": self.steps[self.count[0] - 1]}


def is_kept(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a run with a network in it, begun and not finished."""
    path = Path(folder)
    return any(path.glob("network-*")) and _read(path) is not None


def forget(folder: str | os.PathLike[str]) -> None:
    """Delete the folder of a run that is over, if there is one."""
    if (Path(folder) / RUN).is_file():
        shutil.rmtree(folder, ignore_errors=True)


def keep(
    folder: str | os.PathLike[str], every: str | int, resume: bool, identity: Mapping[str, Any]
) -> Kept:
    """Find the folder of a run, or make it.

    Args:
        identity: what tells this run from others, plain values by name.

    Raises:
        SettingError: another run lies there and is to be resumed; says what differs.
        ModelFileError: the folder cannot be written.
    """
    interval(every)
    path = Path(folder)
    wanted = json.loads(json.dumps(identity))
    found = _read(path) if resume else None
    if found is not None:
        _check(path, found, wanted)
        return Kept(path, every, True)
    try:
        _make(path, wanted)
    except OSError as error:
        raise ModelFileError(
            f"{path}, for checkpoints, could not be written: {error.strerror or error}."
        ) from error
    return Kept(path, every, resume)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((path / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _make(path: Path, identity: Mapping[str, Any]) -> None:
    """An empty folder with the name of the run in it; a run that was there is gone."""
    if path.exists() and not path.is_dir():
        raise OSError("a file of that name is in the way")
    if path.is_dir():
        for file in path.glob("network-*"):
            file.unlink()
    path.mkdir(mode=0o700, exist_ok=True)
    waiting = path / f"{RUN}.new"
    waiting.write_text(json.dumps(identity, indent=1), encoding="utf-8")
    waiting.replace(path / RUN)


def _check(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if changed:
        listed = "; ".join(_difference(name, before.get(name), now.get(name)) for name in changed)
        raise SettingError(
            f"The run in {path} is another one: {listed}. Take that back, or start anew: --force "
            "in place of --resume, from Python resume=False."
        )


def _difference(name: str, before: Any, now: Any) -> str:
    said = [_said(value) for value in (before, now)]
    if any(len(text) > 30 for text in said):
        return f"{name} changed"
    return f"{name} was {said[0]} and is {said[1]}"


def _said(value: Any) -> str:
    plain = value["value"] if isinstance(value, dict) and set(value) == {"value"} else value
    return "not given" if plain is None else f"{plain}"
