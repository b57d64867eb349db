"""Every error a user of chainrule can cause, drawn as one tree.

ChainruleError
├── ShapeError          arrays that do not fit together (also a ValueError)
├── DataError           data that cannot be used: missing, infinite, unknown labels (ValueError)
├── SettingError        a setting that is not possible, or a name nobody knows (ValueError)
├── GradientError       a derivative that is wrong, undefined or asked for where there is none
├── NonFiniteError      training met a number that is not finite; carries the last good model
├── EngineError         an engine that is not installed or cannot do what was asked
└── ModelFileError      a file that is not a model of ours, or no longer is
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class ChainruleError(Exception):
    """The root: what happened, what was expected, and what to write instead."""


class ShapeError(ChainruleError, ValueError):
    """Arrays whose shapes do not fit together."""


class DataError(ChainruleError, ValueError):
    """Data that cannot be used as it is."""


class SettingError(ChainruleError, ValueError):
    """A setting that is not possible, or a name that is not known."""


class GradientError(ChainruleError):
    """A derivative that is wrong, undefined, or asked for where there is none."""


class EngineError(ChainruleError):
    """An engine that is not installed, or that cannot do what was asked."""


class ModelFileError(ChainruleError):
    """A file that is not one of our models, or that has been changed since it was written."""


class NonFiniteError(ChainruleError):
    """Training met a NaN or an infinity.

    Attributes:
        model: the model with the last finite weights, or None where there was none.
        step: the optimizer step, counted from 1, at which it happened.
        layer: the name of the layer in which it happened first.
    """

    def __init__(
        self, message: str, *, model: Any = None, step: int | None = None, layer: str | None = None
    ) -> None:
        super().__init__(message)
        self.model = model
        self.step = step
        self.layer = layer


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """A hint where a name is nearly one of the known ones, whatever its capitals; else "".

    >>> did_you_mean("Y", ["x", "y"]), did_you_mean("q", ["x", "y"])
    (" Did you mean 'y'?", '')
    """
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(one.casefold(), one)
    near = difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.5)
    return f" Did you mean {folded[near[0]]!r:.80}?" if near else ""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> SettingError:
    """The error for a name that is not known: it proposes the nearest one and lists the others."""
    names = sorted(known)
    hint = did_you_mean(name, names)
    return SettingError(f"There is no {kind} {name!r}.{hint} Known: {', '.join(names)}.")


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM): as Ctrl-C, but for the exit code."""
