"""What a description is made of: whose layers they are, and which of them run on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from chainrule.model.registry import is_built_in
from chainrule.nn import Flatten, GlobalPool, Network

CACHED_NUMBERS = 200_000
"""Numbers in the largest array of a piece: it stays in a core's cache."""


def only_ours(*descriptions: Any) -> bool:
    """Whether all layers and losses are chainrule's own: none looks at the batch as a whole
    unless it says so, and none does anything beside its arithmetic."""
    return all(is_dataclass(part) and is_built_in(type(part)) for part in parts_of(descriptions))


def on_one_thread(*descriptions: Any) -> bool:
    """Whether any layer is one that XLA runs on one thread."""
    return any(getattr(part, "one_thread", False) for part in parts_of(descriptions))


def cuts_steps(*descriptions: Any) -> bool:
    """Whether any layer shares out the steps of one example among streams."""
    return any(getattr(part, "cuts_steps", False) for part in parts_of(descriptions))


def prepares(*descriptions: Any) -> bool:
    """Whether any layer makes something of its numbers that serves all calls of a prediction."""
    return any(getattr(part, "prepares", False) for part in parts_of(descriptions))


def pieces_for(network: Any, rows: int, largest: int, whole_batch: bool = False) -> int:
    """Into how many pieces rows are cut, since what is made of many leaves the cache: a power of
    two that divides them, or 1.

    Every layer that runs on one thread says how many examples it needs at least to be fast. Where
    one does not there is one piece.

    Args:
        network: the network that is run. rows: examples, of one stream.
        largest: numbers of the largest array that it makes of an example.
        whole_batch: batch normalization looks at all examples, so that it allows one piece only.
    """
    parts = list(parts_of(network))
    fewest = [getattr(p, "few_at_a_time", 0) for p in parts if getattr(p, "one_thread", False)]
    looks = whole_batch and any(getattr(part, "whole_batch", False) for part in parts)
    if looks or not all(fewest):
        return 1
    smallest, pieces = max(fewest, default=1), 1
    while (
        rows * largest > pieces * CACHED_NUMBERS
        and rows % (2 * pieces) == 0
        and rows // (2 * pieces) >= smallest
    ):
        pieces *= 2
    return pieces


def in_pieces(network: Network) -> int:
    """How many layers of a network are run on pieces of a batch; those behind them on all of it.

    Pieces end where an example becomes a vector and no layer behind runs on one thread: what is
    left are products with weights, the faster the more rows they get at once.

    >>> from chainrule.nn import Conv2D, Dense, Flatten, ReLU
    >>> in_pieces(Network([Conv2D(8, 3), ReLU(), Flatten(), Dense(64), ReLU(), Dense(10)]))
    2
    """
    layers = network.layers
    last = max((i for i, layer in enumerate(layers) if on_one_thread(layer)), default=0)
    ends = (
        i + isinstance(layers[i], GlobalPool)
        for i in range(last, len(layers))
        if isinstance(layers[i], Flatten | GlobalPool)
    )
    return next(ends, len(layers))


def parts_of(part: Any) -> Iterator[Any]:
    """All layers, initializers, losses and functions that a description is made of."""
    if isinstance(part, tuple):
        for inner in part:
            yield from parts_of(inner)
    elif is_dataclass(part):
        yield part
        for field in fields(part):
            yield from parts_of(getattr(part, field.name))
    elif not isinstance(part, str | int | float | None):
        yield part
