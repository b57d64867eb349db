"""Arithmetic on two operands, with broadcasting, and comparisons."""

from __future__ import annotations

from typing import Any

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.ops.broadcasting import unbroadcast


@primitive(formula="a + b", derivative="1, 1")
def add(xp: Any, a: Array, b: Array) -> Array:
    """a + b."""
    return xp.add(a, b)


@add.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return lambda: unbroadcast(xp, cotangent, a), lambda: unbroadcast(xp, cotangent, b)


@primitive(formula="a + b", derivative="1, 1")
def residual(xp: Any, a: Array, b: Array) -> Array:
    """a + b, for a row of blocks that each add to what came in (He, Zhang, Ren, Sun 2016).

    What arrives on the way back is written to memory before it is used. As a plain sum a compiler
    adds up what all later blocks gave anew for everything that looks at it.
    """
    return xp.add(a, b)


@residual.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    arrived = xp.apart(_copy, cotangent)
    return lambda: unbroadcast(xp, arrived, a), lambda: unbroadcast(xp, arrived, b)


def _copy(xp: Any, x: Array) -> Array:
    copy: Array = xp.copy(x)
    return copy


@primitive(formula="a - b", derivative="1, -1")
def subtract(xp: Any, a: Array, b: Array) -> Array:
    """a - b."""
    return xp.subtract(a, b)


@subtract.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return lambda: unbroadcast(xp, cotangent, a), lambda: -unbroadcast(xp, cotangent, b)


@primitive(formula="a · b", derivative="b, a")
def multiply(xp: Any, a: Array, b: Array) -> Array:
    """a · b."""
    return xp.multiply(a, b)


@multiply.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return (
        lambda: unbroadcast(xp, cotangent * b, a),
        lambda: unbroadcast(xp, cotangent * a, b),
    )


@primitive(formula="a / b", derivative="1/b, -a/b²", singular="b = 0: not finite", floating=True)
def divide(xp: Any, a: Array, b: Array) -> Array:
    """a / b; integers are divided as float32."""
    return xp.divide(a, b)


@divide.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return (
        lambda: unbroadcast(xp, cotangent / b, a),
        lambda: unbroadcast(xp, -cotangent * out / b, b),
    )


@primitive(
    formula="a ^ b",
    derivative="b·a^(b-1), a^b·log(a)",
    singular="a <= 0: the derivative by b is 0 (a^b is real only for isolated b there)",
    floating=True,
)
def power(xp: Any, a: Array, b: Array) -> Array:
    """a to the power b."""
    return xp.power(a, b)


@power.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    def by_base() -> Array:
        slope = b * xp.power(a, xp.where(b == 0, xp.ones_like(b), b - 1))
        return unbroadcast(xp, cotangent * slope, a)

    def by_exponent() -> Array:
        positive = a > 0
        logarithm = xp.log(xp.where(positive, a, xp.ones_like(a)))
        return unbroadcast(
            xp, cotangent * xp.where(positive, out * logarithm, xp.zeros_like(out)), b
        )

    return by_base, by_exponent


@primitive(
    formula="max(a, b)", derivative="1 where larger, else 0", singular="a = b: 1/2 to each operand"
)
def maximum(xp: Any, a: Array, b: Array) -> Array:
    """The larger of a and b; NaN where one is NaN."""
    return xp.maximum(a, b)


@maximum.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return (
        lambda: unbroadcast(xp, cotangent * _share(xp, a, b, out.dtype), a),
        lambda: unbroadcast(xp, cotangent * _share(xp, b, a, out.dtype), b),
    )


@primitive(
    formula="min(a, b)", derivative="1 where smaller, else 0", singular="a = b: 1/2 to each operand"
)
def minimum(xp: Any, a: Array, b: Array) -> Array:
    """The smaller of a and b; NaN where one is NaN."""
    return xp.minimum(a, b)


@minimum.rule
def _(xp: Any, cotangent: Array, out: Array, a: Array, b: Array) -> tuple[Any, ...]:
    return (
        lambda: unbroadcast(xp, cotangent * _share(xp, b, a, out.dtype), a),
        lambda: unbroadcast(xp, cotangent * _share(xp, a, b, out.dtype), b),
    )


def _share(xp: Any, winner: Array, other: Array, dtype: Any) -> Array:
    """1 where `winner` is larger, 1/2 at a tie, 0 elsewhere."""
    larger = xp.astype(winner > other, str(dtype))
    tie = xp.astype(winner == other, str(dtype))
    return larger + tie * 0.5


@primitive(
    formula="a where condition, else b", derivative="1 or 0 by the condition", promote=(1, 2)
)
def where(xp: Any, condition: Array, a: Array, b: Array) -> Array:
    """a where the condition holds, b elsewhere. What is not chosen gets no gradient.

    A NaN in the branch that is not chosen can still spoil the gradient (0 · NaN): make both
    branches finite, e.g. `log(where(x > 0, x, 1))`.
    """
    return xp.where(condition, a, b)


@where.rule
def _(
    xp: Any, cotangent: Array, out: Array, condition: Array, a: Array, b: Array
) -> tuple[Any, ...]:
    zero = xp.zeros_like(cotangent)
    return (
        None,
        lambda: unbroadcast(xp, xp.where(condition, cotangent, zero), a),
        lambda: unbroadcast(xp, xp.where(condition, zero, cotangent), b),
    )


@primitive(formula="a < b")
def less(xp: Any, a: Array, b: Array) -> Array:
    """a < b, as booleans."""
    return xp.less(a, b)


@primitive(formula="a <= b")
def less_equal(xp: Any, a: Array, b: Array) -> Array:
    """a <= b, as booleans."""
    return xp.less_equal(a, b)


@primitive(formula="a > b")
def greater(xp: Any, a: Array, b: Array) -> Array:
    """a > b, as booleans."""
    return xp.greater(a, b)


@primitive(formula="a >= b")
def greater_equal(xp: Any, a: Array, b: Array) -> Array:
    """a >= b, as booleans."""
    return xp.greater_equal(a, b)


@primitive(formula="a = b")
def equal(xp: Any, a: Array, b: Array) -> Array:
    """a == b, as booleans."""
    return xp.equal(a, b)


@primitive(formula="a ≠ b")
def not_equal(xp: Any, a: Array, b: Array) -> Array:
    """a != b, as booleans."""
    return xp.not_equal(a, b)


@primitive(formula="not a", promote=False)
def logical_not(xp: Any, a: Array) -> Array:
    """The opposite of a boolean array."""
    return xp.logical_not(a)


@primitive(formula="a and b", promote=False)
def logical_and(xp: Any, a: Array, b: Array) -> Array:
    """True where both are true."""
    return xp.logical_and(a, b)


@primitive(formula="a or b", promote=False)
def logical_or(xp: Any, a: Array, b: Array) -> Array:
    """True where at least one is true."""
    return xp.logical_or(a, b)
