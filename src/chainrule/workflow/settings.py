"""The settings of `train` as plain values: what a card keeps, so that a run can be done again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from chainrule.errors import ModelFileError
from chainrule.model import from_plain, to_plain
from chainrule.recipes import read_network

TABLES = ("test", "validation")
"""Settings that may be tables: of these the name is kept, and the table is asked for again."""

NO_SETTINGS = ("source", "progress", "dry_run", "checkpoint", "checkpoint_every", "resume")
"""Arguments that decide nothing of what is learnt."""

NO_VALUE = "cannot be written down"


def plain_settings(given: Mapping[str, Any], function: Callable[..., Any]) -> dict[str, Any]:
    """The arguments of a call that differ from the defaults, as JSON values.

    Args:
        given: all arguments by name. function: whose defaults they are compared with.
    """
    found = {}
    for name, parameter in signature(function).parameters.items():
        value = given.get(name, parameter.default)
        if name not in NO_SETTINGS and not _is_default(value, parameter.default):
            found[name] = _plain(name, value)
    return found


def settings_of(plain: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments again, from what `plain_settings` made of them.

    Args:
        tables: the tables of `TABLES` by name.

    Raises:
        ModelFileError: a setting that no file could keep, or a table that is not given.
    """
    return {name: _value(name, value, tables) for name, value in plain.items()}


def _is_default(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _plain(name: str, value: Any) -> Any:
    if name in TABLES and not isinstance(value, int | float):
        return {"table": Path(value).name if isinstance(value, str | os.PathLike) else "in memory"}
    if name == "network" and isinstance(value, str | os.PathLike):
        value = read_network(value)
    if isinstance(value, Mapping):
        value = {str(key): item for key, item in value.items()}
    try:
        return {"value": to_plain(value, name)}
    except ModelFileError:
        return {"value": NO_VALUE}


def _value(name: str, plain: Any, tables: Mapping[str, Any]) -> Any:
    if "table" in plain:
        if tables.get(name) is None:
            raise ModelFileError(
                f"The model was trained with {name}={plain['table']}: give that table too, "
                f"--{name} FILE."
            )
        return tables[name]
    if plain.get("value") == NO_VALUE:
        raise ModelFileError(
            f"The model was trained with a {name} that no file can keep. Train it again by the "
            "program that did."
        )
    return from_plain(plain["value"], name)
