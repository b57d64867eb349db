"""How fast a table becomes a judged network, and a network's answers; beside scikit-learn.

    python -m benchmarks.table                                     # a minute or two
    python -m benchmarks.table --write docs/benchmarks-tables.md   # record it

The table is the first 50,000 rows of diamonds (10 columns, target price), read from CSV. What is
measured as a whole is measured as a user has it: a process of its own, its start included, with
the peak of its memory as the system counts it. scikit-learn's pipeline is one that people write:
one-hot labels, scaled numbers, `MLPRegressor` with the same layers, rows a step and stopping.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import fetch
from benchmarks.environment import Neighbors, describe, facts
from benchmarks.table_worker import COPIES, ROWS

COMMAND = Path(sys.executable).with_name("chainrule")
MB = 1e6


@dataclass(frozen=True)
class Line:
    """One figure: what, how much, the bar it is asked to meet, and scikit-learn's where it has one.

    `bar` has the sign of the comparison, e.g. "< 60 s" or "≥ 200,000 rows/s".
    """

    what: str
    value: float
    unit: str
    bar: str
    limit: float
    theirs: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the figure meets its bar."""
        return self.value >= self.limit if self.bar[0] == "≥" else self.value < self.limit

    def row(self) -> str:
        """A line of the table."""
        theirs = "" if self.theirs is None else f"{amount(self.theirs)} {self.unit}"
        return (
            f"| {self.what} | {amount(self.value)} {self.unit} | {self.bar} {amount(self.limit)} | "
            f"{'yes' if self.passed else 'no'} | {theirs} |"
        )


def amount(value: float) -> str:
    """A number in three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


@dataclass(frozen=True)
class Run:
    """A process that ended: what it printed, seconds, and the peak of its memory in bytes."""

    output: str
    seconds: float
    peak: float


def measured(*command: str | Path) -> Run:
    """Run a command; it must succeed. Linux counts no peak below this process's own, some 50 MB."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if status:
        raise RuntimeError(f"{command} failed: {text}")
    return Run(text, seconds, usage.ru_maxrss * 1024)


def worker(task: str, *arguments: str | Path) -> dict[str, float]:
    """A task of table_worker in a process of its own."""
    run = measured(sys.executable, "-m", "benchmarks.table_worker", task, *arguments)
    found: dict[str, float] = json.loads(run.output.splitlines()[-1])
    return found | {"peak": run.peak, "wall": run.seconds}


def fastest(times: int, task: Callable[[], Run]) -> Run:
    """The fastest of some runs: what others do on the machine only adds."""
    return min((task() for _ in range(times)), key=lambda run: run.seconds)


def write_tables(folder: Path) -> tuple[Path, Path, Path]:
    """The table to train on, one to predict of a million rows, and one of one row."""
    header, *rows = fetch("diamonds").read_text().splitlines()
    small, large, one = folder / "diamonds.csv", folder / "million.csv", folder / "one.csv"
    body = "\n".join(rows[:ROWS]) + "\n"
    small.write_text(f"{header}\n{body}")
    large.write_text(f"{header}\n{body * COPIES}")
    one.write_text(f"{header}\n{rows[0]}\n")
    return small, large, one


def lines(folder: Path) -> list[Line]:
    """All figures."""
    small, large, one = write_tables(folder)
    model, answers = folder / "diamonds.safetensors", folder / "answers.csv"
    train = measured(COMMAND, "train", small, "--target", "price", "--out", model, "--json")
    document = json.loads(train.output[train.output.index("{\n") :])
    network = document["card"]["seconds"]
    read = statistics.median(worker("read", small)["seconds"] for _ in range(3))
    theirs = worker("scikit", small, large)
    warm = worker("warm", model)
    predict = [COMMAND, "predict", model, large, "--out", answers, "--force", "--quiet"]
    million = fastest(3, lambda: measured(*predict))
    single = fastest(3, lambda: measured(COMMAND, "predict", model, one, "--quiet"))
    arrays = worker("arrays")
    rows = ROWS * COPIES
    return [
        Line("`chainrule train`, baselines and saving included", train.seconds, "s", "<", 60),
        Line("of it the network", network, "s", "<", 30, theirs["fit"]),
        Line("reading the CSV", read, "s", "<", 1),
        Line("peak memory of training", train.peak / MB, "MB", "<",
             4 * small.stat().st_size / MB + 700),
        Line("`chainrule predict`, a million rows end to end", rows / million.seconds, "rows/s",
             "≥", 200_000, rows / theirs["predict"]),
        Line("one row, warm model", 1000 * warm["seconds"], "ms", "<", 1, 1000 * theirs["one"]),
        Line("one row, fresh process", single.seconds, "s", "<", 1.5),
        Line("peak memory of `fit`, 1,000,000 × 32 float32 (128 MB)", arrays["peak"] / MB, "MB",
             "<", 1000),
    ]  # fmt: skip


def page(found: list[Line], neighbors: Neighbors, command: str) -> str:
    """The record as Markdown."""
    about = (__doc__ or "").split("\n\n")[-1].strip()
    head = "| | measured | asked | met | scikit-learn |\n|---|---|---|---|---|"
    return (
        f"# How fast tables are\n\nWritten by `{command}`; do not edit it by hand.\n\n{about}\n\n"
        f"{head}\n" + "\n".join(line.row() for line in found) + "\n\n"
        f"## Machine and versions\n\n{facts()}\n- processors used by others: "
        f"{describe(neighbors.share())}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of the docs")
    chosen = parser.parse_args()
    neighbors = Neighbors()
    with tempfile.TemporaryDirectory() as folder:
        found = lines(Path(folder))
    command = "python -m benchmarks.table" + (f" --write {chosen.write}" if chosen.write else "")
    text = page(found, neighbors, command)
    if chosen.write is None:
        print(text)
    else:
        chosen.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
