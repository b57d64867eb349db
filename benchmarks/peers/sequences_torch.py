"""PyTorch on sequences, on the CPU: the plain loop with a fused Adam, and predictions without
gradients; as it stands, or with the network compiled."""

import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from benchmarks.cases import LEARNING_RATE
from benchmarks.peers.sequences_shapes import BLOCKS, HEADS, KERNEL
from benchmarks.sequence_cases import CLASSES, MANY, ONE, TRAINING, SequenceCase

EPOCHS = 2


class Recurrent(nn.Module):
    """A recurrent layer, and a number from its last state."""

    def __init__(self, case: SequenceCase) -> None:
        super().__init__()
        kind = {"SimpleRNN": "RNN"}.get(case.kind, case.kind)
        self.layer = getattr(nn, kind)(case.shape[1], case.units, batch_first=True)
        self.out = nn.Linear(case.units, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.out(self.layer(x)[0][:, -1])[:, 0]
        return out


class Transformer(nn.Module):
    """Blocks that normalize before, and classes from the mean over time."""

    def __init__(self, case: SequenceCase) -> None:
        super().__init__()
        time, features = case.shape
        block = nn.TransformerEncoderLayer(
            case.units, HEADS, 4 * case.units, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.begin = nn.Linear(features, case.units)
        self.register_buffer("places", _sinusoids(time, case.units))
        self.blocks = nn.TransformerEncoder(
            block, BLOCKS, nn.LayerNorm(case.units), enable_nested_tensor=False
        )
        self.out = nn.Linear(case.units, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.out(self.blocks(self.begin(x) + self.places).mean(1))
        return out


def _sinusoids(time: int, width: int) -> torch.Tensor:
    angles = torch.arange(time)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(time, width)


def network(case: SequenceCase) -> nn.Module:
    """The case's network with PyTorch's own initialization."""
    if case.recurrent:
        return Recurrent(case)
    if case.kind == "transformer":
        return Transformer(case)
    layers: list[nn.Module] = []
    for inputs in (case.shape[1], case.units):
        layers += [nn.Conv1d(inputs, case.units, KERNEL, padding=KERNEL // 2), nn.ReLU()]
    end = [nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(case.units, CLASSES)]
    return nn.Sequential(*layers, *end)


def make(case: SequenceCase, compiled: bool) -> dict[str, Callable[[], float | None]]:
    """What to call for each activity; training says its own seconds a step."""
    torch.manual_seed(0)
    model = network(case)
    called = torch.compile(model, dynamic=False) if compiled else model
    x, y = (torch.from_numpy(part) for part in case.data())
    x = _own_order(case, x)
    loss = functional.mse_loss if case.recurrent else functional.cross_entropy
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE, fused=True)

    def train() -> float:
        began = time.perf_counter()
        model.train()
        for _ in range(EPOCHS):
            for rows in torch.randperm(case.rows).split(case.batch):
                optimizer.zero_grad(set_to_none=True)
                loss(called(x[rows]), y[rows]).backward()
                optimizer.step()
        return (time.perf_counter() - began) / (EPOCHS * (case.rows // case.batch))

    def predict(activity: str) -> Callable[[], None]:
        rows = _own_order(case, torch.from_numpy(case.inputs(activity)))

        def run() -> None:
            model.eval()
            with torch.inference_mode():
                called(rows).numpy()

        return run

    return {TRAINING: train, **{name: predict(name) for name in (ONE, MANY)}}


def _own_order(case: SequenceCase, x: torch.Tensor) -> torch.Tensor:
    """Convolutions take (batch, features, time); put in that order before the clock runs."""
    return x.transpose(1, 2).contiguous() if case.kind == "Conv1D" else x
