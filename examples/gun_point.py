"""A series classified: does a hand draw a gun or only point a finger? A convolution along time."""

import sys
from typing import Any

import numpy as np
from _data import load
from _figure import BLUE, FROM_ORANGE_TO_BLUE, GRAY, ORANGE, panels, save

import chainrule as cr

NAMES = {"1": "gun", "2": "finger"}


def network() -> cr.Network:
    """Three convolutions, each looking at twice as long a part, and the mean of what they found."""
    layers = [
        layer
        for filters, kernel in ((16, 15), (32, 9), (32, 5))
        for layer in (cr.nn.Conv1D(filters, kernel, stride=2, padding="same"), cr.nn.ReLU())
    ]
    return cr.Network([*layers, cr.nn.GlobalPool(), cr.nn.Dense(2)])


def fit(X: Any, y: Any, seed: int, epochs: int) -> cr.Model:
    return cr.fit(
        network(), X, y, loss="cross_entropy", seed=seed, epochs=epochs, batch_size=16,
        engine="xla", optimizer=cr.optim.Adam(cr.optim.Cosine(5e-3)),
    )  # fmt: skip


def speaks_for(model: cr.Model, X: Any) -> Any:
    """What each eighth step says for a finger and against a gun, (rows, time / 8).

    The last layers are a mean over time and a weight, so the logit is the mean of these numbers
    plus the bias (class activation map: Zhou and others 2016).
    """
    found = X
    context = cr.nn.Context()
    for layer, params, state in zip(
        model.network.layers[:-2], model.params, model.state, strict=False
    ):
        found, _ = layer.apply(params, state, found, context)
    weight = np.asarray(model.params[-1]["weight"])
    return np.asarray(found) @ (weight[:, 1] - weight[:, 0])


def draw(folder: str, X: Any, y: Any, model: cr.Model) -> None:
    figure, (left, right) = panels(2, width=4.6)
    for label, color in zip(NAMES, (ORANGE, BLUE), strict=True):
        lines = left.plot(X[y == label][:8, :, 0].T, color=color, lw=1, alpha=0.7)
        lines[0].set_label(NAMES[label])
    left.set(title="Eight new series of each", xlabel="step", ylabel="height of the hand")
    left.legend()
    rows = [np.flatnonzero(y == label)[0] for label in NAMES]
    spoken = speaks_for(model, X[rows])
    reach = np.abs(spoken).max()
    steps = np.arange(X.shape[1])
    for row, says, name in zip(rows, spoken, NAMES.values(), strict=True):
        right.plot(steps, X[row, :, 0], color=GRAY, lw=0.8)
        dots = right.scatter(
            steps, X[row, :, 0], c=np.interp(steps, np.arange(len(says)) * 8 + 3.5, says), s=16,
            cmap=FROM_ORANGE_TO_BLUE, vmin=-reach, vmax=reach, zorder=2,
        )  # fmt: skip
        right.annotate(name, (steps[-1], X[row, -1, 0]), xytext=(4, 0), textcoords="offset points")
    right.set(title="Which steps speak for what", xlabel="step")
    figure.colorbar(dots, ax=right, label="gun  ←  →  finger")
    save(figure, folder, "gun_point")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    data = load("gun_point")
    X, y, new, truth = (data[name] for name in ("train_x", "train_y", "test_x", "test_y"))
    seeds, epochs = (1, 100) if quick else (5, 200)
    models = [fit(X, y, seed, epochs) for seed in range(seeds)]
    right = np.array([np.mean(model.predict(new) == truth) for model in models])
    distances = ((new[:, None] - X[None]) ** 2).sum((2, 3))
    nearest = np.mean(y[distances.argmin(1)] == truth)
    print(f"Learnt from {len(X)} series of {X.shape[1]} steps; {len(new)} new ones named rightly:")
    print(f"    nearest known series   {100 * nearest:5.1f} %")
    of = f"{right.min():.1%} to {right.max():.1%} over {seeds} seeds" if seeds > 1 else "one seed"
    print(f"    convolution            {100 * right.mean():5.1f} %  ({of})")
    draw(folder, new, truth, models[0])
    return {"right": right, "nearest": nearest, "models": models, "new": new}


if __name__ == "__main__":
    main(*sys.argv[1:2])
