"""What layers with sliding windows share: settings an axis, padding, sizes, and what is refused."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from chainrule import ops
from chainrule.engine import window_counts
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.layer import Shape

PerAxis: TypeAlias = int | tuple[int, ...]
Padding: TypeAlias = str | int | tuple[Any, ...]
Sizes: TypeAlias = tuple[int, ...]
Widths: TypeAlias = tuple[tuple[int, int], ...]

INPUTS = {
    1: "sequences (batch, time, features)",
    2: "images (batch, height, width, channels)",
}


def whole(value: Any, least: int) -> bool:
    """Whether a setting is a whole number of at least so much."""
    return not isinstance(value, bool) and hasattr(value, "__index__") and value >= least


def per_axis(layer: Any, name: str, value: Any, rank: int | None = None) -> Sizes:
    """A setting as one number an axis; a single number counts for all of them.

    Raises:
        SettingError: it is no whole number above 0, or there are more or fewer than axes.
    """
    listed = tuple(value) if isinstance(value, tuple | list) else (value,) * (rank or 1)
    right = 1 <= len(listed) <= 2 if rank is None else len(listed) == rank
    if not right or not all(whole(v, 1) for v in listed):
        raise SettingError(
            f"{type(layer).__name__}: {name} {value!r} must be a whole number above 0"
            + (", or one for each axis, e.g. (3, 3)." if rank != 1 else ".")
        )
    return tuple(int(v) for v in listed)


def check_padding(layer: Any, padding: Any, rank: int | None = None) -> None:
    """Refuse padding that is neither "valid", "same" nor widths."""
    if padding in ("valid", "same") or whole(padding, 0):
        return
    pairs = padding if isinstance(padding, tuple | list) else None
    if pairs and (rank is None or len(pairs) == rank) and all(_is_width(p) for p in pairs):
        return
    raise SettingError(
        f'{type(layer).__name__}: padding {padding!r} must be "valid" (none), "same", a number of '
        "zeros on every side, or for each axis a number or a pair (before, after)."
    )


def _is_width(value: Any) -> bool:
    pair = isinstance(value, tuple | list) and len(value) == 2
    return all(whole(v, 0) for v in value) if pair else whole(value, 0)


def reached(kernel: Sizes, dilation: Sizes) -> Sizes:
    """How far a window extends on every axis, dilation included."""
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))


def widths(
    padding: Padding, sizes: Sizes, reach: Sizes, stride: Sizes, lengths: bool = False
) -> Widths:
    """Padding (before, after) each axis; "same" gives ceil(size / stride) windows.

    Args:
        reach: how far a window extends on every axis, dilation included.
        lengths: whether sequences have lengths. Nothing may then depend on how far they are padded,
            so "same" puts (reach - 1) // 2 zeros before every one, whatever the stride.

    Differs from: PyTorch, which refuses "same" with a stride above 1. An odd zero comes last.
    """
    if padding == "valid":
        return ((0, 0),) * len(sizes)
    if padding == "same" and lengths:
        return tuple(((r - 1) // 2, r - 1 - (r - 1) // 2) for r in reach)
    if padding == "same":
        totals = [
            max(0, (-(-n // s) - 1) * s + r - n)
            for n, r, s in zip(sizes, reach, stride, strict=True)
        ]
        return tuple((total // 2, total - total // 2) for total in totals)
    listed = (padding,) * len(sizes) if isinstance(padding, int) else padding
    pairs = [p if isinstance(p, tuple | list) else (p, p) for p in listed]
    return tuple((int(low), int(high)) for low, high in pairs)


def spatial(layer: Any, in_shape: Shape, rank: int | None = None) -> tuple[Sizes, int]:
    """The sizes of the axes that windows move along, and the number of channels.

    Raises:
        ShapeError: the input has another number of axes.
    """
    name = type(layer).__name__
    ranks = (1, 2) if rank is None else (rank,)
    if not isinstance(in_shape, tuple) or len(in_shape) - 1 not in ranks:
        given = f"(batch, {', '.join(map(str, in_shape))})"
        cure = ""
        if rank == 2 and isinstance(in_shape, tuple) and len(in_shape) == 2:
            cure = " Give gray images a channels axis: X[..., None]."
        if rank == 1 and isinstance(in_shape, tuple) and len(in_shape) == 1:
            cure = " Give a series of single numbers a features axis: X[..., None]."
        wanted = " or ".join(INPUTS[r] for r in ranks)
        raise ShapeError(f"{name} takes {wanted}; its input has shape {given}.{cure}")
    return in_shape[:-1], in_shape[-1]


def counted(
    layer: Any, sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Widths, dilation: Sizes
) -> Sizes:
    """How many windows there are on every axis.

    Raises:
        ShapeError: not even one fits, or a stride leads beyond the input.
    """
    full = [n + low + high for n, (low, high) in zip(sizes, padding, strict=True)]
    counts = window_counts(full, kernel, stride, dilation)
    name, shown = type(layer).__name__, times(sizes)
    if 0 in counts:
        reach = reached(kernel, dilation)
        raise ShapeError(
            f"{name}: a window of {times(reach)} does not fit into an input of {shown}"
            + (f", with padding {times(full)}" if tuple(full) != tuple(sizes) else "")
            + '. Use a smaller window, padding="same", or fewer pooling layers before.'
        )
    if any(s > n for s, n in zip(stride, full, strict=True)):
        raise ShapeError(
            f"{name}: a stride of {times(stride)} leads beyond an input of {shown}: there would be "
            f"one window only. Use a stride of at most {min(full)}."
        )
    return counts


def silenced(values: Any, lengths: Any, by: float = 0.0) -> Any:
    """Sequences (batch, time, features) with one number wherever they are padding."""
    valid = ops.valid_steps(lengths, values.shape[1])
    return ops.where(ops.expand_dims(valid, axis=2), values, by)


def new_lengths(lengths: Any, count: int, reach: int, stride: int, padding: Any) -> Any:
    """How many windows every sequence has: at least one, that of a short one ends in zeros."""
    ends = np.arange(count, dtype="int32") * np.int32(stride) + np.int32(reach - sum(padding))
    fits = ops.less_equal(ends, ops.expand_dims(lengths, axis=1))
    return ops.maximum(ops.sum(fits.astype("int32"), axis=1), np.int32(1))


def times(sizes: Any) -> str:
    """Sizes as one says them: 3×3."""
    return "×".join(str(n) for n in sizes)
