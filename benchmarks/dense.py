"""Dense networks against PyTorch, scikit-learn and a bare `jax.grad` step: one table, one run.

    python -m benchmarks.dense                              # all, 15 to 30 minutes on two cores
    python -m benchmarks.dense --cases toy,small --repeats 5
    python -m benchmarks.dense --quick                      # minutes; shows that it works, no more
    python -m benchmarks.dense --json                       # lines of JSON and no table
    python -m benchmarks.dense --write docs/benchmarks.md   # record the table

Needs the environment of the comparisons (`make bench`); a contender that is not installed is left
out and said. Leave the machine alone while it runs.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import document, report, sgemm
from benchmarks.bars import verdict_of_start, verdicts
from benchmarks.cases import CASES
from benchmarks.environment import Neighbors, describe, environment
from benchmarks.peers import CONTENDERS, OURS, SCIKIT
from benchmarks.report import Results
from benchmarks.rounds import ContenderError, Times, race
from benchmarks.startup import starts

REPEATS, SECONDS = 7, 0.5
QUICK_REPEATS, QUICK_SECONDS = 3, 0.05


def options(arguments: list[str]) -> argparse.Namespace:
    """The command line, checked."""
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dense",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", type=names_in(CASES), default=list(CASES), metavar="A,B")
    parser.add_argument(
        "--contenders", type=names_in(CONTENDERS), default=list(CONTENDERS), metavar="A,B"
    )
    parser.add_argument("--repeats", type=int, metavar="N", help=f"rounds ({REPEATS})")
    parser.add_argument("--seconds", type=float, metavar="S", help=f"of a turn ({SECONDS})")
    parser.add_argument("--quick", action="store_true", help="few and short rounds, no wide case")
    parser.add_argument("--no-starts", action="store_true", help="no fresh processes")
    parser.add_argument("--json", action="store_true", help="lines of JSON instead of tables")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of the docs")
    chosen = parser.parse_args(arguments)
    if chosen.quick and chosen.cases == list(CASES):
        chosen.cases = [name for name in CASES if name != "wide"]
    if chosen.repeats is None:
        chosen.repeats = QUICK_REPEATS if chosen.quick else REPEATS
    if chosen.seconds is None:
        chosen.seconds = QUICK_SECONDS if chosen.quick else SECONDS
    if chosen.repeats < 1 or not chosen.seconds > 0:
        parser.error("--repeats must be at least 1, and --seconds above 0")
    return chosen


def names_in(known: Iterable[str]) -> Callable[[str], list[str]]:
    """A reader of names with commas between them."""

    def names(text: str) -> list[str]:
        found = [name.strip() for name in text.split(",") if name.strip()]
        unknown = [name for name in found if name not in known]
        if unknown or not found:
            raise argparse.ArgumentTypeError(
                f"{unknown[0] if unknown else text!r} is not one of: {', '.join(known)}"
            )
        return found

    return names


def measure(chosen: argparse.Namespace) -> Results:
    """Runs everything that was asked for."""
    machine, neighbors = environment(), Neighbors()
    rated = [CASES[name] for name in chosen.cases if CASES[name].sgemm]
    rates = sgemm.measured(rated) if rated else {}
    times: list[Times] = []
    for name in chosen.cases:
        times += race(name, chosen.contenders, chosen.repeats, chosen.seconds)
    if rated:
        again = sgemm.measured(rated)
        rates = {name: max(rate, again[name]) for name, rate in rates.items()}
    missing = machine["scikit-learn"] == "not installed"
    fresh = not chosen.no_starts and not missing and {OURS, SCIKIT} <= set(chosen.contenders)
    processes = starts(chosen.repeats) if fresh else []
    judged = verdicts(times, max(rates.values(), default=None))
    return Results(
        environment={**machine, "processors used by others": describe(neighbors.share())},
        settings={"rounds": str(chosen.repeats), "seconds of a turn": f"{chosen.seconds:g}"},
        times=times,
        sgemm=rates,
        starts=processes,
        verdicts=[*judged, *(verdict_of_start(entry) for entry in processes)],
    )


def main(arguments: list[str]) -> int:
    """Measures, prints, writes."""
    chosen = options(arguments)
    try:
        results = measure(chosen)
    except ContenderError as error:
        print(error, file=sys.stderr)
        return 1
    print(report.lines(results) if chosen.json else document.text(results))
    if chosen.write is not None:
        command = shlex.join(["python", "-m", "benchmarks.dense", *arguments])
        chosen.write.write_text(document.page(results, command), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
