"""One sample for every layer: settings and input shapes to try, and its formula in jax.numpy.

The tests walk through what `chainrule.nn` offers and look here; a layer without a sample fails.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule import nn, ops

Shapes = tuple[Any, ...]


def offered(module: Any, *methods: str) -> dict[str, type]:
    """The classes among a module's public names that have all these methods."""
    named = {name: getattr(module, name) for name in module.__all__}
    return {
        name: value
        for name, value in named.items()
        if inspect.isclass(value)
        and not getattr(value, "_is_protocol", False)
        and all(hasattr(value, method) for method in methods)
    }


LAYERS = offered(nn, "init", "apply")


@dataclass(frozen=True)
class Sample:
    """Layers to try, the shapes of one example to try, and what they compute.

    `formula(layer, params, x, mask)` is written in jax.numpy; `mask` is where dropout keeps.
    """

    layers: tuple[Any, ...]
    formula: Callable[..., Any]
    shapes: Shapes = ((1,), (3,), (2, 1, 3))
    indices: int | None = None


def pointwise(formula: Callable[..., Any], *layers: Any) -> Sample:
    return Sample(layers, lambda layer, params, x, mask: formula(layer, x))


def dense(layer: Any, params: Any, x: Any, mask: Any = None) -> Any:
    out = jnp.einsum("...i,io->...o", x, params["weight"])
    return out + params["bias"] if layer.bias else out


def batch_norm(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    axes = tuple(range(x.ndim - 1))
    normal = (x - x.mean(axes)) / jnp.sqrt(x.var(axes) + layer.epsilon)
    return normal * params["scale"] + params["offset"]


def layer_norm(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    variance = x.var(-1, keepdims=True)
    normal = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(variance + layer.epsilon)
    return normal * params["scale"] + params["offset"]


def dropout(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    return x if layer.rate == 0 else jnp.where(mask, x / (1 - layer.rate), 0)


def leaky(layer: Any, x: Any) -> Any:
    return jnp.where(x > 0, x, layer.slope * x)


def elu(layer: Any, x: Any) -> Any:
    return jnp.where(x > 0, x, layer.alpha * (jnp.exp(jnp.minimum(x, 0)) - 1))


def branches(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    table = params["city"]["table"][x["city"]]
    return jnp.concatenate([table, dense(layer.layers[1][1], params["numbers"], x["numbers"])], -1)


def residual(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    return x + jnp.tanh(dense(layer.layer.layers[0], params[0], x))


SAMPLES: dict[str, Sample] = {
    "Linear": pointwise(lambda layer, x: x, nn.Linear()),
    "Step": pointwise(lambda layer, x: jnp.where(x > 0, 1.0, 0.0), nn.Step()),
    "Sigmoid": pointwise(lambda layer, x: 1 / (1 + jnp.exp(-x)), nn.Sigmoid()),
    "Tanh": pointwise(lambda layer, x: jnp.tanh(x), nn.Tanh()),
    "ReLU": pointwise(lambda layer, x: jnp.maximum(x, 0), nn.ReLU()),
    "LeakyReLU": pointwise(leaky, nn.LeakyReLU(), nn.LeakyReLU(1.5), nn.LeakyReLU(-0.3)),
    "ELU": pointwise(elu, nn.ELU(), nn.ELU(0.4)),
    "GELU": pointwise(lambda layer, x: jax.nn.gelu(x, approximate=False), nn.GELU()),
    "SiLU": pointwise(lambda layer, x: x / (1 + jnp.exp(-x)), nn.SiLU()),
    "Softplus": pointwise(lambda layer, x: jnp.log(1 + jnp.exp(x)), nn.Softplus()),
    "Softmax": pointwise(lambda layer, x: jax.nn.softmax(x, -1), nn.Softmax()),
    "LogSoftmax": pointwise(lambda layer, x: jax.nn.log_softmax(x, -1), nn.LogSoftmax()),
    "Dense": Sample((nn.Dense(1), nn.Dense(3), nn.Dense(2, bias=False)), dense),
    "Dropout": Sample((nn.Dropout(0.4), nn.Dropout(0.0)), dropout),
    "BatchNorm": Sample((nn.BatchNorm(), nn.BatchNorm(epsilon=0.1)), batch_norm),
    "LayerNorm": Sample((nn.LayerNorm(), nn.LayerNorm(epsilon=0.1)), layer_norm),
    "Flatten": Sample((nn.Flatten(),), lambda layer, params, x, mask: x.reshape(len(x), -1)),
    "Embedding": Sample(
        (nn.Embedding(4, 1), nn.Embedding(4, 3)),
        lambda layer, params, x, mask: params["table"][x],
        shapes=((), (1,), (3,)),
        indices=4,
    ),
    "Residual": Sample(
        (nn.Residual(nn.Network([nn.Dense(3), nn.Tanh()])),), residual, shapes=((3,), (2, 3))
    ),
    "Branches": Sample(
        (nn.Branches({"numbers": nn.Dense(2), "city": nn.Embedding(4, 2)}),),
        branches,
        shapes=({"numbers": (3,), "city": ()}, {"numbers": (1,), "city": ()}),
        indices=4,
    ),
    "Network": Sample(
        (
            nn.Network([nn.Dense(2), nn.Network([nn.Sigmoid()]), nn.Dense(1)]),
            nn.Network([nn.Dense(2), nn.Sigmoid(), nn.Network([nn.Dense(3)])]),
        ),
        lambda layer, params, x, mask: nested(layer, params, x),
    ),
}


def nested(layer: Any, params: Any, x: Any) -> Any:
    for inner, own in zip(layer.layers, params, strict=True):
        x = SAMPLES[type(inner).__name__].formula(inner, own, x, None)
    return x


@dataclass(frozen=True)
class Case:
    """A layer with parameters and inputs, all floats in float64."""

    layer: Any
    params: Any
    state: Any
    x: Any
    out_shape: Any
    name: str

    @property
    def context(self) -> nn.Context:
        return nn.Context(training=True, key=ops.key_from_seed(7), path=(0,))

    def mask(self) -> Any:
        """Where a dropout layer keeps its input."""
        if not isinstance(self.layer, nn.Dropout):
            return None
        draw = ops.random_uniform(self.context.random_key(), shape=self.x.shape, dtype="float64")
        return draw >= self.layer.rate

    def formula(self, params: Any, x: Any) -> Any:
        return SAMPLES[type(self.layer).__name__].formula(self.layer, params, x, self.mask())


def inputs(random: np.random.Generator, batch: int, shape: Any, indices: int | None) -> Any:
    if isinstance(shape, dict):
        return {
            name: inputs(random, batch, part, indices if name == "city" else None)
            for name, part in shape.items()
        }
    if indices is not None:
        return random.integers(0, indices, (batch, *shape)).astype("int32")
    return random.normal(size=(batch, *shape))


def cases(name: str, batches: tuple[int, ...] = (1, 4)) -> list[Case]:
    """The fixed cases of a layer: every setting, every shape, every batch size."""
    sample = SAMPLES[name]
    random = np.random.default_rng(len(name))
    made = []
    for layer in sample.layers:
        for shape in sample.shapes:
            for batch in batches:
                params, state, out_shape = layer.init(ops.key_from_seed(3), shape)
                params = moved(params, random)
                x = inputs(random, batch, shape, sample.indices)
                label = f"{layer} on ({batch}, {shape})"
                made.append(Case(layer, params, doubled(state), x, out_shape, label))
    return made


def moved(tree: Any, random: np.random.Generator) -> Any:
    """Parameters in float64 away from where they start, so that scales and offsets show."""
    if isinstance(tree, dict):
        return {name: moved(part, random) for name, part in tree.items()}
    if isinstance(tree, tuple):
        return tuple(moved(part, random) for part in tree)
    return tree.astype("float64") + random.normal(0, 0.3, tree.shape)


def doubled(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: doubled(part) for name, part in tree.items()}
    if isinstance(tree, tuple):
        return tuple(doubled(part) for part in tree)
    return tree.astype("float64") if tree.dtype.kind == "f" else tree
