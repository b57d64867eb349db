"""What arrays a network needs, found without making them: a file may name a network of any size."""

from __future__ import annotations

import copy
import dataclasses
import math
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.autodiff import Tree, leaves, paths, rebuild
from chainrule.errors import ModelFileError
from chainrule.nn import (
    BatchNorm,
    Bidirectional,
    Branches,
    Heads,
    Layer,
    LayerNorm,
    MultiHeadAttention,
    Network,
    PositionalEncoding,
    Residual,
    TransformerBlock,
    init_layer,
    is_named,
    split_lengths,
    takes_lengths,
)

LARGEST = 2**20
"""Numbers along an axis that are always believed, whatever the file's size."""

AXES_LIMIT = 32
LAYERS_LIMIT = 5000
"""Layers of a network, those that hold others counted too: a residual network of 1001 layers (He et
al. 2016) has about 3700."""


def is_shape(value: Any) -> bool:
    """Whether a value is the shape of one example, or a dict of such values."""
    if isinstance(value, dict):
        return all(is_shape(shape) for shape in value.values())
    sizes = isinstance(value, tuple) and len(value) <= AXES_LIMIT
    return sizes and all(type(n) is int and 0 <= n <= LARGEST for n in value)


def structure_of(network: Network, in_shape: Any, numbers: int) -> tuple[Tree, Tree, Any]:
    """Params and state as the network would make them, and the shape of its output.

    Args:
        numbers: how many it may need, those that the file has.

    Raises:
        ModelFileError: it cannot be built, or needs more.
    """
    return _started(network, in_shape, _Budget(numbers))


def example_numbers(network: Network, in_shape: Any) -> int:
    """How many numbers all layers together make of one example."""
    budget = _Budget(2**62)
    _started(network, in_shape, budget)
    return budget.made


def filled(expected: Tree, prefix: str, arrays: dict[str, Any], dtype: str) -> Tree:
    """The tree with the arrays of the file, each of the shape and dtype that the network needs.

    Raises:
        ModelFileError: an array is missing or does not fit.
    """
    found = []
    for path, leaf in paths(expected):
        name = f"{prefix}.{path}"
        array = array_of(name, arrays)
        wanted = np.dtype(dtype) if leaf.dtype.kind == "f" else leaf.dtype
        if array.shape != leaf.shape or array.dtype != wanted:
            raise ModelFileError(
                f"the array {name!r:.80} is {array.dtype} {array.shape} and its layer needs "
                f"{wanted} {leaf.shape}."
            )
        found.append(array)
    return rebuild(expected, iter(found))


def array_of(name: str, arrays: dict[str, Any]) -> Any:
    """Take an array out of those of the file."""
    if name not in arrays:
        raise ModelFileError(f"the array {name!r:.80} is missing.")
    return arrays.pop(name)


_TOO_SMALL = "its network needs more numbers than there are: the file is smaller."


class _Budget:
    """Numbers that the layers may still need, and how many they make of one example."""

    def __init__(self, numbers: int) -> None:
        self.left = max(LARGEST, numbers)
        self.layers = 0
        self.made = 0

    def check_input(self, layer: Any, in_shape: Any) -> None:
        if _own_numbers(layer, in_shape) > self.left:
            raise ModelFileError(_TOO_SMALL)

    def spend(self, params: Tree, state: Tree, out_shape: Any) -> None:
        self.left -= sum(leaf.size for leaf in (*leaves(params), *leaves(state)))
        if self.left < 0:
            raise ModelFileError(_TOO_SMALL)
        self.made += sum(math.prod(shape) for shape in _arrays_of(out_shape))


def _own_numbers(layer: Any, in_shape: Any) -> int:
    """How many numbers a layer makes itself: those of no initializer that is a field, but biases.

    They take memory before they can be counted.
    """
    if is_named(in_shape):
        if not isinstance(layer, MultiHeadAttention):
            return 0
        width, seen = (split_lengths(in_shape[side])[0][-1] for side in ("queries", "memory"))
        return 2 * int(width * (width + seen))
    shape = split_lengths(in_shape)[0]
    if isinstance(layer, BatchNorm | LayerNorm):
        return 4 * int(shape[-1])
    if isinstance(layer, MultiHeadAttention):
        return 4 * int(shape[-1]) ** 2
    if isinstance(layer, TransformerBlock):
        width = int(shape[-1])
        return 4 * width**2 + 2 * width * (layer.hidden or 4 * width)
    return math.prod(shape) if isinstance(layer, PositionalEncoding) and layer.learned else 0


def _arrays_of(shape: Any) -> list[tuple[int, ...]]:
    """The shapes of all arrays that a shape stands for."""
    if isinstance(shape, dict):
        return [inner for part in shape.values() for inner in _arrays_of(part)]
    return [shape]


class _NoNumbers:
    """An initializer that takes no memory."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return np.broadcast_to(np.float32(0), shape)


class _Watched:
    """A layer that is watched while it makes its parameters."""

    def __init__(self, layer: Any, budget: _Budget) -> None:
        self.layer = layer
        self.apply = layer.apply
        self.takes_lengths = takes_lengths(layer)
        self.budget = budget

    def init(self, key: Any, in_shape: Any) -> Any:
        self.budget.check_input(self.layer, in_shape)
        made = init_layer(self.layer, key, in_shape)
        self.budget.spend(*made)
        return made


def _started(network: Network, in_shape: Any, budget: _Budget) -> tuple[Tree, Tree, Any]:
    try:
        made: tuple[Tree, Tree, Any] = _watched(network, budget).init(
            ops.key_from_seed(0), in_shape
        )
    except ModelFileError:
        raise
    except (ArithmeticError, MemoryError, RecursionError) as error:
        raise ModelFileError("its network is too large to be built.") from error
    except Exception as error:  # a layer of the caller's own may raise anything
        raise ModelFileError(f"its network cannot be built: {error!s:.300}") from error
    return made


def _watched(part: Any, budget: _Budget) -> Any:
    """The same description, its innermost layers watched and with initializers without memory."""
    if isinstance(part, tuple):
        return tuple(_watched(item, budget) for item in part)
    if not isinstance(part, Layer):
        return part
    budget.layers += 1
    if budget.layers > LAYERS_LIMIT:
        raise ModelFileError(f"its network has more than {LAYERS_LIMIT} layers.")
    light = copy.copy(part)
    for field in dataclasses.fields(part):  # type: ignore[arg-type]
        value = getattr(part, field.name)
        initializer = field.name.endswith("_init") and not isinstance(value, Layer)
        inner = _NoNumbers() if initializer else _watched(value, budget)
        object.__setattr__(light, field.name, inner)
    return (
        light
        if isinstance(part, Network | Residual | Branches | Heads | Bidirectional)
        else _Watched(light, budget)
    )
