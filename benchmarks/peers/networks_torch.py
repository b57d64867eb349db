"""PyTorch on sequences and images, on the CPU: the plain loop with a fused Adam, and predictions
without gradients; as it stands or compiled, images with channels first or last."""

import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from benchmarks.cases import LEARNING_RATE
from benchmarks.network_cases import (
    CLASSES,
    EPOCHS,
    HEADS,
    IMAGE_KERNEL,
    KERNEL,
    MANY,
    ONE,
    TRAINING,
    NetworkCase,
)


class Recurrent(nn.Module):
    """A recurrent layer, and a number from its last state."""

    def __init__(self, case: NetworkCase) -> None:
        super().__init__()
        kind, (units,) = {"SimpleRNN": "RNN"}.get(case.kind, case.kind), case.widths
        self.layer = getattr(nn, kind)(case.shape[1], units, batch_first=True)
        self.out = nn.Linear(units, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.out(self.layer(x)[0][:, -1])[:, 0]
        return out


class Transformer(nn.Module):
    """Blocks that normalize before, and classes from the mean over time."""

    def __init__(self, case: NetworkCase) -> None:
        super().__init__()
        (time, features), width = case.shape, case.widths[0]
        block = nn.TransformerEncoderLayer(
            width, HEADS, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.begin = nn.Linear(features, width)
        self.register_buffer("places", _sinusoids(time, width))
        self.blocks = nn.TransformerEncoder(
            block, len(case.widths), nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.out = nn.Linear(width, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.out(self.blocks(self.begin(x) + self.places).mean(1))
        return out


def _sinusoids(time: int, width: int) -> torch.Tensor:
    angles = torch.arange(time)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(time, width)


def network(case: NetworkCase) -> nn.Module:
    """The case's network with PyTorch's own initialization."""
    if case.recurrent:
        return Recurrent(case)
    if case.kind == "transformer":
        return Transformer(case)
    body = {"Conv1D": _along_time, "CNN": _cnn, "deep CNN": _deep}[case.kind](case)
    return nn.Sequential(*body, nn.Linear(case.widths[-1], CLASSES))


def _along_time(case: NetworkCase) -> list[nn.Module]:
    body: list[nn.Module] = []
    for a, b in zip((case.shape[-1], *case.widths), case.widths, strict=False):
        body += [nn.Conv1d(a, b, KERNEL, padding=KERNEL // 2), nn.ReLU()]
    return [*body, nn.AdaptiveAvgPool1d(1), nn.Flatten()]


def _cnn(case: NetworkCase) -> list[nn.Module]:
    (height, width, channels), (*filters, units) = case.shape, case.widths
    body: list[nn.Module] = []
    for a, b in zip((channels, *filters), filters, strict=False):
        body += [nn.Conv2d(a, b, IMAGE_KERNEL, padding=IMAGE_KERNEL // 2), nn.ReLU()]
        body += [nn.MaxPool2d(2)]
        height, width = height // 2, width // 2
    return [*body, nn.Flatten(), nn.Linear(height * width * filters[-1], units), nn.ReLU()]


def _deep(case: NetworkCase) -> list[nn.Module]:
    body: list[nn.Module] = []
    for index, (a, b) in enumerate(zip((case.shape[-1], *case.widths), case.widths, strict=False)):
        convolution = nn.Conv2d(a, b, IMAGE_KERNEL, padding=IMAGE_KERNEL // 2)
        body += [convolution, nn.BatchNorm2d(b), nn.ReLU(), *[nn.MaxPool2d(2)] * (index % 2)]
    return [*body, nn.AdaptiveAvgPool2d(1), nn.Flatten()]


def make(
    case: NetworkCase, *, compiled: bool, channels_last: bool
) -> dict[str, Callable[[], float | None]]:
    """What to call for each activity; training says its own seconds a step."""
    torch.manual_seed(0)
    order = torch.channels_last if channels_last else torch.contiguous_format
    model = network(case).to(memory_format=order)
    called = torch.compile(model, dynamic=False) if compiled else model
    x, y = (torch.from_numpy(part) for part in case.data())
    x = _own_order(x, case).contiguous(memory_format=order)
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
        rows = _own_order(torch.from_numpy(case.inputs(activity)), case)
        rows = rows.contiguous(memory_format=order)

        def run() -> None:
            model.eval()
            with torch.inference_mode():
                called(rows).numpy()

        return run

    return {TRAINING: train, **{name: predict(name) for name in (ONE, MANY)}}


def _own_order(x: torch.Tensor, case: NetworkCase) -> torch.Tensor:
    """Convolutions take the channels behind the batch; they are put there before the clock runs."""
    takes_channels_first = not case.recurrent and case.kind != "transformer"
    return x.movedim(-1, 1) if takes_channels_first else x
