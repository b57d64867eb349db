"""The networks for sequences and images that are timed: shapes, made-up data, what is asked."""

from dataclasses import dataclass

import numpy as np

from benchmarks.cases import Array, Bar

CLASSES = 10
HEADS = 4
"""Heads of a transformer's attention."""
KERNEL, IMAGE_KERNEL = 5, 3
"""Steps that a filter of Conv1D sees, and rows and columns that one of Conv2D does."""

TRAINING, ONE, MANY = "training", "predicting 1", "predicting 256"
ACTIVITIES = (TRAINING, ONE, MANY)
"""What is timed: a step of training, and predictions for one row and for 256 at once."""

ROWS = {ONE: 1, MANY: 256}
EPOCHS = 2
"""Of a call that trains."""


@dataclass(frozen=True)
class NetworkCase:
    """One network, its data and its bar for training.

    Attributes:
        title: the network in words. kind: "LSTM", "GRU", "SimpleRNN", "Conv1D", "transformer",
            "CNN" or "deep CNN". shape: (time, features), or (height, width, channels).
        widths: of the state, of every block, or the filters of every convolution; of a "CNN" the
            last is a dense layer's. batch, rows: of training. training: times the speed of the
            best of PyTorch.
    """

    name: str
    title: str
    kind: str
    shape: tuple[int, ...]
    widths: tuple[int, ...]
    batch: int
    rows: int
    training: Bar

    @property
    def recurrent(self) -> bool:
        """Whether a state is carried along; such a network predicts a number, others classes."""
        return self.kind in ("LSTM", "GRU", "SimpleRNN")

    def bar(self, activity: str) -> Bar:
        """What is asked of an activity."""
        return {TRAINING: self.training, ONE: Bar(1.0, 2.0), MANY: Bar(1.0)}[activity]

    def data(self) -> tuple[Array, Array]:
        """Inputs (rows, *shape) float32; targets (rows,) float32, or int64 classes."""
        random = np.random.default_rng(0)
        x = random.normal(size=(self.rows, *self.shape)).astype("float32")
        if self.recurrent:
            return x, x[:, :, 0].mean(axis=1)
        return x, random.integers(0, CLASSES, self.rows)

    def inputs(self, activity: str) -> Array:
        """Rows to predict."""
        size = (ROWS[activity], *self.shape)
        return np.random.default_rng(1).normal(size=size).astype("float32")


PLAIN = Bar(1.0, 1.5)

SEQUENCES = {
    case.name: case
    for case in (
        NetworkCase(
            "lstm50", "LSTM 32, 50 steps", "LSTM",
            (50, 8), (32,), batch=64, rows=2560, training=Bar(1.8, 2.2),
        ),
        NetworkCase(
            "lstm100", "LSTM 128, 100 steps", "LSTM",
            (100, 8), (128,), batch=64, rows=640, training=Bar(1.3, 1.6),
        ),
        NetworkCase(
            "gru100", "GRU 128, 100 steps", "GRU",
            (100, 8), (128,), batch=64, rows=640, training=PLAIN,
        ),
        NetworkCase(
            "rnn100", "SimpleRNN 128, 100 steps", "SimpleRNN",
            (100, 8), (128,), batch=64, rows=1280, training=PLAIN,
        ),
        NetworkCase(
            "conv1d", "Conv1D 64, 500 steps", "Conv1D",
            (500, 8), (64, 64), batch=64, rows=320, training=PLAIN,
        ),
        NetworkCase(
            "transformer", "transformer 128, 128 steps", "transformer",
            (128, 16), (128, 128, 128, 128), batch=32, rows=64, training=PLAIN,
        ),
    )
}  # fmt: skip
"""The networks for sequences, by name."""

IMAGES = {
    case.name: case
    for case in (
        NetworkCase(
            "cnn", "CNN 32-64-128, 28×28×1", "CNN",
            (28, 28, 1), (32, 64, 128), batch=128, rows=1280, training=Bar(1.15, 1.5),
        ),
        NetworkCase(
            "deep", "six convolutions, 32×32×3", "deep CNN",
            (32, 32, 3), (32, 32, 64, 64, 128, 128), batch=64, rows=320, training=Bar(0.95, 1.3),
        ),
    )
}  # fmt: skip
"""The networks for images, by name."""

NETWORKS = {**SEQUENCES, **IMAGES}
