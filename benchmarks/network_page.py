"""What the contenders needed for their networks, as a page of the docs and as lines of JSON."""

import json
from dataclasses import dataclass, field
from statistics import median

from benchmarks.document import section
from benchmarks.network_cases import ACTIVITIES, NETWORKS
from benchmarks.report import Results, machine_table, number, table, verdict_table

INTRODUCTION = """\
# {title}

Written by `{command}`; do not edit it by hand.

Float32, Adam, the same rows, batches and number of steps for all; made-up rows. Every contender has
a process of its own and they take turns, so that a change of the machine's pace hits all alike;
medians of the rounds. Training is a step: of chainrule a warm `fit` (the second of the same
network) with its checks, of PyTorch the plain loop with a fused Adam and rows picked by number, of
Keras 3, on JAX, a warm `fit`. Predicting is a whole call: of chainrule
`model.predict(X, engine="xla")` with its checks, of PyTorch the network in `inference_mode`, of
Keras `predict_on_batch`. Beside Keras nothing is asked.

{notes}

What only the first call takes (compiling) stands apart, without imports; nothing that earlier runs
left on the disk is used. "From disk" is the same in later processes of chainrule, which find there
the programs that the first one compiled; the median of three.
"""


@dataclass(frozen=True)
class Taken:
    """What one contender needed in one case.

    Attributes:
        seconds: by activity, one a round. first: seconds that the first call took beyond the
            second. from_disk: the same in later processes, one each, where there were any.
    """

    case: str
    contender: str
    seconds: dict[str, list[float]]
    first: dict[str, float]
    from_disk: dict[str, list[float]] = field(default_factory=dict)


def times_table(taken: list[Taken]) -> str:
    """Milliseconds, and seconds of first calls."""
    rows = [
        (
            case.title,
            what,
            entry.contender,
            number(median(entry.seconds[what]) * 1e3),
            f"{number(min(entry.seconds[what]) * 1e3)} to {number(max(entry.seconds[what]) * 1e3)}",
            f"{max(entry.first[what], 0):.2f}",
            f"{max(median(entry.from_disk[what]), 0):.2f}" if entry.from_disk else "",
        )
        for name, case in NETWORKS.items()
        for what in ACTIVITIES
        for entry in taken
        if entry.case == name
    ]
    heads = ("case", "what", "who", "ms", "rounds", "first call, s", "from disk, s")
    return table(heads, rows, 3)


def page(results: Results, taken: list[Taken], title: str, notes: str, command: str) -> str:
    """The whole page."""
    parts = [INTRODUCTION.format(title=title, notes=notes, command=command).strip()]
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
