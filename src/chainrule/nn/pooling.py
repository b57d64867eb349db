"""Pooling layers: images and sequences made smaller, window by window or as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError
from chainrule.nn.layer import Context, Shape
from chainrule.nn.sequences import split_lengths, with_lengths
from chainrule.nn.windows import (
    Padding,
    PerAxis,
    Sizes,
    check_padding,
    counted,
    new_lengths,
    per_axis,
    silenced,
    spatial,
    widths,
)


@dataclass(frozen=True)
class MaxPool:
    """The largest number of every window, channel by channel.

    Args:
        window: its size, of images (batch, height, width, channels) as well as of sequences
            (batch, time, features).
        stride: steps between windows; by default they touch and do not overlap.
        padding: as in `Conv2D`; padding is never the largest.

    Raises:
        SettingError: a setting is not possible. ShapeError: an input that it cannot be moved over.

    Where several numbers of a window are the largest, the gradient goes to the first. Steps beyond
    the length of a sequence are never the largest, and the result has lengths of its own.
    Source: Weng, Ahuja, Huang (1992).

    Example:
        >>> MaxPool(2).init(ops.key_from_seed(0), (28, 28, 8))[2]
        (14, 14, 8)
    """

    window: PerAxis = 2
    stride: PerAxis | None = None
    padding: Padding = "valid"
    transparent: ClassVar[bool] = True
    takes_lengths: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return {}, {}, _pooled_shape(self, in_shape)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        values, lengths = split_lengths(x)
        settings, counts = _settings(self, tuple(values.shape[1:]), lengths is not None)
        if lengths is None:
            return ops.max_pool(values, **settings), state
        lengths_after = _lengths_after(lengths, settings, counts)
        out = ops.max_pool(silenced(values, lengths, -math.inf), **settings)
        return with_lengths(silenced(out, lengths_after), lengths_after), state


@dataclass(frozen=True)
class AveragePool:
    """The mean of every window, channel by channel.

    Args:
        window, stride: as in `MaxPool`. padding: as in `Conv2D`; it does not count in the mean, and
            neither do steps beyond the length of a sequence.

    Raises:
        SettingError: a setting is not possible. ShapeError: an input that it cannot be moved over.

    Differs from: PyTorch, which counts the zeros of the padding.
    Source: LeCun et al. (1989).

    Example:
        >>> AveragePool(5, stride=2).init(ops.key_from_seed(0), (21, 3))[2]
        (9, 3)
    """

    window: PerAxis = 2
    stride: PerAxis | None = None
    padding: Padding = "valid"
    transparent: ClassVar[bool] = True
    takes_lengths: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return {}, {}, _pooled_shape(self, in_shape)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        values, lengths = split_lengths(x)
        settings, counts = _settings(self, tuple(values.shape[1:]), lengths is not None)
        if lengths is None:
            return ops.average_pool(values, **settings), state
        lengths_after = _lengths_after(lengths, settings, counts)
        valid = ops.expand_dims(ops.valid_steps(lengths, values.shape[1]), axis=2)
        shares = ops.average_pool(valid.astype(str(values.dtype)), **settings)
        out = ops.average_pool(silenced(values, lengths), **settings)
        out = out / ops.where(shares > 0, shares, 1.0)
        return with_lengths(out, lengths_after), state


@dataclass(frozen=True)
class GlobalPool:
    """One number a channel: the mean, or the largest, of a whole image or sequence.

    Of sequences with lengths only the steps within them count.

    Args:
        kind: "average" or "max".

    Raises:
        SettingError: another kind. ShapeError: the input is neither image nor sequence.

    Source: Lin, Chen, Yan (2014).

    Example:
        >>> GlobalPool().init(ops.key_from_seed(0), (7, 7, 64))[2]
        (64,)
    """

    kind: str = "average"
    transparent: ClassVar[bool] = True
    takes_lengths: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.kind not in ("average", "max"):
            raise SettingError(f'GlobalPool({self.kind!r}): the kind is "average" or "max".')

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return {}, {}, (spatial(self, split_lengths(in_shape)[0])[1],)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        values, lengths = split_lengths(x)
        sizes, _ = spatial(self, tuple(values.shape[1:]), None if lengths is None else 1)
        axes = tuple(range(1, len(sizes) + 1))
        if self.kind == "max":
            x = values if lengths is None else silenced(values, lengths, -math.inf)
            return ops.max(x, axis=axes), state
        if lengths is None:
            return ops.mean(values, axis=axes), state
        steps = ops.expand_dims(lengths, axis=1).astype(str(values.dtype))
        return ops.sum(silenced(values, lengths), axis=axes) / steps, state


def _check(layer: Any) -> None:
    per_axis(layer, "window", layer.window)
    if layer.stride is not None:
        per_axis(layer, "stride", layer.stride)
    check_padding(layer, layer.padding)


def _settings(layer: Any, in_shape: Shape, lengths: bool = False) -> tuple[dict[str, Any], Sizes]:
    """The settings of the primitive, and how many windows there are on every axis."""
    sizes, _ = spatial(layer, in_shape, 1 if lengths else None)
    rank = len(sizes)
    window = per_axis(layer, "window", layer.window, rank)
    stride = window if layer.stride is None else per_axis(layer, "stride", layer.stride, rank)
    check_padding(layer, layer.padding, rank)
    padding = widths(layer.padding, sizes, window, stride, lengths)
    if any(max(pair) >= w for pair, w in zip(padding, window, strict=True)):
        raise SettingError(
            f"{type(layer).__name__}: padding {layer.padding!r} is as wide as the window "
            f"{window}: there would be windows with nothing inside. Use less."
        )
    counts = counted(layer, sizes, window, stride, padding, (1,) * rank)
    return {"window": window, "stride": stride, "padding": padding}, counts


def _pooled_shape(layer: Any, in_shape: Shape) -> Shape:
    shape, lengths = split_lengths(in_shape)
    _, counts = _settings(layer, shape, lengths is not None)
    return with_lengths((*counts, shape[-1]), lengths)


def _lengths_after(lengths: Any, settings: dict[str, Any], counts: Sizes) -> Any:
    (window,), (stride,), (padding,) = (settings[k] for k in ("window", "stride", "padding"))
    return new_lengths(lengths, counts[0], window, stride, padding)
