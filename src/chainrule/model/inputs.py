"""Inputs beside the network that they are meant for: shapes, and indices of embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.autodiff import leaves, tree_map
from chainrule.data import Features
from chainrule.errors import DataError, ShapeError
from chainrule.nn import (
    AveragePool,
    Branches,
    Conv2D,
    EmbedColumns,
    Embedding,
    Heads,
    Layer,
    MaxPool,
    Network,
    TransposedConv2D,
    first_layer,
    wants_indices,
)
from chainrule.ops import is_sequence


def index_flags(network: Layer, source: Any) -> Any:
    """Which inputs are indices for an embedding: one flag, or a dict of them for named inputs."""
    first = first_layer(network)
    if isinstance(first, Branches) and isinstance(source, Mapping):
        return {name: index_flags(inner, source.get(name)) for name, inner in first.layers}
    return wants_indices(first)


def shape_of(X: Features) -> Any:
    """The shape of one example, or a dict of shapes."""
    return tree_map(lambda x: tuple(x.shape[1:]), X)


def check_in_shape(X: Features, expected: Any) -> None:
    """Refuse inputs of another shape than the model was made for.

    Sequences with lengths may have any number of steps.
    """
    given = shape_of(X)
    if is_sequence(given) and not is_sequence(expected):
        raise ShapeError(
            f"The inputs are sequences with lengths, (rows, {_sizes(given['values'])}), and the "
            f"model was made for (rows, {_sizes(expected)}) without: cut them to one length, or "
            'train on {"values": …, "lengths": …} too.'
        )
    if _timeless(given) != _timeless(expected):
        raise ShapeError(
            f"The inputs have shape (rows, {_sizes(given)}) and the model was made for "
            f"(rows, {_sizes(expected)}): give it the columns it was trained on."
        )


def with_expected_lengths(X: Features, expected: Any) -> Features:
    """The inputs, with lengths where the model knows them and all steps count."""
    if is_sequence(expected) and not isinstance(X, dict) and X.ndim > 1:
        return {"values": X, "lengths": np.full(len(X), X.shape[1], "int32")}
    if isinstance(expected, dict) and isinstance(X, dict) and not is_sequence(expected):
        return {
            name: with_expected_lengths(x, expected[name]) if name in expected else x
            for name, x in X.items()
        }
    return X


def _timeless(shape: Any) -> Any:
    """A shape in which the number of steps of sequences with lengths is left open."""
    if is_sequence(shape):
        return {"values": (None, *shape["values"][1:]), "lengths": ()}
    if isinstance(shape, dict):
        return {name: _timeless(inner) for name, inner in shape.items()}
    return shape


def check_embeddings(net: Network, features: Any) -> None:
    """Refuse indices outside an embedding's table: a compiled program would not notice them.

    Raises:
        DataError: an index outside, or a code of `EmbedColumns` that is no whole number.
    """
    for layer, count, x, name in _embedding_inputs(net, features, "X"):
        low, high = x.min(), x.max()
        if low < 0 or high >= count:
            raise DataError(
                f"{name} holds the index {low if low < 0 else high:g}, and the {layer} has rows "
                f"0 to {count - 1}: give it a larger count, or check the indices."
            )
        if x.dtype.kind == "f" and (x != np.floor(x)).any():
            raise DataError(
                f"{name} holds {x[x != np.floor(x)][0]:g}, and {layer} takes whole numbers there, "
                "the rows of its table."
            )


def check_channels_last(net: Network, X: Features) -> None:
    """Refuse images whose channels come first, as PyTorch has them: (batch, 3, 32, 32)."""
    windows = (Conv2D, TransposedConv2D, MaxPool, AveragePool)
    for x in leaves(X):
        _, *sizes = x.shape
        first = len(sizes) == 3 and sizes[0] in (1, 3, 4) and min(sizes[1:]) > 4
        if first and any(isinstance(layer, windows) for _, layer in net.walk()):
            raise ShapeError(
                f"X has shape {x.shape}, images with their channels first; here they come last, "
                "(batch, height, width, channels). Write X.transpose(0, 2, 3, 1)."
            )


def check_scale(X: Features, pictures: bool) -> None:
    """Refuse images on another scale than those that a model was trained on."""
    for x in leaves(X):
        if x.ndim < 4:
            continue
        if pictures and x.dtype != np.uint8 and x.max() > 1:
            raise DataError(
                "The model was trained on uint8 pictures, divided by 255, and X holds "
                f"{x.dtype} up to {x.max():g}. Give uint8 again, or X / 255."
            )
        if not pictures and x.dtype == np.uint8:
            raise DataError(
                "X holds uint8 pictures, which would be divided by 255, and the model was trained "
                'on floats. Give X as in training, e.g. (X / 255).astype("float32").'
            )


def _embedding_inputs(layer: Any, x: Any, name: str) -> list[tuple[str, int, Any, str]]:
    """What goes into tables: the layer's name, how many rows the table has, indices, their name."""
    if is_sequence(x):
        x = x["values"]
    if isinstance(layer, Embedding):
        return [("Embedding", layer.count, x, name)]
    if isinstance(layer, EmbedColumns) and getattr(x, "ndim", 0) == 2:
        return [
            ("EmbedColumns", count, x[:, column], f"{name}, column {column},")
            for column, count in zip(layer.columns, layer.counts, strict=True)
            if column < x.shape[1]
        ]
    if isinstance(layer, Network):
        return _embedding_inputs(layer.layers[0], x, name)
    if isinstance(layer, Heads):
        return [found for _, inner in layer.layers for found in _embedding_inputs(inner, x, name)]
    if isinstance(x, dict) and isinstance(layer, Branches):
        return [
            found
            for branch, inner in layer.layers
            if branch in x
            for found in _embedding_inputs(inner, x[branch], f"{name}[{branch!r}]")
        ]
    return []


def _sizes(shape: Any) -> str:
    if is_sequence(shape):
        return ", ".join(["time", *map(str, shape["values"][1:])])
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{name!r}: [{_sizes(s)}]" for name, s in shape.items()) + "}"
    return ", ".join(str(size) for size in shape)
