"""The recipe for tables: the one place that decides network, loss and settings, and says why.

Sizes grow with the rows. A network that is too large costs time, seldom accuracy: training stops
when the validation part is no longer predicted better, and weights that nothing asks for decay.
The numbers were chosen on the tables of benchmarks/table_accuracy.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chainrule.errors import SettingError, unknown_name
from chainrule.judgement import ANSWERS, NUMBERS
from chainrule.losses import LossFunction, as_loss
from chainrule.nn import ACTIVATIONS, BatchNorm, Dense, Dropout, EmbedColumns, Layer, Network
from chainrule.optim import (
    Constant,
    Cosine,
    Exponential,
    OneCycle,
    ReduceOnPlateau,
    StepDecay,
    WarmUp,
    as_optimizer,
)
from chainrule.recipes.embedding import WIDTH

PATIENCE, EPOCHS = 20, 200
SMALL, LARGE = 2_000, 20_000
"""Training rows below which a table is small, and from which it is large."""

SCHEDULES: dict[str, Any] = {
    "constant": Constant,
    "cosine": Cosine,
    "exponential": Exponential,
    "one_cycle": OneCycle,
    "plateau": ReduceOnPlateau,
    "step": StepDecay,
    "warm_up": WarmUp,
}
"""Schedules by name: a name stands for the schedule with its default settings."""


@dataclass(frozen=True)
class Choices:
    """What the user asked for; None where it is to be decided. As for `train`."""

    hidden: Sequence[int] | None = None
    activation: str | None = None
    dropout: float | None = None
    batch_norm: bool = False
    network: Network | None = None
    loss: str | LossFunction | None = None
    optimizer: Any = None
    learning_rate: float | None = None
    schedule: str | None = None
    weight_decay: float | None = None
    batch_size: int | str | None = "auto"
    epochs: int | None = None
    max_time: float | None = None
    patience: int | None = None
    tol: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """All that training needs to be told.

    Attributes:
        network, loss, optimizer, epochs, batch_size, patience, tol, max_time: as for `fit`.
        embedded: the columns of labels that get learnt vectors, by `with_tables`.
        reasons: what was decided and why, a sentence each.
    """

    network: Network
    loss: LossFunction
    optimizer: Any
    epochs: int
    batch_size: int | None
    patience: int
    tol: float = 0.0
    max_time: float | None = None
    embedded: tuple[str, ...] = ()
    reasons: tuple[str, ...] = field(default=())

    @property
    def linear(self) -> bool:
        """Whether the network has nothing but weights and biases: it can learn a line alone."""
        return all(isinstance(layer, Dense) for layer in self.network.layers)

    def with_hidden(self, *sizes: int) -> Recipe:
        """The same recipe for plain ReLU layers of other sizes before the same last layer.

        Every label has an input of its own there.
        """
        last: Any = self.network.layers[-1]
        network = _network(Choices(hidden=sizes), sizes, last.units)
        return replace(self, network=network, embedded=())


def tabular_recipe(
    rows: int,
    outputs: int,
    task: str,
    choices: Choices | None = None,
    embedded: Mapping[str, int] | None = None,
) -> Recipe:
    """A network, a loss and settings; what is given is taken, the rest is decided.

    Args:
        rows: that are trained on.
        outputs: how many classes, numbers or yes/no answers.
        task: "classes", "numbers" or "answers".
        choices: what was asked for.
        embedded: columns with many labels and how many they have, see `columns_to_embed`; a
            network without hidden layers has an input for each label all the same.

    Raises:
        SettingError: an unknown name, a size that cannot be, a loss for two classes with more.

    Example:
        >>> recipe = tabular_recipe(220, 3, "classes")
        >>> [type(layer).__name__ for layer in recipe.network.layers], recipe.batch_size
        (['Dense', 'ReLU', 'Dense'], 32)
    """
    asked = choices or Choices()
    said: list[str] = []
    loss = asked.loss
    if loss is None:
        loss, why = _default_loss(task, outputs)
        said.append(f"loss {loss}: for {why}")
    loss_function = as_loss(loss)
    hidden = asked.hidden
    if hidden is None:
        hidden = _hidden_for(rows)
        if asked.network is None:
            said.append(f"hidden {', '.join(map(str, hidden))}: for {rows:,} training rows")
    if asked.network is None and not hidden:
        embedded = {}  # a vector a label adds nothing to a line but weights
    for name, labels in (embedded or {}).items():
        said.append(f"{name}: {WIDTH} learnt numbers a label (EmbedColumns), for {labels:,} labels")
    _check_hidden(hidden)
    units = _units(loss_function, outputs, task)
    batch_size = asked.batch_size
    if batch_size == "auto":
        batch_size = 32 if rows < LARGE // 2 else 256
        said.append(f"batch {batch_size}: for {rows:,} training rows")
    epochs, patience = asked.epochs, asked.patience
    patience = PATIENCE if patience is None else patience
    if epochs is None:
        epochs = EPOCHS
        said.append(f"at most {EPOCHS} epochs: stops when validation is no better for {patience}")
    return Recipe(
        network=_network(asked, hidden, units)
        if asked.network is None
        else _own_network(asked, units),
        loss=loss_function,
        optimizer=_optimizer(asked, rows, said),
        epochs=epochs,
        batch_size=None if batch_size in (None, "full") else _batch(batch_size),
        patience=patience,
        tol=asked.tol,
        max_time=asked.max_time,
        embedded=tuple(embedded or ()),
        reasons=tuple(said),
    )


def _check_hidden(hidden: Any) -> None:
    """Refuse one number, or text, in place of several numbers."""
    if isinstance(hidden, str) or not hasattr(hidden, "__iter__"):
        raise SettingError(
            f"hidden is {hidden!r}; write the units of each hidden layer in parentheses, e.g. "
            "hidden=(64,) or hidden=(64, 32), and hidden=() for none."
        )


def _hidden_for(rows: int) -> tuple[int, ...]:
    return (100,) if rows < SMALL else (128, 64)


def _default_loss(task: str, outputs: int) -> tuple[str, str]:
    if task == NUMBERS:
        return "mse", "numbers"
    if task == ANSWERS:
        return "binary_cross_entropy", f"{outputs} yes/no answers"
    return "binary_cross_entropy" if outputs == 2 else "cross_entropy", f"{outputs} classes"


def _units(loss: LossFunction, outputs: int, task: str) -> int:
    """How many outputs the network needs."""
    kind = getattr(loss, "targets", "numbers")
    name = getattr(loss, "__name__", type(loss).__name__)
    if task == ANSWERS:
        if kind == "classes":
            raise SettingError(
                f"{outputs} targets are {outputs} yes/no answers, and {name} takes one label. Use "
                "the loss binary_cross_entropy."
            )
        return outputs
    if kind in ("numbers", "classes"):
        return outputs
    if outputs != 2:
        raise SettingError(
            f"The target has {outputs} classes and {name} tells two apart. Use the loss "
            "cross_entropy."
        )
    return 1


def _network(asked: Choices, hidden: Sequence[int], units: int) -> Network:
    activation = asked.activation or "relu"
    if activation not in ACTIVATIONS:
        raise unknown_name("activation", activation, ACTIVATIONS)
    layers: list[Layer] = []
    for size in hidden:
        layers.append(Dense(size))
        if asked.batch_norm:
            layers.append(BatchNorm())
        layers.append(ACTIVATIONS[activation]())
        if asked.dropout:
            layers.append(Dropout(asked.dropout))
    return Network([*layers, Dense(units)])


def _own_network(asked: Choices, units: int) -> Network:
    """The network that was asked for; it must end in what the loss needs."""
    parts: Mapping[str, Any] = {
        "hidden": asked.hidden,
        "activation": asked.activation,
        "dropout": asked.dropout,
        "batch_norm": asked.batch_norm or None,
    }
    for name, value in parts.items():
        if value is not None:
            raise SettingError(
                f"network and {name} exclude each other: the network says it all. Leave {name} out."
            )
    network = asked.network
    assert network is not None
    if any(isinstance(layer, EmbedColumns) for _, layer in network.walk()):
        raise SettingError(
            "The network has the layer EmbedColumns, which train puts in front itself where "
            "columns have many labels: leave it out."
        )
    last: Any = network.layers[-1]
    if not isinstance(last, Dense) or last.units != units:
        raise SettingError(
            f"The network ends in {last!r:.60} and this target needs {units} "
            f"{'output' if units == 1 else 'outputs'}: end it in Dense({units})."
        )
    return network


def _optimizer(asked: Choices, rows: int, said: list[str]) -> Any:
    chosen = as_optimizer("adam" if asked.optimizer is None else asked.optimizer)
    decay = asked.weight_decay
    if decay is None and asked.optimizer is None:
        decay = 0.3 if rows < LARGE else 0.01
        said.append(f"weight decay {decay:g}: for {rows:,} training rows")
    if decay is not None:
        chosen = replace(chosen, weight_decay=decay)
    if asked.learning_rate is not None:
        chosen = replace(chosen, learning_rate=asked.learning_rate)
    if asked.schedule is None:
        return chosen
    if asked.schedule not in SCHEDULES:
        raise unknown_name("schedule", asked.schedule, SCHEDULES)
    if not isinstance(chosen.learning_rate, int | float):
        raise SettingError("The optimizer has a schedule of its own: leave the other one out.")
    return replace(chosen, learning_rate=SCHEDULES[asked.schedule](chosen.learning_rate))


def _batch(batch_size: Any) -> int:
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise SettingError(
            f"The batch size is {batch_size!r}; it must be a whole number above 0, or 'full' for "
            "all rows at once."
        )
    return batch_size
