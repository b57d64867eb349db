"""Activations, their slopes, and what many layers of them do to a gradient: it vanishes."""

import sys
from typing import Any

import numpy as np
from _figure import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, panels, save

import chainrule as cr

CURVES = {
    "sigmoid": (cr.ops.sigmoid, ORANGE, "-"),
    "tanh": (cr.ops.tanh, BLUE, "-"),
    "ReLU": (cr.ops.relu, GREEN, "-"),
    "leaky ReLU": (lambda x: cr.ops.leaky_relu(x, 0.1), PURPLE, "--"),
    "GELU": (cr.ops.gelu, RED, ":"),
}
DEEP = {"sigmoid": cr.nn.Sigmoid, "tanh": cr.nn.Tanh, "ReLU": cr.nn.ReLU}


def gradient_norms(activation: Any, depth: int, width: int) -> list[float]:
    """Length of the loss's gradient at every layer's weights, in a network before training."""
    hidden = [layer for _ in range(depth) for layer in (cr.nn.Dense(width), activation())]
    network = cr.Network([*hidden, cr.nn.Dense(1)])
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, width)).astype("float32"), rng.normal(size=(64, 1))
    params, state, _ = network.init(cr.ops.key_from_seed(0), (width,))

    def loss(params: Any) -> Any:
        out, _ = network.apply(params, state, x)
        return cr.ops.mean((out - y.astype("float32")) ** 2)

    _, grads = cr.value_and_grad(loss)(params)
    return [float(np.linalg.norm(layer["weight"])) for layer in grads if "weight" in layer][:-1]


def draw(folder: str, norms: dict[str, list[float]]) -> None:
    figure, (left, middle, right) = panels(3)
    x = np.linspace(-4, 4, 401)
    for name, (function, color, style) in CURVES.items():
        _, slope = cr.value_and_grad(lambda v, f=function: cr.ops.sum(f(v)))(x)
        left.plot(x, function(x), color=color, ls=style, label=name)
        middle.plot(x, slope, color=color, ls=style, label=name)
    left.set(title="Activations", xlabel="z", ylabel="activation", ylim=(-1.3, 3))
    left.legend(loc="upper left")
    middle.set(title="Their derivatives", xlabel="z", ylabel="slope", ylim=(-0.2, 1.3))
    middle.axhline(0.25, color=BLACK, lw=0.6)
    middle.text(-3.9, 0.28, "sigmoid: 1/4 at most", fontsize=8)
    for name, found in norms.items():
        right.semilogy(
            range(1, len(found) + 1), found, "o-", ms=3.5, color=CURVES[name][1], label=name
        )
    right.set(title="Gradients in a deep network", xlabel="layer, from the input")
    right.set_ylabel("length of the gradient of its weights")
    right.legend(loc="lower right")
    save(figure, folder, "activations")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    depth = 10 if quick else 20
    norms = {name: gradient_norms(kind, depth, 32) for name, kind in DEEP.items()}
    print(f"gradient of the weights   first layer   last of {depth}   first / last")
    for name, found in norms.items():
        print(f"{name:<26}{found[0]:11.2e}{found[-1]:13.2e}{found[0] / found[-1]:15.2e}")
    print("Each sigmoid passes at most a quarter on: the first layers learn next to nothing.")
    draw(folder, norms)
    return norms


if __name__ == "__main__":
    main(*sys.argv[1:2])
