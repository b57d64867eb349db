"""A process that trains for one contender in one case whenever it is asked to.

It is started by `benchmarks.rounds` and speaks lines of JSON: it gets itself ready, says how that
went, and answers every line it is sent with the seconds of an epoch.
"""

import json
import os
import sys
import time
from typing import Any, TextIO

from benchmarks.cases import CASES
from benchmarks.clock import Trainer, epochs_for, seconds, seconds_an_epoch
from benchmarks.peers import ways_of

TRIALS = 3


def reply_file() -> TextIO:
    """Standard output for replies alone: what libraries print goes to standard error."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return replies


def prepare(contender: str, case_name: str, budget: float) -> tuple[Trainer, int, dict[str, Any]]:
    """The fastest way of a contender, warm, its epochs a turn, and what is to be said about it."""
    began = time.perf_counter()
    ways = ways_of(contender)
    loading = time.perf_counter() - began
    tried = []
    for way, make in ways.items():
        trainer = make(CASES[case_name])
        first = seconds(trainer, trainer.unit)
        first -= seconds(trainer, trainer.unit)
        epochs = epochs_for(trainer, budget)
        trials = TRIALS if len(ways) > 1 else 1
        best = min(seconds_an_epoch(trainer, epochs) for _ in range(trials))
        tried.append((best, way, trainer, epochs, first))
    _, way, trainer, epochs, first = min(tried, key=lambda entry: entry[0])
    about = {"way": way, "loading": loading, "first": first, "epochs": epochs}
    return trainer, epochs, about


def serve(contender: str, case_name: str, budget: float) -> None:
    """Answers until standard input ends."""
    replies = reply_file()
    try:
        trainer, epochs, about = prepare(contender, case_name, budget)
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": error.name}), file=replies)
        return
    print(json.dumps(about), file=replies)
    for _ in sys.stdin:
        answer = {"seconds": seconds_an_epoch(trainer, epochs)}
        print(json.dumps(answer), file=replies)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], float(sys.argv[3]))
