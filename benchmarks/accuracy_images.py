"""How well the examples' convolutional networks do on 60,000 images, how fast, in what memory.

    python -m benchmarks.accuracy_images             # three seeds of each; half an hour
    python -m benchmarks.accuracy_images --seeds 1 --data mnist
    python -m benchmarks.accuracy_images --write docs/benchmarks-images.md

MNIST is learnt as `examples/handwritten_digits.py` does, Fashion-MNIST as
`examples/fashion_images.py`. Every run is a process of its own, so its peak memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import DataUnavailableError, fetch
from benchmarks.environment import facts
from benchmarks.report import table

sys.path.append(str(Path(__file__).parents[1] / "examples"))

import fashion_images
import handwritten_digits
from _data import images

SEEDS, EPOCHS, BATCH = 3, 10, 128
LEAST_RIGHT = {"mnist": 99.2, "fashion_mnist": 92.5}
MOST_SECONDS, MOST_MEGABYTES = 360, 1500
NETWORKS = {
    "mnist": handwritten_digits.convolutional,
    "fashion_mnist": fashion_images.network,
}
TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}


@dataclass(frozen=True)
class Run:
    """One seed: percent right of 10,000 test images, seconds of `fit`, megabytes at the peak."""

    right: float
    seconds: float
    megabytes: float


def run(name: str, seed: int, epochs: int) -> Run:
    """Train and test in this process; the seconds hold compiling, the peak all it ever held."""
    x, y, test, truth = images(name)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X holds uint8 pictures")
        model = handwritten_digits.learn(NETWORKS[name](), x, y, epochs, BATCH, seed)
    seconds = time.perf_counter() - start
    right = 100 * float(np.mean(model.predict(test) == truth))
    return Run(right, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def in_a_process(name: str, seed: int, epochs: int) -> Run:
    command = [sys.executable, "-m", "benchmarks.accuracy_images", "--one", name, str(seed)]
    done = subprocess.run(
        [*command, "--epochs", str(epochs)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit((done.stderr.strip().splitlines() or ["A run ended without a word."])[-1])
    values: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return Run(**values)


def row(name: str, runs: list[Run]) -> tuple[str, ...]:
    """Mean and spread over the seeds; the slowest run and the largest count."""
    right = np.array([one.right for one in runs])
    seconds, megabytes = max(one.seconds for one in runs), max(one.megabytes for one in runs)
    bars = (
        right.mean() >= LEAST_RIGHT[name], seconds < MOST_SECONDS, megabytes < MOST_MEGABYTES,
    )  # fmt: skip
    return (
        TITLES[name], f"{right.mean():.2f}", f"{right.min():.2f} to {right.max():.2f}",
        str(len(runs)), f"≥ {LEAST_RIGHT[name]}", f"{seconds:.0f}", f"< {MOST_SECONDS}",
        f"{megabytes:,.0f}", f"< {MOST_MEGABYTES:,}", "yes" if all(bars) else "no",
    )  # fmt: skip


HEADS = (
    "images", "% right", "spread", "seeds", "asked", "most seconds", "asked", "most MB", "asked",
    "met",
)  # fmt: skip
PAGE = """\
# How well networks do on images

Written by `python -m benchmarks.accuracy_images --write docs/benchmarks-images.md`; do not edit it
by hand.

{table}

60,000 images of 28×28 pixels are learnt in {epochs} epochs, {batch} a step, and 10,000 others
tested once, after the last epoch: no epoch is picked by them. Every seed starts, shuffles, shifts
and drops out anew, in a process of its own; the spread is from the lowest seed to the highest.
Seconds are those of `fit`, with compiling; of seconds and of memory the worst seed counts. The
networks are those of `examples/handwritten_digits.py` and `examples/fashion_images.py`.

## Machine and versions

{machine}
"""


def settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Accuracy on 60,000 images.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"at least 1 ({SEEDS})")
    parser.add_argument("--data", default=",".join(LEAST_RIGHT), help="data sets, by commas")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"at least 1 ({EPOCHS})")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the page")
    parser.add_argument("--one", nargs=2, metavar=("DATA", "SEED"), help="one run, as JSON")
    chosen = parser.parse_args()
    chosen.data = chosen.data.split(",")
    if min(chosen.seeds, chosen.epochs) < 1 or not set(chosen.data) <= set(LEAST_RIGHT):
        parser.error(
            "--seeds and --epochs must be at least 1, and --data some of " + ", ".join(LEAST_RIGHT)
        )
    return chosen


def main() -> None:
    """Measures what is asked, prints each line as it is known, and writes the page."""
    chosen = settings()
    rows = []
    try:
        if chosen.one:
            name, seed = chosen.one
            print(json.dumps(asdict(run(name, int(seed), chosen.epochs))))
            return
        for name in chosen.data:
            fetch(name)
            runs = [in_a_process(name, seed, chosen.epochs) for seed in range(chosen.seeds)]
            rows.append(row(name, runs))
            print(" | ".join(rows[-1]), flush=True)
    except DataUnavailableError as error:
        sys.exit(str(error))
    if chosen.write:
        shown = table(HEADS, rows, 1)
        text = PAGE.format(table=shown, epochs=chosen.epochs, batch=BATCH, machine=facts())
        chosen.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
