"""Layers, losses and optimizers in PyTorch: computes the numbers of tests/reference/training.json.

`python -m tests.peers.torch_training` writes the file; `make test-peers` only compares.
Where PyTorch differs on purpose, the call here says how: BatchNorm's momentum is 1 - ours and its
running variance is unbiased; weight decay goes to weights alone; RMSProp's decay is 0.9 with us.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from tests.peers.torch_ops import channels_first, channels_last

FILE = Path(__file__).parent.parent / "reference" / "training.json"
BATCH, FEATURES, STEPS = 5, 3, 12

LAYERS: dict[str, nn.Module] = {
    "Sigmoid": nn.Sigmoid(),
    "Tanh": nn.Tanh(),
    "ReLU": nn.ReLU(),
    "LeakyReLU": nn.LeakyReLU(0.01),
    "ELU": nn.ELU(),
    "GELU": nn.GELU(approximate="none"),
    "SiLU": nn.SiLU(),
    "Softplus": nn.Softplus(threshold=1e9),
    "Softmax": nn.Softmax(dim=-1),
    "LogSoftmax": nn.LogSoftmax(dim=-1),
    "Dense": nn.Linear(FEATURES, 2),
    "BatchNorm": nn.BatchNorm1d(FEATURES, eps=1e-5, momentum=0.1),
    "LayerNorm": nn.LayerNorm(FEATURES, eps=1e-5),
    "Embedding": nn.Embedding(4, FEATURES),
    "Conv2D": nn.Conv2d(2, 4, (3, 2), stride=2, padding=1),
    "Conv2D same": nn.Conv2d(2, 3, 3, padding="same", dilation=2),
    "Conv2D groups": nn.Conv2d(2, 4, 3, padding=1, groups=2, bias=False),
    "Conv1D": nn.Conv1d(2, 3, 3, stride=2, padding=1),
    "Conv1D dilated": nn.Conv1d(2, 4, 2, dilation=3, groups=2),
    "TransposedConv2D": nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1),
    "TransposedConv2D groups": nn.ConvTranspose2d(2, 4, (3, 2), stride=(1, 2), groups=2),
    "MaxPool": nn.MaxPool2d(2),
    "MaxPool overlapping": nn.MaxPool1d(3, stride=2, padding=1),
    "AveragePool": nn.AvgPool2d(2),
    "AveragePool padded": nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
    "GlobalPool": nn.AdaptiveAvgPool2d(1),
    "GlobalPool max": nn.AdaptiveMaxPool2d(1),
    "BatchNorm images": nn.BatchNorm2d(2, eps=1e-5, momentum=0.1),
}
IMAGE, SEQUENCE = (3, 6, 5, 2), (3, 7, 2)

LOSSES: dict[str, Any] = {
    "mse": lambda y, z: F.mse_loss(z, y, reduction="none").mean(1),
    "mae": lambda y, z: F.l1_loss(z, y, reduction="none").mean(1),
    "huber": lambda y, z: F.huber_loss(z, y, reduction="none").mean(1),
    "huber 0.3": lambda y, z: F.huber_loss(z, y, reduction="none", delta=0.3).mean(1),
    "binary_cross_entropy": lambda y, z: F.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ).mean(1),
    "cross_entropy": lambda y, z: F.cross_entropy(z, y, reduction="none"),
    "cross_entropy soft": lambda y, z: F.cross_entropy(z, y, reduction="none"),
    "cross_entropy smooth": lambda y, z: F.cross_entropy(
        z, y, reduction="none", label_smoothing=0.1
    ),
    "hinge": lambda y, z: F.relu(1 - y * z).mean(1),
    "perceptron": lambda y, z: F.relu(-y * z).mean(1),
}

OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.05),
    "momentum": lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9),
    "nesterov": lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=True),
    "sgd l2": lambda groups: torch.optim.SGD(decaying(groups, 0.1), lr=0.05, momentum=0.9),
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.05),
    "adam own": lambda groups: torch.optim.Adam(groups, lr=0.05, betas=(0.8, 0.95), eps=1e-3),
    "adam l2": lambda groups: torch.optim.Adam(decaying(groups, 0.1), lr=0.05),
    "adamw": lambda groups: torch.optim.AdamW(decaying(groups, 0.01), lr=0.05),
    "adamw 0.3": lambda groups: torch.optim.AdamW(decaying(groups, 0.3), lr=0.05),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=0.05, alpha=0.9),
    "adagrad": lambda groups: torch.optim.Adagrad(groups, lr=0.05),
    "clipped": lambda groups: torch.optim.SGD(groups, lr=0.05),
}


def decaying(groups: list[dict[str, Any]], amount: float) -> list[dict[str, Any]]:
    """Weight decay on the weight, none on the bias."""
    weight, bias = groups
    return [{**weight, "weight_decay": amount}, {**bias, "weight_decay": 0.0}]


def listed(tensor: torch.Tensor) -> Any:
    return tensor.detach().tolist()


def shape_for(layer: nn.Module) -> tuple[int, ...]:
    """Our shape of an input: a batch of rows, of sequences or of images, channels last."""
    kind = type(layer).__name__
    return (
        IMAGE
        if "2d" in kind
        else SEQUENCE
        if kind in ("Conv1d", "MaxPool1d")
        else (BATCH, FEATURES)
    )


def layer_numbers(name: str) -> dict[str, Any]:
    """Input, parameters, output, and the gradients of Σ cotangent · output."""
    random = np.random.default_rng(len(name))
    layer = LAYERS[name].double().train()
    for parameter in layer.parameters():
        parameter.data = torch.tensor(random.normal(size=tuple(parameter.shape)))
    if name == "Embedding":
        x = torch.tensor([1, 3, 1, 0, 2])
    else:
        x = torch.tensor(random.normal(0, 2, shape_for(layer)), requires_grad=True)
    out = channels_last(layer(channels_first(x))) if x.ndim > 2 else layer(x)
    if name.startswith("GlobalPool"):
        out = out[:, 0, 0]
    cotangent = torch.tensor(random.normal(size=tuple(out.shape)))
    layer.zero_grad()
    (out * cotangent).sum().backward()
    return {
        "x": listed(x),
        "params": {key: listed(p) for key, p in layer.named_parameters()},
        "out": listed(out),
        "cotangent": listed(cotangent),
        "x gradient": listed(x.grad) if x.grad is not None else None,
        "gradients": {key: listed(p.grad) for key, p in layer.named_parameters()},
        "state": {key: listed(b) for key, b in layer.named_buffers() if key.startswith("running_")},
    }


def loss_numbers(name: str) -> dict[str, Any]:
    """Targets, outputs, the loss of every example, and the gradient of their mean."""
    random = np.random.default_rng(len(name))
    z = torch.tensor(random.normal(0, 2, (BATCH, FEATURES)), requires_grad=True)
    y = {
        "b": lambda: random.uniform(0, 1, (BATCH, FEATURES)),
        "c": lambda: random.integers(0, FEATURES, BATCH),
        "s": lambda: random.dirichlet(np.ones(FEATURES), BATCH),
        "h": lambda: random.choice([-1.0, 1.0], (BATCH, FEATURES)),
        "m": lambda: random.normal(0, 2, (BATCH, FEATURES)),
    }
    kinds = {"binary_cross_entropy": "b", "cross_entropy": "c", "cross_entropy smooth": "c",
             "cross_entropy soft": "s", "hinge": "h", "perceptron": "h"}  # fmt: skip
    targets = torch.tensor(y[kinds.get(name, "m")]())
    values = LOSSES[name](targets, z)
    values.mean().backward()
    return {
        "targets": listed(targets),
        "outputs": listed(z),
        "values": listed(values),
        "gradient": listed(z.grad),
    }


def optimizer_numbers(name: str) -> dict[str, Any]:
    """A linear map under the mean squared error: start, data, and where 12 steps lead."""
    random = np.random.default_rng(7)
    X, Y = (torch.tensor(random.normal(size=(BATCH, n))) for n in (FEATURES, 2))
    weight = torch.tensor(random.normal(size=(FEATURES, 2)), requires_grad=True)
    bias = torch.tensor(random.normal(size=2), requires_grad=True)
    start = {"weight": listed(weight), "bias": listed(bias)}
    optimizer = OPTIMIZERS[name]([{"params": [weight]}, {"params": [bias]}])
    for _ in range(STEPS):
        optimizer.zero_grad()
        ((X @ weight + bias - Y) ** 2).mean().backward()
        if name == "clipped":
            nn.utils.clip_grad_norm_([weight, bias], 0.5)
        optimizer.step()
    return {
        "X": listed(X),
        "Y": listed(Y),
        "start": start,
        "end": {"weight": listed(weight), "bias": listed(bias)},
    }


def heads_numbers() -> dict[str, Any]:
    """A network with two heads under two losses, the second counting twice, and its gradients."""
    random = np.random.default_rng(11)
    sizes = {"trunk": (FEATURES, 4), "class": (4, 3), "box": (4, 2)}
    layers = {name: nn.Linear(*size).double() for name, size in sizes.items()}
    for layer in layers.values():
        for parameter in layer.parameters():
            parameter.data = torch.tensor(random.normal(size=tuple(parameter.shape)))
    x = torch.tensor(random.normal(size=(BATCH, FEATURES)))
    labels = torch.tensor(random.integers(0, 3, BATCH))
    boxes = torch.tensor(random.normal(0, 2, (BATCH, 2)))
    hidden = torch.tanh(layers["trunk"](x))
    outputs = {name: layers[name](hidden) for name in ("class", "box")}
    distances = F.huber_loss(outputs["box"], boxes, reduction="none").mean(1)
    losses = F.cross_entropy(outputs["class"], labels, reduction="none") + 2 * distances
    losses.mean().backward()
    named = {name: dict(layer.named_parameters()) for name, layer in layers.items()}
    return {
        "x": listed(x),
        "class": listed(labels),
        "box": listed(boxes),
        "params": {n: {k: listed(p) for k, p in own.items()} for n, own in named.items()},
        "outputs": {name: listed(out) for name, out in outputs.items()},
        "losses": listed(losses),
        "gradients": {n: {k: listed(p.grad) for k, p in own.items()} for n, own in named.items()},
    }


def computed() -> dict[str, dict[str, Any]]:
    return {
        "layers": {name: layer_numbers(name) for name in LAYERS},
        "losses": {name: loss_numbers(name) for name in LOSSES},
        "optimizers": {name: optimizer_numbers(name) for name in OPTIMIZERS},
        "networks": {"two heads": heads_numbers()},
    }


def written(numbers: dict[str, dict[str, Any]]) -> str:
    """JSON with one case a line."""
    parts = []
    for kind, cases in numbers.items():
        lines = [f"  {json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()]
        parts.append(f" {json.dumps(kind)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(written(computed()), encoding="utf-8")
