"""Loads damaged model files: each is refused with a ModelFileError or is a model that can be used.

    python -m tests.model.fuzz --cases 100000 --seed 0

Every case follows from the seed and its number, so a finding is repeated by `--first NUMBER`.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import time
import tracemalloc
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule import losses, nn
from chainrule.autodiff import tree_map
from chainrule.cli.cluster import segment_lines
from chainrule.clustering import Segments, load_segments
from chainrule.data import Targets
from chainrule.errors import ChainruleError, ModelFileError
from chainrule.model import Model
from tests.model.mutations import damaged
from tests.model.samples import BRANCHES, RESIDUAL, model_with, rows_for

SECONDS = 1.0
SPARE = 64 * 2**20


@dataclass
class Outcome:
    """How many files were refused, and what went wrong with the others."""

    refused: int = 0
    loaded: int = 0
    slowest: float = 0.0
    hungriest: int = 0


def corpus(folder: Path) -> list[bytes]:
    """Proper files of every kind: labels, named inputs, state, an encoder with all its codes."""
    three = Targets("classes", 3, np.array(["a", "b", "ç"]))
    numbers = Targets("classes", 3, np.array([1, 5, 7]))
    models = [
        model_with(nn.Network([nn.Dense(4), nn.BatchNorm(), nn.LeakyReLU(0.2)]), (3,)),
        model_with(nn.Dense(3), (2,), targets=three, loss=losses.CrossEntropy(0.1)),
        model_with(nn.Dense(3), (2,), "float64", targets=numbers, loss=losses.CrossEntropy()),
        model_with(BRANCHES, {"city": (), "numbers": (3,)}),
        model_with(nn.Network([nn.Flatten(), RESIDUAL, nn.LayerNorm()]), (1, 3)),
        model_with(nn.Embedding(7, 4), ()),
        model_with(nn.EmbedColumns((0, 2), (5, 6), (3, 2)), (3,)),
        from_table(),
    ]
    files = []
    for model in models:
        model.save(folder / "m.safetensors")
        files.append((folder / "m.safetensors").read_bytes())
    return files


def segment_files(folder: Path) -> list[bytes]:
    """Proper files of segments: middles, directions, a tree without rows and with them."""
    table = {
        "size": [None if i % 9 == 0 else i * 1.5 for i in range(40)],
        "town": ["Köln", "Rome", "", "Oslo"] * 10,
        "day": [f"2024-0{1 + i % 9}-11" for i in range(40)],
    }
    files = []
    for settings in (
        {"k": 2},
        {"k": 3, "metric": "cosine", "drop": "town"},
        {"k": 2, "method": "ward"},
        {"k": 2, "method": "single", "keep_rows": True},
    ):
        cr.cluster(table, **settings).save(folder / "s.safetensors")
        files.append((folder / "s.safetensors").read_bytes())
    return files


def from_table() -> Model:
    """A model of a table with numbers, labels, dates and missing values."""
    days = [f"2024-0{1 + i % 9}-11" for i in range(40)]
    table = {
        "size": [None if i % 9 == 0 else i * 1.5 for i in range(40)],
        "town": ["Köln", "Rome", "", "Oslo"] * 10,
        "day": days,
        "price": [float(i % 7) for i in range(40)],
    }
    quick = {"folds": 0, "baselines": False, "engine": "numpy", "epochs": 1, "hidden": (3,)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cr.train(table, target="price", **quick)


def fuzz(
    files: list[bytes], folder: Path, numbers: range, seed: int, kind: str = "models"
) -> Outcome:
    """Load the damaged files of these numbers.

    Args:
        kind: "models" or "segments".

    Raises:
        Exception: what loading raised, and is no ModelFileError.
        AssertionError: a file took more than a second or more than twice its size and 64 MB.
    """
    outcome = Outcome()
    path = folder / "damaged.safetensors"
    for number in numbers:
        source = random.Random(f"{seed} {number}")
        path.write_bytes(damaged(source, source.choice(files)))
        try:
            one(path, source, outcome, kind, measured=number % 20 == 0)
        except BaseException as error:
            error.add_note(f"case {number} of seed {seed}")
            raise
    return outcome


def one(path: Path, source: random.Random, outcome: Outcome, kind: str, *, measured: bool) -> None:
    """Load one file; what loads must be usable. Memory is measured in some, for it costs time."""
    if measured:
        tracemalloc.start()
    start = time.process_time()
    try:
        model = KINDS[kind][0](path)
    except ModelFileError as error:
        refused, model = str(error), None
    seconds = time.process_time() - start
    if measured:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        extra = peak - 2 * path.stat().st_size
        outcome.hungriest = max(outcome.hungriest, extra)
        assert extra <= SPARE, f"{peak} bytes of memory"
    else:
        outcome.slowest = max(outcome.slowest, seconds)
        assert seconds < SECONDS, f"{seconds} seconds"
    if model is not None:
        outcome.loaded += 1
        KINDS[kind][1](model)
        return
    outcome.refused += 1
    assert refused.isprintable(), refused
    assert len(refused) < 1000, refused


def use(model: Model) -> None:
    """What loaded can be inspected, saved again, and answers or says why not."""
    with np.errstate(all="ignore"):
        try:
            cr.inspect(model)
            model.predict(tree_map(lambda x: x[:2], rows_for(model.in_shape)))
        except ChainruleError:
            pass


def use_segments(segments: Segments) -> None:
    """What loaded places rows or says why not, is told as a page, and is saved again."""
    table = {"size": [1.0, None], "town": ["Rome", "Bonn"], "day": ["2024-01-11", ""]}
    with np.errstate(all="ignore"), tempfile.TemporaryDirectory() as name:
        try:
            list(segment_lines(segments, True))
            segments.save(Path(name) / "again.safetensors")
            for kind in ("profile", "dendrogram"):
                drawn(segments, kind)
            segments.place(table)
        except ChainruleError:
            pass


def drawn(segments: Segments, kind: str) -> None:
    """Draw a figure, or be told why there is none."""
    with contextlib.suppress(ChainruleError):
        cr.plot(segments, kind).clear()


KINDS: dict[str, tuple[Any, Any]] = {
    "models": (cr.load, use),
    "segments": (load_segments, use_segments),
}
"""How each kind of file is loaded and used."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Load damaged model files.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=("models", "segments"), default="models")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        numbers = range(asked.first, asked.first + asked.cases)
        files = corpus(folder) if asked.kind == "models" else segment_files(folder)
        outcome = fuzz(files, folder, numbers, asked.seed, asked.kind)
    print(
        f"{outcome.refused:,} refused, {outcome.loaded:,} loaded and used; the slowest took "
        f"{outcome.slowest:.3f} s, the hungriest {outcome.hungriest / 2**20:.1f} MB beyond twice "
        "its size"
    )


if __name__ == "__main__":
    sys.exit(main())
