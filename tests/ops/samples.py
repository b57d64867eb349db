"""One sample for every primitive: how to draw its inputs, and an independent formula in jax.numpy.

The tests walk through the registry and look here; a primitive without a sample fails the suite.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule import ops
from chainrule.autodiff import PRIMITIVES
from tests.ops import drawing as d


@dataclass(frozen=True)
class Case:
    """Inputs of one call: arrays (floats in float64), and settings."""

    arrays: tuple[Any, ...]
    static: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """How to draw a case, what jax.numpy computes for it, and how to call the primitive."""

    make: Callable[[random.Random], Case]
    reference: Callable[..., Any] | None
    call: Callable[..., Any] | None = None

    def run(self, name: str) -> Callable[..., Any]:
        """The operation that the sample is about."""
        return self.call or PRIMITIVES[name]


def unary(reference, draw=d.numbers, **settings):
    return Sample(lambda r: Case((draw(r, d.shape(r), **settings),)), reference)


def binary(reference, draw=d.numbers, **settings):
    def make(r):
        full = d.shape(r)
        shapes = [full, d.broadcastable(r, full)]
        r.shuffle(shapes)
        return Case(tuple(draw(r, s, **settings) for s in shapes))

    return Sample(make, reference)


def far(*kinks):
    return lambda r, size: d.far_from(r, size, *kinks)


def apart(r):
    """Two operands of which no two numbers are closer than 0.1."""
    case = binary(None, d.integers, below=8).make(r)
    return Case((case.arrays[0] * 0.2, case.arrays[1] * 0.2 + 0.1))


def scaled(slopes):
    return lambda r: Case((d.far_from(r, d.shape(r), 0.0), np.asarray(r.choice(slopes))))


def choice(r):
    full = d.shape(r)
    a, b = (d.numbers(r, d.broadcastable(r, full)) for _ in range(2))
    return Case((d.booleans(r, full), a, b))


def powers(r):
    base, exponent = binary(None).make(r).arrays
    return Case((np.abs(base) + 0.3, exponent))


def fixed_power(r):
    exponent = r.choice([-2, -1, 0, 0.5, 1, 2, 2.5, 3])
    x = d.far_from(r, d.shape(r), 0.0)
    return Case((np.abs(x) if exponent % 1 else x,), {"exponent": exponent})


def logical(r):
    full = d.shape(r)
    return Case((d.booleans(r, full), d.booleans(r, d.broadcastable(r, full))))


POSITIVE = {"low": 0.3}

ELEMENTWISE = {
    "cast": Sample(
        lambda r: Case((d.numbers(r, d.shape(r)),), {"dtype": "float64"}),
        lambda x, *, dtype: x.astype(dtype),
    ),
    "negative": unary(lambda x: 0 - x),
    "absolute": unary(lambda x: jnp.where(x > 0, x, -x), far(0.0)),
    "sign": unary(jnp.sign, far(0.0)),
    "step": unary(lambda x: jnp.heaviside(x, 0.0), far(0.0)),
    "exp": unary(jnp.exp),
    "expm1": unary(lambda x: jnp.exp(x) - 1),
    "log": unary(jnp.log, **POSITIVE),
    "log1p": unary(lambda x: jnp.log(1 + x), low=-0.6),
    "sqrt": unary(lambda x: x**0.5, **POSITIVE),
    "square": unary(lambda x: x**2),
    "power_of": Sample(fixed_power, lambda x, *, exponent: jnp.power(x, exponent)),
    "sin": unary(jnp.sin),
    "cos": unary(jnp.cos),
    "tanh": unary(lambda x: (jnp.exp(x) - jnp.exp(-x)) / (jnp.exp(x) + jnp.exp(-x))),
    "erf": unary(jax.scipy.special.erf),
    "sigmoid": unary(lambda x: 1 / (1 + jnp.exp(-x))),
    "softplus": unary(lambda x: jnp.log(1 + jnp.exp(x))),
    "relu": unary(lambda x: jnp.where(x > 0, x, 0), far(0.0)),
    "leaky_relu": Sample(scaled([0.01, 0.3, 1.5]), lambda x, a: jnp.where(x > 0, x, a * x)),
    "elu": Sample(scaled([0.5, 1.0, 2.0]), lambda x, a: jnp.where(x > 0, x, a * (jnp.exp(x) - 1))),
    "gelu": unary(lambda x: x * jax.scipy.stats.norm.cdf(x)),
    "silu": unary(lambda x: x / (1 + jnp.exp(-x))),
    "clip": Sample(
        lambda r: Case((d.far_from(r, d.shape(r), -1.0, 1.5),), {"low": -1.0, "high": 1.5}),
        lambda x, *, low, high: jnp.clip(x, low, high),
    ),
    "isfinite": unary(jnp.isfinite),
    "stop_gradient": unary(jax.lax.stop_gradient),
}

ARITHMETIC = {
    "add": binary(lambda a, b: a + b),
    "residual": binary(lambda a, b: a + b),
    "subtract": binary(lambda a, b: a - b),
    "multiply": binary(lambda a, b: a * b),
    "divide": binary(lambda a, b: a / b, far(0.0)),
    "power": Sample(powers, lambda a, b: jnp.exp(b * jnp.log(a))),
    "maximum": Sample(apart, lambda a, b: jnp.where(a > b, a, b)),
    "minimum": Sample(apart, lambda a, b: jnp.where(a < b, a, b)),
    "where": Sample(choice, lambda c, a, b: c * a + (1 - c) * b),
    "less": Sample(apart, lambda a, b: a < b),
    "less_equal": Sample(apart, lambda a, b: a <= b),
    "greater": Sample(apart, lambda a, b: a > b),
    "greater_equal": Sample(apart, lambda a, b: a >= b),
    "equal": binary(lambda a, b: a == b, d.integers, below=2),
    "not_equal": binary(lambda a, b: a != b, d.integers, below=2),
    "logical_not": unary(lambda a: ~a, d.booleans),
    "logical_and": Sample(logical, lambda a, b: a & b),
    "logical_or": Sample(logical, lambda a, b: a | b),
}


def with_axis(r, sizes=(1, 2, 3)):
    """A shape of at least one axis, and an axis of it that is not empty."""
    axis = d.axis(r, ndim := r.randint(1, 3))
    full = list(d.shape(r, ndim))
    full[axis] = r.choice(sizes)
    return tuple(full), axis


def reduction(draw, reference, shape=d.nonempty):
    def make(r):
        full = shape(r)
        return Case((draw(r, full),), {"axis": d.axes(r, len(full)), "keepdims": r.random() < 0.5})

    return Sample(make, reference)


def along(draw, reference, keepdims=False):
    def make(r):
        full, axis = with_axis(r)
        kept = {"keepdims": r.random() < 0.5} if keepdims else {}
        return Case((draw(r, full),), {"axis": axis, **kept})

    return Sample(make, reference)


def log_sum(x, *, axis=-1, keepdims=False):
    return jnp.log(jnp.sum(jnp.exp(x), axis=axis, keepdims=keepdims))


REDUCTIONS = {
    "sum": reduction(d.numbers, jnp.sum, d.shape),
    "sum_over_streams": Sample(lambda r: Case((d.numbers(r, d.shape(r)),)), lambda x: x),
    "mean": reduction(d.numbers, jnp.mean),
    "max": reduction(d.distinct, jnp.max),
    "min": reduction(d.distinct, jnp.min),
    "argmax": along(d.distinct, jnp.argmax),
    "logsumexp": along(d.numbers, log_sum, keepdims=True),
    "softmax": along(
        d.numbers, lambda x, *, axis: jnp.exp(x) / jnp.sum(jnp.exp(x), axis=axis, keepdims=True)
    ),
    "log_softmax": along(d.numbers, lambda x, *, axis: x - log_sum(x, axis=axis, keepdims=True)),
}


def joined(r):
    full, axis = with_axis(r)
    arrays = []
    for _ in range(r.randint(1, 3)):
        own = list(full)
        own[axis] = r.choice(d.SIZES)
        arrays.append(d.numbers(r, tuple(own)))
    return Case(tuple(arrays), {"axis": axis})


def spread(r):
    full = d.shape(r)
    return Case((d.numbers(r, d.broadcastable(r, full)),), {"shape": full})


def reshaped(r):
    x = d.numbers(r, d.shape(r))
    return Case((x,), {"shape": r.choice([(x.size,), (x.size, 1), (1, x.size), x.shape[::-1]])})


def transposed(r):
    x = d.numbers(r, d.shape(r))
    axes = r.sample(range(x.ndim), x.ndim)
    axes = tuple(a - x.ndim if r.random() < 0.3 else a for a in axes)
    return Case((x,), {"axes": r.choice([None, axes])})


def expanded(r):
    x = d.numbers(r, d.shape(r))
    return Case((x,), {"axis": r.randint(-x.ndim - 1, x.ndim)})


def padded(r):
    x = d.numbers(r, d.shape(r, r.randint(1, 3)))
    widths = tuple((r.randint(0, 2), r.randint(0, 2)) for _ in range(x.ndim))
    return Case((x,), {"widths": widths})


def squeezed(r):
    full, axis = with_axis(r, sizes=(1,))
    return Case((d.numbers(r, full),), {"axis": axis})


SHAPES = {
    "reshape": Sample(reshaped, lambda x, *, shape: x.reshape(shape)),
    "transpose": Sample(transposed, lambda x, *, axes: jnp.transpose(x, axes)),
    "broadcast_to": Sample(spread, lambda x, *, shape: jnp.zeros(shape) + x),
    "join": Sample(joined, lambda *arrays, axis: jnp.concatenate(arrays, axis)),
    "expand_dims": Sample(expanded, lambda x, *, axis: jnp.expand_dims(x, axis)),
    "squeeze": Sample(squeezed, lambda x, *, axis: jnp.squeeze(x, axis)),
    "flip": along(d.numbers, lambda x, *, axis: jnp.flip(x, axis)),
    "pad": Sample(padded, lambda x, *, widths: jnp.pad(x, widths)),
}


def products(r):
    n, m, k = d.shape(r, 3)
    batch = d.shape(r, 1)
    left = r.choice([(m,), (n, m), (*batch, n, m), (1, n, m)])
    right = r.choice([(m,), (m, k), (*batch, m, k), (1, m, k)])
    return Case((d.numbers(r, left), d.numbers(r, right)))


def layer(r):
    inputs, outputs = d.shape(r, 2)
    x = d.numbers(r, (*d.shape(r, r.randint(0, 2)), inputs))
    return Case((x, d.numbers(r, (inputs, outputs)), d.numbers(r, (outputs,))))


def twins(r):
    full = d.shape(r)
    return Case((d.numbers(r, full), d.numbers(r, full)))


LINEAR = {
    "matmul": Sample(products, jnp.matmul),
    "affine": Sample(layer, lambda x, w, b: jnp.einsum("...i,ij->...j", x, w) + b),
    "dot": Sample(twins, lambda a, b: jnp.sum(a * b)),
}

INDICES = (
    *(0, -1, slice(None), slice(None, None, -1), slice(3, 0, -2), slice(1, 1), None, ...),
    *(
        (0, 1),
        (slice(None), -1),
        (..., 0, slice(None)),
        (slice(None, None, 2), None, slice(-2, None)),
    ),
    *([0, 0, 1], [[1, -1]], (np.array([0, 1, 1]), np.array([2, 0, 0])), (slice(1), [2, 0])),
    np.array([True, False, True]),
)


def indexed(r):
    return Case((d.numbers(r, (3, 3, r.choice(d.SIZES))),), {"index": r.choice(INDICES)})


def rows(r):
    full = (r.choice([1, 2, 3]), *d.shape(r, r.randint(0, 2)))
    return Case((d.numbers(r, full), d.integers(r, d.shape(r, r.randint(0, 2)), full[0])))


def picked(r):
    full = (*d.shape(r, r.randint(0, 2)), r.choice([1, 2, 3]))
    return Case((d.numbers(r, full), d.integers(r, full[:-1], full[-1])))


def labeled(r):
    classes = r.choice([1, 2, 3])
    batch = r.choice(d.SIZES)
    return Case((d.numbers(r, (batch, classes)), d.integers(r, (batch,), classes)))


INDEXING = {
    "getitem": Sample(
        indexed, lambda x, *, index: x[np.asarray(index) if isinstance(index, list) else index]
    ),
    "take": Sample(rows, lambda x, i: jnp.take(x, i, axis=0)),
    "pick": Sample(picked, lambda x, i: jnp.take_along_axis(x, i[..., None], -1)[..., 0]),
    "one_hot": Sample(
        lambda r: Case((d.integers(r, d.shape(r), 3),), {"classes": 3, "dtype": "float64"}),
        lambda i, *, classes, dtype: jax.nn.one_hot(i, classes, dtype=dtype),
    ),
}


def answers(r):
    full = d.shape(r)
    return Case((d.numbers(r, full), d.numbers(r, full, low=0.0, high=1.0)))


def distributions(r):
    full = (r.choice(d.SIZES), r.choice([1, 2, 3]))
    return Case((d.numbers(r, full), d.numbers(r, full, low=0.0, high=1.0)))


def signed(r):
    full = d.shape(r)
    return Case((d.far_from(r, full, 0.0), 2.0 * d.booleans(r, full) - 1.0))


def log_loss(z, y):
    p = 1 / (1 + jnp.exp(-z))
    return -y * jnp.log(p) - (1 - y) * jnp.log(1 - p)


def log_shares(z):
    return jnp.log(jnp.exp(z) / jnp.exp(z).sum(1, keepdims=True))


LOSSES = {
    "binary_cross_entropy": Sample(answers, log_loss),
    "label_cross_entropy": Sample(labeled, lambda z, i: -log_shares(z)[jnp.arange(len(z)), i]),
    "cross_entropy": Sample(distributions, lambda z, p: -(p * log_shares(z)).sum(1)),
    "perceptron_criterion": Sample(signed, lambda z, t: jnp.where(t * z < 0, -t * z, 0)),
}


def key(r):
    return np.array([r.getrandbits(32), r.getrandbits(32)], "uint32")


def drawn(r):
    return Case((key(r),), {"shape": d.shape(r), "dtype": "float64"})


def drawn_part(r):
    first, shape = np.asarray(r.randrange(4), "int32"), (2, *d.shape(r))
    return Case((key(r), first), {"shape": shape, "rows": 6, "dtype": "float64"})


def batch(r):
    rows, steps, features = r.choice([3, 4]), r.choice([1, 2]), r.choice([1, 2])
    shape = r.choice([(rows, features), (rows, steps, features)])
    shares = d.numbers(r, shape[: r.choice([1, len(shape) - 1])], 0.2, 1.0)
    sides = d.numbers(r, (features,)), d.numbers(r, (features,))
    return Case((d.numbers(r, shape), *sides, np.asarray(0.1), shares), {"streams": 1})


def normalized(x, scale, offset, epsilon, shares, *, streams):
    axes = tuple(range(x.ndim - 1))
    p = jnp.broadcast_to(shares.reshape(*shares.shape, *(1,) * (x.ndim - shares.ndim)), x.shape)
    mean = (p * x).sum(axes) / p.sum(axes)
    variance = (p * (x - mean) ** 2).sum(axes) / p.sum(axes)
    return (x - mean) / jnp.sqrt(variance + epsilon) * scale + offset, mean, variance


def layer(r):
    shape = (*d.shape(r, r.randint(0, 2)), r.choice([1, 2, 3]))
    sides = d.numbers(r, shape[-1:]), d.numbers(r, shape[-1:])
    return Case((d.numbers(r, shape), *sides, np.asarray(0.1)))


def layer_normalized(x, scale, offset, epsilon):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + epsilon) * scale + offset, mean, variance


NORMALIZING = {
    "batch_norm": Sample(batch, normalized),
    "layer_norm": Sample(layer, layer_normalized),
}


RANDOM = {
    "fold_in": Sample(lambda r: Case((key(r), np.asarray(r.getrandbits(16), "uint32"))), None),
    "random_uniform": Sample(drawn, None),
    "random_normal": Sample(drawn, None),
    "random_part": Sample(drawn_part, None),
}


def recurrence(r):
    steps, units = r.choice(d.SIZES), r.choice([1, 2])
    return Case(
        (
            d.numbers(r, (units,)),
            d.integers(r, (), 3),
            d.numbers(r, (steps, units)),
            d.numbers(r, (units, units)),
        )
    )


def recurrent(scan, tanh):
    """A float and an integer carry, a carry that is also an output, a weight from outside."""

    def call(hidden, count, xs, weight):
        def body(carry, x):
            hidden, count = carry
            after = tanh(hidden @ weight + x)
            return (after, count + 1), (after, after * hidden * count)

        (hidden, count), ys = scan(body, (hidden, count), xs)
        return hidden, count, *ys

    return call


SCAN = {
    "scan_body": Sample(
        recurrence, recurrent(jax.lax.scan, jnp.tanh), recurrent(ops.scan, ops.tanh)
    )
}


def window_settings(r, sizes, kernel):
    """Stride, padding and dilation under which at least one window fits on every axis."""
    dilation = tuple(r.choice([1, 1, 2]) for _ in kernel)
    padding = []
    for n, k, apart in zip(sizes, kernel, dilation, strict=True):
        missing = max(0, apart * (k - 1) + 1 - n)
        padding.append((missing + r.choice([0, 0, 1]), r.choice([0, 1, 2])))
    stride = tuple(r.choice([1, 2, 3]) for _ in kernel)
    return {"stride": stride, "padding": tuple(padding), "dilation": dilation}


def convolution(r):
    axes = r.choice([1, 2])
    sizes, kernel = d.shape(r, axes, (1, 2, 4)), d.shape(r, axes, (1, 2, 3))
    groups = r.choice([1, 1, 2, 3])
    inner, outer = r.choice([1, 2]), groups * r.choice([1, 2])
    arrays = [
        d.numbers(r, (r.choice([1, 2, 3]), *sizes, groups * inner)),
        d.numbers(r, (*kernel, inner, outer)),
        d.numbers(r, (outer,)),
    ]
    static = window_settings(r, sizes, kernel) | {"groups": groups}
    return Case(tuple(arrays[: r.choice([2, 3])]), static)


def transposed_convolution(r):
    """The arrays of a convolution with x and the result changing places."""
    case = convolution(r)
    (batch, *size, channels), weight = case.arrays[0].shape, case.arrays[1]
    set_ = case.static
    counts = windows_of(size, weight.shape[:-2], set_)
    arrays = [d.numbers(r, (batch, *counts, weight.shape[-1])), weight, d.numbers(r, (channels,))]
    return Case(tuple(arrays[: len(case.arrays)]), set_ | {"size": tuple(size)})


def windows_of(size, kernel, static):
    return [
        (n + sum(p) - e * (k - 1) - 1) // s + 1
        for n, k, s, p, e in zip(
            size, kernel, static["stride"], static["padding"], static["dilation"], strict=True
        )
    ]


def convolved(x, w, *b, stride, padding, dilation, groups):
    """Window by window: the definition, in jax.numpy."""
    counts = windows_of(x.shape[1:-1], w.shape[:-2], locals())
    x = jnp.pad(x, ((0, 0), *padding, (0, 0)))
    rows = []
    for at in np.ndindex(*counts):
        cut = [
            slice(i * s, i * s + e * (k - 1) + 1, e)
            for i, s, e, k in zip(at, stride, dilation, w.shape[:-2], strict=True)
        ]
        seen = x[(slice(None), *cut)]
        seen = seen.reshape(*seen.shape[:-1], groups, -1)
        weight = w.reshape(*w.shape[:-1], groups, -1)
        places = "uv"[: len(counts)]
        rows.append(jnp.einsum(f"n{places}gi,{places}igo->ngo", seen, weight).reshape(len(x), -1))
    out = jnp.stack(rows, 1).reshape(len(x), *counts, -1)
    return out + b[0] if b else out


def spread_out(x, w, *b, size, stride, padding, dilation, groups):
    """The transpose of the definition, taken number by number."""
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    channels = w.shape[-2] * groups
    start = jnp.zeros((len(x), *size, channels), x.dtype)
    _, back = jax.vjp(lambda image: convolved(image, w, **settings), start)
    out = back(x)[0]
    return out + b[0] if b else out


def pooling(r):
    axes = r.choice([1, 2])
    sizes, window = d.shape(r, axes, (1, 2, 4, 5)), d.shape(r, axes, (1, 2, 3))
    stride = window if r.random() < 0.4 else d.shape(r, axes, (1, 2, 3))
    padding = []
    for n, k in zip(sizes, window, strict=True):
        low = min(k - 1, r.choice([0, 0, 1]))
        high = max(k - n - low, min(k - 1, r.choice([0, 1])))
        padding.append((low, high))
    padding = tuple(padding)
    x = d.distinct(r, (r.choice([1, 2]), *sizes, r.choice([1, 2])))
    return Case((x,), {"window": window, "stride": stride, "padding": padding})


def pooled(reduce):
    def formula(x, *, window, stride, padding):
        """Window by window, each cut off at the border."""
        sizes = x.shape[1:-1]
        static = {"stride": stride, "padding": padding, "dilation": (1,) * len(window)}
        counts, rows = windows_of(sizes, window, static), []
        for at in np.ndindex(*counts):
            cut = []
            for i, s, (low, _), k, n in zip(at, stride, padding, window, sizes, strict=True):
                cut.append(slice(max(0, i * s - low), min(n, i * s - low + k)))
            rows.append(reduce(x[(slice(None), *cut)], axis=tuple(range(1, x.ndim - 1))))
        return jnp.stack(rows, 1).reshape(len(x), *counts, -1)

    return formula


def growing(r):
    axes = r.choice([1, 2])
    x = d.numbers(r, (r.choice([1, 2]), *d.shape(r, axes, (1, 2, 3)), r.choice([1, 2])))
    return Case((x,), {"factor": d.shape(r, axes, (1, 2, 3))})


def grown(x, *, factor):
    """Every axis by a product with the matrix of what a new number takes from its neighbors."""
    for axis, times in enumerate(factor, 1):
        n = x.shape[axis]
        at = np.clip((np.arange(n * times) + 0.5) / times - 0.5, 0, n - 1)
        weights = np.maximum(0, 1 - np.abs(at[:, None] - np.arange(n))).astype(str(x.dtype))
        x = jnp.moveaxis(jnp.tensordot(weights, x, (1, axis)), 0, axis)
    return x


CONVOLUTION = {
    "convolve": Sample(convolution, convolved),
    "transposed_convolve": Sample(transposed_convolution, spread_out),
    "max_pool": Sample(pooling, pooled(jnp.max)),
    "average_pool": Sample(pooling, pooled(jnp.mean)),
    "interpolate": Sample(growing, grown),
}


def sequence_of(gates, biases):
    """Inputs, weights and biases of a recurrent primitive; half of the cases have lengths."""

    def make(r):
        batch, time, features, units = (r.choice([1, 2, 3]) for _ in range(4))
        weights = [(features, gates * units), (units, gates * units), (gates * units,)]
        weights += [(units,)] * biases
        shapes = [(batch, time, features), *weights]
        arrays = [d.numbers(r, shape) / 3 for shape in shapes]  # beyond that gates saturate
        if r.random() < 0.5:
            arrays.append(np.array([r.randint(1, time) for _ in range(batch)], "int32"))
        return Case(tuple(arrays), {"reverse": r.random() < 0.5, "sequences": r.random() < 0.5})

    return make


def looped(step, arrays):
    """A recurrent layer written as a plain loop over the steps of each example."""

    def reference(x, *rest, reverse, sequences):
        weights, lengths = rest[:arrays], rest[arrays:]
        states = []
        for row in range(x.shape[0]):
            carry = (jnp.zeros(weights[1].shape[0], x.dtype),) * 2
            found = [carry[0]] * x.shape[1]
            for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
                new = step(carry, x[row, t], *weights)
                if lengths:
                    counts = t < lengths[0][row]
                    new = tuple(jnp.where(counts, a, b) for a, b in zip(new, carry, strict=True))
                found[t] = new[0]
                carry = new
            states.append(jnp.stack(found) if sequences else carry[0])
        return jnp.stack(states)

    return reference


def simple_step(carry, x, w, u, b):
    return (jnp.tanh(x @ w + carry[0] @ u + b), carry[1])


def lstm_step(carry, x, w, u, b):
    i, f, g, o = jnp.split(x @ w + carry[0] @ u + b, 4)
    cell = jax.nn.sigmoid(f) * carry[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
    return (jax.nn.sigmoid(o) * jnp.tanh(cell), cell)


def gru_step(carry, x, w, u, b, d):
    (xr, xz, xn), (hr, hz, hn) = jnp.split(x @ w + b, 3), jnp.split(carry[0] @ u, 3)
    z = jax.nn.sigmoid(xz + hz)
    n = jnp.tanh(xn + jax.nn.sigmoid(xr + hr) * (hn + d))
    return ((1 - z) * n + z * carry[0], carry[1])


def result_of(primitive):
    """The first output alone: the others are kept for the way back."""
    return lambda *arrays, **static: primitive(*arrays, **static)[0]


RECURRENT = {
    "simple_rnn": Sample(sequence_of(1, 0), looped(simple_step, 3), result_of(ops.simple_rnn)),
    "lstm": Sample(sequence_of(4, 0), looped(lstm_step, 3), result_of(ops.lstm)),
    "gru": Sample(sequence_of(3, 1), looped(gru_step, 4), result_of(ops.gru)),
}


def looked(r, with_values=True):
    batch, queries, keys, n = (r.choice([1, 2, 3]) for _ in range(4))
    heads, values = r.choice([1, 2]), r.choice([1, 2])
    shapes = [(batch, queries, heads * n), (batch, keys, heads * n), (batch, keys, heads * values)]
    arrays = [d.numbers(r, shape) for shape in shapes[: 3 if with_values else 2]]
    mask = [d.booleans(r, (batch, keys))] if r.random() < 0.5 else []
    return Case((*arrays, *mask), {"heads": heads, "causal": r.random() < 0.5})


def looking(q, k, *valid, heads, causal):
    """Attention weights in jax.numpy: 0 for a query that may look at no key."""
    batch, queries, keys = q.shape[0], q.shape[1], k.shape[1]
    q, k = (x.reshape(batch, -1, heads, x.shape[2] // heads) for x in (q, k))
    scores = jnp.einsum("bqhn,bkhn->bhqk", q, k) / np.sqrt(q.shape[3])
    allowed = jnp.ones((batch, 1, queries, keys), bool)
    if valid:
        allowed = allowed & valid[0][:, None, None, :]
    if causal:
        allowed = jnp.tril(allowed)
    return jax.nn.softmax(scores, where=allowed, axis=-1) * allowed.any(-1, keepdims=True)


def attended(q, k, v, *valid, heads, causal):
    parts = v.reshape(*v.shape[:2], heads, -1)
    weights = looking(q, k, *valid, heads=heads, causal=causal)
    return jnp.einsum("bhqk,bkhn->bqhn", weights, parts).reshape(*q.shape[:2], -1)


ATTENTION = {
    "attention": Sample(looked, attended),
    "attention_weights": Sample(lambda r: looked(r, with_values=False), looking),
}

SAMPLES: dict[str, Sample] = {
    **RECURRENT,
    **CONVOLUTION,
    **ELEMENTWISE,
    **ARITHMETIC,
    **REDUCTIONS,
    **SHAPES,
    **LINEAR,
    **INDEXING,
    **LOSSES,
    **NORMALIZING,
    **RANDOM,
    **SCAN,
    **ATTENTION,
}
