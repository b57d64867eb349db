"""A shallow and a deep network with equally many parameters fit a function made of folds."""

import sys
from typing import Any

import numpy as np
from _figure import BLACK, BLUE, ORANGE, panels, save

import chainrule as cr

POINTS = np.linspace(-1, 1, 801)[:, None]


def folds(x: Any) -> Any:
    """Four teeth: |x| folded twice more. A composition of folds, so depth suits it."""
    for _ in range(3):
        x = 2 * np.abs(x) - 1
    return x[:, 0]


def shallow() -> cr.Network:
    return cr.Network([cr.nn.Dense(110), cr.nn.ReLU(), cr.nn.Dense(1)])


def deep() -> cr.Network:
    hidden = [layer for _ in range(4) for layer in (cr.nn.Dense(9), cr.nn.ReLU())]
    return cr.Network([*hidden, cr.nn.Dense(1)])


def learn(network: cr.Network, seed: int, epochs: int) -> cr.Model:
    """Fit 400 points of the function, all at once in every step."""
    x = np.linspace(-1, 1, 400)[:, None]
    return cr.fit(
        network, x, folds(x), loss="mse", optimizer=cr.optim.Adam(cr.optim.Cosine(0.01)),
        epochs=epochs, batch_size=None, seed=seed,
    )  # fmt: skip


def draw(folder: str, best: dict[str, cr.Model], errors: dict[str, list[float]]) -> None:
    figure, (left, right) = panels(2)
    left.plot(POINTS, folds(POINTS), color="#C8C8C8", lw=5, label="function")
    styles = dict(zip(best, ((ORANGE, "--"), (BLUE, "-")), strict=True))
    for name, model in best.items():
        color, style = styles[name]
        left.plot(POINTS, model.predict(POINTS), color=color, ls=style, label=name)
    left.set(title="The best of the starts", xlabel="x", ylabel="y", ylim=(-1.25, 2.1))
    left.legend(loc="upper center", ncols=3)
    for place, (name, found) in enumerate(errors.items()):
        right.scatter([place] * len(found), sorted(found), color=styles[name][0], s=30)
        right.plot([place - 0.15, place + 0.15], [np.median(found)] * 2, color=BLACK, lw=1.2)
    right.set(title="Every start, and the median", ylabel="root mean squared error", yscale="log")
    right.set_xticks(range(len(errors)), list(errors))
    right.set_xlim(-0.5, 1.5)
    save(figure, folder, "shallow_deep")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    starts, epochs = (2, 1000) if quick else (6, 2000)
    models = {
        "shallow": [learn(shallow(), seed, epochs) for seed in range(starts)],
        "deep": [learn(deep(), seed, epochs) for seed in range(starts)],
    }
    errors = {
        name: [float(np.sqrt(np.mean((m.predict(POINTS) - folds(POINTS)) ** 2))) for m in found]
        for name, found in models.items()
    }
    print("network  layers  parameters  error of the best start  median")
    for name, found in models.items():
        layers = len([x for x in found[0].network.layers if isinstance(x, cr.nn.Dense)])
        print(
            f"{name:<9}{layers:6}{found[0].parameters:12}"
            f"{min(errors[name]):25.4f}{np.median(errors[name]):8.4f}"
        )
    print("With as many parameters, folding folds beats adding bumps.")
    best = {name: found[int(np.argmin(errors[name]))] for name, found in models.items()}
    draw(folder, best, errors)
    return {"errors": errors, "parameters": {n: f[0].parameters for n, f in models.items()}}


if __name__ == "__main__":
    main(*sys.argv[1:2])
