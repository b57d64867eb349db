"""A digit found in a larger picture: which one it is and where, by two heads under two losses."""

import sys
from typing import Any

import numpy as np
from _figure import BLUE, ORANGE, panels, save
from sklearn.datasets import load_digits

import chainrule as cr

SIDE = 32
"""Height and width of a picture; a digit is 8 or 16 pixels high in it."""


def digits() -> tuple[Any, Any]:
    """1,797 handwritten digits of scikit-learn, (rows, 8, 8) from 0 to 1, and their labels."""
    found = load_digits()
    return found.images / 16, found.target


def pictures(images: Any, labels: Any, count: int, seed: int) -> tuple[Any, dict[str, Any]]:
    """Digits drawn once or twice as large somewhere in noise; their labels, and their boxes.

    A box (top, left, bottom, right) goes around the ink, as shares of the side from 0 to 1.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(0.1, 0.12, (count, SIDE, SIDE, 1))
    chosen = rng.integers(0, len(images), count)
    boxes = np.empty((count, 4))
    for picture, box, row in zip(X, boxes, chosen, strict=True):
        digit = np.kron(images[row], np.ones([rng.integers(1, 3)] * 2))
        top, left = rng.integers(0, SIDE - len(digit) + 1, 2)
        picture[top : top + len(digit), left : left + len(digit), 0] += digit
        down, along = (np.flatnonzero((digit > 0.2).any(axis)) for axis in (1, 0))
        box[:] = top + down[0], left + along[0], top + down[-1] + 1, left + along[-1] + 1
    return X.clip(0, 1).astype("float32"), {"class": labels[chosen], "box": boxes / SIDE}


def overlap(one: Any, other: Any) -> Any:
    """Intersection over union of boxes, (rows,): 1 where they are the same, 0 where they part."""
    low, high = np.maximum(one[:, :2], other[:, :2]), np.minimum(one[:, 2:], other[:, 2:])
    shared = (high - low).clip(0).prod(1)
    both = sum((box[:, 2:] - box[:, :2]).clip(0).prod(1) for box in (one, other))
    return shared / (both - shared)


def network() -> cr.Network:
    """What the digit is does not depend on where it is, so the class head sees no places."""
    parts = [
        layer
        for channels in (16, 32, 64)
        for layer in (cr.nn.Conv2D(channels, 3, padding="same"), cr.nn.ReLU(), cr.nn.MaxPool(2))
    ]
    what = cr.Network(
        [cr.nn.Conv2D(128, 3), cr.nn.ReLU(), cr.nn.GlobalPool("max"), cr.nn.Dense(10)]
    )
    where = cr.Network([cr.nn.Flatten(), cr.nn.Dense(64), cr.nn.ReLU(), cr.nn.Dense(4)])
    return cr.Network([*parts, cr.nn.Heads({"class": what, "box": where})])


def draw(folder: str, X: Any, truth: Any, found: Any, shown: int = 6) -> None:
    figure, axes = panels(shown, width=1.9, height=2.2)
    for i, axis in enumerate(axes):
        axis.imshow(X[i, :, :, 0], cmap="gray_r", extent=(0, 1, 1, 0))
        for boxes, color in ((truth["box"], ORANGE), (found["box"], BLUE)):
            top, left, bottom, right = boxes[i]
            corners = [left, right, right, left, left], [top, top, bottom, bottom, top]
            axis.plot(*corners, color=color, lw=1.6)
        axis.set_title(f"{found['class'][i]} (is {truth['class'][i]})")
        axis.set(xlim=(0, 1), ylim=(1, 0))
        axis.axis("off")
    figure.suptitle("Orange: where it is. Blue: where the network finds it.", fontsize=10)
    save(figure, folder, "digit_in_picture")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    images, labels = digits()
    count, epochs = (1500, 6) if quick else (8000, 15)
    X, y = pictures(images[:1300], labels[:1300], count, seed=0)
    model = cr.fit(
        network(), X, y, loss={"class": "cross_entropy", "box": "huber"},
        loss_weights={"box": 5.0}, optimizer=cr.optim.Adam(cr.optim.Cosine(3e-3)),
        epochs=epochs, batch_size=32,
    )  # fmt: skip
    new, truth = pictures(images[1300:], labels[1300:], 200 if quick else 1000, seed=1)
    found = model.predict(new)
    everywhere = np.tile(y["box"].mean(0), (len(new), 1))
    scores = {
        "right": np.mean(found["class"] == truth["class"]),
        "overlap": overlap(found["box"], truth["box"]).mean(),
        "overlap above a half": np.mean(overlap(found["box"], truth["box"]) > 0.5),
    }
    most = np.bincount(truth["class"]).max() / len(new)
    plain = overlap(everywhere, truth["box"])
    print(f"{len(new):5,} new pictures of digits never seen     network   always the same answer")
    print(f"digits named rightly                       {scores['right']:8.3f}{most:25.3f}")
    print(
        f"boxes: mean intersection over union        {scores['overlap']:8.3f}{plain.mean():25.3f}"
    )
    half = scores["overlap above a half"]
    print(f"boxes: share above one half                {half:8.3f}{np.mean(plain > 0.5):25.3f}")
    draw(folder, new, truth, found)
    return {**scores, "most": most, "plain": plain.mean()}


if __name__ == "__main__":
    main(*sys.argv[1:2])
