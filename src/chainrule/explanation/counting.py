"""What a network costs: operations and memory, counted on the tape of one example.

The forward pass is recorded and every primitive on the tape counted by its rule, so the count is of
what is computed, for any layer, your own among them. One operation is one addition, multiplication
or comparison, or one function such as exp of one number; moving numbers about costs none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from chainrule.autodiff import Record, Tape, Tree, leaves, tree_map
from chainrule.explanation.names import MOVES
from chainrule.model import index_flags
from chainrule.nn import Context, Network, apply_layer, split_lengths
from chainrule.ops import is_sequence

FREE = MOVES | {"cast", "pad", "stop_gradient"}
"""Primitives that compute nothing: they move numbers about or write them in another type."""


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
    x = _example(tape, network, in_shape, dtype)
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


def _example(tape: Tape, network: Network, in_shape: Any, dtype: str) -> Any:
    """One example of zeros, or a dict of them, as traced inputs; of sequences the longest."""
    return _zeros(tape, in_shape, index_flags(network, in_shape), dtype)


def _zeros(tape: Tape, shape: Any, indices: Any, dtype: str) -> Any:
    if is_sequence(shape):
        lengths = np.full(1, shape["values"][0], "int32")
        values = _zeros(tape, shape["values"], indices, dtype)
        return {"values": values, "lengths": tape.input(lengths)}
    if isinstance(shape, dict):
        flags = indices if isinstance(indices, dict) else {}
        return {
            name: _zeros(tape, inner, flags.get(name, False), dtype)
            for name, inner in shape.items()
        }
    return tape.input(np.zeros((1, *shape), "int32" if indices is True else dtype))


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


def operations(record: Record, values: list[Any]) -> int:
    """How many operations a record took; without a rule, one for every number of its result."""
    if record.primitive.name in FREE:
        return 0
    rule = RULES.get(record.primitive.name)
    if rule is not None:
        return int(rule(record, values))
    return sum(_size(values[slot]) for slot in record.outputs)


def _size(value: Any) -> int:
    return math.prod(np.shape(value))


def _matmul(record: Record, values: list[Any]) -> int:
    """For every number of the result, in_features products and one sum less."""
    inner: int = np.shape(values[record.inputs[0]])[-1]
    return _size(values[record.outputs[0]]) * max(0, 2 * inner - 1)


def _affine(record: Record, values: list[Any]) -> int:
    return _matmul(record, values) + _size(values[record.outputs[0]])


def _convolve(record: Record, values: list[Any]) -> int:
    """A product for every weight in a window, one sum less, and one more for a bias."""
    window: int = math.prod(np.shape(values[record.inputs[1]])[:-1])
    bias = len(record.inputs) - 2
    return _size(values[record.outputs[0]]) * (2 * window - 1 + bias)


def _transposed_convolve(record: Record, values: list[Any]) -> int:
    """Every number of the input times every weight of its window, added to what it meets."""
    window: int = math.prod(np.shape(values[record.inputs[1]])[:-1])
    bias = _size(values[record.outputs[0]]) * (len(record.inputs) - 2)
    return 2 * _size(values[record.inputs[0]]) * window + bias


def _pool(record: Record, values: list[Any]) -> int:
    """A comparison less than there are numbers in a window; for a mean, a division more."""
    mean = record.primitive.name == "average_pool"
    window: int = math.prod(record.static["window"])
    return _size(values[record.outputs[0]]) * (window - 1 + mean)


def _dot(record: Record, values: list[Any]) -> int:
    return max(0, 2 * _size(values[record.inputs[0]]) - 1)


def _per_input(times: int) -> Callable[[Record, list[Any]], int]:
    return lambda record, values: times * _size(values[record.inputs[0]])


def _scan(record: Record, values: list[Any]) -> int:
    """The body's count, once for every step of the sequence."""
    body = record.static["body"]
    return int(body.length) * sum(operations(r, body.tape.values) for r in body.tape.records)


def _recurrent(gates: int, beside: int) -> Callable[[Record, list[Any]], int]:
    """Two products and their sum for every gate and step, and what else a unit does in a step."""

    def count(record: Record, values: list[Any]) -> int:
        batch, time, features = np.shape(values[record.inputs[0]])
        units = np.shape(values[record.inputs[2]])[0]
        return int(batch * time * units * (gates * 2 * (features + units) + beside))

    return count


def _attention(record: Record, values: list[Any]) -> int:
    """The weights, and for every number of the result a product and a sum a key."""
    keys = int(np.shape(values[record.inputs[2]])[1])
    return _attention_weights(record, values) + _size(values[record.outputs[0]]) * (2 * keys - 1)


def _attention_weights(record: Record, values: list[Any]) -> int:
    """For every score a product and a sum a number of the query, its scale, and the softmax."""
    batch, queries, width = np.shape(values[record.inputs[0]])
    keys = int(np.shape(values[record.inputs[1]])[1])
    heads = int(record.static.get("heads", 1))
    return int(batch * heads * queries * keys * (2 * (width // heads) + 3))


RULES: dict[str, Callable[[Record, list[Any]], int]] = {
    "affine": _affine,
    "attention": _attention,
    "attention_weights": _attention_weights,
    "matmul": _matmul,
    "dot": _dot,
    "convolve": _convolve,
    "transposed_convolve": _transposed_convolve,
    "max_pool": _pool,
    "average_pool": _pool,
    "sum": _per_input(1),
    "mean": _per_input(1),
    "max": _per_input(1),
    "min": _per_input(1),
    "argmax": _per_input(1),
    "pick": _per_input(1),
    "softmax": _per_input(3),
    "log_softmax": _per_input(3),
    "logsumexp": _per_input(2),
    "label_cross_entropy": _per_input(2),
    "cross_entropy": _per_input(4),
    "scan_body": _scan,
    "simple_rnn": _recurrent(1, 1),
    "lstm": _recurrent(4, 9),
    "gru": _recurrent(3, 8),
}
"""How primitives are counted that do not do one operation for every number of their result."""
