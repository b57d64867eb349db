"""Small training problems that together have every layer, loss, optimizer and schedule in them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import chainrule as cr
from chainrule import losses, nn, optim

ROWS, FEATURES = 22, 3


@dataclass(frozen=True)
class Problem:
    """What `fit` is called with; `batch_size` leaves a last batch that must be filled up."""

    layers: tuple[Any, ...]
    loss: Any
    optimizer: Any
    kind: str = "numbers"
    inputs: str = "rows"
    settings: dict[str, Any] = field(default_factory=dict)

    def data(self, rows: int = ROWS) -> tuple[Any, Any]:
        random = np.random.default_rng(4)
        x = random.normal(size=(rows, FEATURES))
        city = random.integers(0, 4, rows)
        signal = x @ [1.0, -2.0, 0.5] + 0.3 * city + random.normal(0, 0.3, rows)
        y = {
            "numbers": signal,
            "two numbers": np.stack([signal, signal**2], 1),
            "labels": np.digitize(signal, np.quantile(signal, [1 / 3, 2 / 3])),
            "soft": random.dirichlet(np.ones(3), rows),
            "binary": (signal > 0).astype(int),
            "words": np.where(signal > 0, "yes", "no"),
        }
        y["heads"] = {"size": y["two numbers"], "sign": y["words"], "third": y["labels"]}
        y = y[self.kind]
        named = {"numbers": x, "city": city}
        mixed = np.column_stack([x[:, 0], city, x[:, 1:], city % 2])
        images = random.normal(size=(rows, 2, 1, 3))
        steps = x[:, None] + random.normal(0, 0.3, (rows, 5, FEATURES))
        padded = {"values": steps, "lengths": random.integers(1, 6, rows)}
        pictures = x[:, None, None, :2] + random.normal(0, 0.3, (rows, 4, 4, 2))
        made = {"rows": x, "city": city, "named": named, "images": images, "mixed": mixed}
        made |= {"steps": steps, "padded": padded, "pictures": pictures}
        return made[self.inputs], y

    def fit(self, **changed: Any) -> Any:
        X, y = self.data(changed.pop("rows", ROWS))
        settings = {"epochs": 10, "batch_size": 5, "seed": 3, "optimizer": self.optimizer}
        settings |= self.settings | changed
        return cr.fit(cr.Network(self.layers), X, y, loss=self.loss, **settings)


def step_layers() -> tuple[Any, ...]:
    return nn.Residual(nn.Network([nn.Dense(3), nn.Step()])), nn.Dense(3), nn.LogSoftmax()


PROBLEMS: dict[str, Problem] = {
    "relu dropout adam": Problem(
        (nn.Dense(6), nn.ReLU(), nn.Dropout(0.3), nn.Dense(1)), "mse", optim.Adam(0.02)
    ),
    "tanh batch_norm momentum": Problem(
        (nn.Dense(5, bias=False), nn.BatchNorm(), nn.Tanh(), nn.Dense(2)),
        losses.Huber(0.7),
        optim.GradientDescent(optim.StepDecay(0.1, every=3), momentum=0.9, l2=0.01),
        "two numbers",
    ),
    "gelu layer_norm nesterov": Problem(
        (nn.Dense(5), nn.LayerNorm(), nn.GELU(), nn.Dense(3)),
        losses.CrossEntropy(0.1),
        optim.GradientDescent(optim.Cosine(0.1), momentum=0.8, nesterov=True, clip_norm=0.5),
        "labels",
        settings={"validation": 0.25},
    ),
    "silu softmax adamw": Problem(
        (nn.Dense(5), nn.SiLU(), nn.Dense(3), nn.Softmax()),
        "cross_entropy",
        optim.AdamW(optim.OneCycle(0.05)),
        "soft",
    ),
    "elu sigmoid rmsprop": Problem(
        (nn.Dense(5), nn.ELU(0.8), nn.Dense(1), nn.Sigmoid()),
        "binary_cross_entropy",
        optim.RMSProp(optim.WarmUp(0.01, epochs=2), weight_decay=0.01),
        "words",
        settings={"class_weight": "balanced"},
    ),
    "softplus embedding adagrad": Problem(
        (nn.Embedding(4, 3), nn.Softplus(), nn.Dense(1)),
        "mae",
        optim.AdaGrad(optim.Constant(0.1), l1=0.001),
        inputs="city",
    ),
    "branches nested plateau": Problem(
        (
            nn.Branches({"numbers": nn.Dense(3), "city": nn.Embedding(4, 2)}),
            nn.Network([nn.LeakyReLU(0.2), nn.Dropout(0.2)]),
            nn.Dense(1),
        ),
        "hinge",
        optim.Adam(optim.ReduceOnPlateau(0.1, factor=0.5, patience=2), epsilon=1e-3),
        "binary",
        inputs="named",
    ),
    "heads of three losses": Problem(
        (
            nn.Dense(5),
            nn.Tanh(),
            nn.Heads(
                {
                    "size": nn.Dense(2),
                    "sign": nn.Network([nn.Dense(1), nn.Sigmoid()]),
                    "third": nn.Network([nn.Dropout(0.1), nn.Dense(3), nn.Softmax()]),
                }
            ),
        ),
        {"size": losses.Huber(0.5), "sign": "binary_cross_entropy", "third": "cross_entropy"},
        optim.Adam(0.02),
        "heads",
        settings={"validation": 0.25, "patience": 8, "loss_weights": {"size": 2.0}},
    ),
    "heads joined again": Problem(
        (
            nn.Heads({"left": nn.Dense(4), "right": nn.Network([nn.Dense(4), nn.Tanh()])}),
            nn.Branches({"left": nn.Linear(), "right": nn.Linear()}, join="sum"),
            nn.Dense(1),
        ),
        "mse",
        optim.Adam(0.02),
    ),
    "columns of codes adam": Problem(
        (nn.EmbedColumns((1, 4), (4, 2), (3, 1)), nn.Dense(5), nn.ReLU(), nn.Dense(1)),
        "mse",
        optim.Adam(0.02, weight_decay=0.1),
        inputs="mixed",
    ),
    "flatten residual exponential": Problem(
        (nn.Flatten(), nn.Residual(nn.Network([nn.Dense(6), nn.Tanh()])), nn.Dense(1)),
        "perceptron",
        optim.GradientDescent(optim.Exponential(0.1, 0.9)),
        "binary",
        inputs="images",
    ),
    "pictures": Problem(
        (
            *(nn.RandomShift(1), nn.RandomFlip(), nn.Cutout(1), nn.Upsample(2), nn.RandomCrop(6)),
            *(nn.Conv2D(3, 3, padding="same"), nn.Tanh(), nn.MaxPool(2), nn.TransposedConv2D(2, 2)),
            *(nn.AveragePool(2), nn.GlobalPool(), nn.Dense(1)),
        ),
        "mse",
        optim.Adam(0.02),
        inputs="pictures",
    ),
    "recurrence": Problem(
        (
            *(nn.Conv1D(3, 2), nn.Bidirectional(nn.GRU(2, sequences=True))),
            *(nn.SimpleRNN(3, sequences=True), nn.LSTM(3), nn.Dense(1)),
        ),
        "mse",
        optim.Adam(0.02),
        inputs="steps",
    ),
    "attention": Problem(
        (
            *(nn.PositionalEncoding(learned=True), nn.TransformerBlock(3, 4, dropout=0.1)),
            *(nn.MultiHeadAttention(1, causal=True), nn.GlobalPool(), nn.Dense(1)),
        ),
        "mse",
        optim.Adam(0.02),
        inputs="padded",
    ),
    "step linear log_softmax": Problem(
        (nn.Dense(3), nn.Linear(), *step_layers()),
        "cross_entropy",
        "adam",
        "labels",
        settings={"batch_size": None, "epochs": 50},
    ),
    "batch 1": Problem(
        (nn.Dense(4), nn.Sigmoid(), nn.Dense(1)), "mse", "sgd", settings={"batch_size": 1}
    ),
}


class BreaksAt:
    """A schedule that is one number up to a step and far too much from there on."""

    def __init__(self, epoch, huge):
        self.epoch, self.huge = epoch, huge

    def rates(self, progress, epochs):
        return np.where(np.asarray(progress) < self.epoch, 0.05, self.huge)


def parts(description: Any) -> set[str]:
    """The names of all classes inside a description."""
    found = {type(description).__name__}
    if isinstance(description, tuple | list):
        return found.union(*map(parts, description)) if description else found
    if hasattr(description, "__dataclass_fields__"):
        inner = [getattr(description, name) for name in description.__dataclass_fields__]
        return found.union(*map(parts, inner))
    return found
