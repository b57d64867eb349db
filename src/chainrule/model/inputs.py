"""Inputs beside the network that they are meant for: shapes, and indices of embeddings."""

from __future__ import annotations

from typing import Any

from chainrule.data import Features
from chainrule.errors import DataError, ShapeError
from chainrule.nn import Embedding, Network, wants_indices


def index_flags(network: Network, source: Any) -> Any:
    """Which inputs are indices for an embedding: one flag, or a dict of them for named inputs."""
    from_branches = getattr(network.layers[0], "layers", None)
    if isinstance(source, dict) and from_branches is not None:
        flags = {}
        inner: Any = network.layers[0]
        while isinstance(inner, Network):
            inner = inner.layers[0]
        for name, layer in inner.layers:
            flags[name] = wants_indices(layer)
        return flags
    return wants_indices(network)


def shape_of(X: Features) -> Any:
    """The shape of one example, or a dict of shapes."""
    if isinstance(X, dict):
        return {name: tuple(x.shape[1:]) for name, x in X.items()}
    return tuple(X.shape[1:])


def check_in_shape(X: Features, expected: Any) -> None:
    """Refuse inputs of another shape than the model was made for."""
    given = shape_of(X)
    if given != expected:
        raise ShapeError(
            f"The inputs have shape (rows, {_sizes(given)}) and the model was made for "
            f"(rows, {_sizes(expected)}): give it the columns it was trained on."
        )


def check_embeddings(net: Network, features: Any) -> None:
    """Refuse indices outside an embedding's table: a compiled program would not notice them."""
    for layer, x, name in _embedding_inputs(net, features, "X"):
        low, high = int(x.min()), int(x.max())
        if low < 0 or high >= layer.count:
            raise DataError(
                f"{name} holds the index {low if low < 0 else high}, and the Embedding has rows "
                f"0 to {layer.count - 1}: give it a larger count, or check the indices."
            )


def _embedding_inputs(layer: Any, x: Any, name: str) -> list[tuple[Embedding, Any, str]]:
    if isinstance(layer, Embedding):
        return [(layer, x, name)]
    if isinstance(layer, Network):
        return _embedding_inputs(layer.layers[0], x, name)
    if isinstance(x, dict) and hasattr(layer, "layers"):
        return [
            found
            for branch, inner in layer.layers
            if branch in x
            for found in _embedding_inputs(inner, x[branch], f"{name}[{branch!r}]")
        ]
    return []


def _sizes(shape: Any) -> str:
    if isinstance(shape, dict):
        return str({name: list(sizes) for name, sizes in shape.items()})
    return ", ".join(str(size) for size in shape)
