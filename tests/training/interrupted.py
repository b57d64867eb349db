"""A run that would take hours, for the test that sends it Ctrl-C: `interrupted.py ENGINE MANY`."""

import json
import sys
import time

import numpy as np

import chainrule as cr
from chainrule import nn

random = np.random.default_rng(0)
rows, width, batch = (20_000, 512, 256) if sys.argv[2] == "large" else (500, 16, 10)
X = random.normal(size=(rows, 20))
y = X[:, 0] + random.normal(size=rows)
told = []


def tell(progress: cr.Progress) -> None:
    """Say once that training is under way."""
    if not told and progress.epoch >= 1:
        told.append(True)
        print("training", flush=True)


model = cr.fit(
    cr.Network([nn.Dense(width), nn.Tanh(), nn.Dense(width), nn.Tanh(), nn.Dense(1)]),
    X, y, loss="mse", epochs=10**7, batch_size=batch, validation=0.2, engine=sys.argv[1],
    progress=tell,
)  # fmt: skip
returned = time.time()
loss = float(np.mean((model.predict(X) - y) ** 2))
print(
    json.dumps(
        {
            "returned": returned,
            "stop_reason": model.stop_reason,
            "best_epoch": model.card["best_epoch"],
            "best": min(model.history["validation_loss"]),
            "losses": model.history["validation_loss"][:3],
            "finite": bool(np.isfinite(loss)),
        }
    ),
    flush=True,
)
if sys.argv[2] == "twice":
    print("again", flush=True)
    time.sleep(60)
