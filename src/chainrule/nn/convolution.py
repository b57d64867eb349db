"""Convolutional layers: the same small set of weights, moved over an image or along a sequence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.initializers import GlorotUniform, Initializer, Zeros
from chainrule.nn.layer import Context, Shape
from chainrule.nn.sequences import split_lengths, with_lengths
from chainrule.nn.windows import (
    Padding,
    PerAxis,
    Sizes,
    Widths,
    check_padding,
    counted,
    new_lengths,
    per_axis,
    reached,
    silenced,
    spatial,
    whole,
    widths,
)


@dataclass(frozen=True)
class Conv2D:
    """Every filter sums weights times numbers in each window of an image, plus a bias.

    Args:
        filters: number of output channels.
        kernel: height and width of the window; one number for both.
        stride: steps between windows. dilation: steps between the places inside a window.
        padding: "valid" (none), "same" (ceil(size / stride) windows), a number of zeros on every
            side, or for each axis a number or a pair (before, after).
        groups: channels and filters fall into so many groups that do not see each other; as many
            groups as channels is a depthwise convolution.
        bias: whether there is a bias.
        weight_init, bias_init: where they start. The fan-in is kernel · channels / groups.

    Parameters: weight (height, width, channels / groups, filters) and bias (filters,), float32.
    Images are (batch, height, width, channels).

    Raises:
        SettingError: a setting is not possible. ShapeError: an input that it cannot be moved over.

    Differs from: PyTorch, whose images have their channels first.
    Source: LeCun et al. (1989).

    Example:
        >>> params, _, shape = Conv2D(8, 3, padding="same").init(ops.key_from_seed(0), (28, 28, 1))
        >>> params["weight"].shape, shape
        ((3, 3, 1, 8), (28, 28, 8))
    """

    filters: int
    kernel: PerAxis
    stride: PerAxis = 1
    padding: Padding = "valid"
    dilation: PerAxis = 1
    groups: int = 1
    bias: bool = True
    weight_init: Initializer | None = None
    bias_init: Initializer = Zeros()
    one_thread: ClassVar[bool] = True
    few_at_a_time: ClassVar[int] = 8
    prepares: ClassVar[bool] = True
    rank: ClassVar[int] = 2

    def __post_init__(self) -> None:
        _check(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        return _init(self, key, in_shape)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return _convolved(self, params, x), state


@dataclass(frozen=True)
class Conv1D:
    """Every filter sums weights times numbers in each stretch of a sequence, plus a bias.

    Args:
        filters: number of output features. kernel: steps in a window.
        stride, padding, dilation, groups, bias, weight_init, bias_init: as in `Conv2D`.

    Parameters: weight (steps, features / groups, filters) and bias (filters,), float32.
    Sequences are (batch, time, features). Where they come with lengths, the steps beyond are taken
    as zeros and the result has lengths of its own; "same" then puts (kernel - 1) // 2 zeros before.

    Raises:
        SettingError: a setting is not possible. ShapeError: an input that it cannot be moved over.

    Source: Waibel, Hanazawa, Hinton, Shikano, Lang (1989).

    Example:
        >>> params, _, shape = Conv1D(8, 5, stride=2).init(ops.key_from_seed(0), (21, 3))
        >>> params["weight"].shape, shape
        ((5, 3, 8), (9, 8))
    """

    filters: int
    kernel: PerAxis
    stride: PerAxis = 1
    padding: Padding = "valid"
    dilation: PerAxis = 1
    groups: int = 1
    bias: bool = True
    weight_init: Initializer | None = None
    bias_init: Initializer = Zeros()
    one_thread: ClassVar[bool] = True
    few_at_a_time: ClassVar[int] = 8
    prepares: ClassVar[bool] = True
    rank: ClassVar[int] = 1
    takes_lengths: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        shape, lengths = split_lengths(in_shape)
        params, state, out = _init(self, key, shape, lengths is not None)
        return params, state, with_lengths(out, lengths)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        values, lengths = split_lengths(x)
        if lengths is None:
            return _convolved(self, params, values), state
        out = _convolved(self, params, silenced(values, lengths), True)
        settings, (count,) = _settings(self, tuple(values.shape[1:2]), True)
        (reach,) = reached(params["weight"].shape[:1], settings["dilation"])
        lengths = new_lengths(lengths, count, reach, settings["stride"][0], settings["padding"][0])
        return with_lengths(out, lengths), state


@dataclass(frozen=True)
class TransposedConv2D:
    """Every number of an image is spread over a window, weighted: what makes images larger.

    It computes what a convolution of the same settings passes back to its input.

    Args:
        filters: number of output channels.
        kernel, stride, dilation, groups, bias, weight_init, bias_init: as in `Conv2D`.
        padding: "same" makes images `stride` times as large, "valid" what the windows reach
            ((size - 1) · stride + kernel); numbers are what is cut off on each side of that.

    Parameters: weight (height, width, filters / groups, channels) and bias (filters,), float32.

    Raises:
        SettingError: a setting is not possible. ShapeError: an input of another rank.

    Source: Zeiler, Krishnan, Taylor, Fergus (2010); Dumoulin and Visin (2016).

    Example:
        >>> layer = TransposedConv2D(3, 4, stride=2, padding="same")
        >>> params, _, shape = layer.init(ops.key_from_seed(0), (7, 7, 16))
        >>> params["weight"].shape, shape
        ((4, 4, 3, 16), (14, 14, 3))
    """

    filters: int
    kernel: PerAxis
    stride: PerAxis = 1
    padding: Padding = "valid"
    dilation: PerAxis = 1
    groups: int = 1
    bias: bool = True
    weight_init: Initializer | None = None
    bias_init: Initializer = Zeros()
    one_thread: ClassVar[bool] = True
    few_at_a_time: ClassVar[int] = 8
    prepares: ClassVar[bool] = True
    rank: ClassVar[int] = 2

    def __post_init__(self) -> None:
        _check(self)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        sizes, channels = spatial(self, in_shape, 2)
        size, _ = _spread_size(self, sizes)
        _check_groups(self, channels)
        kernel = per_axis(self, "kernel", self.kernel, 2)
        places = math.prod(kernel)
        fans = places * channels // self.groups, places * self.filters // self.groups
        params = _started(self, key, (*kernel, self.filters // self.groups, channels), fans)
        return params, {}, (*size, self.filters)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        sizes, channels = spatial(self, tuple(x.shape[1:]), 2)
        _check_channels(self, params["weight"].shape[-1], channels, x)
        size, padding = _spread_size(self, sizes)
        out = ops.transposed_convolve(
            x,
            *_numbers(params),
            size=size,
            stride=per_axis(self, "stride", self.stride, 2),
            padding=padding,
            dilation=per_axis(self, "dilation", self.dilation, 2),
            groups=self.groups,
        )
        return out, state


def _check(layer: Any) -> None:
    name = type(layer).__name__
    for setting in ("filters", "groups"):
        value = getattr(layer, setting)
        if not whole(value, 1):
            raise SettingError(
                f"{name}: {setting} is {value!r} and must be a whole number above 0, "
                f"e.g. {name}(32, 3)."
            )
        object.__setattr__(layer, setting, int(value))
    for setting in ("kernel", "stride", "dilation"):
        per_axis(layer, setting, getattr(layer, setting), layer.rank)
    check_padding(layer, layer.padding, layer.rank)
    if layer.filters % layer.groups:
        raise SettingError(
            f"{name}: {layer.filters} filters cannot be divided into {layer.groups} groups; use a "
            f"multiple, e.g. {layer.groups * max(1, layer.filters // layer.groups)} filters."
        )


def _check_groups(layer: Any, channels: int) -> None:
    if channels % layer.groups:
        raise ShapeError(
            f"{type(layer).__name__}: the {channels} channels of its input cannot be divided into "
            f"{layer.groups} groups. Let groups divide {channels}."
        )


def _check_channels(layer: Any, made_for: int, channels: int, x: Any) -> None:
    if made_for != channels:
        raise ShapeError(
            f"{type(layer).__name__} was made for {made_for} channels and got inputs of shape "
            f"{tuple(x.shape)}, whose last axis has {channels}."
        )


def _settings(layer: Any, sizes: Sizes, lengths: bool = False) -> tuple[dict[str, Any], Sizes]:
    """The settings of the primitive, and how many windows there are on every axis."""
    rank = layer.rank
    kernel = per_axis(layer, "kernel", layer.kernel, rank)
    stride = per_axis(layer, "stride", layer.stride, rank)
    dilation = per_axis(layer, "dilation", layer.dilation, rank)
    reach = reached(kernel, dilation)
    padding = widths(layer.padding, sizes, reach, stride, lengths)
    counts = counted(layer, sizes, kernel, stride, padding, dilation)
    return {"stride": stride, "padding": padding, "dilation": dilation}, counts


def _init(layer: Any, key: Any, in_shape: Shape, lengths: bool = False) -> tuple[Tree, Tree, Shape]:
    sizes, channels = spatial(layer, in_shape, layer.rank)
    _, counts = _settings(layer, sizes, lengths)
    _check_groups(layer, channels)
    kernel = per_axis(layer, "kernel", layer.kernel, layer.rank)
    inner = channels // layer.groups
    places = math.prod(kernel)
    fans = places * inner, places * layer.filters // layer.groups
    params = _started(layer, key, (*kernel, inner, layer.filters), fans)
    return params, {}, (*counts, layer.filters)


def _started(layer: Any, key: Any, shape: Sizes, fans: tuple[int, int]) -> Tree:
    start = layer.weight_init or GlorotUniform()
    params = {"weight": start(ops.fold_in(key, 0), shape, *fans)}
    if layer.bias:
        params["bias"] = layer.bias_init(ops.fold_in(key, 1), (layer.filters,), *fans)
    return params


def _convolved(layer: Any, params: Tree, x: Any, lengths: bool = False) -> Any:
    sizes, channels = spatial(layer, tuple(x.shape[1:]), layer.rank)
    _check_channels(layer, params["weight"].shape[-2] * layer.groups, channels, x)
    settings, _ = _settings(layer, sizes, lengths)
    return ops.convolve(x, *_numbers(params), **settings, groups=layer.groups)


def _numbers(params: Tree) -> tuple[Any, ...]:
    return (params["weight"], params["bias"]) if "bias" in params else (params["weight"],)


def _spread_size(layer: Any, sizes: Sizes) -> tuple[Sizes, Widths]:
    """The size of a transposed convolution's result, and the padding of its convolution."""
    kernel = per_axis(layer, "kernel", layer.kernel, 2)
    stride = per_axis(layer, "stride", layer.stride, 2)
    reach = reached(kernel, per_axis(layer, "dilation", layer.dilation, 2))
    if layer.padding == "same":
        size = tuple(n * s for n, s in zip(sizes, stride, strict=True))
        return size, widths("same", size, reach, stride)
    padding = widths(layer.padding, sizes, reach, stride)
    size = tuple(
        (n - 1) * s + r - low - high
        for n, s, r, (low, high) in zip(sizes, stride, reach, padding, strict=True)
    )
    if min(size) < 1:
        raise ShapeError(
            f"{type(layer).__name__}: padding {padding} cuts off all of what an input of "
            f"{sizes[0]}×{sizes[1]} is spread to. Use less padding."
        )
    return size, padding
