"""Clothes told apart, and what a convolutional network looks at: edges first, parts later.

Fetches Fashion-MNIST (Xiao, Rasul, Vollgraf 2017) when first used; minutes.
"""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
from _data import images
from _figure import grid, panels, save
from handwritten_digits import learn
from sklearn.datasets import load_digits

import chainrule as cr

NAMES = (
    "T-shirt", "trousers", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
WIDTHS = (32, 64, 128)


def stand_in() -> tuple[Any, Any, Any, Any]:
    """scikit-learn's digits as large as clothes: for tests, which fetch nothing."""
    found = load_digits()
    large = np.kron(found.images[:500] / 16, np.ones((1, 3, 3)))
    large = np.pad(large, ((0, 0), (2, 2), (2, 2)))[..., None].astype("float32")
    return large[:400], found.target[:400], large[400:], found.target[400:500]


def network() -> cr.Network:
    """Three blocks of convolution, each seeing wider; a shoe may point either way."""
    blocks = [
        layer
        for width in WIDTHS
        for layer in (
            cr.nn.Conv2D(width, 3, padding="same"), cr.nn.BatchNorm(), cr.nn.ReLU(),
            cr.nn.MaxPool(2),
        )
    ]  # fmt: skip
    return cr.Network(
        [
            cr.nn.RandomFlip(), *blocks, cr.nn.Flatten(), cr.nn.Dropout(0.3),
            cr.nn.Dense(128), cr.nn.ReLU(), cr.nn.Dropout(0.3), cr.nn.Dense(10),
        ]
    )  # fmt: skip


def maps(model: cr.Model, X: Any, block: int) -> Any:
    """What a block's filters answer before pooling: (rows, height, width, filters)."""
    count = 4 * block  # RandomFlip, and four layers a block of which the pooling is left off
    front = cr.Network(model.network.layers[:count])
    return replace(
        model, network=front, params=model.params[:count], state=model.state[:count]
    ).outputs(X)


def strongest(model: cr.Model, X: Any, filters: int, shown: int) -> list[Any]:
    """For each of the third block's most selective filters, the parts of pictures it likes best.

    Its window is 18 pixels wide: 3, twice that and 2 more (8), twice that and 2 more (18).
    """
    answers = maps(model, X, 3)
    best = answers.max((1, 2))
    chosen = np.argsort(best.max(0) / (best.mean(0) + 1e-6))[::-1]
    around = np.pad(X[..., 0], ((0, 0), (9, 9), (9, 9)))
    found = []
    for channel in [i for i in chosen if best[:, i].max() > np.median(best.max(0))][:filters]:
        for row in np.argsort(best[:, channel])[::-1][:shown]:
            at = answers[row, :, :, channel].argmax()
            top, left = (4 * int(i) + 2 for i in divmod(at, answers.shape[2]))
            found.append(around[row, top : top + 18, left : left + 18])
    return found


def draw(folder: str, model: cr.Model, X: Any, y: Any) -> None:
    figure, (weights, early, late) = panels(3, width=4, height=3.6)
    filters = np.moveaxis(model.params[1]["weight"][:, :, 0], -1, 0)
    largest = np.abs(filters).max()
    grid(weights, filters, columns=8, cmap="PuOr", vmin=-largest, vmax=largest)
    weights.set_title("First block: all 32 filters")
    shoe = X[np.flatnonzero(y == 9)[:1]]
    strengths = np.moveaxis(maps(model, shoe, 1)[0], -1, 0)
    clearest = np.argsort(strengths.std((1, 2)))[::-1][:15]
    grid(early, [shoe[0, :, :, 0], *strengths[clearest]], columns=4, cmap="gray_r")
    early.set_title("A picture, and edges found in it")
    grid(late, strongest(model, X[:2000], filters=6, shown=6), columns=6, cmap="gray_r")
    late.set_title("Third block: parts six filters seek")
    save(figure, folder, "fashion_images")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    X, y, new, truth = stand_in() if quick else images("fashion_mnist")
    epochs, batch = (5, 25) if quick else (10, 128)
    model = learn(network(), X, y, epochs, batch)
    found = model.predict(new)
    right = float(np.mean(found == truth))
    print(f"{len(X):,} pictures to learn from, {len(new):,} others: {100 * right:.2f} % right")
    if not quick:
        for i, name in enumerate(NAMES):
            taken = np.bincount(found[(truth == i) & (found != i)], minlength=10)
            share = np.mean(found[truth == i] == i)
            print(f"{name:10} {100 * share:5.1f} % found, else taken for {NAMES[taken.argmax()]}")
    draw(folder, model, new, truth)
    return {"right": right, "tested": len(new)}


if __name__ == "__main__":
    main(*sys.argv[1:2])
