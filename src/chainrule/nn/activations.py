"""Activations as layers: what bends a network away from being one linear map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule import ops
from chainrule.autodiff import Tree, hyper
from chainrule.nn.initializers import GlorotUniform, HeUniform, Initializer
from chainrule.nn.layer import Context, no_parameters


@dataclass(frozen=True)
class Linear:
    """x itself: no activation."""

    init = no_parameters
    initializer: ClassVar[Initializer] = GlorotUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return x, state


@dataclass(frozen=True)
class Step:
    """1 if x > 0 else 0. Its derivative is 0: nothing before it can learn by gradients."""

    init = no_parameters
    initializer: ClassVar[Initializer] = GlorotUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.step(x), state


@dataclass(frozen=True)
class Sigmoid:
    """1 / (1 + e^-x), between 0 and 1."""

    init = no_parameters
    initializer: ClassVar[Initializer] = GlorotUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.sigmoid(x), state


@dataclass(frozen=True)
class Tanh:
    """The hyperbolic tangent, between -1 and 1."""

    init = no_parameters
    initializer: ClassVar[Initializer] = GlorotUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.tanh(x), state


@dataclass(frozen=True)
class ReLU:
    """max(x, 0) (Nair and Hinton 2010)."""

    init = no_parameters
    initializer: ClassVar[Initializer] = HeUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.relu(x), state


@dataclass(frozen=True)
class LeakyReLU:
    """x if x > 0 else slope · x, for any slope (Maas, Hannun, Ng 2013).

    Differs from: Keras, whose default slope is 0.3 in the layer and 0.2 in the function.
    """

    slope: float = hyper(0.01)
    init = no_parameters
    initializer: ClassVar[Initializer] = HeUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.leaky_relu(x, self.slope), state


@dataclass(frozen=True)
class ELU:
    """x if x > 0 else alpha · (e^x - 1) (Clevert, Unterthiner, Hochreiter 2016)."""

    alpha: float = hyper(1.0)
    init = no_parameters
    initializer: ClassVar[Initializer] = HeUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.elu(x, self.alpha), state


@dataclass(frozen=True)
class GELU:
    """x · Φ(x), exact (Hendrycks and Gimpel 2016)."""

    init = no_parameters
    initializer: ClassVar[Initializer] = HeUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.gelu(x), state


@dataclass(frozen=True)
class SiLU:
    """x · sigmoid(x), also called swish (Elfwing, Uchibe, Doya 2018)."""

    init = no_parameters
    initializer: ClassVar[Initializer] = HeUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.silu(x), state


@dataclass(frozen=True)
class Softplus:
    """log(1 + e^x): a smooth relu."""

    init = no_parameters
    initializer: ClassVar[Initializer] = HeUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.softplus(x), state


@dataclass(frozen=True)
class Softmax:
    """Probabilities over the last axis. Losses take logits: it is recognized and not used twice."""

    init = no_parameters
    initializer: ClassVar[Initializer] = GlorotUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.softmax(x), state


@dataclass(frozen=True)
class LogSoftmax:
    """Logarithms of the probabilities over the last axis."""

    init = no_parameters
    initializer: ClassVar[Initializer] = GlorotUniform()

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return ops.log_softmax(x), state


ACTIVATIONS: dict[str, type] = {
    "linear": Linear,
    "step": Step,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "gelu": GELU,
    "silu": SiLU,
    "softplus": Softplus,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
}
"""Activations by the name that the command takes."""
