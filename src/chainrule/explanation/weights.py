"""Weights that were given, as a tree like the network's own parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autodiff import Tree
from chainrule.errors import DataError, SettingError, ShapeError


def filled(template: Tree, given: Any) -> Tree:
    """Parameters like the template with the numbers of another tree.

    Args:
        given: the template's own structure, or only its layers that have parameters: a list of
            dicts such as `{"weight": [[…]], "bias": […]}`.

    Raises:
        SettingError: another number of layers, a missing or unknown name.
        ShapeError: numbers of another shape than the network needs.
        DataError: something that is not a finite number.
    """
    needed, found = _layers(template), _layers(given)
    if len(needed) != len(found):
        raise SettingError(
            f"The weights have {len(found)} layers and the network has {len(needed)} with weights: "
            f'give one {{"weight": [[…]], "bias": […]}} for each of the {len(needed)}.'
        )
    numbers = iter(
        [_layer(i, like, layer) for i, (like, layer) in enumerate(zip(needed, found, strict=True))]
    )
    return _refilled(template, numbers)


def _layers(tree: Any) -> list[Any]:
    """The dicts of arrays in a tree, from left to right; empty ones left out."""
    if isinstance(tree, list | tuple):
        return [layer for child in tree for layer in _layers(child)]
    if isinstance(tree, dict) and any(isinstance(child, dict) for child in tree.values()):
        return [layer for name in sorted(tree) for layer in _layers(tree[name])]
    if isinstance(tree, dict):
        return [tree] if tree else []
    raise SettingError(
        f"The weights hold {tree!r} where a layer should be: give a list of layers, each "
        '{"weight": [[…]], "bias": […]}.'
    )


def _refilled(template: Tree, numbers: Any) -> Tree:
    if isinstance(template, tuple):
        return tuple(_refilled(child, numbers) for child in template)
    if any(isinstance(child, dict | tuple) for child in template.values()):
        return {name: _refilled(template[name], numbers) for name in sorted(template)}
    return next(numbers) if template else template


def _layer(i: int, like: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    where = f"Weights of layer {i + 1}"
    if sorted(given) != sorted(like):
        raise SettingError(f"{where}: it has {_names(given)}, and needs {_names(like)}.")
    return {name: _array(f"{where}, {name!r}", like[name], given[name]) for name in like}


def _names(layer: dict[str, Any]) -> str:
    return " and ".join(repr(name) for name in sorted(layer, reverse=True)) or "nothing"


def _array(where: str, like: Any, given: Any) -> Any:
    try:
        array = np.asarray(given)
    except ValueError:
        array = np.asarray("rows of different lengths")
    if array.dtype.kind not in "iuf":
        raise DataError(
            f"{where}: it must be numbers in rows of equal length, {like.shape} in all."
        )
    array = array.astype("float64")
    if array.shape != like.shape:
        meaning = ": a row for each input, a column for each neuron" if like.ndim == 2 else ""
        raise ShapeError(
            f"{where} has shape {array.shape}, and the network needs {like.shape}{meaning}."
        )
    if not np.isfinite(array).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
        raise DataError(f"{where} is {array[place]} at {place}; weights must be finite numbers.")
    return array
