"""How well networks do on series: classified, of different lengths, and told ahead in time.

    python -m benchmarks.accuracy_series             # five seeds of each; minutes
    python -m benchmarks.accuracy_series --seeds 1 --data gun_point,italy_power
    python -m benchmarks.accuracy_series --write docs/benchmarks-accuracy.md

GunPoint is learnt as `examples/gun_point.py` does, temperature as `examples/temperature.py`.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

import chainrule as cr
from benchmarks.data import DataUnavailableError, load
from benchmarks.environment import facts
from benchmarks.report import table

sys.path.append(str(Path(__file__).parents[1] / "examples"))

import gun_point
import temperature

SEEDS = 5


@dataclass(frozen=True)
class Case:
    """One data set: what is measured from a seed, and what its mean must reach.

    Attributes:
        measure: gives from a seed the percent right, or how many percent the error is below the
            better one of the baselines.
        bar: the mean over the seeds is at least this.
    """

    title: str
    how: str
    measure: Callable[[int], float]
    bar: float


@dataclass(frozen=True)
class Found:
    """What a case gave, one value for each seed, and how long one seed took on average."""

    case: Case
    values: Any
    seconds: float

    @property
    def passed(self) -> bool:
        return bool(self.values.mean() >= self.case.bar)


def percent_right(model: cr.Model, X: Any, y: Any) -> float:
    return 100 * float(np.mean(model.predict(X) == y))


def of_one_length(name: str) -> Callable[[int], float]:
    """GunPoint and its kin by the example's convolutional network, on the archive's own split."""

    def measure(seed: int) -> float:
        data = load(name)
        model = gun_point.fit(data["train_x"], data["train_y"], seed, epochs=200)
        return percent_right(model, data["test_x"], data["test_y"])

    return measure


def scaled(parts: list[tuple[Any, Any]]) -> list[dict[str, Any]]:
    """Values and lengths of training and test, each feature scaled by the steps of training."""
    values, lengths = parts[0]
    steps = values[np.arange(values.shape[1]) < lengths[:, None]]
    mean, scale = steps.mean(0), steps.std(0)
    return [{"values": (values - mean) / scale, "lengths": lengths} for values, lengths in parts]


def by_recurrence(train: Any, y: Any, seed: int, epochs: int) -> cr.Model:
    """A GRU both ways, the mean of its states over each series' own steps, and a dense layer."""
    layers = [
        cr.nn.Bidirectional(cr.nn.GRU(48, sequences=True)), cr.nn.GlobalPool(),
        cr.nn.Dropout(0.3), cr.nn.Dense(len(np.unique(y))),
    ]  # fmt: skip
    return cr.fit(
        cr.Network(layers), train, y, loss="cross_entropy", seed=seed, epochs=epochs,
        batch_size=32, engine="xla", optimizer=cr.optim.Adam(cr.optim.Cosine(5e-3)),
    )  # fmt: skip


def japanese_vowels(seed: int) -> float:
    data = load("japanese_vowels")
    parts = [(data[f"{part}_x"], data[f"{part}_lengths"]) for part in ("train", "test")]
    train, test = scaled(parts)
    return percent_right(by_recurrence(train, data["train_y"], seed, 60), test, data["test_y"])


def spoken_digits(seed: int) -> float:
    data = load("spoken_digits")
    rows = np.arange(len(data["y"]))
    kept, held = train_test_split(rows, test_size=600, stratify=data["y"], random_state=seed)
    train, test = scaled([(data["x"][part], data["lengths"][part]) for part in (kept, held)])
    return percent_right(by_recurrence(train, data["y"][kept], seed, 20), test, data["y"][held])


def told_ahead(name: str) -> Callable[[int], float]:
    """Temperature: percent that the error of all half years is below the better baseline's."""

    def measure(seed: int) -> float:
        place = temperature.city(name)
        halves = [temperature.told(place, origin, seed, 20) for origin in temperature.ORIGINS]
        errors = {way: temperature.together(e) for way, e in temperature.errors(halves).items()}
        return 100 * (1 - errors["network"] / min(errors["as today"], errors["as last year"]))

    return measure


OWN_SPLIT = "the archive's own split"
CASES = {
    "gun_point": Case("GunPoint, % right", f"Conv1D; {OWN_SPLIT}", of_one_length("gun_point"), 98),
    "italy_power": Case(
        "ItalyPowerDemand, % right", f"Conv1D; {OWN_SPLIT}", of_one_length("italy_power"), 95.5
    ),
    "japanese_vowels": Case(
        "JapaneseVowels, % right", f"GRU both ways; {OWN_SPLIT}", japanese_vowels, 97
    ),
    "spoken_digits": Case(
        "spoken digits, % right", "GRU both ways; 600 of 3,000 held out", spoken_digits, 97
    ),
    "seattle": Case(
        "Seattle, % below the better baseline", "GRU; five half years", told_ahead("Seattle"), 10
    ),
    "new_york": Case(
        "New York, % below the better baseline", "GRU; five half years", told_ahead("New York"), 10
    ),
}

PAGE = """\
# How well networks do on series

Written by `python -m benchmarks.accuracy_series --write docs/benchmarks-accuracy.md`; do not edit
it by hand.

{table}

Every seed starts, shuffles and drops out anew; the spread is from the lowest seed to the highest.
No epoch is picked by the test rows, but the networks were: GunPoint's is the best of three that
were tried on them, the others the better of two or the only one. Fresh rows may give a little less.

- JapaneseVowels has series of 7 to 29 steps; spoken digits are MFCC features of 3,000 clips, held
  out at random within each digit, so that each of the six speakers is heard in training too.
- Temperature is the highest of each day, told seven days before. Five times a network learns from
  all days before an origin and tells the half year from there on. The baselines are the value of
  the day on which it is told and that of the same day of the last year; the percentage is of the
  root mean squared error of the five half years together. A curve of the season alone, which is no
  baseline in this table, comes close to the network: `examples/temperature.py` shows it.

## Machine and versions

{machine}
"""


def measured(case: Case, seeds: int) -> Found:
    start = time.perf_counter()
    values = np.array([case.measure(seed) for seed in range(seeds)])
    return Found(case, values, (time.perf_counter() - start) / seeds)


def row(found: Found) -> tuple[str, ...]:
    values = found.values
    return (
        found.case.title, found.case.how, f"{values.mean():.2f}",
        f"{values.min():.2f} to {values.max():.2f}", str(len(values)), f"≥ {found.case.bar:g}",
        "yes" if found.passed else "no",
    )  # fmt: skip


HEADS = ("series", "how", "mean", "spread", "seeds", "asked", "met")


def settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Accuracy on series.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"at least 1 ({SEEDS})")
    parser.add_argument("--data", default=",".join(CASES), help="data sets, by commas")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the page")
    chosen = parser.parse_args()
    chosen.data = chosen.data.split(",")
    if chosen.seeds < 1 or not set(chosen.data) <= set(CASES):
        parser.error(f"--seeds must be at least 1, and --data some of {', '.join(CASES)}")
    return chosen


def main() -> None:
    """Measures what is asked, prints each line as it is known, and writes the page."""
    chosen = settings()
    rows = []
    try:
        for name in chosen.data:
            found = measured(CASES[name], chosen.seeds)
            rows.append(row(found))
            print(" | ".join(rows[-1]), f"| {found.seconds:.0f} s a seed", flush=True)
    except DataUnavailableError as error:
        sys.exit(str(error))
    if chosen.write:
        text = PAGE.format(table=table(HEADS, rows, 2), machine=facts())
        chosen.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
