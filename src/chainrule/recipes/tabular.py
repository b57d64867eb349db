"""The recipe for tables: which columns, which question, which network, each with its reason.

Sizes grow with the rows. A network that is too large costs time, seldom accuracy: training stops
when the validation part is no longer predicted better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data import CATEGORY, NUMBER, Column, Table
from chainrule.errors import DataError, SettingError, unknown_name
from chainrule.losses import LossFunction, as_loss
from chainrule.nn import ACTIVATIONS, Dense, Layer, Network
from chainrule.optim import as_optimizer

MOST_CLASSES = 10
"""So many different whole numbers in a target are still taken for classes."""
PATIENCE = 20
EPOCHS = 200


@dataclass(frozen=True)
class Recipe:
    """All that training needs to be told.

    Attributes:
        network, loss, optimizer, epochs, batch_size, patience: as for `fit`.
        reasons: what was decided and why, a sentence each.
    """

    network: Network
    loss: LossFunction
    optimizer: Any
    epochs: int
    batch_size: int | None
    patience: int
    reasons: tuple[str, ...]


def usable_columns(table: Table, target: str) -> dict[str, str]:
    """Every column but the target, with the reason why it is left out, or "" where it is used.

    Raises:
        DataError: none is left.
    """
    verdicts = {c.name: c.useless() for c in table.columns if c.name != target}
    if all(verdicts.values()):
        why = "; ".join(f"{name}: {verdict}" for name, verdict in verdicts.items())
        raise DataError(
            f"{table.name} has no column to learn {target!r} from" + (f" ({why})." if why else ".")
        )
    return verdicts


def choose_task(target: Column, loss: str | LossFunction | None) -> tuple[str, str]:
    """Whether a target is classes ("category") or numbers ("number"), and why.

    Args:
        target: with no missing values. loss: what was asked for; it decides where it is given.

    Raises:
        DataError: text where the loss needs numbers; one value only.
        SettingError: an unknown loss.
    """
    if len(np.unique(target.values)) < 2:
        value = target.labels[target.values[0]] if target.labels else f"{target.values[0]:g}"
        raise DataError(
            f"The target {target.name!r} has one value only, {value!r}: there is nothing to tell "
            "apart. Choose another column."
        )
    if loss is not None:
        asked = NUMBER if getattr(as_loss(loss), "targets", NUMBER) == "numbers" else CATEGORY
        if asked == NUMBER and target.kind == CATEGORY:
            raise DataError(
                f"The target {target.name!r} holds text such as {target.labels[0]!r}, and this "
                "loss takes numbers. Use the loss cross_entropy, or name a column of numbers."
            )
        return asked, "as the loss asks"
    if target.kind == CATEGORY:
        return CATEGORY, "it holds text"
    distinct = np.unique(target.values)
    whole = bool((distinct == np.floor(distinct)).all())
    if whole and len(distinct) <= MOST_CLASSES and len(target.values) >= 10 * len(distinct):
        return CATEGORY, f"it has {len(distinct)} different whole numbers only (loss mse: a number)"
    return NUMBER, "it holds numbers"


def tabular_recipe(
    rows: int,
    outputs: int,
    task: str,
    *,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    epochs: int | None = None,
    batch_size: int | str | None = "auto",
    learning_rate: float | None = None,
    optimizer: Any = None,
    loss: str | LossFunction | None = None,
) -> Recipe:
    """A network, a loss and settings; what is given is taken, the rest is decided.

    Args:
        rows: of the training part. outputs: number of classes; 1 for numbers. task: "category" or
            "number".

    Raises:
        SettingError: an unknown name, a size that cannot be, a loss for two classes with more.

    Example:
        >>> recipe = tabular_recipe(220, 3, "category")
        >>> [type(layer).__name__ for layer in recipe.network.layers], recipe.batch_size
        (['Dense', 'ReLU', 'Dense'], 32)
    """
    said: list[str] = []
    if hidden is None:
        hidden = _hidden_for(rows)
        said.append(f"hidden {', '.join(map(str, hidden))}: for {rows} training rows")
    if batch_size == "auto":
        batch_size = 32 if rows < 10_000 else 256
        said.append(f"batch {batch_size}: for {rows} training rows")
    if epochs is None:
        epochs = EPOCHS
        said.append(f"at most {EPOCHS} epochs: stops when validation is no better for {PATIENCE}")
    if loss is None:
        loss = (
            "mse" if task == NUMBER else "binary_cross_entropy" if outputs == 2 else "cross_entropy"
        )
        said.append(f"loss {loss}: for {'numbers' if task == NUMBER else f'{outputs} classes'}")
    loss_function = as_loss(loss)
    units = _units(loss_function, outputs)
    return Recipe(
        network=_network(hidden, activation or "relu", units),
        loss=loss_function,
        optimizer=_optimizer(optimizer, learning_rate),
        epochs=epochs,
        batch_size=None if batch_size in (None, "full") else _batch(batch_size),
        patience=PATIENCE,
        reasons=tuple(said),
    )


def _hidden_for(rows: int) -> tuple[int, ...]:
    if rows < 1_000:
        return (32,)
    return (64, 32) if rows < 20_000 else (128, 64)


def _loss_for(task: str, outputs: int) -> str:
    if task == NUMBER:
        return "mse"
    return "binary_cross_entropy" if outputs == 2 else "cross_entropy"


def _units(loss: LossFunction, outputs: int) -> int:
    """How many outputs the network needs."""
    kind = getattr(loss, "targets", "numbers")
    if kind in ("numbers", "classes"):
        return outputs
    if outputs != 2:
        raise SettingError(
            f"The target has {outputs} classes and {type(loss).__name__} tells two apart. Use the "
            "loss cross_entropy."
        )
    return 1


def _network(hidden: Sequence[int], activation: str, units: int) -> Network:
    if activation not in ACTIVATIONS:
        raise unknown_name("activation", activation, ACTIVATIONS)
    layers: list[Layer] = []
    for size in hidden:
        layers += [Dense(size), ACTIVATIONS[activation]()]
    return Network([*layers, Dense(units)])


def _optimizer(optimizer: Any, learning_rate: float | None) -> Any:
    chosen = as_optimizer("adam" if optimizer is None else optimizer)
    return chosen if learning_rate is None else replace(chosen, learning_rate=learning_rate)


def _batch(batch_size: Any) -> int:
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise SettingError(
            f"The batch size is {batch_size!r}; it must be a whole number above 0, or 'full' for "
            "all rows at once."
        )
    return batch_size
