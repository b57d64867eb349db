"""With equal parameters three hidden layers untangle long spirals better than one."""

import sys
from typing import Any

import numpy as np
from _figure import BLACK, BLUE, FROM_ORANGE_TO_BLUE, GRAY, ORANGE, panels, save

import chainrule as cr

SHAPES = {"shallow": [65], "deep": [10, 10, 10]}
TURNS = [1.0, 2.0, 2.5, 3.0]


def spirals(rows: int, turns: float, seed: int) -> tuple[Any, Any]:
    """Points on two spirals wound into each other, and which of the two each lies on."""
    rng = np.random.default_rng(seed)
    spiral = np.arange(rows) % 2
    radius = np.sqrt(rng.uniform(0.02, 1, rows))
    angle = 2 * np.pi * turns * radius + np.pi * spiral
    points = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return 1.5 * points + rng.normal(0, 0.02, (rows, 2)), spiral


def learn(units: list[int], turns: float, start: int) -> tuple[Any, float]:
    """Train on 400 points; the model and the share of 1,000 new points it gets wrong."""
    layers: list[Any] = []
    for count in units:
        # With biases of 0 the bends would all start in one place, which is unfair to the wide one.
        layers += [cr.nn.Dense(count, bias_init=cr.nn.RandomUniform(1.0)), cr.nn.ReLU()]
    model = cr.fit(
        cr.Network([*layers, cr.nn.Dense(1)]),
        *spirals(400, turns, seed=start),
        loss="binary_cross_entropy",
        optimizer=cr.optim.Adam(learning_rate=cr.optim.Cosine(0.02)),
        batch_size=None,
        epochs=1000,
        seed=start,
    )
    X, y = spirals(1000, turns, seed=1000 + start)
    return model, float(np.mean(model.predict(X) != y))


def draw(folder: str, models: dict[str, Any], turns: list[float], errors: Any) -> None:
    figure, axes = panels(3)
    side = np.linspace(-1.7, 1.7, 201)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    X, y = spirals(400, turns[-1], seed=0)
    for plot, (name, model) in zip(axes, models.items(), strict=False):
        chance = model.predict_proba(grid)[:, 1].reshape(201, 201)
        plot.contourf(side, side, chance, levels=np.linspace(0, 1, 21), cmap=FROM_ORANGE_TO_BLUE)
        for spiral, color, mark in (0, ORANGE, "o"), (1, BLUE, "^"):
            plot.scatter(*X[y == spiral].T, s=12, c=color, marker=mark, ec=BLACK, lw=0.4)
        widths = " + ".join(str(units) for units in SHAPES[name])
        plot.set(title=f"{name.capitalize()}: {widths} hidden units", aspect="equal")
        plot.set(xlabel="first feature", ylabel="second feature", xticks=[-1, 0, 1])
        plot.set(yticks=[-1, 0, 1])
    for name, color, style in ("shallow", GRAY, "s--"), ("deep", BLUE, "o-"):
        axes[2].plot(turns, 100 * np.mean(errors[name], axis=1), style, color=color, label=name)
    axes[2].set(title="Mean error on new points", xlabel="turns of the spirals", xticks=turns)
    axes[2].set(ylabel="wrong (%)")
    axes[2].legend(loc="upper left")
    save(figure, folder, "shallow_deep")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    turns, starts = ([1.0, 2.5], range(2)) if quick else (TURNS, range(3))
    runs = {
        name: [[learn(units, turn, start) for start in starts] for turn in turns]
        for name, units in SHAPES.items()
    }
    models = {name: found[-1][0][0] for name, found in runs.items()}
    errors = {name: [[e for _, e in row] for row in found] for name, found in runs.items()}
    print("wrong on new points, turns:" + "".join(f"{turn:8.1f}" for turn in turns))
    for name, model in models.items():
        print(f"{name:>8}, {model.parameters} parameters ", end="")
        print("".join(f"{np.mean(found):8.1%}" for found in errors[name]))
    print("Both learn the easy spirals; on the long ones depth is worth more than width.")
    draw(folder, models, turns, errors)
    return {"parameters": [m.parameters for m in models.values()], "errors": errors}


if __name__ == "__main__":
    main(*sys.argv[1:2])
