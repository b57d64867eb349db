"""What a network costs: operations and memory, counted on the tape of one example.

The forward pass is recorded and every primitive on the tape counted by its rule, so the count is of
what is computed, for any layer, your own among them; `ops/counting.py` has the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from chainrule.autodiff import Record, Tape, Tree, leaves, tree_map
from chainrule.model import traced_example
from chainrule.nn import Context, Network, apply_layer, split_lengths
from chainrule.ops.counting import FREE, operations


@dataclass(frozen=True)
class LayerCount:
    """One layer, and what it costs for one example.

    Attributes:
        path: where it stands in the network, e.g. "2", or "1.0" inside a network.
        layer: how it is written, e.g. "Dense(64)".
        out_shape: of its output, without the batch axis; a dict of them where it has heads.
        parameters: how many numbers were learnt.
        operations: of the forward pass.
        activation_bytes: results that training keeps for the way back.
    """

    path: str
    layer: str
    out_shape: Any
    parameters: int
    operations: int
    activation_bytes: int


def count_layers(
    network: Network, params: Tree, state: Tree, in_shape: Any, dtype: str = "float32"
) -> tuple[LayerCount, ...]:
    """The innermost layers of a network in order, each counted on its part of the tape.

    Args:
        network, params, state: as in a Model. in_shape: of one example, or a dict of shapes.

    Example:
        >>> from chainrule.nn import Dense, ReLU
        >>> from chainrule.ops import key_from_seed
        >>> network = Network([Dense(3), ReLU()])
        >>> params, state, _ = network.init(key_from_seed(0), (2,))
        >>> dense, relu = count_layers(network, params, state, (2,))
        >>> dense.parameters, dense.operations, relu.operations, relu.activation_bytes
        (9, 12, 3, 12)
    """
    tape = Tape()
    x = traced_example(tape, network, in_shape, dtype)
    counted = []
    try:
        with np.errstate(all="ignore"):
            for path, layer, own, layer_state in _walk(network, params, state):
                start = len(tape.records)
                x, _ = apply_layer(layer, own, layer_state, x, Context())
                counted.append(_counted(path, layer, own, x, tape, tape.records[start:]))
    finally:
        tape.close()
    return tuple(counted)


def _walk(
    network: Network, params: Tree, state: Tree, prefix: str = ""
) -> Iterator[tuple[str, Any, Tree, Tree]]:
    """The innermost layers with their paths, parameters and states."""
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Network):
            yield from _walk(layer, params[i], state[i], f"{prefix}{i}.")
        else:
            yield f"{prefix}{i}", layer, params[i], state[i]


def _counted(
    path: str, layer: Any, params: Tree, out: Any, tape: Tape, records: list[Record]
) -> LayerCount:
    values = split_lengths(out)[0]
    shapes = tree_map(lambda a: tuple(int(n) for n in a.shape[1:]), values)
    return LayerCount(
        path,
        layer_words(layer),
        shapes,
        sum(int(p.size) for p in leaves(params)),
        sum(operations(record, tape.values) for record in records),
        sum(_bytes_kept(record, tape.values) for record in records),
    )


def _bytes_kept(record: Record, values: list[Any]) -> int:
    if record.primitive.name in FREE:
        return 0
    kept = record.outputs[1:] if record.static.get("sequences") else record.outputs
    return sum(int(np.asarray(values[slot]).nbytes) for slot in kept)


def layer_words(layer: Any) -> str:
    """A layer as one writes it, without what is as by default.

    >>> from chainrule.nn import Dense, LeakyReLU
    >>> layer_words(Dense(64)), layer_words(LeakyReLU(0.3))
    ('Dense(64)', 'LeakyReLU(0.3)')
    """
    said: list[str] = []
    for i, field in enumerate(fields(layer) if hasattr(layer, "__dataclass_fields__") else ()):
        value = getattr(layer, field.name)
        if value == field.default:
            continue
        named = "" if i == len(said) else f"{field.name}="
        said.append(named + _value_words(value))
    return f"{type(layer).__name__}({', '.join(said)})"


def _value_words(value: Any) -> str:
    if isinstance(value, Network):
        return ", ".join(layer_words(layer) for layer in value.layers)
    if isinstance(value, tuple) and all(isinstance(item, tuple) for item in value):
        return ", ".join(f"{name}: {_value_words(layer)}" for name, layer in value)
    return layer_words(value) if hasattr(value, "apply") else f"{value!r:.40}"
