"""PyTorch's layers alone on the CPU, eager: images with the channels first or last in memory."""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.clock import Trainer
from benchmarks.layer_cases import BATCHES, COUNT, FORWARD, TRAINING, LayerCase


class States(nn.Module):
    """All states of a recurrent layer."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self.layer(x)[0]
        return states


class Packed(States):
    """The same of sequences that end sooner or later."""

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.layer(packed)[0], batch_first=True, total_length=x.shape[1]
        )
        return states


class Attention(nn.Module):
    """Attention of a sequence to itself."""

    def __init__(self, width: int, time: int = 0) -> None:
        super().__init__()
        self.layer = nn.MultiheadAttention(width, 4, batch_first=True)
        self.mask = nn.Transformer.generate_square_subsequent_mask(time) if time else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out, _ = self.layer(
            x, x, x, need_weights=False, attn_mask=self.mask, is_causal=self.mask is not None
        )
        return out


def _gru(*, both: bool = False) -> nn.GRU:
    return nn.GRU(64, 128, batch_first=True, bidirectional=both)


LAYERS: dict[str, Callable[[], nn.Module]] = {
    "conv1d": lambda: nn.Conv1d(64, 64, 5, padding=2),
    "conv3": lambda: nn.Conv2d(64, 64, 3, padding=1),
    "conv5": lambda: nn.Conv2d(32, 32, 5, padding=2),
    "stride": lambda: nn.Conv2d(32, 64, 3, stride=2, padding=1),
    "pointwise": lambda: nn.Conv2d(128, 128, 1),
    "groups": lambda: nn.Conv2d(64, 64, 3, padding=1, groups=4),
    "depthwise": lambda: nn.Conv2d(64, 64, 3, padding=1, groups=64),
    "dilation": lambda: nn.Conv2d(64, 64, 3, padding=2, dilation=2),
    "transposed": lambda: nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),
    "maxpool": lambda: nn.MaxPool2d(2),
    "overlapping": lambda: nn.MaxPool2d(3, stride=2, padding=1),
    "averagepool": lambda: nn.AvgPool2d(2),
    "globalpool": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "globalmax": lambda: nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()),
    "upsample": lambda: nn.Upsample(scale_factor=2),
    "bilinear": lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
    "batchnorm": lambda: nn.BatchNorm2d(32),
    "relu": nn.ReLU,
    "layernorm": lambda: nn.LayerNorm(128),
    "gelu": nn.GELU,
    "softmax": lambda: nn.Softmax(dim=-1),
    "dropout": lambda: nn.Dropout(0.5),
    "attention": lambda: Attention(128),
    "causal": lambda: Attention(128, 128),
    "block": lambda: nn.TransformerEncoderLayer(
        128, 4, 512, 0.0, "gelu", batch_first=True, norm_first=True
    ),
    "dense": lambda: nn.Linear(512, 512),
    "rnn": lambda: States(nn.RNN(64, 128, batch_first=True)),
    "lstm": lambda: States(nn.LSTM(64, 128, batch_first=True)),
    "gru": lambda: States(_gru()),
    "bidirectional": lambda: States(_gru(both=True)),
    "lengths": lambda: Packed(_gru()),
    "embedding": lambda: nn.Embedding(COUNT, 64),
}


def inputs(case: LayerCase, *, channels_last: bool) -> list[list[torch.Tensor]]:
    """The arguments of the layer, batch by batch, in PyTorch's own order of the axes."""
    given = case.inputs()
    parts = list(given.values()) if isinstance(given, dict) else [given]
    tensors = [torch.from_numpy(part) for part in parts]
    if case.among == "images":
        order = torch.channels_last if channels_last else torch.contiguous_format
        tensors = [x.movedim(-1, 1).contiguous(memory_format=order) for x in tensors]
    return [[x[i * case.batch :][: case.batch] for x in tensors] for i in range(BATCHES)]


def make(case: LayerCase, *, channels_last: bool) -> dict[str, Trainer]:
    """What is timed, by activity; nothing where the channels cannot be last."""
    if channels_last and (case.among != "images" or len(case.shape) != 3):
        return {}
    torch.manual_seed(0)
    batches = inputs(case, channels_last=channels_last)
    layer = LAYERS[case.name]()
    if channels_last:
        layer = layer.to(memory_format=torch.channels_last)
    with torch.no_grad():
        likes = [layer(*batch) for batch in batches]
    cotangents = [torch.randn_like(like) for like in likes]

    def forward(count: int) -> None:
        layer.eval()
        with torch.inference_mode():
            for at in range(count):
                layer(*batches[at % BATCHES])

    def train(count: int) -> None:
        layer.train()
        for at in range(count):
            x, *lengths = batches[at % BATCHES]
            learnt = list(layer.parameters())
            if x.is_floating_point():
                x = x.detach().requires_grad_()
                learnt.append(x)
            torch.autograd.grad(layer(x, *lengths), learnt, cotangents[at % BATCHES])

    runs = {FORWARD: forward, TRAINING: train}
    return {what: Trainer(runs[what], fixed=False) for what in case.activities}
