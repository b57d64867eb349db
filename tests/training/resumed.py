"""A run of a second or two that goes on where it was killed: `resumed.py CHECKPOINT ENGINE`."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule import nn
from tests.training.bits import fingerprint


def train(engine: str, **kept: Any) -> str:
    """The fingerprint of the run."""
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 20))
    y = X[:, 0] + random.normal(size=300)
    model = cr.fit(
        cr.Network([nn.Dense(32), nn.Tanh(), nn.Dropout(0.1), nn.Dense(1)]), X, y, loss="mse",
        epochs=100 if engine == "numpy" else 3000, batch_size=8, validation=0.2, engine=engine,
        **kept,
    )  # fmt: skip
    return fingerprint(model)


def main(path: str, engine: str) -> None:
    """Go on from the checkpoint, if there is one, and print the fingerprint."""
    found = train(engine, checkpoint=Path(path), checkpoint_every="0s", resume=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what follows is the end of Python
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
