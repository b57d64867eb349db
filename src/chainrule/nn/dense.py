"""The dense layer: every output is a weighted sum of every input, plus a bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.initializers import GlorotUniform, Initializer, Zeros
from chainrule.nn.layer import Context, Shape


@dataclass(frozen=True)
class Dense:
    """x · weight + bias over the last axis.

    Args:
        units: number of outputs.
        weight_init: where the weights start; by default `Network` chooses it from the activation
            that comes next (He for the relu family, Glorot otherwise); the output starts small.
        bias_init: where the biases start.
        bias: whether there is a bias at all.

    Parameters: weight (in_features, units) and bias (units,), float32.

    Raises:
        SettingError: `units` is not a positive whole number.

    Example:
        >>> import numpy as np
        >>> params, state, shape = Dense(3).init(ops.key_from_seed(0), (2,))
        >>> params["weight"].shape, shape
        ((2, 3), (3,))
    """

    units: int
    weight_init: Initializer | None = None
    bias_init: Initializer = Zeros()
    bias: bool = True

    def __post_init__(self) -> None:
        check_units(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        if not isinstance(in_shape, tuple) or not in_shape:
            raise ShapeError(
                f"Dense({self.units}) needs inputs with a features axis, (batch, in_features); "
                f"its input has shape (batch, *{in_shape})."
            )
        fan_in = in_shape[-1]
        start = self.weight_init or GlorotUniform()
        params = {"weight": start(ops.fold_in(key, 0), (fan_in, self.units), fan_in, self.units)}
        if self.bias:
            params["bias"] = self.bias_init(ops.fold_in(key, 1), (self.units,), fan_in, self.units)
        return params, {}, (*in_shape[:-1], self.units)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        weight = params["weight"]
        if x.shape[-1] != weight.shape[0]:
            raise ShapeError(
                f"Dense({self.units}) was made for {weight.shape[0]} input features and got "
                f"inputs of shape {tuple(x.shape)}."
            )
        if self.bias:
            return ops.affine(x, weight, params["bias"]), state
        return ops.matmul(x, weight), state


def check_units(layer: Any) -> None:
    """Refuse a layer whose number of units is none; NumPy's numbers become Python's.

    Raises:
        SettingError: `units` is not a whole number above 0.
    """
    units = layer.units
    if isinstance(units, bool) or not hasattr(units, "__index__") or units < 1:
        name = type(layer).__name__
        raise SettingError(
            f"{name}({units!r}): the number of units must be a whole number above 0, e.g. "
            f"{name}(64)."
        )
    object.__setattr__(layer, "units", int(units))
