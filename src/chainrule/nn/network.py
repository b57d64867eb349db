"""A network: layers in sequence. It is itself a layer, so networks nest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.initializers import GlorotUniform, Initializer, OutputUniform
from chainrule.nn.layer import Context, Layer, Shape, no_parameters
from chainrule.nn.sequences import apply_layer, init_layer
from chainrule.nn.structure import Branches, Heads, Residual


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
    takes_lengths: ClassVar[bool] = True
    takes_names: ClassVar[bool] = True

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
        for i, layer in enumerate(started(self, ()).layers):
            try:
                made = init_layer(layer, ops.fold_in(key, i), shape)
            except ShapeError as error:
                raise ShapeError(f"Layer {i}, {type(layer).__name__}: {error}") from None
            params.append(made[0])
            state.append(made[1])
            shape = made[2]
        return tuple(params), tuple(state), shape

    def apply(
        self, params: Tree, state: Tree, x: Any, context: Context = Context()
    ) -> tuple[Any, Tree]:
        """The output for inputs x (batch, *in_shape), and the next state.

        Sequences with lengths are a dict, see `chainrule.nn.sequences`.
        """
        new_state = []
        for i, layer in enumerate(self.layers):
            x, layer_state = apply_layer(layer, params[i], state[i], x, context.child(i))
            new_state.append(layer_state)
        return x, tuple(new_state)

    def walk(self) -> Iterator[tuple[str, Layer]]:
        """The innermost layers in order, each with its path, e.g. "2" or "1.0"."""
        for i, layer in enumerate(self.layers):
            if isinstance(layer, Network):
                yield from ((f"{i}.{path}", inner) for path, inner in layer.walk())
            else:
                yield str(i), layer


def started(layer: Any, behind: tuple[Any, ...]) -> Any:
    """The layer with an initializer wherever it names none; `behind` is what its output goes into.

    Weights start as suits the activation behind them. Where nothing behind learns they are the
    output's and start small: the network then begins at the plain guess (the bias, equal classes)
    and not at random answers that it has to unlearn first.
    """
    if isinstance(layer, Network):
        inner = layer.layers
        return Network([started(x, (*inner[i + 1 :], *behind)) for i, x in enumerate(inner)])
    if isinstance(layer, Residual):
        return replace(layer, layer=started(layer.layer, behind))
    if isinstance(layer, Branches | Heads):
        return replace(layer, layers=tuple((n, started(x, behind)) for n, x in layer.layers))
    if getattr(layer, "weight_init", layer) is not None:
        return layer
    return replace(layer, weight_init=_start(list(_flat(behind))))


def _flat(layers: Sequence[Any]) -> Iterator[Any]:
    for layer in layers:
        yield from _flat(layer.layers) if isinstance(layer, Network) else (layer,)


def _start(behind: list[Any]) -> Initializer:
    rest = [layer for layer in behind if not getattr(layer, "transparent", False)]
    if all(type(layer).init is no_parameters for layer in rest):
        return OutputUniform()
    chosen: Initializer = getattr(rest[0], "initializer", GlorotUniform())
    return chosen
