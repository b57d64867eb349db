"""Losses and targets beside the outputs of a network: one of each, or one for every head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.data import HeadTargets, Targets, check_names, make_targets
from chainrule.errors import SettingError, ShapeError
from chainrule.losses import HeadLosses, LossFunction, as_loss, head_losses
from chainrule.model import Model
from chainrule.nn import is_named, split_lengths


def loss_for(loss: Any, weights: Any, start: Model | None) -> LossFunction:
    """The loss of a run: what was asked for, or that of the model to continue.

    Args:
        loss: a name, a loss, a dict of them by head, or None. weights: of the heads, or None.

    Raises:
        SettingError: there is none, or weights for a single loss.
    """
    if loss is None and start is not None:
        loss = start.loss
    if loss is None:
        raise SettingError(
            "fit needs a loss: 'mse' for numbers, 'cross_entropy' for classes, "
            "'binary_cross_entropy' for two classes or yes/no questions; a dict of them for heads."
        )
    if isinstance(loss, HeadLosses) and weights is not None:
        loss = {name: head.loss for name, head in loss.heads}
    if isinstance(loss, Mapping):
        return head_losses(loss, weights)
    if weights is not None:
        raise SettingError(
            "loss_weights needs a loss for every head, e.g. loss={'class': 'cross_entropy', "
            "'box': 'huber'}."
        )
    return as_loss(loss)


def check_heads(loss: LossFunction, out_shape: Any) -> None:
    """Refuse a loss that is not for the outputs of a network.

    Args:
        out_shape: of one example, or a dict of shapes.

    Raises:
        SettingError: one loss for several heads, or losses by other names.
        ShapeError: losses by name for one output, or a head with several outputs by name.
    """
    kinds = getattr(loss, "targets", "numbers")
    if not is_named(out_shape):
        if isinstance(kinds, dict):
            sizes = ", ".join(map(str, split_lengths(out_shape)[0]))
            raise ShapeError(
                f"The losses are for the heads {sorted(kinds)} and the network has one output of "
                f"shape (batch, {sizes}): end it in cr.nn.Heads, or give "
                "one loss."
            )
        return
    heads = sorted(out_shape)
    nested = [head for head in heads if is_named(out_shape[head])]
    if nested:
        raise ShapeError(
            f"The head {nested[0]!r} has the outputs {sorted(out_shape[nested[0]])}, and a head "
            "has one: name all heads in one cr.nn.Heads."
        )
    if not isinstance(kinds, dict):
        raise SettingError(
            f"The network has the heads {heads} and one loss: give a loss for each, "
            f"loss={{{heads[0]!r}: 'mse', …}}."
        )
    lacking = [head for head in heads if head not in kinds]
    odd = [name for name in sorted(kinds) if name not in heads]
    if lacking or odd:
        fault = f"no loss for {lacking[0]!r}" if lacking else f"a loss for {odd[0]!r}, no head"
        raise SettingError(f"There is {fault}: the heads are {heads}, and each needs one loss.")


def targets_for(
    start: Model | None, loss: LossFunction, y: Any, out_shape: Any
) -> Targets | HeadTargets:
    """How the targets of a run are written for its losses.

    Args:
        start: the model to continue; where it has targets of the same kind they stay.
        y: the training targets, a dict of them for a network with heads.

    Raises:
        ShapeError, DataError: the targets do not fit the loss or the network.
    """
    kind = getattr(loss, "targets", "numbers")
    before = None if start is None else start.targets
    if not is_named(out_shape):
        return _one(before, kind, y, out_shape)
    check_names(y, sorted(out_shape))
    known = before.heads if isinstance(before, HeadTargets) else {}
    return HeadTargets(
        {
            head: _one(known.get(head), kind[head], y[head], shape, f"y[{head!r}]")
            for head, shape in sorted(out_shape.items())
        }
    )


def _one(before: Any, kind: str, y: Any, out_shape: Any, name: str = "y") -> Targets:
    if isinstance(before, Targets) and before.kind == kind:
        return before
    shape = split_lengths(out_shape)[0]
    if not shape:
        raise ShapeError(
            "The network's output has shape (batch,), and a loss needs (batch, outputs): end the "
            "network in Dense(1)."
        )
    return make_targets(kind, y, shape[-1], name, axes=len(shape) - 1)
