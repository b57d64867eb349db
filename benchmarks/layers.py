"""Every layer alone against PyTorch: none may take more than twice the time.

    python -m benchmarks.layers                                  # all, about 4 minutes
    python -m benchmarks.layers --cases conv3,maxpool --rounds 5
    python -m benchmarks.layers --json                           # lines of JSON and no table
    python -m benchmarks.layers --write docs/benchmarks-layers.md

Needs the environment of the comparisons (`make bench-layers`); a contender that is not installed is
left out and said. Leave the machine alone while it runs.
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
from benchmarks.layer_cases import BAR, LAYERS
from benchmarks.network_worker import EAGER, LAST, OURS
from benchmarks.report import number, table
from benchmarks.rounds import ContenderError, ready_workers, turns

ROUNDS, SECONDS = 3, 0.05
CONTENDERS = (OURS, EAGER, LAST)
MODULE = "benchmarks.layer_worker"

INTRODUCTION = """\
# How fast every layer is alone

Written by `{command}`; do not edit it by hand.

Float32, made-up numbers, milliseconds a batch: forward as in prediction, and forward and back as in
training with the gradients of the layer's inputs and weights. Every contender has a process of its
own and they take turns at every layer; medians of the rounds, without what a call takes beside its
batches.

chainrule's layers are compiled by XLA and stand in a loop over batches, as in a training program:
in two streams where the network that such a layer belongs in trains so, and so many examples at a
time as there (decision 0011). What a layer gives and what goes back is written to memory, once a
batch or piece. What goes in lies ready in memory, piece by piece, as PyTorch's batches do and as in
a network what the layer before has written. PyTorch is eager, on its default threads; images have
their channels first, or last in memory, and the faster of the two counts. `torch.compile` is left
out: it leaves most of these layers as they are. At least {bar:g} times PyTorch's speed is asked of
every layer.
"""


@dataclass(frozen=True)
class Timed:
    """What the contenders needed for a batch of one layer in one activity.

    Attributes:
        seconds: by contender, one a round.
    """

    case: str
    what: str
    seconds: dict[str, list[float]]

    def verdict(self) -> Verdict | None:
        """Ours beside the best of PyTorch; None where one of them is missing."""
        theirs = [taken for who, taken in self.seconds.items() if who != OURS]
        if OURS not in self.seconds or not theirs:
            return None
        best, ours = min(theirs, key=median), self.seconds[OURS]
        ratios = [a / b for a, b in zip(best, ours, strict=True)]
        value = median(best) / median(ours)
        return Verdict(self.case, self.what, value, min(ratios), max(ratios), BAR.floor)


def race(cases: list[str], contenders: list[str], rounds: int, budget: float) -> list[Timed]:
    """All contenders that are installed, in turns, layer by layer."""
    found = []
    with ExitStack() as stack:
        ready = ready_workers(stack, cases[0], contenders, budget, MODULE)
        for name in cases:
            layer = {what: Timed(name, what, {}) for what in LAYERS[name].activities}
            for worker in turns(ready, rounds):
                for what, seconds in worker.ask(name).items():
                    layer[what].seconds.setdefault(worker.contender, []).append(seconds)
            found += layer.values()
    return found


def times_table(found: list[Timed]) -> str:
    """Milliseconds a batch, and times the speed of the best of PyTorch."""
    rows = []
    for entry in found:
        verdict, shown = entry.verdict(), [entry.seconds.get(who) for who in CONTENDERS]
        times = [number(median(seconds) * 1e3) if seconds else "" for seconds in shown]
        ratio = (f"{verdict.value:.2f}", f"{verdict.low:.2f} to {verdict.high:.2f}", verdict.word) \
            if verdict else ("", "", "")  # fmt: skip
        rows.append((LAYERS[entry.case].title, entry.what, *times, *ratio))
    heads = ("layer", "what", *CONTENDERS, "times the speed", "rounds", "")
    return table(heads, rows, 2)


def page(found: list[Timed], machine: dict[str, str], command: str) -> str:
    """The whole page."""
    parts = [INTRODUCTION.format(command=command, bar=BAR.floor).strip()]
    busy = machine["processors used by others"]
    if "do not count" in busy:
        parts.append(f"**Processors used by others: {busy}.**")
    short = [v for entry in found if (v := entry.verdict()) and not v.passed]
    worst = "; ".join(f"{LAYERS[v.case].title}, {v.what}" for v in short) or "none"
    parts.append(section("Times", f"Short of what is asked: {worst}.", times_table(found)))
    parts.append(section("Machine", table(("", ""), list(machine.items()), 2)))
    return "\n\n".join(parts) + "\n"


def lines(found: list[Timed], machine: dict[str, str]) -> str:
    """The same as lines of JSON."""
    times = ({"kind": "time", **vars(entry)} for entry in found)
    made = filter(None, (entry.verdict() for entry in found))
    verdicts = ({"kind": "verdict", **vars(v), "passed": v.passed} for v in made)
    everything = [{"kind": "environment", **machine}, *times, *verdicts]
    return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in everything)


def options(arguments: list[str]) -> argparse.Namespace:
    """The command line, checked."""
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.layers",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for flag, known in (("--cases", LAYERS), ("--contenders", CONTENDERS)):
        parser.add_argument(flag, type=names_in(known), default=list(known), metavar="A,B")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="of a turn")
    parser.add_argument("--json", action="store_true", help="lines of JSON instead of a table")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of the docs")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1 or not chosen.seconds > 0:
        parser.error("--rounds must be at least 1, and --seconds above 0")
    return chosen


def main(arguments: list[str]) -> int:
    """Measures, prints, writes."""
    chosen = options(arguments)
    machine, neighbors = environment(), Neighbors()
    try:
        found = race(chosen.cases, chosen.contenders, chosen.rounds, chosen.seconds)
    except ContenderError as error:
        print(error, file=sys.stderr)
        return 1
    machine["processors used by others"] = describe(neighbors.share())
    machine |= {"rounds": str(chosen.rounds), "seconds of a turn": f"{chosen.seconds:g}"}
    said = page(found, machine, shlex.join(["python", "-m", "benchmarks.layers", *arguments]))
    print(lines(found, machine) if chosen.json else said)
    if chosen.write is not None:
        chosen.write.write_text(said, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
