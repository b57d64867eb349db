"""A network written down by its user, as JSON: layers by name with their settings.

    [{"type": "Dense", "units": 32}, {"type": "ReLU"}, {"type": "Dropout", "rate": 0.2},
     {"type": "Dense", "units": 3}]

What is not given is as in Python. Layers within layers are written the same way.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from chainrule import nn
from chainrule.errors import ChainruleError, SettingError, unknown_name
from chainrule.nn import Layer, Network

DEEPEST = 32

LAYERS: dict[str, Any] = {
    name: part
    for name in nn.__all__
    if isinstance(part := getattr(nn, name), type) and hasattr(part, "apply")
}
"""The layers that a file may name."""


def read_network(path: str | os.PathLike[str]) -> Network:
    """A network from a file.

    Raises:
        SettingError: it cannot be read, is no JSON, or describes no network; the layer is named.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "net.json")
        ...     _ = file.write_text('[{"type": "Dense", "units": 2}, {"type": "Tanh"}]')
        ...     read_network(file).layers[1]
        Tanh()
    """
    path = Path(path)
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{path} is no JSON: {error}.") from None
    if isinstance(plain, dict) and set(plain) == {"layers"}:
        plain = plain["layers"]
    if not isinstance(plain, list) or not plain:
        raise SettingError(
            f'{path} must hold a list of layers, e.g. [{{"type": "Dense", "units": 3}}].'
        )
    return Network([_layer(one, f"{path}, layer {i + 1}", 0) for i, one in enumerate(plain)])


def _layer(plain: Any, where: str, depth: int) -> Layer:
    if not isinstance(plain, dict) or not isinstance(plain.get("type"), str) or depth > DEEPEST:
        raise SettingError(f'{where} must look like {{"type": "Dense", "units": 3}}.')
    if plain["type"] not in LAYERS:
        error = unknown_name("layer", plain["type"], LAYERS)
        raise SettingError(f"{where}: {error}")
    kind = LAYERS[plain["type"]]
    settings = {name: _value(v, where, depth) for name, v in plain.items() if name != "type"}
    known = [f.name for f in dataclasses.fields(kind) if f.init]
    for name in settings:
        if name not in known:
            raise SettingError(
                f"{where}: {unknown_name('setting of ' + plain['type'], name, known)}"
            )
    try:
        made: Layer = kind(**settings)
    except ChainruleError as error:
        raise SettingError(f"{where}: {error}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise SettingError(f"{where}, {plain['type']}: {error}.") from None
    return made


def _value(plain: Any, where: str, depth: int) -> Any:
    """A number, text, yes or no; a layer; or several of these."""
    if isinstance(plain, dict):
        return _layer(plain, where, depth + 1)
    if isinstance(plain, list):
        return tuple(_value(item, where, depth) for item in plain)
    return plain
