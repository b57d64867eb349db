"""What keeping a run on disk costs, and how fast a second run starts: `make bench-checkpoint`.

A checkpoint's own time is measured as the time that frequent ones add to a run, and told as a share
of the 30 seconds between two by default. Starts are those of whole processes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule import nn

CASES: dict[str, tuple[list[int], int, int]] = {
    "30-64-32-1": ([30, 64, 32, 1], 2000, 400),
    "784-512-256-10": ([784, 512, 256, 10], 6400, 10),
    "1024-2048-2048-10": ([1024, 2048, 2048, 10], 2048, 4),
}
"""Sizes, rows and epochs."""

ROUNDS = 5
TABLE = Path(__file__).parent.parent / "examples" / "data" / "penguins.csv"

STARTS = """
import sys, time
began = float(sys.argv[1])
from chainrule.cli import main, progress
def first(progress_of_run):
    print("first", time.time() - began, flush=True)
    progress.describe = lambda p: ""
    return ""
progress.describe = first
progress.QUIET_SECONDS = 0.0
main(sys.argv[2:])
print("done", time.time() - began)
"""


def train(sizes: list[int], rows: int, epochs: int, **kept: Any) -> float:
    """Seconds of a run."""
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, sizes[0])).astype("float32")
    y = random.normal(size=(rows, sizes[-1])).astype("float32")
    layers: list[Any] = []
    for units in sizes[1:-1]:
        layers += [nn.Dense(units), nn.ReLU()]
    network = cr.Network([*layers, nn.Dense(sizes[-1])])
    began = time.perf_counter()
    cr.fit(network, X, y, loss="mse", epochs=epochs, batch_size=128, engine="xla", **kept)
    return time.perf_counter() - began


def costs() -> Iterator[str]:
    """For each case the time of a checkpoint and its share of 30 seconds."""
    for name, (sizes, rows, epochs) in CASES.items():
        train(sizes, rows, 1)
        with tempfile.TemporaryDirectory() as folder:
            added = []
            every = max(1, epochs // 4)
            kept = {"checkpoint": Path(folder, "run"), "checkpoint_every": every}
            for _ in range(ROUNDS):
                plain = train(sizes, rows, epochs, callbacks=[lambda p: None])
                written = train(sizes, rows, epochs, callbacks=[lambda p: None], **kept)
                added.append((written - plain) / (epochs // every))
            size = Path(folder, "run").stat().st_size / 1e6
        each = statistics.median(added)
        yield (
            f"{name}: a checkpoint of {size:.1f} MB takes {each * 1e3:.1f} ms, "
            f"{each / 30:.3%} of the 30 s between two"
        )


def starts(*typed: str) -> Iterator[str]:
    """Seconds to the first sign of training of a first and of further processes."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": folder}
        for run in range(4):
            out = ["--out", str(Path(folder, "model.safetensors")), "--force", "--no-baselines"]
            made = subprocess.run(
                [sys.executable, "-c", STARTS, str(time.time()), "train", str(TABLE),
                 "--target", "species", *typed, *out],
                capture_output=True, text=True, check=True, env=environment,
            )  # fmt: skip
            told = [line for line in (made.stdout + made.stderr).splitlines() if "first " in line]
            ended = [line for line in made.stdout.splitlines() if line.startswith("done ")]
            first = float(told[0].split()[1]) if told else float("nan")
            yield (
                f"{' '.join(typed) or 'train'}, process {run + 1}: first progress after "
                f"{first:.2f} s, done after {float(ended[0].split()[1]):.2f} s"
            )


def main() -> None:
    for line in costs():
        print(line, flush=True)
    for line in starts():
        print(line, flush=True)
    for line in starts("--engine", "xla", "--folds", "0"):
        print(line, flush=True)


if __name__ == "__main__":
    main()
