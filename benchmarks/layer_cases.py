"""The layers that are timed alone: shapes and made-up inputs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.cases import Bar

FORWARD, TRAINING = "forward", "forward and back"
ACTIVITIES = (FORWARD, TRAINING)
"""What is timed: a batch as in prediction, and as in training with the gradients of the layer's
inputs and weights."""

BATCHES = 2
"""Different ones, in turns: what depends on a batch cannot be computed once for all."""

BAR = Bar(0.5)
"""Times the speed of PyTorch: no layer alone may take more than twice its time."""

COUNT = 10_000
"""Rows of the table of an embedding."""
TIME = 100
"""Steps of a sequence for recurrent layers."""


@dataclass(frozen=True)
class LayerCase:
    """One layer and the shape of its inputs.

    Attributes:
        title: the layer in words. shape: of one example, (height, width, channels) or (time,
            features). among: which layers such a one stands among: "images" (convolutions),
            "attention", or "" where it matters to none. kind: of its inputs: "numbers", "indices",
            or "lengths": numbers of sequences that end sooner or later. activities: what is timed;
            a layer that acts in training alone has nothing to do in prediction.
    """

    name: str
    title: str
    shape: tuple[int, ...]
    batch: int
    among: str = ""
    kind: str = "numbers"
    activities: tuple[str, ...] = ACTIVITIES

    def inputs(self) -> Any:
        """All batches one behind the other: float32, int32, or a dict with "lengths"."""
        random = np.random.default_rng(0)
        size = (BATCHES * self.batch, *self.shape)
        if self.kind == "indices":
            return random.integers(0, COUNT, size).astype("int32")
        values = random.normal(size=size).astype("float32")
        if self.kind == "numbers":
            return values
        lengths = random.integers(self.shape[0] // 4, self.shape[0] + 1, len(values))
        return {"values": values, "lengths": lengths.astype("int32")}


def _cases(among: str, *listed: tuple[str, str, tuple[int, ...], int]) -> list[LayerCase]:
    return [LayerCase(name, f"{title}, {_said(shape, batch)}", shape, batch, among)
            for name, title, shape, batch in listed]  # fmt: skip


def _said(shape: tuple[int, ...], batch: int) -> str:
    return f"{batch} of {'×'.join(map(str, shape))}"


_IMAGES = _cases(
    "images",
    ("conv1d", "Conv1D 64, 5", (500, 64), 32),
    ("conv3", "Conv2D 64, 3×3", (16, 16, 64), 32),
    ("conv5", "Conv2D 32, 5×5", (16, 16, 32), 32),
    ("stride", "Conv2D 64, 3×3, stride 2", (32, 32, 32), 32),
    ("pointwise", "Conv2D 128, 1×1", (16, 16, 128), 32),
    ("groups", "Conv2D 64, 3×3, 4 groups", (16, 16, 64), 32),
    ("depthwise", "Conv2D 64, 3×3, depthwise", (16, 16, 64), 32),
    ("dilation", "Conv2D 64, 3×3, dilation 2", (16, 16, 64), 32),
    ("transposed", "TransposedConv2D 32, 4×4, stride 2", (16, 16, 64), 32),
    ("maxpool", "MaxPool 2", (32, 32, 32), 64),
    ("overlapping", "MaxPool 3, stride 2", (32, 32, 32), 64),
    ("averagepool", "AveragePool 2", (32, 32, 32), 64),
    ("globalpool", "GlobalPool", (32, 32, 32), 64),
    ("globalmax", "GlobalPool of the largest", (32, 32, 32), 64),
    ("upsample", "Upsample 2", (16, 16, 32), 64),
    ("bilinear", "Upsample 2, bilinear", (16, 16, 32), 64),
    ("batchnorm", "BatchNorm", (32, 32, 32), 64),
    ("relu", "ReLU", (32, 32, 32), 64),
)

_STEPS = _cases(
    "attention",
    ("layernorm", "LayerNorm", (128, 128), 32),
    ("gelu", "GELU", (128, 512), 32),
    ("softmax", "softmax", (128, 512), 32),
    ("attention", "MultiHeadAttention 4", (128, 128), 32),
    ("causal", "MultiHeadAttention 4, causal", (128, 128), 32),
    ("block", "TransformerBlock 4", (128, 128), 32),
)

_OTHERS = _cases(
    "",
    ("dense", "Dense 512", (512,), 256),
    ("rnn", "SimpleRNN 128", (TIME, 64), 64),
    ("lstm", "LSTM 128", (TIME, 64), 64),
    ("gru", "GRU 128", (TIME, 64), 64),
    ("bidirectional", "Bidirectional GRU 128", (TIME, 64), 64),
)

LAYERS = {
    case.name: case
    for case in (
        *_IMAGES,
        *_STEPS,
        *_OTHERS,
        LayerCase(
            "dropout", "Dropout, 32 of 128×512", (128, 512), 32, "attention", activities=(TRAINING,)
        ),
        LayerCase("lengths", "GRU 128, 64 of 25 to 100×64", (TIME, 64), 64, kind="lengths"),
        LayerCase("embedding", "Embedding 10,000×64, 64 of 100", (TIME,), 64, kind="indices"),
    )
}
"""The layers, by name."""
