"""One training step as a pure function: loss, back-propagation, update."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from chainrule import ops
from chainrule.autodiff import (
    Recording,
    Tree,
    hyper_values,
    leaves,
    program_key,
    value_and_grad,
    with_hyper,
)
from chainrule.losses import LossFunction, losses_by_head
from chainrule.nn import Context, Network, pictures_scaled


@dataclass(frozen=True, eq=False)
class Task:
    """What is trained: a network, a loss, an optimizer. Their rates are traced numbers."""

    network: Network
    loss: LossFunction
    optimizer: Any

    def rates(self) -> Tree:
        """All rates of network, loss and optimizer, as numbers in a tree."""
        return {
            "network": hyper_values(self.network),
            "loss": hyper_values(self.loss),
            "optimizer": hyper_values(self._optimizer_rule()),
        }

    def key(self) -> Hashable | None:
        """What decides the compiled program: everything but the rates; None: it cannot be told."""
        return program_key(self.network, self.loss, self._optimizer_rule())

    def with_rates(self, rates: Tree) -> Task:
        """The same task with the rates of a tree, traced ones among them."""
        return Task(
            with_hyper(self.network, rates["network"]),
            with_hyper(self.loss, rates["loss"]),
            with_hyper(self._optimizer_rule(), rates["optimizer"]),
        )

    def _optimizer_rule(self) -> Any:
        """The optimizer without its learning rate, which comes from a table made on the host."""
        copy = object.__new__(type(self.optimizer))
        copy.__dict__.update(self.optimizer.__dict__, learning_rate=0.0)
        return copy


def objective(
    task: Task,
    params: Tree,
    state: Tree,
    batch: Tree,
    step_key: Tree,
    rates: Tree,
    *,
    streams: int = 1,
    pieces: int = 1,
) -> tuple[Any, tuple[Tree, dict[str, Any]]]:
    """The mean loss of a batch under its examples' shares; the layers' next state; heads' losses.

    Args:
        batch: "x" (batch, …), "y" the targets, "share" (batch,): what each counts; they sum
            to 1 where all rows weigh the same, to more in a batch of heavy rows.
        step_key: "key" uint32 (2,), "step" the number of the step; "first_row" where this
            part of the batch begins, if there are several.
    """
    task = task.with_rates(rates)
    context = Context(
        training=True,
        key=step_key["key"],
        path=(step_key["step"],),
        weight=batch["share"],
        streams=streams,
        parts=streams * pieces,
        first_row=step_key.get("first_row", 0),
    )
    x = pictures_scaled(batch["x"], str(batch["share"].dtype))
    outputs, state = task.network.apply(params, state, x, context)
    loss, heads = _mean_losses(task, batch, outputs)
    return loss, (state, heads)


def gradient_of(task: Task, record: bool, streams: int = 1, pieces: int = 1) -> Callable[..., Any]:
    """`(params, state, batch, step_key, rates) -> ((loss, (state, heads)), gradients of leaves)`.

    With `record` the first call is recorded and later ones replay the tape: on NumPy the Python of
    the layers would otherwise be most of a small network's time. All calls have the same shapes.
    """

    def loss(params: Tree, *arguments: Tree) -> tuple[Any, Tree]:
        return objective(task, params, *arguments, streams=streams, pieces=pieces)

    if not record:
        traced = value_and_grad(loss, aux=True)

        def trace(*arguments: Tree) -> Any:
            results, grads = traced(*arguments)
            return results, leaves(grads)

        return trace
    recorded: list[Recording] = []

    def replay(params: Tree, *arguments: Tree) -> Any:
        if not recorded:
            recorded.append(Recording(loss, params, arguments, aux=True, trace_arguments=True))
        return recorded[0](params, *arguments)

    return replay


def evaluation_losses(
    task: Task, params: Tree, state: Tree, batch: Tree, rates: Tree
) -> tuple[Any, dict[str, Any]]:
    """The loss of a batch as in prediction (no dropout, running statistics), and of its heads."""
    task = task.with_rates(rates)
    x = pictures_scaled(batch["x"], str(batch["share"].dtype))
    outputs, _ = task.network.apply(params, state, x, Context(weight=batch["share"]))
    return _mean_losses(task, batch, outputs)


def _mean_losses(task: Task, batch: Tree, outputs: Any) -> tuple[Any, dict[str, Any]]:
    """The loss of a batch, and by name each head's own before its weight; {} of one output."""
    losses, heads = losses_by_head(task.loss, batch["y"], outputs)
    share = batch["share"]
    return ops.dot(losses, share), {name: ops.dot(own, share) for name, own in heads.items()}
