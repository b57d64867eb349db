"""Training by `fit` against a loop written out in full, with formulas of its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops, optim
from chainrule.autodiff import leaves, paths, rebuild, value_and_grad
from chainrule.training import layout

ROWS, BATCH, EPOCHS = 11, 4, 6
RANDOM = np.random.default_rng(9)
X = RANDOM.normal(size=(ROWS, 3))
Y = RANDOM.normal(size=(ROWS, 2))
NETWORK = cr.Network([nn.Dense(4, bias=False), nn.BatchNorm(), nn.Tanh(), nn.Dense(2)])


@dataclass
class Memory:
    """What a formula keeps for one parameter: zeros at first."""

    first: Any = 0.0
    second: Any = 0.0
    count: int = 0


def descent(momentum=0.0, nesterov=False):
    def rule(g, memory):
        memory.first = momentum * memory.first + g
        return g + momentum * memory.first if nesterov else memory.first

    return rule


def adam(beta1=0.9, beta2=0.999, epsilon=1e-8):
    def rule(g, memory):
        memory.count += 1
        memory.first = beta1 * memory.first + (1 - beta1) * g
        memory.second = beta2 * memory.second + (1 - beta2) * g**2
        mean = memory.first / (1 - beta1**memory.count)
        return mean / (np.sqrt(memory.second / (1 - beta2**memory.count)) + epsilon)

    return rule


def rmsprop(decay=0.9, epsilon=1e-8):
    def rule(g, memory):
        memory.second = decay * memory.second + (1 - decay) * g**2
        return g / (np.sqrt(memory.second) + epsilon)

    return rule


def adagrad(epsilon=1e-10):
    def rule(g, memory):
        memory.second = memory.second + g**2
        return g / (np.sqrt(memory.second) + epsilon)

    return rule


@dataclass(frozen=True)
class Expected:
    """An optimizer's formula, with the settings that all share."""

    rule: Callable[[Any, Memory], Any]
    rate: Any = 0.05
    weight_decay: float = 0.0
    l2: float = 0.0
    l1: float = 0.0
    clip_norm: float | None = None


OPTIMIZERS = {
    "descent": (optim.GradientDescent(0.05), Expected(descent())),
    "momentum": (optim.GradientDescent(0.05, momentum=0.9), Expected(descent(0.9))),
    "nesterov": (
        optim.GradientDescent(0.05, momentum=0.9, nesterov=True),
        Expected(descent(0.9, nesterov=True)),
    ),
    "adam": (optim.Adam(0.05), Expected(adam())),
    "adam's own": (
        optim.Adam(0.05, beta1=0.8, beta2=0.95, epsilon=1e-3),
        Expected(adam(0.8, 0.95, 1e-3)),
    ),
    "adamw": (optim.AdamW(0.05), Expected(adam(), weight_decay=0.01)),
    "rmsprop": (optim.RMSProp(0.05), Expected(rmsprop())),
    "adagrad": (optim.AdaGrad(0.05), Expected(adagrad())),
    "weight decay": (optim.Adam(0.05, weight_decay=0.3), Expected(adam(), weight_decay=0.3)),
    "l2": (optim.Adam(0.05, l2=0.3), Expected(adam(), l2=0.3)),
    "l1": (optim.GradientDescent(0.05, l1=0.3), Expected(descent(), l1=0.3)),
    "clipped": (optim.GradientDescent(0.05, clip_norm=0.1), Expected(descent(), clip_norm=0.1)),
    "all at once": (
        optim.RMSProp(0.05, weight_decay=0.1, l2=0.2, l1=0.01, clip_norm=0.2),
        Expected(rmsprop(), weight_decay=0.1, l2=0.2, l1=0.01, clip_norm=0.2),
    ),
    "schedule": (
        optim.GradientDescent(optim.Exponential(0.05, 0.7)),
        Expected(descent(), rate=lambda progress: 0.05 * 0.7**progress),
    ),
}


def updated(expected, params, grads, memories, progress):
    norm = np.sqrt(sum((g**2).sum() for g in leaves(grads)))
    scale = min(1.0, expected.clip_norm / norm) if expected.clip_norm else 1.0
    rate = expected.rate(progress) if callable(expected.rate) else expected.rate
    new = []
    for (path, p), g, memory in zip(paths(params), leaves(grads), memories, strict=True):
        decays = path.endswith("weight")
        g = g * scale + decays * (expected.l2 * p + expected.l1 * np.sign(p))
        step = expected.rule(g, memory) + decays * expected.weight_decay * p
        new.append(p - rate * step)
    return rebuild(params, iter(new))


def plain_loop(expected, start, weight):
    """Batches as they come, the last one short; returns parameters, state, losses per epoch."""
    params, state = start.params, start.state
    memories = [Memory() for _ in leaves(params)]
    history = []

    def loss(params, state, rows):
        share = weight[rows] / (weight.mean() * len(rows))
        context = nn.Context(training=True, weight=share)
        out, state = NETWORK.apply(params, state, X[rows], context)
        return ops.dot(ops.mean((out - Y[rows]) ** 2, axis=1), share), state

    for epoch in range(EPOCHS):
        losses = []
        for number, first in enumerate(range(0, ROWS, BATCH)):
            rows = np.arange(first, min(first + BATCH, ROWS))
            progress = epoch + number / 3
            (value, state), grads = value_and_grad(loss, aux=True)(params, state, rows)
            params = updated(expected, params, grads, memories, progress)
            losses.append(float(value) * len(rows))
        history.append(sum(losses) / ROWS)
    return params, state, history


def start_model():
    settings = {
        "loss": "mse",
        "epochs": 1,
        "batch_size": None,
        "dtype": "float64",
        "engine": "numpy",
    }
    model = cr.fit(NETWORK, X, Y, optimizer=optim.GradientDescent(0.0), **settings)
    params, state, _ = NETWORK.init(ops.key_from_seed(1), (3,))
    double = [rebuild(t, iter([x.astype("float64") for x in leaves(t)])) for t in (params, state)]
    return replace(model, params=double[0], state=double[1])


def test_every_optimizer_has_a_formula_here():
    tried = {type(optimizer) for optimizer, _ in OPTIMIZERS.values()}
    assert tried == set(optim.OPTIMIZERS.values())


@pytest.mark.parametrize("block", [layout.BLOCK, 5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fit_is_the_plain_loop(monkeypatch, name, weighted, block):
    """Also where the vector of parameters is updated in many blocks."""
    monkeypatch.setattr(layout, "BLOCK", block)
    optimizer, expected = OPTIMIZERS[name]
    weight = np.linspace(0.5, 3, ROWS) if weighted else np.ones(ROWS)
    start = start_model()
    model = cr.fit(
        start, X, Y, optimizer=optimizer, epochs=EPOCHS, batch_size=BATCH, shuffle=False,
        sample_weight=weight if weighted else None, dtype="float64", engine="numpy",
    )  # fmt: skip
    params, state, history = plain_loop(expected, start, weight)
    for ours, theirs in zip(
        leaves((model.params, model.state)), leaves((params, state)), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.history["train_loss"], history, rtol=1e-10)
