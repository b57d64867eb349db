"""The speed of clustering beside scikit-learn, SciPy and fastcluster, all in one run.

    python -m benchmarks.cluster                # everything; needs fastcluster for its rows
    python -m benchmarks.cluster kmeans ward    # some of it
    python -m benchmarks.cluster --scale 0.01   # every case on few rows, to see that it runs
    python -m benchmarks.cluster --write docs/benchmarks-cluster.md

K-means starts from the same centers everywhere and has to reach the same inertia. The peers take
turns with chainrule, and the median of the rounds counts; the processor's time stands beside the
clock's, because on a busy machine only that means anything.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.cluster import KMeans

from benchmarks.bars import Verdict
from benchmarks.document import section
from benchmarks.environment import Neighbors, describe, environment, installed
from benchmarks.report import table, verdict_table
from chainrule.clustering import LINKAGES, cut_tree, kmeans, linkage_tree
from chainrule.estimators import HierarchicalClustering

ROUNDS = 3
PEERS = ("scipy", "numba", "fastcluster")
"""Packages whose versions count here too."""

SHAPES = [(1_000_000, 8, 16, 1.5), (200_000, 64, 64, 0.6), (100_000, 16, 8, 1.2)]
"""Rows, features, clusters, and the standard deviation of their middles; that of a cluster is 1."""


def planted(rows: int, features: int, clusters: int, spread: float) -> Any:
    """Gaussian clusters that overlap."""
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(clusters, features)) * spread
    return middles[rng.integers(0, clusters, rows)] + rng.normal(size=(rows, features))


LINES: list[tuple[str, str]] = []
VERDICTS: list[Verdict] = []
"""What was said and judged, for the page."""

Runs = dict[str, tuple[list[float], list[float], Any]]
"""Seconds of the clock and of the processor in every round, and what was returned, by contender."""


def say(case: str, found: str) -> None:
    """One case: printed, and kept as a row of the table."""
    print(f"{case}: {found}", flush=True)
    LINES.append((case, found))


def judge(
    case: str, what: str, values: Sequence[float], limit: float, aim: float | None = None,
    at_most: bool = False,
) -> None:  # fmt: skip
    """A value, its lowest and highest in the rounds, beside what is asked of it."""
    value, *rounds = values
    rounds = rounds or [value]
    verdict = Verdict(case, what, value, min(rounds), max(rounds), limit, aim, at_most)
    asked = f"{'at most' if at_most else 'at least'} {limit:g}"
    print(f"    {value:.2f} {what} ({asked}): {verdict.word}", flush=True)
    VERDICTS.append(verdict)


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of the clock, seconds of the processor, and what was returned."""
    clock, processor = time.perf_counter(), time.process_time()
    found = call()
    return time.perf_counter() - clock, time.process_time() - processor, found


def race(runners: dict[str, Callable[[], Any]], rounds: int = ROUNDS) -> Runs:
    """Some rounds of each, taking turns."""
    found: Runs = {name: ([], [], None) for name in runners}
    for _ in range(rounds):
        for name, call in runners.items():
            clock, processor, given = timed(call)
            found[name] = [*found[name][0], clock], [*found[name][1], processor], given
    return found


def seconds(found: Runs) -> str:
    """The median of the rounds of each, by the clock and by the processor."""
    return ", ".join(
        f"{name} {median(clock):.3g} s ({median(processor):.3g} s)"
        for name, (clock, processor, _) in found.items()
    )


def compare(case: str, found: Runs, limit: float, aim: float | None = None) -> None:
    """How many times as long the fastest peer takes, by the clock and by the processor."""
    for place, by in ((0, "the clock"), (1, "the processor")):
        times = {name: run[place] for name, run in found.items()}
        ours = times.pop("chainrule")
        peer = min(times, key=lambda name: median(times[name]))
        ratios = [a / b for a, b in zip(times[peer], ours, strict=True)]
        value = median(times[peer]) / median(ours)
        judge(case, f"times the speed of {peer} by {by}", [value, *ratios], limit, aim)


def bench_kmeans(scale: float) -> None:
    """From the same start to the same inertia."""
    tables: dict[str, tuple[Any, int]] = {}
    for whole, features, clusters, spread in SHAPES:
        rows = max(int(whole * scale), 2 * clusters)
        name = f"{rows:,} x {features}, k={clusters}"
        tables[f"planted {name}"] = planted(rows, features, clusters, spread), clusters
        tables[f"uniform {name}"] = np.random.default_rng(0).random((rows, features)), clusters
    for name in ("iris", "wine", "breast_cancer", "digits", "diabetes"):
        table = getattr(datasets, f"load_{name}")()
        x = table.data / np.maximum(table.data.std(axis=0), 1e-9)
        clusters = 10 if name in ("digits", "diabetes") else len(set(table.target))
        tables[f"{name}, {len(x):,} x {x.shape[1]}, k={clusters}"] = x, clusters
    for name, (x, clusters) in tables.items():
        start = x[np.random.default_rng(1).choice(len(x), clusters, replace=False)]

        def ours(x: Any = x, k: int = clusters, start: Any = start) -> float:
            return kmeans(x, k, init=start).inertia

        def theirs(algorithm: str, x: Any = x, k: int = clusters, start: Any = start) -> float:
            return KMeans(k, init=start, n_init=1, algorithm=algorithm).fit(x).inertia_

        found = race({
            "chainrule": ours,
            "lloyd": lambda theirs=theirs: theirs("lloyd"),
            "elkan": lambda theirs=theirs: theirs("elkan"),
        }, ROUNDS if len(x) > 10_000 else 20)  # fmt: skip
        same = np.ptp([f[2] for f in found.values()]) <= 1e-6 * found["lloyd"][2]
        say(name, seconds(found) + ("" if same else "; other inertias"))
        compare(name, found, *((1.5, 3.0) if name.startswith("planted") else (1.0, None)))


LIMITED = """
import resource, time
resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9, 2 * 10**9))
import numpy as np
from chainrule.clustering import linkage_tree
x = np.random.default_rng(0).normal(size=({rows}, 8))
clock, processor = time.perf_counter(), time.process_time()
linkage_tree(x)
print(time.perf_counter() - clock, time.process_time() - processor,
      resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


def bench_ward(scale: float) -> None:
    """100,000 rows in a process limited to 2 GB; 10,000 rows beside fastcluster's vector method."""
    rows = int(100_000 * scale)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.format(rows=rows)],
        capture_output=True, text=True, check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    case = f"ward of {rows:,} x 8, process of 2 GB"
    clock, processor, memory = map(float, done.stdout.split())
    say(case, f"chainrule {clock:.3g} s ({processor:.3g} s), {memory:.2f} GB")
    judge(case, "seconds by the clock", [clock], 180, at_most=True)
    judge(case, "GB of memory", [memory], 2, at_most=True)
    import fastcluster

    x = np.random.default_rng(0).normal(size=(int(10_000 * scale), 8))
    for method in ("ward", "single"):
        found = race({
            "chainrule": lambda m=method: linkage_tree(x, m),
            "fastcluster": lambda m=method: fastcluster.linkage_vector(x, m),
        })  # fmt: skip
        say(f"{method} of {len(x):,} x 8", seconds(found))
        if method == "ward":
            compare(f"{method} of {len(x):,} x 8", found, 1.0)


def bench_linkage(scale: float) -> None:
    """All linkages beside SciPy and fastcluster, where the distances fit."""
    import fastcluster
    from scipy.cluster.hierarchy import linkage

    x = np.random.default_rng(0).normal(size=(int(4_000 * scale), 8))
    for method in LINKAGES:
        found = race({
            "chainrule": lambda m=method: linkage_tree(x, m),
            "scipy": lambda m=method: linkage(x, m),
            "fastcluster": lambda m=method: fastcluster.linkage(x, m),
        })  # fmt: skip
        say(f"{method} of {len(x):,} x 8", seconds(found))


def bench_predict(scale: float) -> None:
    """A million new rows by a tree of 10,000."""
    rng = np.random.default_rng(0)
    rows, many = int(10_000 * scale), int(1_000_000 * scale)
    for kind, x, new in (
        ("planted", planted(rows, 8, 16, 1.5), planted(many, 8, 16, 1.5)),
        ("normal", rng.normal(size=(rows, 8)), rng.normal(size=(many, 8))),
    ):
        model = HierarchicalClustering(10).fit(x)
        assert np.array_equal(model.predict(x), cut_tree(model.linkage_, 10))
        clock, processor, _ = timed(lambda m=model, q=new: m.predict(q))
        case = f"predict {many:,} {kind} rows by a model of {rows:,} x 8"
        say(case, f"chainrule {clock:.3g} s ({processor:.3g} s, all threads)")
        judge(case, "seconds by the clock", [clock], 5, at_most=True)


PARTS = {
    "kmeans": bench_kmeans, "ward": bench_ward, "linkage": bench_linkage, "predict": bench_predict,
}  # fmt: skip


INTRODUCTION = """\
# How fast clustering is

Written by `python -m benchmarks.cluster --write {path}`; do not edit it by hand.

The contenders take turns in one process, from the same centers to the same inertia. A ratio is the
median of the fastest peer's rounds by that of chainrule's; beside it the lowest and the highest of
the rounds. On a busy machine the clock says little and the processor's time more.
"""


def write(path: Path, others: float) -> None:
    """The cases as a page: what is asked, all times, the machine with its versions."""
    machine = {
        **environment(), **{name: installed(name) for name in PEERS},
        "processors used by others": describe(others),
    }  # fmt: skip
    parts = [
        INTRODUCTION.format(path=path).strip(),
        section("What is asked", verdict_table(VERDICTS)),
        section(
            "Times",
            "The median by the clock, and in brackets by the processor.",
            table(("case", "found"), LINES, 2),
        ),
        section("Machine", table(("", ""), list(machine.items()), 2)),
    ]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def main() -> None:
    """Runs the parts that are named, or all."""
    parser = argparse.ArgumentParser(description="The speed of clustering.")
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of rows")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep what was found as a page")
    asked = parser.parse_args()
    neighbors = Neighbors()
    kmeans(np.random.default_rng(0).random((3000, 4)), 3)  # loads what is compiled
    HierarchicalClustering().fit(np.eye(9)).predict(np.eye(9))
    linkage_tree(np.eye(9), "single")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in asked.parts or PARTS:
            PARTS[name](asked.scale)
    print(f"largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
    if asked.write:
        write(asked.write, neighbors.share())


if __name__ == "__main__":
    main()
