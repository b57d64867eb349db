"""The gradient check: derivatives from the rules against differences of the function itself.

Four values around a point, f(p - 2h), f(p - h), f(p + h), f(p + 2h), give the derivative along a
direction with an error of the order h⁴, and the slopes on both sides separately. Where the slopes
disagree there is a kink or a jump: no derivative exists, and any agreement would be luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.autodiff.backward import value_and_grad
from chainrule.autodiff.tree import Tree, leaves, paths, rebuild, tree_map
from chainrule.errors import GradientError

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
"""Distances h: the rounding of f weighs least in the first; the others get between kinks."""

KINK = 1e-4
"""Slopes of the two sides that differ by more than this part of the larger one make a kink."""

ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""What rounding may cost a difference of values of f, in units of the largest of them."""


@dataclass(frozen=True)
class Slope:
    """What the function does along a direction: its derivative, and that of each side alone."""

    central: float
    left: float
    right: float
    rounding: float

    @property
    def smooth(self) -> bool:
        """Whether both sides have one finite slope."""
        size = max(abs(self.left), abs(self.right))
        near = abs(self.left - self.right) <= KINK * size + 8 * self.rounding
        return self.finite and near

    @property
    def finite(self) -> bool:
        """Whether the function is finite on both sides."""
        return all(math.isfinite(x) for x in (self.central, self.left, self.right))

    def error(self, claimed: float, rounding: float) -> float:
        """How far a claimed derivative is off, relative to the larger of the two."""
        if not math.isfinite(claimed):
            return math.inf
        off = abs(claimed - self.central)
        return 0.0 if off <= rounding else off / max(abs(claimed), abs(self.central))


def check_gradients(
    function: Callable[..., Any],
    params: Tree,
    *arguments: Any,
    tolerance: float = 1e-6,
    entries: int = 100,
    directions: int = 8,
    seed: int = 0,
) -> float:
    """Compare the gradient of a function with central differences, in float64 on NumPy.

    A parameter of up to `entries` numbers is checked number by number, a larger one along random
    directions; where such a direction disagrees, it is halved until one number is found guilty.

    Args:
        function: `(params, *arguments) -> scalar`, as for `value_and_grad`. It must give the same
            value each time.
        params: a tree of float arrays; they and the arguments' floats are converted to float64.
        tolerance: the largest relative error that passes. Differences below what the rounding of
            the function's values explains count as none.
        entries: up to how many numbers a parameter is checked number by number.
        directions: how many random directions are tried for a larger one.
        seed: of the random directions.

    Returns:
        The largest relative error that was found.

    Raises:
        GradientError: a derivative is wrong, or the point is a kink (where the convention of the
            rule cannot be checked), or no finite value is near: with the parameter's path, the
            index, both numbers and the relative error.

    Example:
        >>> import numpy as np
        >>> check_gradients(lambda w, x: ((x @ w) ** 2).sum(), np.ones(2), np.eye(2)) < 1e-6
        True
    """
    params = tree_map(_double, params)
    arguments = tuple(tree_map(_double, argument) for argument in arguments)
    value, grads = value_and_grad(function)(params, *arguments)
    random = np.random.default_rng(seed)
    largest = 0.0
    with np.errstate(all="ignore"):
        _check_repeatable(function, params, arguments, float(value))
        for number, (path, _) in enumerate(paths(params)):
            grad = np.asarray(leaves(grads)[number])
            one = _Parameter(function, params, arguments, float(value), number, path, grad)
            for direction in _directions(grad.size, entries, directions, random):
                largest = max(largest, one.check(direction, tolerance))
    return largest


def _directions(size: int, entries: int, count: int, random: np.random.Generator) -> Any:
    """Every axis for a small parameter, random directions of length 1 for a large one."""
    if size <= entries:
        return np.eye(size)
    return random.choice([-1.0, 1.0], (count, size)) / math.sqrt(size)


def _double(x: Any) -> Any:
    """Float arrays in float64 on NumPy; anything else as it is."""
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    return np.array(x, "float64") if kind == "f" else x


def _check_repeatable(
    function: Callable[..., Any], params: Tree, arguments: tuple[Any, ...], value: float
) -> None:
    again = float(function(params, *arguments))
    close = abs(again - value) <= 1e-9 * max(abs(again), abs(value))
    if not close and math.isfinite(value):
        raise GradientError(
            f"The function gave {value} and then {again} for the same arguments: a gradient can be "
            "checked only where nothing is random. Pass a fixed key."
        )


@dataclass(frozen=True)
class _Parameter:
    """One parameter of a function at a point, with its gradient according to the rules."""

    function: Callable[..., Any]
    params: Tree
    arguments: tuple[Any, ...]
    value: float
    number: int
    path: str
    grad: Any

    def check(self, direction: Any, tolerance: float) -> float:
        """The relative error along a direction; raises where it is above the tolerance."""
        error, slope = self._compare(direction, tolerance)
        if error > tolerance:
            raise self._finding(direction, error, slope, tolerance)
        return error

    def _compare(self, direction: Any, tolerance: float) -> tuple[float, Slope]:
        """The error at the step that shows the least, infinite at a kink; the slopes there."""
        claimed = float(np.dot(self.grad.reshape(-1), direction))
        rounding = None
        tried: list[tuple[float, Slope]] = []
        for step in STEPS:
            slope = self._slope(direction, step)
            if slope.smooth:
                rounding = slope.rounding if rounding is None else rounding
                tried.append((slope.error(claimed, rounding), slope))
                if tried[-1][0] <= tolerance:
                    return tried[-1]
        return min(tried, key=lambda pair: pair[0]) if tried else (math.inf, slope)

    def _slope(self, direction: Any, step: float) -> Slope:
        moving = np.abs(leaves(self.params)[self.number].reshape(-1)[direction != 0])
        h = step * max(1.0, float(moving.max(initial=0.0)))
        low2, low, up, up2 = (self._value(direction, k * h) for k in (-2, -1, 1, 2))
        return Slope(
            central=(8 * (up - low) - (up2 - low2)) / (12 * h),
            left=(3 * self.value - 4 * low + low2) / (2 * h),
            right=(4 * up - 3 * self.value - up2) / (2 * h),
            rounding=ROUNDING * max(abs(low2), abs(self.value), abs(up2)) / h,
        )

    def _value(self, direction: Any, distance: float) -> float:
        moved = leaves(self.params)
        start = moved[self.number]
        moved[self.number] = start + distance * direction.reshape(start.shape)
        return float(self.function(rebuild(self.params, iter(moved)), *self.arguments))

    def _finding(
        self, direction: Any, error: float, slope: Slope, tolerance: float
    ) -> GradientError:
        """The error to raise, for one guilty number of the direction where there is one."""
        positions = np.flatnonzero(direction)
        while len(positions) > 1:
            first, second = np.array_split(positions, 2)
            guilty = self._compare(_only(direction, first), tolerance)[0] > tolerance
            positions = first if guilty else second
        axis = (np.arange(self.grad.size) == positions[0]).astype("float64")
        alone = self._compare(axis, tolerance)
        place = "a random direction"
        if alone[0] > tolerance:
            (error, slope), direction = alone, axis
            index = np.unravel_index(int(positions[0]), self.grad.shape)
            place = f"index {tuple(int(i) for i in index)}"
        claimed = float(np.dot(self.grad.reshape(-1), direction))
        where = f"Parameter {self.path or 'params'!r}, {place}: the gradient says {claimed:.12g}"
        return GradientError(f"{where}, {_complaint(error, slope, tolerance)}")


def _complaint(error: float, slope: Slope, tolerance: float) -> str:
    if slope.smooth:
        return (
            f"differences of the function say {slope.central:.12g}; relative error {error:.3g}, "
            f"allowed {tolerance:.3g}."
        )
    if slope.finite:
        return (
            f"but here is a kink or a jump: the slope is {slope.left:.9g} on the left and "
            f"{slope.right:.9g} on the right. There is no derivative to compare with. Move the "
            "point."
        )
    return "but the function is not finite near this point. Move the point."


def _only(direction: Any, positions: Any) -> Any:
    kept = np.zeros_like(direction)
    kept[positions] = direction[positions]
    return kept
