"""A run that would take hours, for the test that sends it Ctrl-C: `interrupted.py ENGINE SIZE`."""

import json
import sys
import time

import numpy as np

import chainrule as cr
from chainrule import nn


def main(engine: str, size: str) -> None:
    """Train until interrupted, and print what came of it."""
    random = np.random.default_rng(0)
    rows, width, batch = (20_000, 512, 256) if size == "large" else (500, 16, 10)
    X = random.normal(size=(rows, 20))
    y = X[:, 0] + random.normal(size=rows)
    told = []

    def tell(progress: cr.Progress) -> None:
        if not told and progress.epoch >= 1:
            told.append(True)
            print("training", flush=True)

    model = cr.fit(
        cr.Network([nn.Dense(width), nn.Tanh(), nn.Dense(width), nn.Tanh(), nn.Dense(1)]),
        X, y, loss="mse", epochs=10**7, batch_size=batch, validation=0.2, engine=engine,
        progress=tell,
    )  # fmt: skip
    result = {
        "returned": time.time(),
        "stop_reason": model.stop_reason,
        "best_epoch": model.card["best_epoch"],
        "losses": model.history["validation_loss"],
        "loss": float(np.mean((model.predict(X) - y) ** 2)),
    }
    print(json.dumps(result), flush=True)
    if size == "twice":
        print("again", flush=True)
        time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
