"""`inspect`: what a model is made of and what it costs, without running it on anything."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from chainrule.data import HeadTargets, Targets
from chainrule.errors import ModelFileError
from chainrule.explanation import (
    InputColumn,
    LayerCount,
    count_layers,
    input_columns,
    loss_word,
)
from chainrule.judgement import printable
from chainrule.model import Model, example_numbers
from chainrule.workflow.inspection_page import inspection_lines
from chainrule.workflow.models import load_model

MOST_NUMBERS = 2**26
"""Numbers that all layers make of one example, beyond which nothing is counted: a file can claim
any shape, and counting makes them once."""


@dataclass(frozen=True)
class Inspection:
    """What a model is made of.

    Attributes:
        layers: the layers in order, each with its shape and what it costs for one example.
        columns: the columns of the table that it sees; none where it was trained on arrays.
        in_shape: of one example, or a dict of shapes. dtype: "float32" or "float64".
        targets: "numbers", "classes", "binary" or "signs"; of several heads a dict of these.
        classes: the labels; of several heads a dict of those of the heads that have some.
        loss: the name of the loss it was trained for.
        card: how it was made. judgement: how good it is; None where that was not measured.
    """

    layers: tuple[LayerCount, ...]
    columns: tuple[InputColumn, ...]
    in_shape: Any
    dtype: str
    targets: Any
    classes: Any
    loss: str
    card: dict[str, Any]
    judgement: dict[str, Any] | None

    def __str__(self) -> str:
        """The page that `chainrule inspect` prints."""
        return "\n".join(map(printable, inspection_lines(self)))

    @property
    def parameters(self) -> int:
        """How many numbers were learnt."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def operations(self) -> int:
        """Of the forward pass of one example."""
        return sum(layer.operations for layer in self.layers)

    @property
    def activation_bytes(self) -> int:
        """Results of one example that training keeps for the way back."""
        return sum(layer.activation_bytes for layer in self.layers)


def inspect(model: Model | str | os.PathLike[str]) -> Inspection:
    """Look into a model: layers with shapes, parameters and operations, columns, card, judgement.

    The operations are counted on the recorded forward pass of one example, primitive by primitive.

    Args:
        model: a Model, or the path of a file that `save` wrote.

    Raises:
        ModelFileError: the file is no model.

    Example:
        >>> import chainrule as cr
        >>> network = cr.Network([cr.nn.Dense(3), cr.nn.ReLU(), cr.nn.Dense(1)])
        >>> model = cr.fit(network, [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], loss="mse", epochs=1)
        >>> found = inspect(model)
        >>> found.parameters, found.operations, found.layers[0].out_shape
        (13, 21, (3,))
    """
    made = load_model(model)
    return Inspection(
        layers=_counted(made),
        columns=() if made.encoder is None else input_columns(made.encoder),
        in_shape=made.in_shape,
        dtype=made.dtype,
        targets=made.targets.kind,
        classes=_classes(made.targets),
        loss=loss_word(made.loss),
        card={name: value for name, value in made.card.items() if name != "judgement"},
        judgement=made.judgement,
    )


def _classes(targets: Targets | HeadTargets) -> Any:
    if isinstance(targets, HeadTargets):
        named = {name: _classes(part) for name, part in targets.heads.items()}
        return {name: classes for name, classes in named.items() if classes}
    return () if targets.classes is None else tuple(targets.classes.tolist())


def _counted(model: Model) -> tuple[LayerCount, ...]:
    """The layers; those of a file may fit their arrays and still not fit each other."""
    numbers = example_numbers(model.network, model.in_shape)
    if numbers > MOST_NUMBERS:
        raise ModelFileError(
            f"The layers of this model make {numbers} numbers of one example of the shape "
            f"{model.in_shape}: too many to be counted."
        )
    try:
        return count_layers(model.network, model.params, model.state, model.in_shape, model.dtype)
    except Exception as error:  # a layer may raise anything on an input that is not for it
        raise ModelFileError(
            f"The layers of this model cannot be run one after the other: {error!s:.300}"
        ) from error
