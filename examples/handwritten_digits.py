"""Handwritten digits by a convolutional network, a dense one, and logistic regression.

python examples/handwritten_digits.py            # 1,797 digits of 8×8 pixels, in scikit-learn
python examples/handwritten_digits.py --mnist    # 70,000 of 28×28; minutes, fetched when first used
"""

import argparse
from typing import Any

import numpy as np
from _data import images
from _figure import BLUE, grid, panels, save
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import chainrule as cr


def small() -> tuple[Any, Any, Any, Any]:
    """The 8×8 digits from 0 to 1, (rows, 8, 8, 1): 1,257 to learn from, 540 held out."""
    found = load_digits()
    pixels = found.images[..., None] / 16
    X, new, y, truth = train_test_split(
        pixels, found.target, test_size=0.3, stratify=found.target, random_state=0
    )
    return X, y, new, truth


def convolutional(widths: tuple[int, ...] = (32, 64)) -> cr.Network:
    """Strokes, then parts of digits; shifted a little, a digit is the same digit."""
    parts = [
        layer
        for width in widths
        for layer in (cr.nn.Conv2D(width, 3, padding="same"), cr.nn.ReLU(), cr.nn.MaxPool(2))
    ]
    return cr.Network(
        [
            cr.nn.RandomShift(1), *parts, cr.nn.Flatten(), cr.nn.Dropout(0.25),
            cr.nn.Dense(128), cr.nn.ReLU(), cr.nn.Dropout(0.4), cr.nn.Dense(10),
        ]
    )  # fmt: skip


def dense() -> cr.Network:
    hidden = [layer for _ in range(2) for layer in (cr.nn.Dense(128), cr.nn.ReLU())]
    return cr.Network([cr.nn.Flatten(), *hidden, cr.nn.Dense(10)])


def learn(network: cr.Network, X: Any, y: Any, epochs: int, batch: int, seed: int = 0) -> cr.Model:
    """Up to a rate of 0.003 and down again: few epochs suffice."""
    return cr.fit(
        network, X, y, loss="cross_entropy", optimizer=cr.optim.Adam(cr.optim.OneCycle(3e-3)),
        epochs=epochs, batch_size=batch, seed=seed,
    )  # fmt: skip


def draw(folder: str, rights: dict[str, float], new: Any, truth: Any, found: Any) -> None:
    figure, (left, right) = panels(2, width=4.4, height=2.9)
    names = list(rights)
    left.barh(names[::-1], [100 * (1 - rights[name]) for name in names[::-1]], color=BLUE)
    left.set(title="Mistakes on digits never seen", xlabel="percent")
    wrong = np.flatnonzero(found != truth)[:15]
    titles = [f"{found[i]} (is {truth[i]})" for i in wrong]
    grid(right, new[wrong, :, :, 0], columns=5, titles=titles, cmap="gray_r")
    right.set_title("Those of the convolutional network")
    save(figure, folder, "handwritten_digits")


def main(folder: str = "figures", quick: bool = False, mnist: bool = False) -> dict[str, Any]:
    X, y, new, truth = images("mnist") if mnist else small()
    epochs, batch = (10, 128) if mnist else (20 if quick else 40, 32)
    networks = {
        "convolutional": convolutional((32, 64) if mnist else (16, 32)),
        "dense": dense(),
        "logistic regression": cr.Network([cr.nn.Flatten(), cr.nn.Dense(10)]),
    }
    models = {name: learn(network, X, y, epochs, batch) for name, network in networks.items()}
    found = {name: model.predict(new) for name, model in models.items()}
    rights = {name: float(np.mean(guess == truth)) for name, guess in found.items()}
    print(f"{len(X):,} digits to learn from, {len(new):,} others to test")
    for name, model in models.items():
        print(f"{name:20} {model.parameters:8,} parameters {100 * rights[name]:8.2f} % right")
    draw(folder, rights, new, truth, found["convolutional"])
    return {"rights": rights, "tested": len(new)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Handwritten digits by three networks.")
    parser.add_argument("folder", nargs="?", default="figures")
    parser.add_argument("--mnist", action="store_true", help="70,000 digits of 28×28 pixels")
    asked = parser.parse_args()
    main(asked.folder, mnist=asked.mnist)
