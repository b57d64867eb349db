"""What a network's forward pass costs, counted on the tape of one example."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import numpy as np

from chainrule.autodiff import Tape, Tree, leaves
from chainrule.engine import NUMPY, Namespace
from chainrule.model.inputs import index_flags
from chainrule.model.parts import only_ours
from chainrule.nn import Context, Network
from chainrule.ops import is_sequence
from chainrule.ops.counting import operations

SHAPES = cast(Namespace, SimpleNamespace(**(vars(NUMPY) | {"erf": np.tanh})))
"""NumPy where shapes alone matter: loading SciPy for its error function takes 0.2 seconds."""


class Cost(NamedTuple):
    """What the forward pass of one example takes.

    Attributes:
        operations: additions, multiplications, comparisons, functions of one number.
        largest: numbers of the largest array that it makes.
    """

    operations: float
    largest: int


def forward_cost(
    network: Network, params: Tree, state: Tree, in_shape: Any, dtype: str = "float32"
) -> Cost:
    """The cost of the forward pass for one example, of sequences the longest.

    Layers of a user's own are not run for this: where there are any, it is two operations for each
    parameter.

    Example:
        >>> from chainrule.nn import LSTM
        >>> from chainrule.ops import key_from_seed
        >>> network = Network([LSTM(3)])
        >>> params, state, _ = network.init(key_from_seed(0), (10, 2))
        >>> forward_cost(network, params, state, (10, 2)).operations  # 10 steps of 147
        1470.0
    """
    if not only_ours(network):
        return Cost(2.0 * sum(int(x.size) for x in leaves(params)), 0)
    tape = Tape(xp=SHAPES)
    try:
        with np.errstate(all="ignore"):
            x = traced_example(tape, network, in_shape, dtype)
            network.apply(params, state, x, Context())
    finally:
        tape.close()
    sizes = (np.size(tape.values[slot]) for record in tape.records for slot in record.outputs)
    return Cost(
        float(sum(operations(record, tape.values) for record in tape.records)),
        max(sizes, default=0),
    )


def traced_example(tape: Tape, network: Network, in_shape: Any, dtype: str) -> Any:
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
