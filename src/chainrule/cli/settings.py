"""From what was typed after an option to a setting; each fault is said with the line to type."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from chainrule.errors import SettingError

LARGEST = 10**18


def sizes(text: str | None) -> tuple[int, ...] | None:
    """Units of the hidden layers: "64,32", or "none".

    >>> sizes("64,32"), sizes("none"), sizes(None)
    ((64, 32), (), None)
    """
    if text is None:
        return None
    if text.strip() == "none":
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(_is_whole(part) and 0 < int(part) < 10**9 for part in parts):
        raise SettingError(
            f"--hidden is {text!r}; write the units of each hidden layer as whole numbers above 0, "
            "e.g. --hidden 64,32, or --hidden none."
        )
    return tuple(int(part) for part in parts)


def batch(text: str) -> int | str:
    """The batch size: a number, "auto" or "full"."""
    if text in ("auto", "full"):
        return text
    if not (_is_whole(text) and 0 < int(text) < LARGEST):
        raise SettingError(
            f"--batch-size is {text!r}; write a whole number above 0, full for all rows at once, "
            "or 1 for one row at a time."
        )
    return int(text)


def weights_of_classes(text: str | None) -> dict[str, float] | str | None:
    """Weights of labels: "balanced", or "yes=2,no=1".

    >>> weights_of_classes("yes=2,no=0.5")
    {'yes': 2.0, 'no': 0.5}
    """
    if text is None or text == "balanced":
        return text
    weights = {}
    for part in text.split(","):
        label, equals, number = part.rpartition("=")
        try:
            weights[label.strip()] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise SettingError(
                f"--class-weight is {text!r}; write balanced, or a weight for labels, e.g. "
                "--class-weight yes=2,no=1."
            )
    return weights


def share_or_file(text: str | None) -> float | str | None:
    """The validation part: a share of the rows, or the path of a table."""
    if text is None or Path(text).exists():
        return text
    try:
        return float(text)
    except ValueError:
        return text


def types_of_columns(texts: Sequence[str]) -> dict[str, str] | None:
    """Kinds by column: "zip=category", repeated.

    >>> types_of_columns(["zip=category", "a=b=number"])
    {'zip': 'category', 'a=b': 'number'}
    """
    found = {}
    for text in texts:
        name, equals, kind = text.rpartition("=")
        if not equals or not name:
            raise SettingError(
                f"--type is {text!r}; write a column and its kind, e.g. --type zip=category."
            )
        found[name] = kind.strip()
    return found or None


def markers(text: str | None) -> tuple[str, ...] | None:
    """What stands for a missing value: "NA,?".

    >>> markers("NA, ?"), markers("")
    (('NA', '?'), ('',))
    """
    return None if text is None else tuple(part.strip() for part in text.split(","))


missing_option = click.option(
    "--missing", metavar="NA,?", help="The cells that say that there is no value."
)
"""The option of every command that reads a table."""


def _is_whole(text: str) -> bool:
    return text.isdecimal() and text.isascii()
