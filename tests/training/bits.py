"""Prints a fingerprint of the parameters of many training runs, as JSON: `bits.py ENGINE [CASE …]`.

The tests run it in processes with different numbers of threads and compare what it prints.
"""

import hashlib
import json
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np

import chainrule as cr
from chainrule import nn
from chainrule.autodiff import leaves
from tests import loss_samples
from tests.nn import samples
from tests.training.problems import PROBLEMS


def fingerprint(model: Any) -> str:
    """Of all bits of the parameters, the layers' states and the history."""
    digest = hashlib.sha256(json.dumps(model.history, sort_keys=True).encode())
    for array in leaves((model.params, model.state)):
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def dense(sizes: list[int], activation: Any, rows: int, loss: str, **settings: Any) -> Any:
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, sizes[0])).astype("float32")
    classes = sizes[-1] > 1
    y = random.integers(0, sizes[-1], rows) if classes else random.normal(size=rows)
    layers: list[Any] = []
    for units in sizes[1:-1]:
        layers += [nn.Dense(units), activation]
    return cr.fit(cr.Network([*layers, nn.Dense(sizes[-1])]), X, y, loss=loss, **settings)


def large(epochs: int, rows: int, **settings: Any) -> Any:
    return dense(
        [784, 512, 256, 10], nn.ReLU(), rows, "cross_entropy",
        batch_size=128, epochs=epochs, **settings,
    )  # fmt: skip


def pictures(layers: Any, rows: int, size: int, channels: int = 3, **settings: Any) -> Any:
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, size, size, channels)).astype("float32")
    y = random.integers(0, 5, rows)
    return cr.fit(cr.Network(layers), X, y, loss="cross_entropy", epochs=2, **settings)


def images(**settings: Any) -> Any:
    """Many filters and few: XLA's own convolution would share a long sum of few filters out."""
    layers = [
        *(nn.Conv2D(32, 3, padding="same"), nn.BatchNorm(), nn.ReLU(), nn.MaxPool(2)),
        *(nn.Conv2D(2, 3, stride=2), nn.ReLU(), nn.Conv2D(64, 2), nn.GlobalPool(), nn.Dense(5)),
    ]
    return pictures(layers, 300, 16, batch_size=100, **settings)


def few_images(**settings: Any) -> Any:
    """Sixteen to a stream, sixteen filters, and single places two steps apart."""
    layers = [
        *(nn.Conv2D(16, 3), nn.BatchNorm(), nn.ReLU(), nn.Conv2D(32, 3, padding="same")),
        *(nn.Conv2D(64, 1, stride=2, padding=1), nn.Flatten(), nn.Dense(5)),
    ]
    return pictures(layers, 96, 12, batch_size=32, **settings)


def gray_images(**settings: Any) -> Any:
    """One channel, a depthwise convolution and one in groups; batches that no stream halves."""
    layers = [
        *(nn.Conv2D(32, 3, padding="same"), nn.ReLU(), nn.Conv2D(32, 3, groups=32)),
        *(nn.Conv2D(64, 3, groups=2), nn.GlobalPool(), nn.Dense(5)),
    ]
    return pictures(layers, 97, 28, channels=1, batch_size=33, **settings)


def predicted_images(engine: str) -> Any:
    """Their numbers as a model's: images go in pieces, the wide product gets all rows at once."""
    layers = [
        *(nn.Conv2D(32, 3, padding="same"), nn.ReLU(), nn.Conv2D(32, 3), nn.MaxPool(2)),
        *(nn.Flatten(), nn.Dense(128), nn.ReLU(), nn.Dense(5)),
    ]
    model = pictures(layers, 32, 20, batch_size=32, engine=engine)
    random = np.random.default_rng(1)
    found = {}
    for rows in (1, 16, 64, 256):
        X = random.normal(size=(rows, 20, 20, 3)).astype("float32")
        found[str(rows)] = model.outputs(X, engine=engine)
    return SimpleNamespace(history=[], params=found, state={})


CASES: dict[str, Any] = {
    "images": images,
    "few images": few_images,
    "gray images": gray_images,
    "predicted images": predicted_images,
    "toy": lambda **s: dense(
        [2, 8, 8, 1], nn.Tanh(), 200, "mse", batch_size=10, epochs=10, validation=0.2, **s
    ),
    "small": lambda **s: dense(
        [30, 64, 32, 1], nn.ReLU(), 569, "mse", batch_size=32, epochs=5, validation=0.2, **s
    ),
    "batch 1": lambda **s: dense(
        [30, 64, 32, 1], nn.ReLU(), 200, "mse", batch_size=1, epochs=2, validation=0.2, **s
    ),
    "784-512-256-10": lambda **s: large(2, 700, validation=0.1, **s),
    "784-512-256-10, full batch": lambda **s: dense(
        [784, 256, 10], nn.ReLU(), 3000, "cross_entropy", batch_size=None, epochs=4, **s
    ),
    "clipped": lambda **s: large(1, 512, optimizer=cr.optim.Adam(1e-3, clip_norm=0.1), **s),
    "1024-4096-4096-10": lambda **s: dense(
        [1024, 4096, 4096, 10], nn.ReLU(), 1024, "cross_entropy", batch_size=512, epochs=1, **s
    ),
    **{f"problem {name}": problem.fit for name, problem in PROBLEMS.items()},
}


def one_layer(layer: Any, loss: Any, make_targets: Any, shape: Any, indices: Any) -> Any:
    """A run of a layer at a width that a thread pool would want to share out."""

    def run(**settings: Any) -> Any:
        random = np.random.default_rng(1)
        rows = 600
        x = samples.inputs(random, rows, shape, indices)
        y = make_targets(random, rows, 10)
        network = cr.Network([layer, nn.Flatten(), nn.Dense(10)])
        return cr.fit(network, x, y, loss=loss, batch_size=256, epochs=2, **settings)

    return run


WIDE = {
    "Dense": (nn.Dense(300), (257,)),
    "Residual": (nn.Residual(nn.Network([nn.Dense(257), nn.Tanh()])), (257,)),
    "Network": (nn.Network([nn.Dense(128), nn.Sigmoid(), nn.Dense(64)]), (257,)),
    "Embedding": (nn.Embedding(50, 16), (20,)),
    "SimpleRNN": (nn.SimpleRNN(100), (7, 257)),
    "LSTM": (nn.LSTM(100), (10, 257)),
    "GRU": (nn.GRU(100, sequences=True), (7, 257)),
    "Bidirectional": (nn.Bidirectional(nn.LSTM(64)), (7, 65)),
    "EmbedColumns": (nn.EmbedColumns((3, 7), (50, 50), (16, 8)), (20,)),
    "Branches": (
        nn.Branches({"numbers": nn.Dense(64), "city": nn.Embedding(50, 16)}),
        {"numbers": (257,), "city": ()},
    ),
    "Heads": (
        nn.Network(
            [
                nn.Heads({"left": nn.Dense(64), "right": nn.Dense(65)}),
                nn.Branches({"left": nn.Tanh(), "right": nn.Linear()}),
            ]
        ),
        (257,),
    ),
}
STEPS = (70, 64)
WIDE |= {
    name: (layer, STEPS)
    for name, layer in {
        "MultiHeadAttention": nn.MultiHeadAttention(4, causal=True),
        "PositionalEncoding": nn.PositionalEncoding(learned=True),
        "TransformerBlock": nn.TransformerBlock(2, dropout=0.1),
    }.items()
}
IMAGE = (9, 8, 24)
WIDE |= {
    "Conv2D": (nn.Conv2D(40, 3, padding="same"), IMAGE),
    "Conv1D": (nn.Conv1D(40, 5, stride=2), (50, 24)),
    "TransposedConv2D": (nn.TransposedConv2D(20, 3, stride=2), IMAGE),
    "MaxPool": (nn.MaxPool(2), IMAGE),
    "AveragePool": (nn.AveragePool(2), IMAGE),
    "GlobalPool": (nn.GlobalPool(), IMAGE),
    "Upsample": (nn.Upsample(2, "bilinear"), IMAGE),
    "RandomShift": (nn.RandomShift(2), IMAGE),
    "RandomFlip": (nn.RandomFlip(), IMAGE),
    "RandomCrop": (nn.RandomCrop(5), IMAGE),
    "Cutout": (nn.Cutout(3), IMAGE),
}
CHEAP = loss_samples.SAMPLES["MeanSquaredError"].cases()[0]

for name, sample in samples.SAMPLES.items():
    layer, shape = WIDE.get(name, (sample.layers[0], (257,)))
    CASES[f"layer {name}"] = one_layer(
        layer, *CHEAP, shape, 50 if sample.indices or sample.codes else None
    )
for name, loss_sample in loss_samples.SAMPLES.items():
    for number, (loss, make) in enumerate(loss_sample.cases()):
        CASES[f"loss {name} {number}"] = one_layer(nn.Dense(64), loss, make, (100,), None)


def main(engine: str, names: list[str]) -> None:
    for name in names or CASES:
        print(json.dumps([name, fingerprint(CASES[name](engine=engine))]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
