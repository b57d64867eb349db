"""Layers that arrange other layers or their inputs: flatten, embed, bypass, branch, heads."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
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
        return with_lengths(ops.residual(values, split_lengths(out)[0]), lengths), state


@dataclass(frozen=True)
class Branches:
    """Named inputs: each goes through a layer of its own, the outputs are joined.

    Args:
        layers: a layer or Network for every name, for inputs of any shape; a branch that is itself
            Branches takes a dict of inputs.
        join: "concatenate" joins along the last axis, in the order of the sorted names; "sum" adds
            outputs of one shape.

    Example:
        >>> from chainrule.nn import Dense, Embedding
        >>> both = Branches({"numbers": Dense(8), "city": Embedding(100, 4)})
        >>> both.init(ops.key_from_seed(0), {"numbers": (3,), "city": ()})[2]
        (12,)
    """

    layers: Any
    takes_names: ClassVar[bool] = True
    join: str = field(default="concatenate", metadata={"later": True})

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", named_layers("Branches", self.layers))
        if self.join not in ("concatenate", "sum"):
            raise SettingError(
                f"Branches: join is {self.join!r}; it must be 'concatenate' or 'sum'."
            )

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        names = [name for name, _ in self.layers]
        if not isinstance(in_shape, dict) or sorted(in_shape) != names:
            given = sorted(in_shape) if isinstance(in_shape, dict) else f"one array {in_shape}"
            raise ShapeError(f"Branches needs the named inputs {names}; it got {given}.")
        params, state, shapes = {}, {}, {}
        for i, (name, layer) in enumerate(self.layers):
            params[name], state[name], shapes[name] = _made(
                f"branch {name!r}", layer, ops.fold_in(key, i), in_shape[name]
            )
        return params, state, self._joined(shapes)

    def _joined(self, shapes: dict[str, Shape]) -> Shape:
        """The shape of the outputs joined."""
        for name, shape in shapes.items():
            if ops.is_sequence(shape):
                raise ShapeError(
                    f"The branch {name!r} ends in sequences with lengths, (batch, "
                    f"{', '.join(map(str, shape['values']))}), which cannot be joined. End it in a "
                    "layer that reduces time, e.g. LSTM(64)."
                )
        several = [name for name, shape in shapes.items() if isinstance(shape, dict)]
        if several:
            raise ShapeError(
                f"Branches joins one array of every branch, and {several[0]!r} ends in several: "
                "join them in the branch."
            )
        kept = list(shapes.values())
        if self.join == "sum":
            if len(set(kept)) != 1:
                raise ShapeError(
                    f"Branches adds outputs of one shape, but the branches end in {shapes}. End "
                    "each in as many units, or write join='concatenate'."
                )
            return kept[0]
        if len({shape[:-1] for shape in kept}) != 1 or not kept[0]:
            raise ShapeError(
                "Branches joins outputs along the last axis, but the branches end in the shapes "
                f"{shapes}. Add Flatten() where there are more axes."
            )
        return (*kept[0][:-1], sum(shape[-1] for shape in kept))

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        outs, new_state = [], {}
        for i, (name, layer) in enumerate(self.layers):
            out, new_state[name] = apply_layer(
                layer, params[name], state[name], x[name], context.child(i)
            )
            outs.append(out)
        if self.join == "sum":
            return functools.reduce(operator.add, outs), new_state
        return ops.concatenate(outs, axis=-1), new_state


@dataclass(frozen=True)
class Heads:
    """Named outputs: each layer is applied to the same input, the outputs are a dict.

    It ends a network that answers several questions at once (Caruana 1997), or stands before
    Branches that join what the layers made of one input.

    Args:
        layers: a layer or Network for every name.

    Example:
        >>> from chainrule.nn import Dense
        >>> both = Heads({"class": Dense(10), "box": Dense(4)})
        >>> both.init(ops.key_from_seed(0), (64,))[2]
        {'box': (4,), 'class': (10,)}
    """

    layers: Any
    takes_lengths: ClassVar[bool] = True
    takes_names: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", named_layers("Heads", self.layers))

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        params, state, shapes = {}, {}, {}
        for i, (name, layer) in enumerate(self.layers):
            params[name], state[name], shapes[name] = _made(
                f"head {name!r}", layer, ops.fold_in(key, i), in_shape
            )
        return params, state, shapes

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        outs, new_state = {}, {}
        for i, (name, layer) in enumerate(self.layers):
            outs[name], new_state[name] = apply_layer(
                layer, params[name], state[name], x, context.child(i)
            )
        return outs, new_state


def named_layers(owner: str, layers: Any) -> tuple[tuple[str, Layer], ...]:
    """The layers of a dict, or of pairs, as pairs in the order of their names.

    Raises:
        SettingError: there is none, a name is no text, or a value is no layer.
    """
    pairs = list(layers.items() if isinstance(layers, Mapping) else layers)
    cure = f"write {owner}({{'name': cr.nn.Dense(1)}})"
    if not pairs or not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise SettingError(f"{owner} needs a layer for every name: {cure}.")
    for name, layer in pairs:
        if not isinstance(name, str) or not name:
            raise SettingError(f"{owner}: the name {name!r} is no text; {cure}.")
        if isinstance(layer, type) or not (hasattr(layer, "init") and hasattr(layer, "apply")):
            raise SettingError(f"{owner}: {name!r} is {layer!r:.60}, which is no layer; {cure}.")
    if len({name for name, _ in pairs}) < len(pairs):
        raise SettingError(f"{owner} has a name twice: {sorted(name for name, _ in pairs)}.")
    if ops.is_sequence(dict(pairs)):
        raise SettingError(
            f"{owner} cannot have the names 'values' and 'lengths' together: these are a sequence "
            "with lengths. Choose other names."
        )
    return tuple(sorted(((name, layer) for name, layer in pairs), key=lambda pair: pair[0]))


def _made(where: str, layer: Layer, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
    try:
        return init_layer(layer, key, in_shape)
    except ShapeError as error:
        raise ShapeError(f"{where}: {error}") from None


def wants_indices(layer: Any) -> bool:
    """Whether a layer's input is integers that stand for something, not quantities."""
    return isinstance(first_layer(layer), Embedding)


def first_layer(layer: Any) -> Any:
    """The layer that sees the input: the first one of a network, and so on inwards."""
    if isinstance(layer, Heads):
        return first_layer(layer.layers[0][1])
    inner = getattr(layer, "layers", None)
    if inner and not isinstance(layer, Branches):
        return first_layer(inner[0])
    if isinstance(layer, Residual):
        return first_layer(layer.layer)
    return layer
