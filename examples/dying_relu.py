"""ReLU units that never answer never learn; leaky ReLU and He initialization keep them alive."""

import sys
from typing import Any

import numpy as np
from _figure import BLUE, GREEN, ORANGE, RED, panels, save

import chainrule as cr

UNITS = 40


def rows(count: int = 400) -> tuple[Any, Any]:
    """A curve to fit."""
    x = np.linspace(-1, 1, count)[:, None]
    return x, np.sin(4 * x[:, 0])


def network(activation: Any, start: Any, bias: float) -> cr.Network:
    hidden = [
        layer
        for _ in range(2)
        for layer in (cr.nn.Dense(UNITS, start, bias_init=cr.nn.Constant(bias)), activation)
    ]
    return cr.Network([*hidden, cr.nn.Dense(1)])


CASES = {
    "ReLU, biases of -2": (network(cr.nn.ReLU(), cr.nn.RandomNormal(0.4), -2.0), RED, "-"),
    "leaky ReLU, biases of -2": (
        network(cr.nn.LeakyReLU(0.2), cr.nn.RandomNormal(0.4), -2.0), ORANGE, "--",
    ),
    "ReLU, He initialization": (network(cr.nn.ReLU(), cr.nn.HeNormal(), 0.0), BLUE, "-"),
    "leaky ReLU, He initialization": (
        network(cr.nn.LeakyReLU(0.2), cr.nn.HeNormal(), 0.0), GREEN, "--",
    ),
}  # fmt: skip


def share_of_dead(net: cr.Network, params: Any, x: Any) -> float:
    """The share of hidden units that are below zero for every row."""
    dead = []
    for i in range(0, 4, 2):
        z = x @ params[i]["weight"] + params[i]["bias"]
        dead.append((z <= 0).all(axis=0))
        x = net.layers[i + 1].apply({}, {}, z, cr.nn.Context())[0]
    return float(np.mean(dead))


def draw(folder: str, found: dict[str, Any]) -> None:
    figure, (left, right) = panels(2)
    x, y = rows()
    left.plot(x, y, color="#000000", lw=1, label="function")
    for name, (model, _) in found.items():
        _, color, style = CASES[name]
        left.plot(x, model.predict(x), color=color, ls=style, label=name)
        right.semilogy(model.history["train_loss"], color=color, ls=style, label=name)
    left.set(title="After training", xlabel="x", ylabel="y", ylim=(-1.3, 2.9))
    left.legend(loc="upper left")
    right.set(title="Dead units do not learn", xlabel="epoch", ylabel="mean squared error")
    save(figure, folder, "dying_relu")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    x, y = rows()
    found = {}
    print("hidden units                    dead at start  dead after  loss after")
    for name, (net, _, _) in CASES.items():
        model = cr.fit(
            net, x, y, loss="mse", optimizer=cr.optim.Adam(0.01), batch_size=50,
            epochs=60 if quick else 300,
        )  # fmt: skip
        at_start, _, _ = net.init(cr.ops.fold_in(cr.ops.key_from_seed(0), 0), (1,))
        leaky = isinstance(net.layers[1], cr.nn.LeakyReLU)
        dead = [share_of_dead(net, params, x) for params in (at_start, model.params)]
        found[name] = (model, dead)
        note = "  (they still have a slope)" if leaky and dead[0] else ""
        print(
            f"{name:<32}{dead[0]:12.0%}{dead[1]:12.0%}{model.history['train_loss'][-1]:12.4f}{note}"
        )
    print(
        "A dead ReLU passes no gradient and stays dead; a slope below zero, or a start that suits"
    )
    print("the unit, brings it back to work.")
    draw(folder, found)
    return {name: (dead, model.history["train_loss"][-1]) for name, (model, dead) in found.items()}


if __name__ == "__main__":
    main(*sys.argv[1:2])
