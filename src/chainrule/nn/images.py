"""Images made larger, and disturbed in training so that a network learns what does not matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule import ops
from chainrule.autodiff import Tree, leaves
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.layer import Context, Shape
from chainrule.nn.windows import PerAxis, Sizes, per_axis, spatial, times, whole


def images_alone(self: Any, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
    """The `init` of layers without parameters that take images and keep their shape."""
    spatial(self, in_shape, 2)
    return {}, {}, in_shape


def pictures_scaled(x: Tree, dtype: str) -> Tree:
    """Inputs as the network sees them: pictures in uint8 become floats from 0 to 1.

    >>> pictures_scaled(np.array([[[[0], [255]]]], "uint8"), "float32").ravel().tolist()
    [0.0, 1.0]
    """
    if isinstance(x, dict):
        return {name: pictures_scaled(part, dtype) for name, part in x.items()}
    return x.astype(dtype) / 255.0 if str(x.dtype) == "uint8" else x


def holds_pictures(x: Tree) -> bool:
    """Whether any of the inputs are pictures in uint8."""
    return any(str(part.dtype) == "uint8" for part in leaves(x))


@dataclass(frozen=True)
class Upsample:
    """Images or sequences made larger by a whole factor.

    Args:
        factor: how many times as large; one number, or one for each axis.
        mode: "nearest" repeats every number, "bilinear" draws straight lines between the centers
            of neighbors.

    Raises:
        SettingError: another mode, or no whole factor. ShapeError: neither image nor sequence.

    Example:
        >>> x = np.array([[[1.0], [2.0]]])
        >>> Upsample(2).apply({}, {}, x, Context())[0].ravel().tolist()
        [1.0, 1.0, 2.0, 2.0]
        >>> Upsample(2, "bilinear").apply({}, {}, x, Context())[0].ravel().tolist()
        [1.0, 1.25, 1.75, 2.0]
    """

    factor: PerAxis = 2
    mode: str = "nearest"
    transparent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        per_axis(self, "factor", self.factor)
        if self.mode not in ("nearest", "bilinear"):
            raise SettingError(f'Upsample: mode {self.mode!r} must be "nearest" or "bilinear".')

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        sizes, channels = spatial(self, in_shape)
        factors = per_axis(self, "factor", self.factor, len(sizes))
        larger = tuple(n * f for n, f in zip(sizes, factors, strict=True))
        return {}, {}, (*larger, channels)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        sizes, _ = spatial(self, tuple(x.shape[1:]))
        factors = per_axis(self, "factor", self.factor, len(sizes))
        if self.mode == "bilinear":
            return ops.interpolate(x, factor=factors), state
        for axis, factor in enumerate(factors, 1):
            x = _repeated(x, axis, factor)
        return x, state


def _repeated(x: Any, axis: int, factor: int) -> Any:
    before, n, after = tuple(x.shape[:axis]), x.shape[axis], tuple(x.shape[axis + 1 :])
    single = ops.reshape(x, shape=(*before, n, 1, *after))
    many = ops.broadcast_to(single, shape=(*before, n, factor, *after))
    return ops.reshape(many, shape=(*before, n * factor, *after))


@dataclass(frozen=True)
class RandomShift:
    """In training, every image moved by up to so many pixels each way; zeros come in.

    Args:
        pixels: the most that it is moved, by one number or (vertically, horizontally).

    Raises:
        SettingError: no whole number above 0. ShapeError: the input is no image.
    """

    pixels: PerAxis
    init = images_alone
    transparent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        per_axis(self, "pixels", self.pixels, 2)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        sizes, _ = spatial(self, tuple(x.shape[1:]), 2)
        if not context.training:
            return x, state
        moves = [
            _drawn(context, i, x.shape[0], 2 * most + 1) - np.int32(most)
            for i, most in enumerate(per_axis(self, "pixels", self.pixels, 2))
        ]
        return _cut_out(x, moves, sizes), state


@dataclass(frozen=True)
class RandomFlip:
    """In training, every image mirrored with probability 1/2 along each chosen direction.

    Args:
        horizontal: whether left and right change places. vertical: whether top and bottom do.

    Raises:
        SettingError: neither. ShapeError: the input is no image.
    """

    horizontal: bool = True
    vertical: bool = False
    init = images_alone
    transparent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not (self.horizontal or self.vertical):
            raise SettingError("RandomFlip: let it flip horizontally, vertically, or both.")

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        spatial(self, tuple(x.shape[1:]), 2)
        if not context.training:
            return x, state
        for axis, wanted in ((1, self.vertical), (2, self.horizontal)):
            if wanted:
                chosen = _per_example(_drawn(context, axis, x.shape[0], 2) > 0, 4)
                x = ops.where(chosen, ops.flip(x, axis=axis), x)
        return x, state


@dataclass(frozen=True)
class RandomCrop:
    """In training a random part of every image, else the middle of it.

    Args:
        size: height and width of the part, by one number or a pair.

    Raises:
        SettingError: no whole number above 0. ShapeError: the part is larger than the image.
    """

    size: PerAxis
    transparent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        per_axis(self, "size", self.size, 2)

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        sizes, channels = spatial(self, in_shape, 2)
        return {}, {}, (*self._part(sizes), channels)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        sizes, _ = spatial(self, tuple(x.shape[1:]), 2)
        part = self._part(sizes)
        room = [n - p for n, p in zip(sizes, part, strict=True)]
        if context.training:
            starts = [_drawn(context, i, x.shape[0], r + 1) for i, r in enumerate(room)]
            return _cut_out(x, starts, part), state
        middle = [slice(r // 2, r // 2 + p) for r, p in zip(room, part, strict=True)]
        return x[(slice(None), *middle)], state

    def _part(self, sizes: Sizes) -> Sizes:
        part = per_axis(self, "size", self.size, 2)
        if any(p > n for p, n in zip(part, sizes, strict=True)):
            raise ShapeError(
                f"RandomCrop: a part of {times(part)} is larger than an image of {times(sizes)}."
            )
        return part


@dataclass(frozen=True)
class Cutout:
    """In training a square of every image is set to 0, somewhere, at the border also a part of it.

    Args:
        size: its side in pixels.

    Raises:
        SettingError: no whole number above 0. ShapeError: the input is no image.

    Source: DeVries and Taylor (2017).
    """

    size: int
    init = images_alone
    transparent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not whole(self.size, 1):
            raise SettingError(f"Cutout({self.size!r}): the size must be a whole number above 0.")

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        sizes, _ = spatial(self, tuple(x.shape[1:]), 2)
        if not context.training:
            return x, state
        inside = []
        for i, n in enumerate(sizes):
            start = _drawn(context, i, x.shape[0], n) - np.int32(self.size // 2)
            ahead = np.arange(n, dtype="int32") - ops.expand_dims(start, axis=1)
            inside.append(_between(ahead, self.size))
        return ops.where(_crossed(*inside), 0.0, x), state


def _drawn(context: Context, use: int, batch: int, count: int) -> Any:
    """A whole number from 0 to count - 1 for every example, int32 (batch,)."""
    uniform = context.child(use).random_uniform((batch,), "float32")
    return ops.minimum((uniform * np.float32(count)).astype("int32"), np.int32(count - 1))


def _per_example(x: Any, ndim: int) -> Any:
    return ops.reshape(x, shape=(-1, *(1,) * (ndim - 1)))


def _cut_out(x: Any, starts: list[Any], part: Sizes) -> Any:
    """A part of every image from its own place on; what lies outside the image is 0."""
    batch, height, width, channels = (int(n) for n in x.shape)
    places, inside = [], []
    for start, n, p in zip(starts, (height, width), part, strict=True):
        at = ops.expand_dims(start, axis=1) + np.arange(p, dtype="int32")
        places.append(ops.minimum(ops.maximum(at, np.int32(0)), np.int32(n - 1)))
        inside.append(_between(at, n))
    first = np.arange(batch, dtype="int32").reshape(-1, 1, 1) * np.int32(height * width)
    rows = ops.expand_dims(places[0], axis=2) * np.int32(width) + first
    pixels = ops.reshape(x, shape=(batch * height * width, channels))
    seen = ops.take(pixels, rows + ops.expand_dims(places[1], axis=1))
    return ops.where(_crossed(*inside), seen, 0.0)


def _between(at: Any, stop: int) -> Any:
    """Whether places lie from 0 to stop - 1."""
    return ops.logical_and(at >= np.int32(0), at < np.int32(stop))


def _crossed(rows: Any, columns: Any) -> Any:
    """Pixels whose row and whose column are chosen: (batch, height, width, 1)."""
    both = ops.logical_and(ops.expand_dims(rows, axis=2), ops.expand_dims(columns, axis=1))
    return ops.expand_dims(both, axis=3)
