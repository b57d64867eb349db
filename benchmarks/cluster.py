"""The speed of clustering beside scikit-learn, SciPy and fastcluster, all in one run.

    python -m benchmarks.cluster                # everything; needs fastcluster for its rows
    python -m benchmarks.cluster kmeans ward    # some of it
    python -m benchmarks.cluster --scale 0.01   # every case on few rows, to see that it runs
    python -m benchmarks.cluster --write docs/benchmarks-cluster.md

K-means starts from the same centers everywhere and has to reach the same inertia. The peers take
turns with chainrule, and the fastest of so many rounds counts; the processor's time stands beside
the clock's, because on a busy machine only their ratio means anything.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.cluster import KMeans

from chainrule.clustering import LINKAGES, cut_tree, kmeans, linkage_tree
from chainrule.estimators import HierarchicalClustering

ROUNDS = 3
SHAPES = [(1_000_000, 8, 16, 1.5), (200_000, 64, 64, 0.6), (100_000, 16, 8, 1.2)]
"""Rows, features, clusters, and the standard deviation of their middles; that of a cluster is 1."""


def planted(rows: int, features: int, clusters: int, spread: float) -> Any:
    """Gaussian clusters that overlap."""
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(clusters, features)) * spread
    return middles[rng.integers(0, clusters, rows)] + rng.normal(size=(rows, features))


LINES: list[str] = []
"""What was said, for the file."""


def say(case: str, found: str, asked: str) -> None:
    """One case: printed, and kept as a row of the table."""
    print(f"{case}: {found} (asked: {asked})", flush=True)
    LINES.append(f"| {case} | {found} | {asked} |")


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of the clock, seconds of the processor, and what was returned."""
    clock, processor = time.perf_counter(), time.process_time()
    found = call()
    return time.perf_counter() - clock, time.process_time() - processor, found


def race(runners: dict[str, Callable[[], Any]], rounds: int = ROUNDS) -> dict[str, Any]:
    """The fastest of some rounds of each, taking turns."""
    best: dict[str, Any] = {}
    for _ in range(rounds):
        for name, call in runners.items():
            found = timed(call)
            if name not in best or found[0] < best[name][0]:
                best[name] = (found[0], min(found[1], best.get(name, (0, np.inf))[1]), found[2])
    return best


def against(ours: tuple[float, float, Any], others: list[tuple[float, float, Any]]) -> str:
    """How many times the fastest other takes."""
    clock = min(other[0] for other in others) / ours[0]
    processor = min(other[1] for other in others) / ours[1]
    return f"{clock:.2f} x by the clock, {processor:.2f} x by the processor"


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
        tables[name] = x, 10 if name in ("digits", "diabetes") else len(set(table.target))
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
        times = ", ".join(f"{n} {f[0]:.4g} s" for n, f in found.items())
        ratio = against(found["chainrule"], [found["lloyd"], found["elkan"]])
        asked = {"planted": "1.5 x, aim 3 x", "uniform": "1.0 x"}.get(name.split()[0], "1.0 x")
        say(name, f"{times}: {ratio}{'' if same else '; other inertias'}", asked)


LIMITED = """
import resource, time, numpy as np
from chainrule.clustering import linkage_tree
resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9, 2 * 10**9))
x = np.random.default_rng(0).normal(size=({rows}, 8))
clock, processor = time.perf_counter(), time.process_time()
linkage_tree(x)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(f"{{time.perf_counter() - clock:.1f}} s by the clock, "
      f"{{time.process_time() - processor:.1f}} s by the processor, {{memory:.2f}} GB")
"""


def bench_ward(scale: float) -> None:
    """100,000 rows in a process limited to 2 GB; 10,000 rows beside fastcluster's vector method."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.format(rows=int(100_000 * scale))],
        capture_output=True, text=True, check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    found_there = done.stdout.strip() or done.stderr.strip()
    say(f"ward of {int(100_000 * scale):,} x 8 in 2 GB", found_there, "180 s, 2 GB")
    import fastcluster

    x = np.random.default_rng(0).normal(size=(int(10_000 * scale), 8))
    for method in ("ward", "single"):
        found = race({
            "chainrule": lambda m=method: linkage_tree(x, m),
            "fastcluster": lambda m=method: fastcluster.linkage_vector(x, m),
        })  # fmt: skip
        times = ", ".join(f"{n} {f[0]:.3g} s" for n, f in found.items())
        ratio = against(found["chainrule"], [found["fastcluster"]])
        say(f"{method} of {len(x):,} x 8", f"{times}: {ratio}", "1.0 x" if method == "ward" else "")


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
        times = ", ".join(f"{n} {f[0]:.3g} s" for n, f in found.items())
        others = [found["scipy"], found["fastcluster"]]
        say(f"{method} of {len(x):,} x 8", f"{times}: {against(found['chainrule'], others)}", "")


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
        times = f"{clock:.1f} s by the clock, {processor:.1f} s by the processor (all threads)"
        say(f"predict {many:,} {kind} rows by a model of {rows:,} x 8", times, "5 s")


PARTS = {
    "kmeans": bench_kmeans, "ward": bench_ward, "linkage": bench_linkage, "predict": bench_predict,
}  # fmt: skip


def write(path: Path) -> None:
    """The cases as a page."""
    head = [
        "# Clustering: speed",
        "",
        f"`python -m benchmarks.cluster --write {path}` wrote this on {os.cpu_count()} cores "
        f"({platform.machine()}, Python {platform.python_version()}). The peers take turns, the "
        "fastest round of each counts, and a ratio is the time of the fastest peer by ours.",
        "",
        "| case | found | asked |",
        "|---|---|---|",
    ]
    path.write_text("\n".join([*head, *LINES, ""]), encoding="utf-8")


def main() -> None:
    """Runs the parts that are named, or all."""
    parser = argparse.ArgumentParser(description="The speed of clustering.")
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of rows")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep what was found as a page")
    asked = parser.parse_args()
    kmeans(np.random.default_rng(0).random((3000, 4)), 3)  # loads what is compiled
    HierarchicalClustering().fit(np.eye(9)).predict(np.eye(9))
    linkage_tree(np.eye(9), "single")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in asked.parts or PARTS:
            PARTS[name](asked.scale)
    print(f"largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
    if asked.write:
        write(asked.write)


if __name__ == "__main__":
    main()
