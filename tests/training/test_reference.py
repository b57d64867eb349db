"""Layers, losses and optimizers against numbers from PyTorch (tests/peers/torch_training.py)."""

import json
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

import chainrule as cr
from chainrule import losses, nn, ops, optim
from chainrule.autodiff import value_and_grad

FILE = Path(__file__).parent.parent / "reference" / "training.json"
NUMBERS = json.loads(FILE.read_text(encoding="utf-8"))

NAMES = {
    "Dense": {"weight": "weight", "bias": "bias"},
    "BatchNorm": {"weight": "scale", "bias": "offset"},
    "LayerNorm": {"weight": "scale", "bias": "offset"},
    "Embedding": {"weight": "table"},
}
LAYERS = {
    "Dense": nn.Dense(2),
    "Embedding": nn.Embedding(4, 3),
    "Conv2D": nn.Conv2D(4, (3, 2), stride=2, padding=1),
    "Conv2D same": nn.Conv2D(3, 3, padding="same", dilation=2),
    "Conv2D groups": nn.Conv2D(4, 3, padding=1, groups=2, bias=False),
    "Conv1D": nn.Conv1D(3, 3, stride=2, padding=1),
    "Conv1D dilated": nn.Conv1D(4, 2, dilation=3, groups=2),
    "TransposedConv2D": nn.TransposedConv2D(3, 3, stride=2, padding=1),
    "TransposedConv2D groups": nn.TransposedConv2D(4, (3, 2), stride=(1, 2), groups=2),
    "MaxPool overlapping": nn.MaxPool(3, stride=2, padding=1),
    "AveragePool padded": nn.AveragePool(3, stride=2, padding=1),
    "GlobalPool max": nn.GlobalPool("max"),
    "BatchNorm images": nn.BatchNorm(),
}
LOSSES = {
    "huber 0.3": losses.Huber(0.3),
    "cross_entropy soft": losses.CrossEntropy(),
    "cross_entropy smooth": losses.CrossEntropy(0.1),
}
OPTIMIZERS = {
    "sgd": optim.GradientDescent(0.05),
    "momentum": optim.GradientDescent(0.05, momentum=0.9),
    "nesterov": optim.GradientDescent(0.05, momentum=0.9, nesterov=True),
    "sgd l2": optim.GradientDescent(0.05, momentum=0.9, l2=0.1),
    "adam": optim.Adam(0.05),
    "adam own": optim.Adam(0.05, beta1=0.8, beta2=0.95, epsilon=1e-3),
    "adam l2": optim.Adam(0.05, l2=0.1),
    "adamw": optim.AdamW(0.05),
    "adamw 0.3": optim.AdamW(0.05, weight_decay=0.3),
    "rmsprop": optim.RMSProp(0.05),
    "adagrad": optim.AdaGrad(0.05),
    "clipped": optim.GradientDescent(0.05, clip_norm=0.5),
}


def as_ours(name, params):
    """PyTorch's parameters under our names; its weights are (out, in, …), ours (…, in, out)."""
    names = NAMES.get(name.split(" ")[0], {})
    ours = {names.get(key, key): np.array(value) for key, value in params.items()}
    if name == "Dense":
        ours["weight"] = np.ascontiguousarray(ours["weight"].T)
    elif "Conv" in name:
        ours["weight"] = np.moveaxis(ours["weight"], (0, 1), (-1, -2))
    return ours


@pytest.mark.parametrize("name", [n for n in NUMBERS["layers"] if "Conv" in n or "Pool" in n])
def test_layers_in_single_precision(name):
    """On both engines, compiled on XLA: forward and gradients to 1e-5 of the largest number."""
    case = NUMBERS["layers"][name]
    layer = LAYERS.get(name) or getattr(nn, name)()
    single = {key: np.array(case[key], "float32") for key in ("x", "cotangent")}
    own = {key: v.astype("float32") for key, v in as_ours(name, case["params"]).items()}

    def weighted(point):
        out, _ = layer.apply(point["own"], {}, point["x"], nn.Context(training=True))
        return ops.sum(out * single["cotangent"]), out

    for compiled in (lambda f: f, jax.jit):
        derive = compiled(value_and_grad(weighted, aux=True))
        (_, out), grads = derive({"own": own, "x": single["x"]})
        expected = {"out": case["out"], "x": case["x gradient"]}
        expected |= as_ours(name, case["gradients"])
        for key, value in {"out": out, "x": grads["x"], **grads["own"]}.items():
            value = np.asarray(getattr(value, "array", value))
            assert value.dtype == "float32"
            bound = 1e-5 * np.abs(expected[key]).max()
            np.testing.assert_allclose(value, expected[key], rtol=0, atol=bound)


@pytest.mark.parametrize("name", NUMBERS["layers"])
def test_layers(name):
    case = NUMBERS["layers"][name]
    layer = LAYERS.get(name) or getattr(nn, name)()
    x, cotangent = np.array(case["x"]), np.array(case["cotangent"])
    state = layer.init(ops.key_from_seed(0), x.shape[1:])[1]
    state = {key: value.astype("float64") for key, value in state.items()}
    indices = x.dtype.kind == "i"

    def weighted(point):
        source = x if indices else point["x"]
        out, new = layer.apply(point["own"], state, source, nn.Context(training=True))
        return ops.sum(out * cotangent), (out, new)

    point = {"own": as_ours(name, case["params"])} | ({} if indices else {"x": x})
    (_, (out, new)), grads = value_and_grad(weighted, aux=True)(point)
    np.testing.assert_allclose(getattr(out, "value", out), case["out"], rtol=1e-12, atol=1e-14)
    if not indices:
        np.testing.assert_allclose(grads["x"], case["x gradient"], rtol=1e-10, atol=1e-13)
    for key, value in as_ours(name, case["gradients"]).items():
        np.testing.assert_allclose(grads["own"][key], value, rtol=1e-10, atol=1e-13)
    if name.startswith("BatchNorm"):
        rows = x[..., 0].size
        unbiased = 0.9 + (new["variance"] - 0.9) * rows / (rows - 1)
        np.testing.assert_allclose(new["mean"], case["state"]["running_mean"], rtol=1e-12)
        np.testing.assert_allclose(unbiased, case["state"]["running_var"], rtol=1e-12)


@pytest.mark.parametrize("name", NUMBERS["losses"])
def test_losses(name):
    case = NUMBERS["losses"][name]
    loss = LOSSES.get(name) or losses.as_loss(name)
    targets, outputs = np.array(case["targets"]), np.array(case["outputs"])
    np.testing.assert_allclose(loss(targets, outputs), case["values"], rtol=1e-12)
    grad = value_and_grad(lambda z: ops.mean(loss(targets, z)))(outputs)[1]
    np.testing.assert_allclose(grad, case["gradient"], rtol=1e-11, atol=1e-14)


def test_every_loss_and_optimizer_has_numbers():
    assert set(losses.LOSSES) <= set(NUMBERS["losses"])
    assert set(OPTIMIZERS) == set(NUMBERS["optimizers"])
    assert {type(o) for o in OPTIMIZERS.values()} == set(optim.OPTIMIZERS.values())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    case = NUMBERS["optimizers"][name]
    X, Y = np.array(case["X"]), np.array(case["Y"])
    settings = {
        "batch_size": None, "loss": "mse", "dtype": "float64", "engine": "numpy",
    }  # fmt: skip
    model = cr.fit(cr.Network([nn.Dense(2)]), X, Y, epochs=1, **settings)
    start = {key: np.array(value) for key, value in case["start"].items()}
    model = replace(model, params=(start,))
    end = cr.fit(model, X, Y, epochs=12, optimizer=OPTIMIZERS[name], **settings).params[0]
    # PyTorch divides by the norm + 1e-6 where it clips, we by the norm.
    rtol = 1e-6 if name == "clipped" else 1e-10
    for key, value in case["end"].items():
        np.testing.assert_allclose(end[key], value, rtol=rtol, atol=1e-12)


def test_two_heads_under_two_losses():
    case = NUMBERS["networks"]["two heads"]
    network = cr.Network(
        [nn.Dense(4), nn.Tanh(), nn.Heads({"class": nn.Dense(3), "box": nn.Dense(2)})]
    )
    own = {name: as_ours("Dense", params) for name, params in case["params"].items()}
    params = (own["trunk"], {}, {name: own[name] for name in ("box", "class")})
    loss = losses.head_losses({"class": "cross_entropy", "box": "huber"}, {"box": 2.0})
    targets = {"class": np.array(case["class"], "int32"), "box": np.array(case["box"])}
    state = network.init(ops.key_from_seed(0), (3,))[1]

    def step(point):
        outputs, _ = network.apply(point, state, np.array(case["x"]))
        losses_here = loss(targets, outputs)
        return ops.mean(losses_here), (outputs, losses_here)

    (_, (outputs, found)), grads = value_and_grad(step, aux=True)(params)
    np.testing.assert_allclose(found, case["losses"], rtol=1e-12)
    for name, wanted in case["outputs"].items():
        np.testing.assert_allclose(outputs[name], wanted, rtol=1e-12)
    named = {"trunk": grads[0], **grads[2]}
    for name, wanted in case["gradients"].items():
        for key, gradient in as_ours("Dense", wanted).items():
            np.testing.assert_allclose(named[name][key], gradient, rtol=1e-10, atol=1e-13)
