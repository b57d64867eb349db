"""1,797 handwritten digits grouped without labels: by their pixels, and by an autoencoder's code.

python -m examples.clustering.digits
"""

from typing import Any

import numpy as np
from sklearn.datasets import load_digits

import chainrule as cr
from chainrule.clustering import adjusted_rand
from chainrule.estimators import HierarchicalClustering, KMeans

SEEDS = 5
CODE = 10


def codes(pixels: Any, seed: int, epochs: int) -> Any:
    """What the narrow layer of an autoencoder makes of each image, (rows, CODE)."""
    head = [cr.nn.Dense(128), cr.nn.ReLU(), cr.nn.Dense(CODE)]
    tail = [cr.nn.Dense(128), cr.nn.ReLU(), cr.nn.Dense(pixels.shape[1])]
    model = cr.fit(
        cr.Network([*head, *tail]), pixels, pixels, loss="mse",
        optimizer=cr.optim.Adam(2e-3), epochs=epochs, batch_size=64, seed=seed,
    )  # fmt: skip
    encoder = cr.Network(head)
    return encoder.apply(model.params[: len(head)], model.state[: len(head)], pixels)[0]


def main(epochs: int = 60) -> dict[str, list[float]]:
    images, digits = load_digits(return_X_y=True)
    pixels = (images / 16).astype("float32")
    found: dict[str, list[float]] = {}
    for seed in range(SEEDS):
        inputs = {"pixels": pixels, "code": codes(pixels, seed, epochs)}
        for name, x in inputs.items():
            for method in (KMeans(10, n_init=5, random_state=seed), HierarchicalClustering(10)):
                score = adjusted_rand(digits, method.fit(np.asarray(x)).labels_)
                found.setdefault(f"{type(method).__name__} of {name}", []).append(score)
    print(f"Adjusted Rand index beside the true digits, mean of {SEEDS} seeds (from, to)")
    for name, scores in found.items():
        print(f"  {name:<34} {np.mean(scores):.3f} ({min(scores):.3f}, {max(scores):.3f})")
    return found


if __name__ == "__main__":
    main()
