"""Sequences against PyTorch: recurrence, convolution along time, a transformer; one table, one run.

    python -m benchmarks.recurrent                                    # all, under 8 minutes
    python -m benchmarks.recurrent --cases lstm50,gru100 --rounds 3
    python -m benchmarks.recurrent --json                             # lines of JSON and no table
    python -m benchmarks.recurrent --write docs/benchmarks-sequences.md

Needs the environment of the comparisons (`make bench-sequences`); a contender that is not installed
is left out and said. Leave the machine alone while it runs.
"""

import argparse
import json
import shlex
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.bars import Verdict
from benchmarks.dense import names_in
from benchmarks.document import section
from benchmarks.environment import Neighbors, describe, environment
from benchmarks.report import Results, machine_table, number, table, verdict_table
from benchmarks.rounds import ContenderError, ready_workers, turns
from benchmarks.sequence_cases import ACTIVITIES, SEQUENCE_CASES, TRAINING
from benchmarks.sequence_worker import OURS, SEQUENCE_CONTENDERS

ROUNDS, SECONDS = 5, 0.4
COMPILING = 5.0
"""The most seconds that the first call of a case may take beyond a later one."""

INTRODUCTION = """\
# How fast sequences are

Written by `{command}`; do not edit it by hand.

Float32, Adam, the same rows, batches and number of steps for all; made-up rows. Every contender has
a process of its own and they take turns, so that a change of the machine's pace hits all alike;
medians of the rounds. Training is a step: of chainrule a warm `fit` (the second of the same
network) with its checks, of PyTorch the plain loop with a fused Adam and rows picked by number.
Predicting is a whole call: of chainrule `model.predict(X, engine="xla")` with its checks, of
PyTorch the network in `inference_mode`. What only the first call takes (compiling) stands apart.
`torch.compile` leaves PyTorch's recurrent layers as they are. The convolutions of PyTorch get their
rows as (batch, features, time), put in that order before the clock runs.
"""


@dataclass(frozen=True)
class Taken:
    """What one contender needed in one case: seconds by activity, one a round, and first calls."""

    case: str
    contender: str
    seconds: dict[str, list[float]]
    first: dict[str, float]


def race(name: str, contenders: list[str], rounds: int, budget: float) -> list[Taken]:
    """All contenders that are installed, in turns; they get ready one after the other."""
    with ExitStack() as stack:
        ready = ready_workers(stack, name, contenders, budget, "benchmarks.sequence_worker")
        taken = {
            worker.contender: Taken(
                name, worker.contender, {what: [] for what in ACTIVITIES}, about["first"]
            )
            for worker, about in ready
        }
        for worker in turns(ready, rounds):
            for what, seconds in worker.ask().items():
                taken[worker.contender].seconds[what].append(seconds)
    return list(taken.values())


def verdicts(taken: list[Taken]) -> list[Verdict]:
    """Ours beside the best of PyTorch, and what compiling took."""
    found = []
    for name, case in SEQUENCE_CASES.items():
        ours = next((t for t in taken if (t.case, t.contender) == (name, OURS)), None)
        theirs = [t for t in taken if t.case == name and t.contender != OURS]
        if ours is None:
            continue
        for what in ACTIVITIES if theirs else ():
            best = min(theirs, key=lambda t: median(t.seconds[what]))
            pairs = zip(best.seconds[what], ours.seconds[what], strict=True)
            ratios = [a / b for a, b in pairs]
            value = median(best.seconds[what]) / median(ours.seconds[what])
            said = f"{what}: times the speed of {best.contender}"
            bar = case.bar(what)
            found.append(
                Verdict(case.title, said, value, min(ratios), max(ratios), bar.floor, bar.aim)
            )
        first = ours.first[TRAINING]
        said = "seconds of the first fit beyond a later one"
        found.append(Verdict(case.title, said, first, first, first, COMPILING, at_most=True))
    return found


def times_table(taken: list[Taken]) -> str:
    """Milliseconds, and seconds of first calls."""
    rows = []
    for entry in taken:
        for what, seconds in entry.seconds.items():
            spread = f"{number(min(seconds) * 1e3)} to {number(max(seconds) * 1e3)}"
            first = f"{max(entry.first[what], 0):.2f}"
            title = SEQUENCE_CASES[entry.case].title
            rows.append(
                (title, what, entry.contender, number(median(seconds) * 1e3), spread, first)
            )
    rows.sort(key=lambda row: (row[0], ACTIVITIES.index(row[1])))
    return table(("case", "what", "who", "ms", "rounds", "first call, s"), rows, 3)


def page(results: Results, taken: list[Taken], command: str) -> str:
    """The whole page."""
    parts = [INTRODUCTION.format(command=command).strip()]
    busy = results.environment["processors used by others"]
    if "do not count" in busy:
        parts.append(f"**Processors used by others: {busy}.**")
    if results.verdicts:
        parts.append(section("What is asked", verdict_table(results.verdicts)))
    parts.append(section("Times", times_table(taken)))
    parts.append(section("Machine", machine_table(results)))
    return "\n\n".join(parts) + "\n"


def lines(results: Results, taken: list[Taken]) -> str:
    """The same as lines of JSON."""
    objects: list[dict[str, object]] = [
        {"kind": "environment", **results.environment, **results.settings},
        *({"kind": "time", **vars(entry)} for entry in taken),
        *({"kind": "verdict", **vars(v), "passed": v.passed} for v in results.verdicts),
    ]
    return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in objects)


def options(arguments: list[str]) -> argparse.Namespace:
    """The command line, checked."""
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recurrent",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cases", type=names_in(SEQUENCE_CASES), default=list(SEQUENCE_CASES), metavar="A,B"
    )
    parser.add_argument(
        "--contenders",
        type=names_in(SEQUENCE_CONTENDERS),
        default=list(SEQUENCE_CONTENDERS),
        metavar="A,B",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="of a turn")
    parser.add_argument("--json", action="store_true", help="lines of JSON instead of tables")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of the docs")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1 or not chosen.seconds > 0:
        parser.error("--rounds must be at least 1, and --seconds above 0")
    return chosen


def main(arguments: list[str]) -> int:
    """Measures, prints, writes."""
    chosen = options(arguments)
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
        verdicts=verdicts(taken),
    )
    command = shlex.join(["python", "-m", "benchmarks.recurrent", *arguments])
    print(lines(results, taken) if chosen.json else page(results, taken, command))
    if chosen.write is not None:
        chosen.write.write_text(page(results, taken, command), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
