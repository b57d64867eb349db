"""Layers that arrange other layers or their inputs: flatten, embed, bypass, branch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.initializers import Initializer, RandomNormal
from chainrule.nn.layer import Context, Layer, Shape
from chainrule.nn.sequences import apply_layer, init_layer, split_lengths, with_lengths


@dataclass(frozen=True)
class Flatten:
    """Every example as one row of numbers: (batch, …) becomes (batch, features)."""

    takes_lengths: ClassVar[bool] = True

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        if ops.is_sequence(in_shape):
            raise ShapeError(
                f"Flatten would mix padding into the features of sequences with lengths, (batch, "
                f"{', '.join(map(str, in_shape['values']))}). Reduce time first, e.g. by LSTM(64)."
            )
        return {}, {}, (math.prod(in_shape),)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.reshape(x, shape=(x.shape[0], math.prod(x.shape[1:]))), state


@dataclass(frozen=True)
class Embedding:
    """A row of learnt numbers for every index: (batch, …) integers become (batch, …, features).

    Args:
        count: how many indices there are; inputs are 0 … count - 1.
        features: how many numbers stand for each.
        table_init: where the table starts.

    Parameters: table (count, features), float32.
    """

    count: int
    features: int
    table_init: Initializer = RandomNormal(0.05)

    def __post_init__(self) -> None:
        if self.count < 1 or self.features < 1:
            raise SettingError(
                f"Embedding({self.count}, {self.features}): both numbers must be above 0."
            )

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        table = self.table_init(key, (self.count, self.features), self.count, self.features)
        return {"table": table}, {}, (*in_shape, self.features)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.take(params["table"], x), state


@dataclass(frozen=True)
class Residual:
    """x + layer(x): the layer learns what to add (He, Zhang, Ren, Sun 2016).

    Args:
        layer: a layer or a Network whose output has the shape of its input.
    """

    layer: Layer
    takes_lengths: ClassVar[bool] = True

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        params, state, out_shape = init_layer(self.layer, key, in_shape)
        if out_shape != in_shape:
            raise ShapeError(
                f"Residual adds its input (batch, *{in_shape}) to the output of its layer "
                f"(batch, *{out_shape}): the two must be equal. Let the last inner layer have "
                f"{(split_lengths(in_shape)[0] or (1,))[-1]} units."
            )
        return params, state, out_shape

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        out, state = apply_layer(self.layer, params, state, x, context.child(0))
        values, lengths = split_lengths(x)
        return with_lengths(values + split_lengths(out)[0], lengths), state


@dataclass(frozen=True)
class Branches:
    """Named inputs: each goes through a layer of its own, the outputs are joined.

    Args:
        layers: a layer or Network for every name. Outputs are joined along their last axis, in
            the order of the sorted names.

    Example:
        >>> from chainrule.nn import Dense, Embedding
        >>> both = Branches({"numbers": Dense(8), "city": Embedding(100, 4)})
        >>> both.init(ops.key_from_seed(0), {"numbers": (3,), "city": ()})[2]
        (12,)
    """

    layers: Any

    def __post_init__(self) -> None:
        items = self.layers.items() if isinstance(self.layers, Mapping) else self.layers
        object.__setattr__(self, "layers", tuple(sorted(items)))

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        names = [name for name, _ in self.layers]
        if not isinstance(in_shape, dict) or sorted(in_shape) != names:
            given = sorted(in_shape) if isinstance(in_shape, dict) else f"one array {in_shape}"
            raise ShapeError(f"Branches needs the named inputs {names}; it got {given}.")
        params, state, shapes = {}, {}, []
        for i, (name, layer) in enumerate(self.layers):
            made = init_layer(layer, ops.fold_in(key, i), in_shape[name])
            params[name], state[name], shape = made
            if ops.is_sequence(shape):
                raise ShapeError(
                    f"The branch {name!r} ends in sequences with lengths, (batch, "
                    f"{', '.join(map(str, shape['values']))}), which cannot be joined. End it in a "
                    "layer that reduces time, e.g. LSTM(64)."
                )
            shapes.append(shape)
        if len({shape[:-1] for shape in shapes}) != 1:
            raise ShapeError(
                f"Branches joins outputs along the last axis, but the branches {names} end in "
                f"the shapes {shapes}. Add Flatten() where there are more axes."
            )
        return params, state, (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        outs, new_state = [], {}
        for i, (name, layer) in enumerate(self.layers):
            out, new_state[name] = apply_layer(
                layer, params[name], state[name], x[name], context.child(i)
            )
            outs.append(out)
        return ops.concatenate(outs, axis=-1), new_state


def wants_indices(layer: Any) -> bool:
    """Whether a layer's input is integers that stand for something, not quantities."""
    return isinstance(first_layer(layer), Embedding)


def first_layer(layer: Any) -> Any:
    """The layer that sees the input: the first one of a network, and so on inwards."""
    inner = getattr(layer, "layers", None)
    if inner and not isinstance(layer, Branches):
        return first_layer(inner[0])
    if isinstance(layer, Residual):
        return first_layer(layer.layer)
    return layer
