"""Networks beside their peers, case by case: the race, what is asked, the page, the command line.

What is raced is a `Suite`: `benchmarks.recurrent` and `benchmarks.convolution` each hold one.
"""

import argparse
import shlex
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import network_page
from benchmarks.bars import Verdict
from benchmarks.cases import Bar
from benchmarks.dense import names_in
from benchmarks.environment import Neighbors, describe, environment
from benchmarks.network_cases import ACTIVITIES, TRAINING, NetworkCase
from benchmarks.network_page import Taken
from benchmarks.network_worker import KERAS, OURS
from benchmarks.report import Results
from benchmarks.rounds import ContenderError, Worker, ready_workers, turns

ROUNDS, SECONDS = 5, 0.4
COMPILING, FROM_DISK = 5.0, 0.5
"""The most seconds that the first fit of a case may take beyond a later one, and in later
processes, which find the compiled programs on the disk."""
LATER = 3
"""So many such processes; their median counts."""

MODULE = "benchmarks.network_worker"


@dataclass(frozen=True)
class Suite:
    """What one command races.

    Attributes:
        module: what is typed behind `python -m`. summary: its docstring. title, notes: of its page.
        contenders: ours first.
    """

    module: str
    summary: str
    title: str
    notes: str
    cases: dict[str, NetworkCase]
    contenders: tuple[str, ...]


def race(name: str, contenders: list[str], rounds: int, budget: float) -> list[Taken]:
    """All contenders that are installed, in turns; they get ready one after the other.

    The cache folder is new, so that first calls compile; later processes of ours find there what
    the first one left.
    """
    with tempfile.TemporaryDirectory() as folder:
        variables = {"XDG_CACHE_HOME": folder, "KERAS_HOME": folder, "KERAS_BACKEND": "jax"}
        with ExitStack() as stack:
            ready = ready_workers(stack, name, contenders, budget, MODULE, variables)
            taken = {
                worker.contender: Taken(
                    name, worker.contender, {what: [] for what in ACTIVITIES}, about["first"]
                )
                for worker, about in ready
            }
            for worker in turns(ready, rounds):
                for what, seconds in worker.ask().items():
                    taken[worker.contender].seconds[what].append(seconds)
        if OURS in taken:
            for _ in range(LATER):
                with Worker(OURS, name, budget, MODULE, variables) as later:
                    for what, seconds in later.answer()["first"].items():
                        taken[OURS].from_disk.setdefault(what, []).append(seconds)
    return list(taken.values())


def verdicts(taken: list[Taken], cases: dict[str, NetworkCase]) -> list[Verdict]:
    """Ours beside the best of PyTorch, beside Keras, and what compiling took."""
    found = []
    for name, case in cases.items():
        ours = next((t for t in taken if (t.case, t.contender) == (name, OURS)), None)
        if ours is None:
            continue
        keras = [t for t in taken if (t.case, t.contender) == (name, KERAS)]
        torch = [t for t in taken if t.case == name and t.contender not in (OURS, KERAS)]
        for what in ACTIVITIES:
            for theirs, bar in ((torch, case.bar(what)), (keras, None)):
                if theirs:
                    best = min(theirs, key=lambda t: median(t.seconds[what]))
                    found.append(_faster(case, what, best, ours, bar))
        found.append(_at_most(case, "seconds of the first fit", [ours.first[TRAINING]], COMPILING))
        if ours.from_disk:
            said = "seconds of the first fit in a later process"
            found.append(_at_most(case, said, ours.from_disk[TRAINING], FROM_DISK))
    return found


def _faster(case: NetworkCase, what: str, theirs: Taken, ours: Taken, bar: Bar | None) -> Verdict:
    pairs = zip(theirs.seconds[what], ours.seconds[what], strict=True)
    ratios = [a / b for a, b in pairs]
    value = median(theirs.seconds[what]) / median(ours.seconds[what])
    said = f"{what}: times the speed of {theirs.contender}"
    limit, aim = (bar.floor, bar.aim) if bar else (None, None)
    return Verdict(case.title, said, value, min(ratios), max(ratios), limit, aim)


def _at_most(case: NetworkCase, what: str, seconds: list[float], most: float) -> Verdict:
    value, what = median(seconds), f"{what} beyond a later one"
    return Verdict(case.title, what, value, min(seconds), max(seconds), most, at_most=True)


def options(suite: Suite, arguments: list[str]) -> argparse.Namespace:
    """The command line, checked."""
    summary, _, rest = suite.summary.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog=f"python -m {suite.module}",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for flag, known in (("--cases", suite.cases), ("--contenders", suite.contenders)):
        parser.add_argument(flag, type=names_in(known), default=list(known), metavar="A,B")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="of a turn")
    parser.add_argument("--json", action="store_true", help="lines of JSON instead of tables")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of the docs")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1 or not chosen.seconds > 0:
        parser.error("--rounds must be at least 1, and --seconds above 0")
    return chosen


def main(suite: Suite, arguments: list[str]) -> int:
    """Measures, prints, writes."""
    chosen = options(suite, arguments)
    machine, neighbors = environment(), Neighbors()
    taken: list[Taken] = []
    try:
        for name in chosen.cases:
            taken += race(name, chosen.contenders, chosen.rounds, chosen.seconds)
    except ContenderError as error:
        print(error, file=sys.stderr)
        return 1
    results = Results(
        environment={**machine, "processors used by others": describe(neighbors.share())},
        settings={"rounds": str(chosen.rounds), "seconds of a turn": f"{chosen.seconds:g}"},
        times=[],
        sgemm={},
        starts=[],
        verdicts=verdicts(taken, suite.cases),
    )
    command = shlex.join(["python", "-m", suite.module, *arguments])
    page = network_page.page(results, taken, suite.title, suite.notes, command)
    print(network_page.lines(results, taken) if chosen.json else page)
    if chosen.write is not None:
        chosen.write.write_text(page, encoding="utf-8")
    return 0
