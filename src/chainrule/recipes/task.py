"""Which columns are used, and which question the targets ask; each decision has its reason."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.data import Column, Table
from chainrule.errors import DataError, SettingError, unknown_name
from chainrule.judgement import ANSWERS, CLASSES, NUMBERS
from chainrule.losses import LossFunction, as_loss

MOST_CLASSES = 10
"""So many different whole numbers in a target are still taken for classes."""

TASKS = (CLASSES, NUMBERS)
"""What can be asked for by name; several targets of classes are yes/no answers."""


def usable_columns(table: Table, targets: Sequence[str], roles: dict[str, str]) -> dict[str, str]:
    """Every column but the targets, with the reason why it is left out, or "" where it is used.

    Args:
        table: the rows that are learnt from.
        roles: columns that have another role, with that role.

    Raises:
        DataError: none is left.
    """
    verdicts = {
        c.name: roles.get(c.name) or c.useless() for c in table.columns if c.name not in targets
    }
    if all(verdicts.values()):
        why = "; ".join(f"{name}: {verdict}" for name, verdict in verdicts.items())
        asked = ", ".join(map(repr, targets))
        raise DataError(
            f"{table.name} has no column to learn {asked} from" + (f" ({why})." if why else ".")
        )
    return verdicts


def choose_task(
    targets: Sequence[Column], loss: str | LossFunction | None, task: str | None = None
) -> tuple[str, str]:
    """Whether targets are "classes", "numbers" or yes/no "answers", and why.

    Args:
        targets: with no missing values. loss, task: what was asked for; they decide if given.

    Raises:
        DataError: text where numbers are needed; one value only; targets of different kinds.
        SettingError: an unknown loss or task.
    """
    for target in targets:
        _check_values(target)
    asked, why = _asked_for(loss, task)
    if asked == NUMBERS:
        _check_numbers(targets)
    if len(targets) > 1:
        return _several(targets, asked, why)
    if asked:
        return asked, why
    return _single(targets[0])


def _asked_for(loss: str | LossFunction | None, task: str | None) -> tuple[str, str]:
    """The task that the settings ask for, or ""."""
    if task is not None and task not in TASKS:
        raise unknown_name("task", task, TASKS)
    if loss is None:
        return (task, "as asked") if task else ("", "")
    kind = NUMBERS if getattr(as_loss(loss), "targets", "numbers") == "numbers" else CLASSES
    if task is not None and task != kind:
        raise SettingError(
            f"The task {task!r} and the loss {loss!r} exclude each other: that loss takes {kind}. "
            "Leave one of them out."
        )
    return kind, "as the loss asks"


def _check_values(target: Column) -> None:
    if len(np.unique(target.values)) < 2:
        value = target.labels[target.values[0]] if target.labels else f"{target.values[0]:g}"
        raise DataError(
            f"The target {target.name!r} has one value only, {value!r}: there is nothing to tell "
            "apart. Choose another column."
        )


def _check_numbers(targets: Sequence[Column]) -> None:
    for target in targets:
        if target.labels:
            raise DataError(
                f"The target {target.name!r} holds text such as {target.labels[0]!r}, and this "
                "loss takes numbers. Use the loss cross_entropy, or name a column of numbers."
            )


def _several(targets: Sequence[Column], asked: str, why: str) -> tuple[str, str]:
    """The task of several targets: all yes/no, or all numbers."""
    answers = all(len(np.unique(target.values)) == 2 for target in targets)
    if answers and asked != NUMBERS:
        return ANSWERS, why or "each has two values"
    odd = next((t for t in targets if t.labels or asked == CLASSES), None)
    if odd is not None:
        found = len(np.unique(odd.values))
        raise DataError(
            f"Several targets must be all numbers, or all of two values; {odd.name!r} has {found} "
            f"{'labels' if odd.labels else 'values'}. Train a model of its own for it."
        )
    return NUMBERS, why or "they hold numbers"


def _single(target: Column) -> tuple[str, str]:
    if target.labels:
        return CLASSES, "it holds text"
    distinct = np.unique(target.values)
    whole = bool((distinct == np.floor(distinct)).all())
    if whole and len(distinct) <= MOST_CLASSES and len(target.values) >= 10 * len(distinct):
        return CLASSES, f"{len(distinct)} different whole numbers only; else --task numbers"
    return NUMBERS, "it holds numbers"
