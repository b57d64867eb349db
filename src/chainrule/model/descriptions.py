"""Descriptions as plain data and back: a dataclass is its name and its fields.

    LeakyReLU(0.1)  ⇄  {"type": "LeakyReLU", "slope": 0.1}

Fields hold numbers, strings, booleans, None, other descriptions, and tuples and dicts of these.
A loss that is a function is its name alone: {"function": "my_loss"}. A field that a class got after
files without it were written is marked `metadata={"later": True}`: it is written where it is not as
by default, and a file without it means the default.
"""

from __future__ import annotations

import dataclasses
import math
import types
from typing import Any

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.losses import LOSSES
from chainrule.model.registry import BUILT_IN, find_part, name_of
from chainrule.nn import Layer


def to_plain(value: Any, where: str) -> Any:
    """A description as JSON values.

    Args:
        where: what is written, for messages, e.g. "the network".

    Raises:
        ModelFileError: it holds something that is no plain value, such as an array.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise ModelFileError(f"{where} holds {value}, which a model file cannot hold.")
    if isinstance(value, tuple | list):
        return [to_plain(item, where) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ModelFileError(f"{where} holds a dict whose keys are not all strings.")
        return {"dict": {key: to_plain(item, where) for key, item in value.items()}}
    if isinstance(value, types.FunctionType):
        return {"function": _savable_name(value, value, where)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields_of(value, where)
    raise ModelFileError(
        f"{where} holds {value!r:.80} of type {type(value).__name__}, and a model file keeps plain "
        "values only: numbers, strings, booleans, tuples, and dataclasses of these."
    )


def _fields_of(value: Any, where: str) -> dict[str, Any]:
    name = _savable_name(type(value), value, where)
    plain: dict[str, Any] = {"type": name}
    for field in _settings(value):
        if field.name == "type":
            raise ModelFileError(f"{name} has a field called 'type': call it something else.")
        if field.metadata.get("later") and getattr(value, field.name) == field.default:
            continue
        plain[field.name] = to_plain(getattr(value, field.name), f"{where}, {name}.{field.name}")
    return plain


def _settings(part: Any) -> list[Any]:
    """The fields that its constructor takes; the others follow from them."""
    return [field for field in dataclasses.fields(part) if field.init]


def _savable_name(part: Any, value: Any, where: str) -> str:
    """The name of a class or function, which must not stand for another one."""
    name = name_of(part)
    known = BUILT_IN.get(name, part)
    if known is not part:
        raise ModelFileError(f"{where} holds {value!r:.80}, but chainrule has a {name} itself.")
    if not name.isidentifier():
        raise ModelFileError(
            f"{where} holds a lambda, which has no name that a file could keep: write it as "
            "`def my_loss(targets, outputs)`."
        )
    return name


def from_plain(plain: Any, where: str) -> Any:
    """The description that JSON values stand for; the opposite of `to_plain`.

    Args:
        plain: as `strict_json` read it, which bounds its depth.

    Raises:
        ModelFileError: a name that is not known (with the line to write), or values that do not
            fit it.
    """
    if isinstance(plain, list):
        return tuple(from_plain(item, where) for item in plain)
    if not isinstance(plain, dict):
        return plain
    if set(plain) == {"dict"} and isinstance(plain["dict"], dict):
        return {k: from_plain(item, where) for k, item in plain["dict"].items()}
    if set(plain) == {"function"}:
        return _looked_up(plain["function"], where, function=True)
    kind = _looked_up(plain.get("type"), where, function=False)
    names = {field.name for field in _settings(kind)}
    given = set(plain) - {"type"}
    later = {field.name for field in _settings(kind) if field.metadata.get("later")}
    if not names - later <= given <= names:
        odd = sorted((given - names) | (names - later - given))[0]
        raise ModelFileError(f"{where}: {plain['type']} has no field {odd!r:.80}, or lacks it.")
    values = {name: from_plain(plain[name], where) for name in sorted(given)}
    return _built(kind, values, where)


def _looked_up(name: Any, where: str, *, function: bool) -> Any:
    part = find_part(name) if isinstance(name, str) else None
    if isinstance(part, types.FunctionType if function else type):
        return part
    if isinstance(name, str) and name.isidentifier() and len(name) < 100:
        raise ModelFileError(
            f"{where} names {name}, which chainrule does not have. If it is yours, write "
            f"cr.register({name}) before loading."
        )
    raise ModelFileError(f"{where} names no proper part: {name!r:.80}.")


def _built(kind: Any, values: dict[str, Any], where: str) -> Any:
    for field in _settings(kind):
        if field.name in values and not fits(values[field.name], _written_type(field.type)):
            raise ModelFileError(
                f"{where}: {kind.__name__}.{field.name} is {values[field.name]!r:.80}, which it "
                "cannot be."
            )
    try:
        return kind(**values)
    except Exception as error:  # a class of the caller's own may raise anything
        raise ModelFileError(f"{where}: {error!s:.300}") from error


def _written_type(annotation: Any) -> str:
    """A field's type as it is written; `typing.get_type_hints` would have it evaluated as code."""
    return annotation.__name__ if type(annotation) is type else str(annotation)


def fits(value: Any, annotation: str) -> bool:
    """Whether a value read from a file may stand in a field of a type, as the type is written.

    Types that are not known here are left to the dataclass itself.

    >>> fits(3, "float"), fits(True, "int"), fits(None, "float | None"), fits(("a",), "int")
    (True, False, True, False)
    """
    if annotation.startswith("tuple[") and annotation.endswith(", ...]"):
        inside = annotation[len("tuple[") : -len(", ...]")]
        return isinstance(value, tuple) and all(fits(item, inside) for item in value)
    if "[" not in annotation and "|" in annotation:
        return any(fits(value, option.strip()) for option in annotation.split("|"))
    if annotation == "float":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and abs(value) < 1e308
    if annotation == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if annotation == "Initializer":
        return callable(value) and not isinstance(value, (Layer, *LOSSES.values()))
    known = _TYPES.get(annotation, BUILT_IN.get(annotation, object))
    return isinstance(value, known)


_TYPES: dict[str, Any] = {"bool": bool, "str": str, "None": type(None), "Layer": Layer}
