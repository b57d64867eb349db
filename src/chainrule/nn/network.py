"""A network: layers in sequence. It is itself a layer, so networks nest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.initializers import GlorotUniform, Initializer
from chainrule.nn.layer import Context, Layer, Shape


@dataclass(frozen=True)
class Network:
    """Layers, each applied to what the one before it gives.

    Args:
        layers: layers and networks, at least one.

    Raises:
        SettingError: something in the list is not a layer, or the list is empty.

    Example:
        >>> from chainrule.nn import Dense, ReLU
        >>> network = Network([Dense(64), ReLU(), Dense(10)])
        >>> params, state, out_shape = network.init(ops.key_from_seed(0), (784,))
        >>> out_shape, params[0]["weight"].shape
        ((10,), (784, 64))
    """

    layers: tuple[Layer, ...]

    def __init__(self, layers: Sequence[Layer]) -> None:
        listed = tuple(layers) if isinstance(layers, list | tuple) else (layers,)
        if not listed:
            raise SettingError("A Network needs at least one layer, e.g. Network([Dense(1)]).")
        for i, layer in enumerate(listed):
            if isinstance(layer, type):
                raise SettingError(
                    f"Layer {i} of the Network is the class {layer.__name__}; "
                    f"write {layer.__name__}(…) with parentheses."
                )
            if not (hasattr(layer, "init") and hasattr(layer, "apply")):
                raise SettingError(
                    f"Layer {i} of the Network is {layer!r}, which is not a layer: it needs "
                    "`init` and `apply`. Layers are in chainrule.nn, e.g. cr.nn.Dense(64)."
                )
        object.__setattr__(self, "layers", listed)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        """Parameters, state and output shape, for inputs of shape (batch, *in_shape)."""
        params, state, shape = [], [], in_shape
        for i, layer in enumerate(self.layers):
            try:
                made = self._prepared(i).init(ops.fold_in(key, i), shape)
            except ShapeError as error:
                raise ShapeError(f"Layer {i}, {type(layer).__name__}: {error}") from None
            params.append(made[0])
            state.append(made[1])
            shape = made[2]
        return tuple(params), tuple(state), shape

    def apply(
        self, params: Tree, state: Tree, x: Any, context: Context = Context()
    ) -> tuple[Any, Tree]:
        """The output for inputs x (batch, *in_shape), and the next state."""
        new_state = []
        for i, layer in enumerate(self.layers):
            x, layer_state = layer.apply(params[i], state[i], x, context.child(i))
            new_state.append(layer_state)
        return x, tuple(new_state)

    def walk(self) -> Iterator[tuple[str, Layer]]:
        """The innermost layers in order, each with its path, e.g. "2" or "1.0"."""
        for i, layer in enumerate(self.layers):
            if isinstance(layer, Network):
                yield from ((f"{i}.{path}", inner) for path, inner in layer.walk())
            else:
                yield str(i), layer

    def _prepared(self, i: int) -> Layer:
        """Layer i, with an initializer that suits the activation behind it where it names none."""
        layer: Any = self.layers[i]
        if getattr(layer, "weight_init", self) is not None:
            return self.layers[i]
        prepared: Layer = replace(layer, weight_init=self._initializer_after(i))
        return prepared

    def _initializer_after(self, i: int) -> Initializer:
        for layer in self.layers[i + 1 :]:
            if getattr(layer, "transparent", False):
                continue
            chosen: Initializer = getattr(layer, "initializer", GlorotUniform())
            return chosen
        return GlorotUniform()
