"""Batch, mini-batch and stochastic gradient descent walk down the same valley."""

import sys
from typing import Any

import numpy as np
from _figure import BLUE, GRAY, GREEN, ORANGE, panels, save

import chainrule as cr

ROWS = 200
WAYS = {"batch": (None, 0.1), "mini-batch of 20": (20, 0.1), "stochastic": (1, 0.1)}


def data() -> tuple[Any, Any]:
    """Rows of a noisy line y = 2x + 1."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (ROWS, 1))
    return x, 2 * x[:, 0] + 1 + rng.normal(0, 0.5, ROWS)


def walk(batch_size: int | None, rate: float, epochs: int) -> tuple[Any, list[float]]:
    """Weight and bias after every epoch, and the loss of all rows there."""
    x, y = data()
    path = [(-1.0, -1.0)]

    def remember(progress: cr.Progress) -> None:
        layer = progress.params()[0]
        path.append((float(layer["weight"][0, 0]), float(layer["bias"][0])))

    start = cr.nn.Dense(1, weight_init=cr.nn.Constant(-1), bias_init=cr.nn.Constant(-1))
    cr.fit(
        cr.Network([start]), x, y, loss="mse", optimizer=cr.optim.GradientDescent(rate),
        batch_size=batch_size, epochs=epochs, callbacks=[remember],
    )  # fmt: skip
    return np.array(path), [loss_at(x, y, *point) for point in path]


def loss_at(x: Any, y: Any, weight: float, bias: float) -> float:
    return float(np.mean((weight * x[:, 0] + bias - y) ** 2))


def draw(folder: str, walks: dict[str, tuple[Any, list[float]]], least: float) -> None:
    figure, (left, right) = panels(2)
    x, y = data()
    weights, biases = np.meshgrid(np.linspace(-1.4, 3.2, 60), np.linspace(-1.4, 1.8, 60))
    surface = np.mean((weights[..., None] * x[:, 0] + biases[..., None] - y) ** 2, axis=-1)
    levels = least + np.geomspace(0.02, 8, 10)
    left.contour(weights, biases, surface, levels=levels, colors=GRAY, linewidths=0.7, alpha=0.6)
    marks = zip(walks.items(), (BLUE, GREEN, ORANGE), "os^", strict=True)
    for (name, (path, losses)), color, mark in marks:
        left.plot(*path.T, color=color, marker=mark, ms=3.5, lw=1, label=name)
        right.plot(np.array(losses) - least, color=color, marker=mark, ms=3.5, lw=1, label=name)
    left.set(title="The way down, a point an epoch", xlabel="weight", ylabel="bias")
    left.legend(loc="upper left")
    right.set(title="Distance from the least loss", xlabel="epoch", yscale="log")
    right.set_ylabel("mean squared error above the least")
    save(figure, folder, "descent")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    walks = {name: walk(*way, epochs=40) for name, way in WAYS.items()}
    x, y = data()
    slope, cut = np.polyfit(x[:, 0], y, 1)
    least = loss_at(x, y, slope, cut)
    print("descent           steps an epoch  loss after epoch 1      10    last   (least possible)")
    for (name, (_, losses)), (size, _) in zip(walks.items(), WAYS.values(), strict=True):
        steps = ROWS // (size or ROWS)
        print(f"{name:<18}{steps:14}{losses[1]:20.4f}{losses[10]:8.4f}{losses[-1]:8.4f}", end="")
        print(f"   ({least:.4f})")
    print(
        "More steps an epoch get there in fewer epochs; single rows never come to rest at the "
        "bottom, all rows together walk straight and slowly."
    )
    draw(folder, walks, least)
    return {"losses": {name: losses for name, (_, losses) in walks.items()}, "least": least}


if __name__ == "__main__":
    main(*sys.argv[1:2])
