"""Pooling layers: images and sequences made smaller, window by window or as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError
from chainrule.nn.layer import Context, Shape
from chainrule.nn.windows import (
    Padding,
    PerAxis,
    Sizes,
    check_padding,
    counted,
    per_axis,
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

    Where several numbers of a window are the largest, the gradient goes to the first.
    Source: Weng, Ahuja, Huang (1992).

    Example:
        >>> MaxPool(2).init(ops.key_from_seed(0), (28, 28, 8))[2]
        (14, 14, 8)
    """

    window: PerAxis = 2
    stride: PerAxis | None = None
    padding: Padding = "valid"
    transparent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return {}, {}, _pooled_shape(self, in_shape)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.max_pool(x, **_settings(self, tuple(x.shape[1:]))[0]), state


@dataclass(frozen=True)
class AveragePool:
    """The mean of every window, channel by channel.

    Args:
        window, stride: as in `MaxPool`. padding: as in `Conv2D`; it does not count in the mean.

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

    def __post_init__(self) -> None:
        _check(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return {}, {}, _pooled_shape(self, in_shape)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.average_pool(x, **_settings(self, tuple(x.shape[1:]))[0]), state


@dataclass(frozen=True)
class GlobalPool:
    """One number a channel: the mean, or the largest, of a whole image or sequence.

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

    def __post_init__(self) -> None:
        if self.kind not in ("average", "max"):
            raise SettingError(f'GlobalPool({self.kind!r}): the kind is "average" or "max".')

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return {}, {}, (spatial(self, in_shape)[1],)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        spatial(self, tuple(x.shape[1:]))
        axes = tuple(range(1, x.ndim - 1))
        reduce = ops.mean if self.kind == "average" else ops.max
        return reduce(x, axis=axes), state


def _check(layer: Any) -> None:
    per_axis(layer, "window", layer.window)
    if layer.stride is not None:
        per_axis(layer, "stride", layer.stride)
    check_padding(layer, layer.padding)


def _settings(layer: Any, in_shape: Shape) -> tuple[dict[str, Any], Sizes]:
    """The settings of the primitive, and how many windows there are on every axis."""
    sizes, _ = spatial(layer, in_shape)
    rank = len(sizes)
    window = per_axis(layer, "window", layer.window, rank)
    stride = window if layer.stride is None else per_axis(layer, "stride", layer.stride, rank)
    check_padding(layer, layer.padding, rank)
    padding = widths(layer.padding, sizes, window, stride)
    if any(max(pair) >= w for pair, w in zip(padding, window, strict=True)):
        raise SettingError(
            f"{type(layer).__name__}: padding {layer.padding!r} is as wide as the window "
            f"{window}: there would be windows with nothing inside. Use less."
        )
    counts = counted(layer, sizes, window, stride, padding, (1,) * rank)
    return {"window": window, "stride": stride, "padding": padding}, counts


def _pooled_shape(layer: Any, in_shape: Shape) -> Shape:
    return (*_settings(layer, in_shape)[1], in_shape[-1])
