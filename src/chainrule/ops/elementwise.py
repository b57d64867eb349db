"""Functions of one number, applied to every element: formula, derivative, singular points."""

from __future__ import annotations

from typing import Any

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.ops.broadcasting import unbroadcast

TWO_OVER_ROOT_PI = 1.1283791670955126


@primitive(formula="-x", derivative="-1")
def negative(xp: Any, x: Array) -> Array:
    """-x."""
    return xp.negative(x)


@negative.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (-cotangent,)


@primitive(formula="|x|", derivative="sign(x)", singular="x = 0: 0")
def absolute(xp: Any, x: Array) -> Array:
    """|x|."""
    return xp.abs(x)


@absolute.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * xp.sign(x),)


@primitive(formula="sign(x)", derivative="0", singular="x = 0: 0")
def sign(xp: Any, x: Array) -> Array:
    """-1, 0 or 1; its derivative is 0 wherever it has one."""
    return xp.sign(x)


@primitive(formula="1 if x > 0 else 0", derivative="0", singular="x = 0: 0", floating=True)
def step(xp: Any, x: Array) -> Array:
    """Heaviside's step: 1 if x > 0 else 0. Forward only: its derivative is 0 (Rosenblatt 1958)."""
    return xp.astype(x > 0, str(x.dtype))


@primitive(formula="exp(x)", derivative="exp(x)", floating=True)
def exp(xp: Any, x: Array) -> Array:
    """e to the power x."""
    return xp.exp(x)


@exp.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * out,)


@primitive(formula="exp(x) - 1", derivative="exp(x)", floating=True)
def expm1(xp: Any, x: Array) -> Array:
    """exp(x) - 1, exact for small x."""
    return xp.expm1(x)


@expm1.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * (out + 1),)


@primitive(formula="log(x)", derivative="1/x", singular="x = 0: not finite", floating=True)
def log(xp: Any, x: Array) -> Array:
    """The natural logarithm."""
    return xp.log(x)


@log.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent / x,)


@primitive(
    formula="log(1 + x)", derivative="1/(1 + x)", singular="x = -1: not finite", floating=True
)
def log1p(xp: Any, x: Array) -> Array:
    """log(1 + x), exact for small x."""
    return xp.log1p(x)


@log1p.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent / (1 + x),)


@primitive(formula="√x", derivative="1/(2√x)", singular="x = 0: 0, not infinity", floating=True)
def sqrt(xp: Any, x: Array) -> Array:
    """The square root."""
    return xp.sqrt(x)


@sqrt.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    positive = out > 0
    safe = xp.where(positive, out, xp.ones_like(out))
    return (xp.where(positive, cotangent * 0.5 / safe, xp.zeros_like(out)),)


@primitive(formula="x²", derivative="2x")
def square(xp: Any, x: Array) -> Array:
    """x · x."""
    return x * x


@square.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * 2 * x,)


@primitive(
    formula="x ^ n",
    derivative="n·x^(n-1)",
    singular="x = 0 and n < 1: not finite (0 for n = 0)",
    floating=True,
)
def power_of(xp: Any, x: Array, *, exponent: float) -> Array:
    """x to a fixed power, given as a Python number."""
    return x * x if exponent == 2 else xp.power(x, xp.asarray(exponent, dtype=x.dtype))


@power_of.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, *, exponent: float) -> tuple[Any, ...]:
    if exponent == 0:
        return (xp.zeros_like(x),)
    if exponent == 2:
        return (cotangent * 2 * x,)
    factor = xp.asarray(exponent, dtype=x.dtype)
    return (cotangent * factor * xp.power(x, xp.asarray(exponent - 1, dtype=x.dtype)),)


@primitive(formula="sin(x)", derivative="cos(x)", floating=True)
def sin(xp: Any, x: Array) -> Array:
    """The sine of x radians."""
    return xp.sin(x)


@sin.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * xp.cos(x),)


@primitive(formula="cos(x)", derivative="-sin(x)", floating=True)
def cos(xp: Any, x: Array) -> Array:
    """The cosine of x radians."""
    return xp.cos(x)


@cos.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (-cotangent * xp.sin(x),)


@primitive(formula="tanh(x)", derivative="1 - tanh(x)²", floating=True)
def tanh(xp: Any, x: Array) -> Array:
    """The hyperbolic tangent: (e^x - e^-x) / (e^x + e^-x) = 2·sigmoid(2x) - 1."""
    return xp.tanh(x)


@tanh.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * (1 - out * out),)


@primitive(formula="erf(x)", derivative="2/√π · exp(-x²)", floating=True)
def erf(xp: Any, x: Array) -> Array:
    """The error function."""
    return xp.erf(x)


@erf.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * (TWO_OVER_ROOT_PI * xp.exp(-x * x)),)


def _sigmoid(xp: Any, x: Array) -> Array:
    """1 / (1 + e^-x) by tanh: finite at any x, one transcendental function."""
    return 0.5 * xp.tanh(0.5 * x) + 0.5


def _softplus(xp: Any, x: Array) -> Array:
    return xp.maximum(x, xp.zeros((), dtype=x.dtype)) + xp.log1p(xp.exp(-xp.abs(x)))


@primitive(formula="1 / (1 + e^-x)", derivative="out·(1 - out)", floating=True)
def sigmoid(xp: Any, x: Array) -> Array:
    """The logistic function 1 / (1 + e^-x)."""
    return _sigmoid(xp, x)


@sigmoid.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * (out * (1 - out)),)


@primitive(formula="log(1 + e^x)", derivative="1 / (1 + e^-x)", floating=True)
def softplus(xp: Any, x: Array) -> Array:
    """log(1 + e^x), a smooth relu; finite at any finite x."""
    return _softplus(xp, x)


@softplus.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * _sigmoid(xp, x),)


@primitive(formula="max(x, 0)", derivative="1 if x > 0 else 0", singular="x = 0: 0")
def relu(xp: Any, x: Array) -> Array:
    """max(x, 0); a NaN stays NaN (Nair and Hinton 2010)."""
    return xp.maximum(x, xp.zeros((), x.dtype))


@relu.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    return (cotangent * (out > 0),)


@primitive(
    formula="x if x > 0 else α·x",
    derivative="1 if x > 0 else α; for α: min(x, 0)",
    singular="x = 0: α",
    floating=True,
)
def leaky_relu(xp: Any, x: Array, slope: Array) -> Array:
    """x where x > 0, slope · x elsewhere, for any slope (Maas, Hannun, Ng 2013)."""
    return xp.where(x > 0, x, slope * x)


@leaky_relu.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, slope: Array) -> tuple[Any, ...]:
    return (
        lambda: unbroadcast(xp, cotangent * xp.where(x > 0, xp.ones_like(x), slope), x),
        lambda: unbroadcast(xp, cotangent * xp.minimum(x, xp.zeros_like(x)), slope),
    )


@primitive(
    formula="x if x > 0 else α·(e^x - 1)",
    derivative="1 if x > 0 else out + α; for α: e^x - 1 where x <= 0",
    singular="x = 0: α",
    floating=True,
)
def elu(xp: Any, x: Array, alpha: Array) -> Array:
    """x where x > 0, alpha · (e^x - 1) elsewhere (Clevert, Unterthiner, Hochreiter 2016)."""
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, xp.zeros_like(x))))


@elu.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array, alpha: Array) -> tuple[Any, ...]:
    return (
        lambda: unbroadcast(xp, cotangent * xp.where(x > 0, xp.ones_like(x), out + alpha), x),
        lambda: unbroadcast(xp, cotangent * xp.expm1(xp.minimum(x, xp.zeros_like(x))), alpha),
    )


@primitive(formula="x · Φ(x)", derivative="Φ(x) + x·φ(x)", floating=True)
def gelu(xp: Any, x: Array) -> Array:
    """x · Φ(x) with the normal distribution function Φ, exact (Hendrycks and Gimpel 2016)."""
    return x * 0.5 * (1 + xp.erf(x * 0.7071067811865476))


@gelu.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    below = 0.5 * (1 + xp.erf(x * 0.7071067811865476))
    density = 0.3989422804014327 * xp.exp(-0.5 * x * x)
    return (cotangent * (below + x * density),)


@primitive(
    formula="x / (1 + e^-x)", derivative="s + out·(1 - s) with s = sigmoid(x)", floating=True
)
def silu(xp: Any, x: Array) -> Array:
    """x · sigmoid(x), also called swish (Elfwing, Uchibe, Doya 2018)."""
    return x * _sigmoid(xp, x)


@silu.rule
def _(xp: Any, cotangent: Array, out: Array, x: Array) -> tuple[Any, ...]:
    s = _sigmoid(xp, x)
    return (cotangent * (s + out * (1 - s)),)


@primitive(
    formula="x between low and high", derivative="1 inside, 0 outside", singular="at a bound: 1"
)
def clip(xp: Any, x: Array, *, low: float, high: float) -> Array:
    """x, but not below low and not above high."""
    return xp.minimum(
        xp.maximum(x, xp.asarray(low, dtype=x.dtype)), xp.asarray(high, dtype=x.dtype)
    )


@clip.rule
def _(
    xp: Any, cotangent: Array, out: Array, x: Array, *, low: float, high: float
) -> tuple[Any, ...]:
    return (cotangent * xp.logical_and(x >= low, x <= high),)


@primitive(formula="is x finite?", promote=False)
def isfinite(xp: Any, x: Array) -> Array:
    """True where x is neither NaN nor infinite."""
    return xp.isfinite(x)


@primitive(formula="x, treated as a constant", derivative="0", promote=False)
def stop_gradient(xp: Any, x: Array) -> Array:
    """x itself, but as a constant: nothing flows back through it."""
    return x
