"""The networks for sequences that are timed: shapes, made-up data, and what is asked of them."""

from dataclasses import dataclass

import numpy as np

from benchmarks.cases import Array, Bar

CLASSES = 10

TRAINING, ONE, MANY = "training", "predicting 1", "predicting 256"
ACTIVITIES = (TRAINING, ONE, MANY)
"""What is timed: a step of training, and predictions for one row and for 256 at once."""

ROWS = {ONE: 1, MANY: 256}


@dataclass(frozen=True)
class SequenceCase:
    """One network, its data and its bar for training.

    Attributes:
        kind: "LSTM", "GRU", "SimpleRNN", "Conv1D" (two layers of them) or "transformer" (four
            blocks of four heads). shape: (time, features). units: of a state, filters, or width.
        batch, rows: of training. training: times the speed of the best of PyTorch.
    """

    name: str
    kind: str
    shape: tuple[int, int]
    units: int
    batch: int
    rows: int
    training: Bar

    @property
    def recurrent(self) -> bool:
        """Whether a state is carried along; such a network predicts a number, others classes."""
        return self.kind in ("LSTM", "GRU", "SimpleRNN")

    @property
    def title(self) -> str:
        """The network in words."""
        return f"{self.kind} {self.units}, {self.shape[0]} steps"

    def bar(self, activity: str) -> Bar:
        """What is asked of an activity."""
        return {TRAINING: self.training, ONE: Bar(1.0, 2.0), MANY: Bar(1.0)}[activity]

    def data(self) -> tuple[Array, Array]:
        """Inputs (rows, time, features) float32; targets (rows,) float32, or int64 classes."""
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

SEQUENCE_CASES = {
    case.name: case
    for case in (
        SequenceCase("lstm50", "LSTM", (50, 8), 32, 64, 2560, Bar(1.8, 2.2)),
        SequenceCase("lstm100", "LSTM", (100, 8), 128, 64, 640, Bar(1.3, 1.6)),
        SequenceCase("gru100", "GRU", (100, 8), 128, 64, 640, PLAIN),
        SequenceCase("rnn100", "SimpleRNN", (100, 8), 128, 64, 1280, PLAIN),
        SequenceCase("conv1d", "Conv1D", (500, 8), 64, 64, 320, PLAIN),
        SequenceCase("transformer", "transformer", (128, 16), 128, 32, 64, PLAIN),
    )
}
"""The rows of the table, by name."""
