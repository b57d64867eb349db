"""Sequences with lengths on their way through layers, `{"values": (batch, time, …), "lengths": …}`.

A layer whose class says `takes_lengths = True` gets the dict. It may reduce the time axis to a
plain array, or mask what it does. Any other layer acts on each step alone: it is applied to the
values, and the dict is put together again.
"""

from __future__ import annotations

from typing import Any

from chainrule.autodiff import Tree
from chainrule.errors import ShapeError
from chainrule.nn.layer import Context, Shape
from chainrule.ops.sequences import is_sequence


def takes_lengths(layer: Any) -> bool:
    """Whether a layer is given the lengths beside the values."""
    return bool(getattr(layer, "takes_lengths", False))


def init_layer(layer: Any, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
    """The layer's `init`, for inputs with or without lengths.

    Raises:
        ShapeError: the layer does not know lengths and would change the time axis, or it takes one
            array and is given several by name.
    """
    _check_one(layer, in_shape)
    if not is_sequence(in_shape) or takes_lengths(layer):
        return _three(layer, layer.init(key, in_shape))
    params, state, shape = _three(layer, layer.init(key, in_shape["values"]))
    if not shape or shape[0] != in_shape["values"][0]:
        raise ShapeError(
            f"{type(layer).__name__} makes (batch, {_sizes(shape)}) of sequences with lengths, "
            f"(batch, {_sizes(in_shape['values'])}): it would mix padding into its result. Put a "
            "layer before it that reduces time, e.g. LSTM(64) or GlobalPool(), or let it say "
            "takes_lengths = True and mind them."
        )
    return params, state, {"values": shape, "lengths": ()}


def _check_one(layer: Any, in_shape: Shape) -> None:
    """Refuse several arrays by name for a layer of ours that takes one; one of a user's may not."""
    ours = type(layer).__module__.startswith("chainrule.nn.")
    if is_named(in_shape) and ours and not getattr(layer, "takes_names", False):
        raise ShapeError(
            f"{type(layer).__name__} takes one array and is given {sorted(in_shape)} by name: join "
            "them before it, cr.nn.Branches({'name': layer}), or put it into each."
        )


def apply_layer(
    layer: Any, params: Tree, state: Tree, x: Any, context: Context
) -> tuple[Any, Tree]:
    """The layer's `apply`, for inputs with or without lengths."""
    if not is_sequence(x) or takes_lengths(layer):
        return _two(layer, layer.apply(params, state, x, context))
    out, state = _two(layer, layer.apply(params, state, x["values"], context))
    return {"values": out, "lengths": x["lengths"]}, state


def _two(layer: Any, made: Any) -> tuple[Any, Tree]:
    """What `apply` returned: the output and the next state."""
    if isinstance(made, tuple) and len(made) == 2:
        return made
    what = f"{len(made)} things" if isinstance(made, tuple) else type(made).__name__
    raise ShapeError(
        f"{type(layer).__name__}.apply returned {what}; it must return the output and the next "
        "state: `return out, state`."
    )


def _three(layer: Any, made: Any) -> tuple[Tree, Tree, Shape]:
    """What `init` returned: parameters, state and the shape of the output."""
    if isinstance(made, tuple) and len(made) == 3:
        return made
    what = f"{len(made)} things" if isinstance(made, tuple) else type(made).__name__
    raise ShapeError(
        f"{type(layer).__name__}.init returned {what}; it must return parameters, state and the "
        "shape of the output without the batch: `return params, state, out_shape`."
    )


def split_lengths(x: Any) -> tuple[Any, Any]:
    """Values and lengths, or values and None; of shapes alike."""
    return (x["values"], x["lengths"]) if is_sequence(x) else (x, None)


def is_named(x: Any) -> bool:
    """Whether it is several things by their names, and no sequence with lengths; shapes alike."""
    return isinstance(x, dict) and not is_sequence(x)


def with_lengths(values: Any, lengths: Any) -> Any:
    """The values with lengths again, or alone where there are none; of shapes alike."""
    return values if lengths is None else {"values": values, "lengths": lengths}


def _sizes(shape: Any) -> str:
    return ", ".join(str(size) for size in shape)
