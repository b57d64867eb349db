"""One sample for every layer: settings and input shapes to try, and its formula in jax.numpy.

The tests walk through what `chainrule.nn` offers and look here; a layer without a sample fails.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from chainrule import nn, ops
from tests.ops.samples import RECURRENT

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
    `indices`: inputs are whole numbers below it. `codes`: they are floats half above such numbers,
    so that a small step, as differences take it, does not leave the code.
    """

    layers: tuple[Any, ...]
    formula: Callable[..., Any]
    shapes: Shapes = ((1,), (3,), (2, 1, 3))
    indices: int | None = None
    codes: int | None = None


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
    numbers = dense(layer.layers[1][1], params["numbers"], x["numbers"])
    return table + numbers if layer.join == "sum" else jnp.concatenate([table, numbers], -1)


def heads(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    box, classes = (inner for _, inner in layer.layers)
    bent = jnp.tanh(dense(classes.layers[0], params["class"][0], x))
    return {"box": dense(box, params["box"], x), "class": bent}


def embed_columns(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    tables = {c: own["table"] for c, own in zip(layer.columns, params, strict=True)}
    return jnp.concatenate(
        [
            tables[i][jnp.floor(x[:, i]).astype(int)] if i in tables else x[:, i : i + 1]
            for i in range(x.shape[1])
        ],
        -1,
    )


def residual(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    return x + jnp.tanh(dense(layer.layer.layers[0], params[0], x))


def recurrence(layer: Any, params: Any, x: Any, mask: Any = None) -> Any:
    """The reference of the primitive in tests/ops, with this layer's settings."""
    primitive, names = RECURRENCES[type(layer)]
    weights = [params[name] for name in names]
    reference = RECURRENT[primitive].reference
    return reference(x, *weights, reverse=layer.reverse, sequences=layer.sequences)


def bidirectional(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    one = recurrence(layer.layer, params["forward"], x)
    other = recurrence(replace(layer.layer, reverse=True), params["backward"], x)
    return jnp.concatenate([one, other], -1)


WEIGHTS = ("weight", "recurrent_weight", "bias")
RECURRENCES = {
    nn.SimpleRNN: ("simple_rnn", WEIGHTS),
    nn.LSTM: ("lstm", WEIGHTS),
    nn.GRU: ("gru", (*WEIGHTS, "recurrent_bias")),
}
STEPS = ((1, 1), (3, 2))


def recurrent(kind: Any) -> Sample:
    settings: list[Any] = [{}, {"sequences": True}, {"sequences": True, "reverse": True}]
    return Sample(tuple(kind(2, **given) for given in settings), recurrence, shapes=STEPS)


def amounts(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def padding_of(layer: Any, rank: int) -> Any:
    """jax's own words, or pairs."""
    if isinstance(layer.padding, str):
        return layer.padding.upper()

    listed = (layer.padding,) * rank if isinstance(layer.padding, int) else layer.padding
    return [(p, p) if isinstance(p, int) else p for p in listed]


ORDERS = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC")}


def convolution(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    stride = amounts(layer.stride, layer.rank)
    out = jax.lax.conv_general_dilated(
        x,
        params["weight"],
        stride,
        padding_of(layer, layer.rank),
        rhs_dilation=amounts(layer.dilation, layer.rank),
        dimension_numbers=ORDERS[layer.rank],
        feature_group_count=layer.groups,
    )
    return out + params["bias"] if layer.bias else out


def transposed_convolution(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    """What jax passes back through a convolution whose result has the shape of x."""
    stride, dilation = (amounts(v, 2) for v in (layer.stride, layer.dilation))
    reach = [d * (k - 1) + 1 for k, d in zip(params["weight"].shape[:2], dilation, strict=True)]
    if layer.padding == "same":
        size = [n * s for n, s in zip(x.shape[1:-1], stride, strict=True)]
        pads: Any = "SAME"
    else:
        pads = padding_of(layer, 2)
        around = [(0, 0)] * 2 if pads == "VALID" else pads
        size = [
            (n - 1) * s + r - sum(p)
            for n, s, r, p in zip(x.shape[1:-1], stride, reach, around, strict=True)
        ]

    def there(image: Any) -> Any:
        return jax.lax.conv_general_dilated(
            image,
            params["weight"],
            stride,
            pads,
            rhs_dilation=dilation,
            dimension_numbers=ORDERS[2],
            feature_group_count=layer.groups,
        )

    start = jnp.zeros((len(x), *size, layer.filters), x.dtype)
    out = jax.vjp(there, start)[1](x)[0]
    return out + params["bias"] if layer.bias else out


def pooled(start: float, reduce: Any, average: bool = False) -> Callable[..., Any]:
    def formula(layer: Any, params: Any, x: Any, mask: Any) -> Any:
        rank = x.ndim - 2
        window = amounts(layer.window, rank)
        stride = window if layer.stride is None else amounts(layer.stride, rank)
        pads = padding_of(layer, rank)
        if not isinstance(pads, str):
            pads = [(0, 0), *pads, (0, 0)]
        sizes = (1, *window, 1), (1, *stride, 1), pads
        out = jax.lax.reduce_window(x, start, reduce, *sizes)
        if average:
            out = out / jax.lax.reduce_window(jnp.ones_like(x), start, reduce, *sizes)
        return out

    return formula


def globally_pooled(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    axes = tuple(range(1, x.ndim - 1))
    return x.mean(axes) if layer.kind == "average" else x.max(axes)


def upsampled(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    factors = amounts(layer.factor, x.ndim - 2)
    if layer.mode == "nearest":
        for axis, factor in enumerate(factors, 1):
            x = jnp.repeat(x, factor, axis)
        return x
    larger = [n * f for n, f in zip(x.shape[1:-1], factors, strict=True)]
    return jax.image.resize(x, (len(x), *larger, x.shape[-1]), "bilinear")


def draws(use: int, batch: int, count: int) -> Any:
    """Whole numbers below count as a layer draws them in the context of the cases."""
    key = ops.fold_in(CONTEXT.random_key(), use)
    return np.floor(ops.random_uniform(key, shape=(batch,)) * count).astype(int)


def shifted(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    down, right = amounts(layer.pixels, 2)
    wide = jnp.pad(x, ((0, 0), (down, down), (right, right), (0, 0)))
    starts = draws(0, len(x), 2 * down + 1), draws(1, len(x), 2 * right + 1)
    return cropped_at(wide, starts, x.shape[1:3])


def cropped_at(x: Any, starts: Any, part: Any) -> Any:
    pairs = zip(x, *starts, strict=True)
    return jnp.stack([one[i : i + part[0], j : j + part[1]] for one, i, j in pairs])


def cropped(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    part = amounts(layer.size, 2)
    starts = [draws(i, len(x), x.shape[i + 1] - part[i] + 1) for i in (0, 1)]
    return cropped_at(x, starts, part)


def flipped(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    for axis, wanted in ((1, layer.vertical), (2, layer.horizontal)):
        if wanted:
            turned = draws(axis, len(x), 2)
            x = jnp.stack(
                [jnp.flip(o, axis - 1) if t else o for o, t in zip(x, turned, strict=True)]
            )
    return x


def cut_out(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    kept = np.ones(x.shape)
    for n, (i, j) in enumerate(
        zip(*[draws(a, len(x), x.shape[a + 1]) for a in (0, 1)], strict=True)
    ):
        top, left = i - layer.size // 2, j - layer.size // 2
        kept[n, max(0, top) : top + layer.size, max(0, left) : left + layer.size] = 0
    return x * kept


CONTEXT = nn.Context(training=True, key=ops.key_from_seed(7), path=(0,))
IMAGES = ((4, 5, 2), (3, 3, 4))
IMAGES_AND_SEQUENCES = ((4, 5, 2), (6, 2))


def attention(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    queries, memory = (x["queries"], x["memory"]) if isinstance(x, dict) else (x, x)
    linear = nn.Dense(1, bias=layer.bias)

    def parts(name: str, side: Any) -> Any:
        out = dense(linear if name != "key" else nn.Dense(1, bias=False), params[name], side)
        return out.reshape(*out.shape[:2], layer.heads, -1)

    q, k, v = parts("query", queries), parts("key", memory), parts("value", memory)
    scores = jnp.einsum("bqhn,bkhn->bhqk", q, k) / np.sqrt(q.shape[3])
    allowed = jnp.tril(jnp.ones(scores.shape[2:], bool)) | (not layer.causal)
    weights = jax.nn.softmax(scores, where=allowed, axis=-1)
    found = jnp.einsum("bhqk,bkhn->bqhn", weights, v).reshape(queries.shape)
    return dense(linear, params["out"], found)


def positions(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    if layer.learned:
        return x + params["table"]
    time, width = x.shape[1:]
    rows = [
        [
            np.cos(t / 10000 ** ((i - 1) / width)) if i % 2 else np.sin(t / 10000 ** (i / width))
            for i in range(width)
        ]
        for t in range(time)
    ]
    return x + np.array(rows)


def transformer(layer: Any, params: Any, x: Any, mask: Any) -> Any:
    normal = nn.LayerNorm()
    inner = nn.MultiHeadAttention(layer.heads, causal=layer.causal)
    seen = layer_norm(normal, params["attention_norm"], x, None)
    x = x + attention(inner, params["attention"], seen, None)
    seen = layer_norm(normal, params["forward_norm"], x, None)
    hidden = jax.nn.gelu(dense(nn.Dense(1), params["hidden"], seen), approximate=False)
    return x + dense(nn.Dense(1), params["out"], hidden)


SAMPLES: dict[str, Sample] = {
    "Conv2D": Sample(
        (
            nn.Conv2D(2, 3, padding="same"),
            nn.Conv2D(4, (3, 2), stride=2, padding=1, groups=2, bias=False),
            nn.Conv2D(2, 2, dilation=2, padding=((1, 0), 2)),
        ),
        convolution,
        shapes=IMAGES,
    ),
    "Conv1D": Sample(
        (
            nn.Conv1D(2, 3),
            nn.Conv1D(4, 3, stride=2, padding="same", groups=2),
            nn.Conv1D(2, 2, dilation=2, padding=((0, 3),), bias=False),
        ),
        convolution,
        shapes=((6, 2), (5, 4)),
    ),
    "TransposedConv2D": Sample(
        (
            nn.TransposedConv2D(2, 3, stride=2, padding="same"),
            nn.TransposedConv2D(4, (3, 2), stride=(1, 3), groups=2, bias=False),
            nn.TransposedConv2D(1, 2, dilation=2, padding=((1, 0), 0)),
        ),
        transposed_convolution,
        shapes=((2, 3, 2), (1, 2, 4)),
    ),
    "MaxPool": Sample(
        (nn.MaxPool(2), nn.MaxPool(3, stride=2, padding="same"), nn.MaxPool(2, 1, padding=1)),
        pooled(-jnp.inf, jax.lax.max),
        shapes=IMAGES_AND_SEQUENCES,
    ),
    "AveragePool": Sample(
        (nn.AveragePool(2), nn.AveragePool(3, 2, padding="same"), nn.AveragePool(3, padding=1)),
        pooled(0.0, jax.lax.add, average=True),
        shapes=IMAGES_AND_SEQUENCES,
    ),
    "GlobalPool": Sample(
        (nn.GlobalPool(), nn.GlobalPool("max")), globally_pooled, shapes=IMAGES_AND_SEQUENCES
    ),
    "SimpleRNN": recurrent(nn.SimpleRNN),
    "LSTM": recurrent(nn.LSTM),
    "GRU": recurrent(nn.GRU),
    "Bidirectional": Sample(
        (nn.Bidirectional(nn.LSTM(2)), nn.Bidirectional(nn.GRU(1, sequences=True))),
        bidirectional,
        shapes=STEPS,
    ),
    "Upsample": Sample(
        (nn.Upsample(2), nn.Upsample(3, "bilinear")), upsampled, shapes=((2, 3, 2), (3, 1))
    ),
    "RandomShift": Sample((nn.RandomShift(1), nn.RandomShift((1, 2))), shifted, shapes=IMAGES),
    "RandomFlip": Sample(
        (nn.RandomFlip(), nn.RandomFlip(False, True), nn.RandomFlip(vertical=True)),
        flipped,
        shapes=IMAGES,
    ),
    "RandomCrop": Sample((nn.RandomCrop(2), nn.RandomCrop((3, 1))), cropped, shapes=IMAGES),
    "Cutout": Sample((nn.Cutout(1), nn.Cutout(2), nn.Cutout(3)), cut_out, shapes=IMAGES),
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
    "EmbedColumns": Sample(
        (
            nn.EmbedColumns((1,), (4,), (2,)),
            nn.EmbedColumns((0, 1), (4, 4), (1, 3)),
            nn.EmbedColumns(1, 4, 1, nn.RandomNormal(0.3)),
        ),
        embed_columns,
        shapes=((2,), (3,)),
        codes=4,
    ),
    "Residual": Sample(
        (nn.Residual(nn.Network([nn.Dense(3), nn.Tanh()])),), residual, shapes=((3,), (2, 3))
    ),
    "Branches": Sample(
        tuple(
            nn.Branches({"numbers": nn.Dense(2), "city": nn.Embedding(4, 2)}, join)
            for join in ("concatenate", "sum")
        ),
        branches,
        shapes=({"numbers": (3,), "city": ()}, {"numbers": (1,), "city": ()}),
        indices=4,
    ),
    "Heads": Sample(
        (nn.Heads({"class": nn.Network([nn.Dense(3), nn.Tanh()]), "box": nn.Dense(2)}),), heads
    ),
    "MultiHeadAttention": Sample(
        (
            nn.MultiHeadAttention(1),
            nn.MultiHeadAttention(2, causal=True),
            nn.MultiHeadAttention(2, bias=False),
        ),
        attention,
        shapes=((1, 2), (3, 4), {"queries": (2, 4), "memory": (3, 2)}),
    ),
    "PositionalEncoding": Sample(
        (nn.PositionalEncoding(), nn.PositionalEncoding(learned=True)),
        positions,
        shapes=((1, 1), (3, 5)),
    ),
    "TransformerBlock": Sample(
        (nn.TransformerBlock(2, hidden=3), nn.TransformerBlock(1, causal=True)),
        transformer,
        shapes=((1, 2), (3, 4)),
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
        return CONTEXT

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


def shapes_of(out_shape: Any) -> list[Any]:
    """The shapes of all outputs, in the order of their names where there are several."""
    return (
        [out_shape[name] for name in sorted(out_shape)] if type(out_shape) is dict else [out_shape]
    )


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
                x = inputs(random, batch, shape, sample.indices or sample.codes)
                x = x + 0.5 if sample.codes else x
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
