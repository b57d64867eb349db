"""A process that does what it is asked for one contender with one network.

It is started by `benchmarks.networks` and speaks lines of JSON: it gets itself ready, says what
first calls took, and answers every line with the seconds of each activity.
"""

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.network_cases import ACTIVITIES, NETWORKS, NetworkCase
from benchmarks.worker import reply_file

OURS, KERAS = "chainrule", "Keras"
EAGER, COMPILED = "PyTorch eager", "PyTorch compiled"
LAST, COMPILED_LAST = "PyTorch channels_last", "PyTorch channels_last compiled"

Activities = dict[str, Callable[[], float | None]]


def activities_of(contender: str, case: NetworkCase) -> Activities:
    """What to call for each activity; what the contender needs is imported.

    Raises:
        ModuleNotFoundError: a package that the contender needs is not installed.
    """
    if contender == OURS:
        from benchmarks.peers import networks_ours

        return networks_ours.make(case)
    if contender == KERAS:
        from benchmarks.peers import networks_keras

        return networks_keras.make(case)
    from benchmarks.peers import networks_torch

    compiled, last = contender in (COMPILED, COMPILED_LAST), contender in (LAST, COMPILED_LAST)
    return networks_torch.make(case, compiled=compiled, channels_last=last)


def timed(run: Callable[[], float | None], budget: float) -> float:
    """Seconds of one call, or of what it counts itself; called until the budget is used."""
    taken, began = [], time.perf_counter()
    while not taken or time.perf_counter() - began < budget:
        start = time.perf_counter()
        own = run()
        taken.append(time.perf_counter() - start if own is None else own)
    return median(taken)


def first_calls(activities: Activities) -> dict[str, float]:
    """Seconds that the first call of each activity takes beyond the second."""
    first = {}
    for name in ACTIVITIES:
        start = time.perf_counter()
        activities[name]()
        between = time.perf_counter()
        activities[name]()
        first[name] = (between - start) - (time.perf_counter() - between)
    return first


def serve(contender: str, case: NetworkCase, budget: float) -> None:
    """Answers until standard input ends."""
    replies = reply_file()

    def reply(**answer: Any) -> None:
        print(json.dumps(answer), file=replies)

    try:
        activities = activities_of(contender, case)
    except ModuleNotFoundError as error:
        reply(missing=error.name)
        return
    reply(first=first_calls(activities))
    for _ in sys.stdin:
        reply(seconds={name: timed(run, budget) for name, run in activities.items()})


if __name__ == "__main__":
    serve(sys.argv[1], NETWORKS[sys.argv[2]], float(sys.argv[3]))
