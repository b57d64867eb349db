"""Initializers: the numbers that training starts from.

The spread of a layer's first weights decides whether signals grow or fade on their way through the
network. Glorot keeps it level for tanh-like units, He for relu-like units that pass half of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from chainrule.ops import random_normal, random_uniform


class Initializer(Protocol):
    """Makes the first numbers of one parameter."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        """Float32 numbers of a shape, for a unit with so many inputs and outputs."""
        ...


@dataclass(frozen=True)
class Zeros:
    """All zero: right for biases. Hidden units that start with equal weights stay equal."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return np.zeros(shape, "float32")


@dataclass(frozen=True)
class Constant:
    """All one number."""

    value: float

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return np.full(shape, self.value, "float32")


@dataclass(frozen=True)
class RandomNormal:
    """Normal with mean 0 and a given standard deviation."""

    std: float = 0.05

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return _normal(key, shape, self.std)


@dataclass(frozen=True)
class RandomUniform:
    """Uniform between -limit and limit."""

    limit: float = 0.05

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return _uniform(key, shape, self.limit)


@dataclass(frozen=True)
class GlorotUniform:
    """Uniform with variance 2 / (fan_in + fan_out), also called Xavier (Glorot and Bengio 2010)."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return _uniform(key, shape, math.sqrt(6 / max(1, fan_in + fan_out)))


@dataclass(frozen=True)
class GlorotNormal:
    """Normal with variance 2 / (fan_in + fan_out), also called Xavier (Glorot and Bengio 2010)."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return _normal(key, shape, math.sqrt(2 / max(1, fan_in + fan_out)))


@dataclass(frozen=True)
class HeUniform:
    """Uniform with variance 2 / fan_in (He, Zhang, Ren, Sun 2015)."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return _uniform(key, shape, math.sqrt(6 / max(1, fan_in)))


@dataclass(frozen=True)
class HeNormal:
    """Normal with variance 2 / fan_in (He, Zhang, Ren, Sun 2015)."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return _normal(key, shape, math.sqrt(2 / max(1, fan_in)))


@dataclass(frozen=True)
class LeCunUniform:
    """Uniform with variance 1 / fan_in (LeCun, Bottou, Orr, Müller 1998)."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return _uniform(key, shape, math.sqrt(3 / max(1, fan_in)))


@dataclass(frozen=True)
class LeCunNormal:
    """Normal with variance 1 / fan_in (LeCun, Bottou, Orr, Müller 1998)."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return _normal(key, shape, math.sqrt(1 / max(1, fan_in)))


@dataclass(frozen=True)
class OutputUniform:
    """Uniform with variance 0.1 / fan_in: outputs start near 0, so near the plain guess.

    Differs from: scikit-learn, which starts all layers alike (Glorot). Measured with He behind it:
    benchmarks/accuracy.py, diabetes, 0.995 of scikit-learn's error; with a Glorot output 1.045.
    """

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return _uniform(key, shape, math.sqrt(0.3 / max(1, fan_in)))


@dataclass(frozen=True)
class Orthogonal:
    """Each square block a random rotation, scaled (Saxe, McClelland, Ganguli 2014).

    A weight (units, gates · units) has one block a gate; of any other shape the rows, or where
    there are more of them the columns, are orthogonal to each other.
    """

    scale: float = 1.0

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        rows, columns = shape
        blocks = columns // rows if columns % rows == 0 else 1
        draws = random_normal(key, shape=(blocks, rows, columns // blocks), dtype="float64")
        return np.concatenate([self.scale * _orthogonal(d) for d in draws], 1, dtype="float32")


@dataclass(frozen=True)
class ForgetBias:
    """0, but for the second quarter, the forget gate of an LSTM (Jozefowicz et al. 2015)."""

    value: float = 1.0

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        bias = np.zeros(shape, "float32")
        quarter = shape[-1] // 4
        bias[..., quarter : 2 * quarter] = self.value
        return bias


XavierUniform, XavierNormal = GlorotUniform, GlorotNormal


def _orthogonal(draws: Any) -> Any:
    """The rows made orthonormal one after the other (Gram and Schmidt, each twice).

    LAPACK's QR may have other bits on another number of threads; `einsum` has its own loops.
    """
    if draws.shape[0] > draws.shape[1]:
        return _orthogonal(draws.T).T
    made = np.array(draws)
    for i, row in enumerate(made):
        for _ in range(2):
            before = made[:i]
            row -= np.einsum("i,ij->j", np.einsum("ij,j->i", before, row), before)
        row /= np.sqrt(np.einsum("i,i->", row, row))
    return made


def _uniform(key: Any, shape: tuple[int, ...], limit: float) -> Any:
    return ((2 * random_uniform(key, shape=shape) - 1) * limit).astype("float32")


def _normal(key: Any, shape: tuple[int, ...], std: float) -> Any:
    return (random_normal(key, shape=shape) * std).astype("float32")
