"""How many operations a record on a tape took: what a network costs is the sum over its tape.

One operation is one addition, multiplication or comparison, or one function such as exp of one
number; moving numbers about costs none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.autodiff import Record

MOVES = frozenset(
    [
        "broadcast_to",
        "expand_dims",
        "flip",
        "getitem",
        "join",
        "reshape",
        "squeeze",
        "stack",
        "take",
        "transpose",
    ]
)
"""Primitives that only move numbers about."""

FREE = MOVES | {"cast", "pad", "stop_gradient"}
"""Primitives that compute nothing: they move numbers about or write them in another type."""


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


def _interpolate(record: Record, values: list[Any]) -> int:
    """Two products and their sum for every number of the result, axis by axis."""
    return 3 * len(record.static["factor"]) * _size(values[record.outputs[0]])


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
    "batch_norm": _per_input(9),
    "layer_norm": _per_input(8),
    "average_pool": _pool,
    "interpolate": _interpolate,
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
