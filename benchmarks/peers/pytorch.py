"""PyTorch on the CPU: the plain loop with each of its Adams, and three ways to compile the step.

The rows of a batch are picked from tensors, not by a DataLoader, which would be slower; the loss is
never read. Ways: "loop", "foreach", "fused" are the eager loop with that form of Adam; "compiled"
is `torch.compile` of forward, backward and optimizer as one writes it; "model" compiles the network
alone and leaves a fused Adam; "graph" is one graph for the whole step, written with `torch.func`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.cases import LEARNING_RATE, Case
from benchmarks.clock import Trainer

EAGER = ("loop", "foreach", "fused")
COMPILED = ("compiled", "model")
GRAPH = ("graph",)

Step = Callable[[torch.Tensor, torch.Tensor], object]


def network(case: Case) -> nn.Sequential:
    """The case's network with PyTorch's own initialization."""
    layers: list[nn.Module] = []
    for a, b in zip(case.widths, case.widths[1:], strict=False):
        layers += [nn.Linear(a, b), {"tanh": nn.Tanh, "relu": nn.ReLU}[case.activation]()]
    return nn.Sequential(*layers[:-1])


def loss_of(case: Case, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The mean loss of a batch."""
    if case.loss == "cross_entropy":
        return functional.cross_entropy(z, y)
    if case.loss == "mse":
        return functional.mse_loss(z[:, 0], y)
    return functional.binary_cross_entropy_with_logits(z[:, 0], y)


def loop_step(case: Case, model: nn.Module, optimizer: torch.optim.Optimizer) -> Step:
    """The step as everybody writes it."""

    def step(x: torch.Tensor, y: torch.Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss_of(case, model(x), y).backward()
        optimizer.step()

    return step


def graph_step(case: Case, model: nn.Module) -> Step:
    """The whole step as one function of tensors, with Adam by hand, in place."""
    names = [name for name, _ in model.named_parameters()]
    params = [p.detach().clone() for p in model.parameters()]
    first, second = ([torch.zeros_like(p) for p in params] for _ in range(2))
    count = torch.zeros(())

    def loss(params: list[torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss_of(
            case, torch.func.functional_call(model, dict(zip(names, params, strict=True)), (x,)), y
        )

    def step(x: torch.Tensor, y: torch.Tensor) -> None:
        grads = torch.func.grad(loss)(params, x, y)
        count.add_(1)
        rate = LEARNING_RATE * torch.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        for p, m, v, g in zip(params, first, second, grads, strict=True):
            m.mul_(0.9).add_(g, alpha=0.1)
            v.mul_(0.999).add_(g * g, alpha=0.001)
            p.sub_(rate * m / (v.sqrt() + 1e-8))

    compiled: Step = torch.compile(step, fullgraph=True)
    return compiled


def make_step(case: Case, way: str) -> Step:
    """A step in one of the ways."""
    model = network(case)
    if way == "graph":
        return graph_step(case, model)
    settings: dict[str, Any] = {"fused": way in ("fused", "model")}
    if not settings["fused"]:
        settings["foreach"] = way != "loop"
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE, **settings)
    step = loop_step(case, torch.compile(model) if way == "model" else model, optimizer)
    whole: Step = torch.compile(step) if way == "compiled" else step
    return whole


def make(case: Case, way: str) -> Trainer:
    """Training goes on from call to call; a call has no fixed part."""
    torch.manual_seed(0)
    x, y = (torch.from_numpy(part) for part in case.data())
    y = y.float() if case.loss == "binary_cross_entropy" else y
    step = make_step(case, way)

    def run(epochs: int) -> None:
        for _ in range(epochs):
            for rows in torch.randperm(case.rows).split(case.batch):
                step(x[rows], y[rows])

    return Trainer(run, fixed=False)
