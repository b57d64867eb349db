"""The steering angle from a picture of the road, drawn in perspective, by convolution."""

import sys
from typing import Any

import numpy as np
from _figure import BLUE, ORANGE, panels, save
from sklearn.linear_model import RidgeCV

import chainrule as cr

HEIGHT, WIDTH = 32, 64
FOCUS, CAMERA, AXLES, AHEAD = 64, 1.3, 2.7, 12
"""Focal length in pixels; in meters: height of the camera, distance of the axles, where to aim."""


def center(road: Any, distance: Any) -> Any:
    """How far right of the car the middle of the lane is, in meters, so many meters ahead."""
    return road["shift"] + road["heading"] * distance + road["curvature"] * distance**2 / 2


def angle(road: Any) -> Any:
    """The wheels' angle in degrees, right above 0: an arc to the lane's middle 12 m ahead.

    Pure pursuit (Coulter 1992): its curvature is 2 · sideways / distance².
    """
    sideways = center(road, AHEAD)
    return np.degrees(np.arctan(2 * AXLES * sideways / (sideways**2 + AHEAD**2)))


def rows_of(horizon: float) -> tuple[Any, Any]:
    """Row numbers (at half pixels too) below the horizon, and how far ahead they lie."""
    rows = np.arange(0.25, HEIGHT, 0.5)
    below = rows[rows > horizon + 0.5]
    return below, FOCUS * CAMERA / (below - horizon)


def drawn(road: Any, rng: np.random.Generator) -> Any:
    """One picture (32, 64): lane, its lines, verge, sky, a shadow, other light, noise."""
    sky, verge, lane, line = rng.uniform((0.6, 0.15, 0.3, 0.65), (0.95, 0.55, 0.5, 0.95))
    horizon, width = rng.uniform(9, 13), rng.uniform(3, 4)
    rows, distance = rows_of(horizon)
    columns = np.arange(0.25, WIDTH, 0.5) - WIDTH / 2
    sideways = columns * distance[:, None] / FOCUS - center(road, distance)[:, None]
    edge = np.abs(np.abs(sideways) - width / 2)
    ground = np.where(np.abs(sideways) < width / 2, lane, verge)
    dashed = (edge < 0.12) & ((sideways < 0) | (distance[:, None] % 8 < 5))
    ground = np.where(dashed, line, ground)
    near = rng.uniform(5, 30)
    shade = (distance > near) & (distance < near * rng.uniform(1, 1.6))
    ground = ground * np.where(shade, rng.uniform(0.4, 0.8), 1)[:, None]
    full = np.full((2 * HEIGHT, 2 * WIDTH), sky)
    full[-len(rows) :] = ground
    picture = full.reshape(HEIGHT, 2, WIDTH, 2).mean((1, 3))
    return picture * rng.uniform(0.6, 1.1) + rng.normal(0, 0.06, picture.shape)


def roads(count: int, seed: int) -> tuple[Any, Any]:
    """Pictures (count, 32, 64, 1) and the angle for each, in degrees."""
    rng = np.random.default_rng(seed)
    most = {"shift": 1.0, "heading": 0.12, "curvature": 0.03}
    drawings, angles = np.empty((count, HEIGHT, WIDTH, 1), "float32"), np.empty(count)
    for i in range(count):
        road = {name: rng.uniform(-limit, limit) for name, limit in most.items()}
        drawings[i, :, :, 0], angles[i] = drawn(road, rng).clip(0, 1), angle(road)
    return drawings, angles


def network() -> cr.Network:
    """Steps of 2 in place of pooling: where a line lies is what matters."""
    parts = [
        layer
        for width in (16, 32, 64)
        for layer in (cr.nn.Conv2D(width, 3, stride=2, padding="same"), cr.nn.ReLU())
    ]
    return cr.Network([*parts, cr.nn.Flatten(), cr.nn.Dense(64), cr.nn.ReLU(), cr.nn.Dense(1)])


def arc(degrees: float, horizon: float = 11) -> tuple[Any, Any]:
    """Where the way of a car with this angle lies in a picture: columns and rows."""
    rows, distance = rows_of(horizon)
    near = distance < 2 * AHEAD
    bend = np.tan(np.radians(degrees)) / AXLES
    return (WIDTH / 2 + FOCUS * bend * distance / 2)[near], rows[near]


def draw(folder: str, X: Any, truth: Any, found: Any, shown: int = 5) -> None:
    figure, axes = panels(shown, width=2.4, height=1.9)
    chosen = np.argsort(truth)[np.linspace(0, len(truth) - 1, shown).astype(int)]
    for i, axis in zip(chosen, axes, strict=True):
        axis.imshow(X[i, :, :, 0], cmap="gray", vmin=0, vmax=1, extent=(0, WIDTH, HEIGHT, 0))
        axis.plot(*arc(truth[i]), color=ORANGE, lw=2.4)
        axis.plot(*arc(found[i]), color=BLUE, lw=2.4, ls="--")
        axis.set_title(f"{found[i]:+.1f}° (is {truth[i]:+.1f}°)", fontsize=10)
        axis.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axis.axis("off")
    figure.suptitle("Orange: the arc to drive. Blue: the network's.", fontsize=10)
    save(figure, folder, "steering")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    count, epochs = (1000, 10) if quick else (6000, 20)
    X, y = roads(count, seed=0)
    new, truth = roads(300 if quick else 2000, seed=1)
    model = cr.fit(
        network(), X, y, loss="mse", optimizer=cr.optim.Adam(cr.optim.OneCycle(3e-3)),
        epochs=epochs, batch_size=32,
    )  # fmt: skip
    flat, flat_new = (pictures.reshape(len(pictures), -1) for pictures in (X, new))
    linear = RidgeCV(np.logspace(0, 5, 11)).fit(flat, y)
    guesses = {
        "always the mean": np.full(len(new), y.mean()),
        "linear model": linear.predict(flat_new),
        "convolutional network": model.predict(new),
    }
    errors = {name: guess - truth for name, guess in guesses.items()}
    rmse = {name: float(np.sqrt(np.mean(error**2))) for name, error in errors.items()}
    print(f"{len(new):,} roads never seen; the angle is {truth.std():.2f}° about its mean")
    for name, error in errors.items():
        print(
            f"{name:22} off by {rmse[name]:.2f}° (root mean square), "
            f"by less than {np.quantile(np.abs(error), 0.95):.2f}° on 19 roads of 20"
        )
    draw(folder, new, truth, guesses["convolutional network"])
    return rmse


if __name__ == "__main__":
    main(*sys.argv[1:2])
