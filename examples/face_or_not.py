"""Face or no face: 200 pictures of 25×25 pixels, what so few can show, and a shortcut in them."""

import sys
from typing import Any

import numpy as np
from _data import load
from _figure import BLACK, BLUE, GRAY, grid, panels, save
from scipy.stats import binomtest
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

import chainrule as cr


def faces() -> tuple[Any, Any]:
    """Pictures (200, 25, 25, 1) from 0 to 1 of scikit-image, half of them faces, and which are."""
    found = load("faces")
    return found["x"][..., None], found["y"]


def stand_in() -> tuple[Any, Any]:
    """Zeros among other digits, as large as the pictures: for tests, which fetch nothing."""
    found = load_digits()
    zeros, others = (np.flatnonzero((found.target == 0) == wanted)[:100] for wanted in (1, 0))
    chosen = np.concatenate([zeros, others])
    large = np.kron(found.images[chosen] / 16, np.ones((1, 3, 3)))
    return np.pad(large, ((0, 0), (0, 1), (0, 1)))[..., None], np.repeat([1, 0], 100)


def convolutional() -> cr.Network:
    """Faces may be mirrored and moved a little: 200 pictures become many."""
    parts = [
        layer
        for width in (16, 32)
        for layer in (cr.nn.Conv2D(width, 3, padding="same"), cr.nn.ReLU(), cr.nn.MaxPool(2))
    ]
    return cr.Network(
        [
            cr.nn.RandomFlip(), cr.nn.RandomShift(2), *parts, cr.nn.Flatten(),
            cr.nn.Dropout(0.3), cr.nn.Dense(32), cr.nn.ReLU(), cr.nn.Dense(1),
        ]
    )  # fmt: skip


def logistic() -> cr.Network:
    return cr.Network([cr.nn.Flatten(), cr.nn.Dense(1)])


def unseen(network: cr.Network, X: Any, y: Any, epochs: int, folds: int) -> Any:
    """How probable a face is in each picture, by a network that was fitted without it (rows,)."""
    found = np.empty(len(y))
    for kept, held in StratifiedKFold(folds, shuffle=True, random_state=0).split(X, y):
        model = cr.fit(
            network, X[kept], y[kept], loss="binary_cross_entropy", batch_size=16,
            optimizer=cr.optim.Adam(cr.optim.OneCycle(3e-3)), epochs=epochs,
        )  # fmt: skip
        found[held] = model.predict_proba(X[held])[:, -1]
    return found


def no_black(X: Any, y: Any) -> Any:
    """The shortcut: many of the others are cut out slantwise, and what is left over is black."""
    return ((X <= 0.005).mean((1, 2, 3)) < 0.01).astype(float)


def interval(right: Any) -> tuple[float, float]:
    """95 % for the share that is right among all such pictures (Wilson 1927)."""
    found = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def draw(folder: str, scores: dict[str, Any], X: Any, y: Any, chance: Any) -> None:
    figure, (left, right) = panels(2, width=4.6, height=3.4)
    names = list(scores)[::-1]
    for i, name in enumerate(names):
        value, low, high = scores[name]
        left.plot([100 * low, 100 * high], [i, i], color=BLACK, lw=1.2)
        left.plot(100 * value, i, "o", color=BLUE)
    left.axvline(50, color=GRAY, lw=1, ls=":")
    left.set_yticks(range(len(names)), names)
    left.set(title="Right, with what 200 rows leave open", xlabel="percent", ylim=(-0.6, 2.6))
    hardest = np.argsort(np.abs(chance - y))[::-1][:15]
    titles = [f"{100 * chance[i]:.0f} % ({'face' if y[i] else 'none'})" for i in hardest]
    grid(right, X[hardest, :, :, 0], columns=5, titles=titles, cmap="gray", vmin=0, vmax=1)
    right.set_title("Hardest pictures: chance of a face")
    save(figure, folder, "face_or_not")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    X, y = stand_in() if quick else faces()
    epochs, folds = (3, 3) if quick else (40, 10)
    chances = {
        "convolutional": unseen(convolutional(), X, y, epochs, folds),
        "logistic regression": unseen(logistic(), X, y, epochs, folds),
        "no black pixels": no_black(X, y),
    }
    scores = {}
    print(f"{len(y)} pictures, each judged by a network fitted without it ({folds} folds)")
    for name, chance in chances.items():
        right = (chance > 0.5) == y
        scores[name] = (right.mean(), *interval(right))
        value, low, high = (100 * part for part in scores[name])
        print(f"{name:20} {value:5.1f} % right, 95 % interval {low:.1f} to {high:.1f}")
    draw(folder, scores, X, y, chances["convolutional"])
    return scores


if __name__ == "__main__":
    main(*sys.argv[1:2])
