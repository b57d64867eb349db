"""One training step on a tape: from what the user gave to the recording that is explained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.autodiff import Recording, Tree, leaves, rebuild, tree_map
from chainrule.data import is_table_like
from chainrule.engine import namespace_of
from chainrule.errors import SettingError
from chainrule.explanation.examples import batch_of, encoded, examples
from chainrule.explanation.watching import Mark, watch, watch_loss
from chainrule.explanation.weights import filled
from chainrule.losses import LossFunction, as_loss
from chainrule.model import (
    Model,
    check_in_shape,
    score_network,
    shape_of,
    with_expected_lengths,
)
from chainrule.nn import Network
from chainrule.ops import fold_in, key_from_seed
from chainrule.optim import as_optimizer
from chainrule.training.step import Task, evaluation_losses, objective

INIT = 0
"""The use of the seed's key that `fit` initializes from."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """A recorded step, and what is known about the slots of its tape.

    Attributes:
        network: as the user wrote it. score: without a last activation that the loss contains.
        recording: loss and tape; its inputs are the leaves of `arguments` in order.
        params, batch: the trees behind the first inputs. marks: who wrote which records.
        loss_start: the first record of the loss. outputs: the slot of the network's outputs; of
            several heads a dict of slots. head_losses: the slots of the losses of several heads.
        predicting: whether the network ran as in prediction: no dropout, running statistics.
    """

    network: Network
    score: Network
    loss: LossFunction
    optimizer: Any
    recording: Recording
    params: Tree
    arguments: tuple[Tree, ...]
    marks: tuple[Mark, ...]
    loss_start: int
    outputs: Any
    predicting: bool
    head_losses: dict[str, int] = field(default_factory=dict)

    @property
    def batch(self) -> Tree:
        """The inputs, targets and shares of the examples: "x", "y", "share"."""
        return self.arguments[1]

    def slots(self) -> tuple[Tree, Tree]:
        """The tape's slots of the parameters and of the batch, as trees like them."""
        own = iter(self.recording.tape.inputs)
        params = rebuild(self.params, own)
        rebuild(self.arguments[0], own)
        return params, rebuild(self.batch, own)

    def loss_with(self, params: Tree) -> float:
        """The loss of the same batch with other parameters: the tape, run again."""
        inputs = leaves(params)
        for argument in self.arguments:
            inputs = inputs + leaves(argument)
        tape = self.recording.tape
        with np.errstate(all="ignore"):
            values = tape.run(namespace_of(*inputs), inputs)
        return float(values[self.recording.loss.slot])


def record(
    network: Network | Model,
    x: Any,
    y: Any,
    *,
    loss: str | LossFunction | None,
    optimizer: Any,
    seed: int,
    params: Any,
    predicting: bool = False,
) -> Recorded:
    """Record one training step as `fit` would take it with all examples in one batch.

    With `predicting` the network runs as in prediction, and the loss is that of its prediction.
    """
    model = network if isinstance(network, Model) else None
    net = model.network if model is not None else _as_network(network)
    function = as_loss(_chosen_loss(loss, model))
    if model is not None and model.encoder is not None and is_table_like(x):
        x, y = encoded(model.encoder, x, y)
    features, y = examples(net, x, y, None if model is None else model.in_shape)
    if model is not None:
        features = with_expected_lengths(features, model.in_shape)
        check_in_shape(features, model.in_shape)
    key = key_from_seed(seed)
    made = net.init(fold_in(key, INIT), shape_of(features))
    numbers, state = (made[0], made[1]) if model is None else (model.params, model.state)
    if params is not None:
        numbers = filled(numbers, params)
    batch = batch_of(features, y, function, model, made[2])
    no_rates: Tree = {"network": {}, "loss": {}, "optimizer": {}}
    arguments = (_doubles(state), batch, {"key": key, "step": np.asarray(0, "int32")}, no_rates)
    optimizer = as_optimizer(optimizer)
    return _on_tape(net, function, optimizer, _doubles(numbers), arguments, predicting)


def _on_tape(
    net: Network,
    loss: LossFunction,
    optimizer: Any,
    params: Tree,
    arguments: tuple[Tree, ...],
    predicting: bool,
) -> Recorded:
    marks: list[Mark] = []
    calls: list[tuple[int, Any]] = []
    found: dict[str, int] = {}
    score = score_network(net, getattr(loss, "targets", "numbers"))
    task = Task(watch(score, marks), watch_loss(loss, calls, found), optimizer)

    def predicted(p: Tree, state: Tree, batch: Tree, key: Tree, rates: Tree) -> tuple[Any, Tree]:
        return evaluation_losses(task, p, state, batch, rates)

    def trained(p: Tree, *rest: Tree) -> tuple[Any, Tree]:
        return objective(task, p, *rest)

    with np.errstate(all="ignore"):
        recording = Recording(
            predicted if predicting else trained,
            params,
            arguments,
            aux=True,
            trace_arguments=True,
        )
    start, outputs = calls[0]
    return Recorded(
        net,
        score,
        loss,
        optimizer,
        recording,
        params,
        arguments,
        tuple(marks),
        start,
        outputs,
        predicting,
        found,
    )


def _as_network(network: Any) -> Network:
    if isinstance(network, Network):
        return network
    if isinstance(network, list | tuple) or hasattr(network, "apply"):
        return Network(network)
    raise SettingError(
        f"explain got {type(network).__name__} as the network; it takes cr.Network([…]) or a Model."
    )


def _chosen_loss(loss: Any, model: Model | None) -> Any:
    if loss is not None:
        return loss
    if model is not None:
        return model.loss
    raise SettingError(
        "explain needs a loss: 'mse' for numbers, 'cross_entropy' for classes, "
        "'binary_cross_entropy' for two classes or yes/no questions."
    )


def _doubles(tree: Tree) -> Tree:
    return tree_map(
        lambda a: np.array(a, "float64") if np.asarray(a).dtype.kind == "f" else a, tree
    )
