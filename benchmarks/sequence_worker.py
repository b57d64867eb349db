"""A process that does what it is asked for one contender with one network for sequences.

It is started by `benchmarks.recurrent` and speaks lines of JSON: it gets itself ready, says what
first calls took, and answers every line with the seconds of each activity.
"""

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.sequence_cases import ACTIVITIES, SEQUENCE_CASES, SequenceCase
from benchmarks.worker import reply_file

OURS, EAGER, COMPILED = "chainrule", "PyTorch eager", "PyTorch compiled"
SEQUENCE_CONTENDERS = (OURS, EAGER, COMPILED)

Activities = dict[str, Callable[[], float | None]]


def activities_of(contender: str, case: SequenceCase) -> Activities:
    """What to call for each activity.

    Raises:
        ModuleNotFoundError: a package that the contender needs is not installed.
    """
    if contender == OURS:
        from benchmarks.peers import sequences_ours

        return sequences_ours.make(case)
    from benchmarks.peers import sequences_torch

    return sequences_torch.make(case, contender == COMPILED)


def timed(run: Callable[[], float | None], budget: float) -> float:
    """Seconds of one call, or of what it counts itself; called until the budget is used."""
    taken, began = [], time.perf_counter()
    while not taken or time.perf_counter() - began < budget:
        start = time.perf_counter()
        own = run()
        taken.append(time.perf_counter() - start if own is None else own)
    return median(taken)


def serve(contender: str, case: SequenceCase, budget: float) -> None:
    """Answers until standard input ends."""
    replies = reply_file()

    def reply(**answer: Any) -> None:
        print(json.dumps(answer), file=replies)

    try:
        activities = activities_of(contender, case)
    except ModuleNotFoundError as error:
        reply(missing=error.name)
        return
    first = {}
    for name in ACTIVITIES:
        start = time.perf_counter()
        activities[name]()
        between = time.perf_counter()
        activities[name]()
        first[name] = (between - start) - (time.perf_counter() - between)
    reply(first=first)
    for _ in sys.stdin:
        reply(seconds={name: timed(run, budget) for name, run in activities.items()})


if __name__ == "__main__":
    serve(sys.argv[1], SEQUENCE_CASES[sys.argv[2]], float(sys.argv[3]))
