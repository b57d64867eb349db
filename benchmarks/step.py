"""Our step beside the same step written with `jax.grad`, in turns, in seconds: for tuning.

    python -m benchmarks.step                # all cases but the widest
    python -m benchmarks.step toy single     # some
    python -m benchmarks.step digits --rounds 9 --seconds 0.5 --engine numpy

Both run in this process, first one and then the other, so that a busy machine slows both; the ratio
is the median of the rounds' ratios. With --engine numpy ours is the NumPy engine.
"""

import argparse
import sys
from statistics import median

from benchmarks.cases import CASES, Case
from benchmarks.clock import epochs_for, seconds, seconds_an_epoch
from benchmarks.peers import bare, chainrule_fit


def compare(case: Case, rounds: int, budget: float, engine: str) -> str:
    """A line with both times (µs a step), their ratio and its spread."""
    trainers = chainrule_fit.make(case, engine), bare.make(case)
    first = [seconds(trainer, trainer.unit) for trainer in trainers]
    epochs = [epochs_for(trainer, budget) for trainer in trainers]
    ours, theirs, ratios = [], [], []
    for _ in range(rounds):
        pair = [seconds_an_epoch(*both) for both in zip(trainers, epochs, strict=True)]
        ours.append(pair[0])
        theirs.append(pair[1])
        ratios.append(pair[0] / pair[1])
    scale = 1e6 / case.steps
    return (
        f"{case.name:<7} chainrule {median(ours) * scale:9.2f}  bare {median(theirs) * scale:9.2f}"
        f" µs a step   ratio {median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}),"
        f" at most {case.bare}   first call {first[0]:.2f} s, {first[1]:.2f} s"
    )


def main(arguments: list[str]) -> None:
    """Reads the command line and prints a line a case."""
    parser = argparse.ArgumentParser(prog="benchmarks.step", description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of: {', '.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.4, help="of each timed piece")
    parser.add_argument("--engine", choices=("xla", "numpy"), default="xla")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.cases if name not in CASES]
    if unknown:
        parser.error(f"no case is called {unknown[0]}; there are {', '.join(CASES)}")
    for name in chosen.cases or [name for name in CASES if name != "wide"]:
        line = compare(CASES[name], chosen.rounds, chosen.seconds, chosen.engine)
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
