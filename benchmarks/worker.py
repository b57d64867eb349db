"""A process that trains for one contender in one case whenever it is asked to.

It is started by `benchmarks.rounds` and speaks lines of JSON: it gets itself ready, says how that
went, and answers every line it is sent with the seconds of an epoch, by way.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any, TextIO

from benchmarks.cases import CASES, Case
from benchmarks.clock import Trainer, epochs_for, seconds, seconds_an_epoch
from benchmarks.peers import ways_of


def reply_file() -> TextIO:
    """Standard output for replies alone: what libraries print goes to standard error."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return replies


@dataclass(frozen=True)
class Way:
    """One way of a contender, warm.

    Attributes:
        epochs: of a turn. first: seconds that its first call took beyond a later one.
    """

    trainer: Trainer
    epochs: int
    first: float


def warm(trainer: Trainer, budget: float) -> Way:
    """Calls it until it is warm and its epochs a turn are known."""
    first = seconds(trainer, trainer.unit)
    first -= seconds(trainer, trainer.unit)
    return Way(trainer, epochs_for(trainer, budget), first)


def serve(contender: str, case: Case, budget: float) -> None:
    """Answers until standard input ends."""
    replies = reply_file()

    def reply(**answer: Any) -> None:
        print(json.dumps(answer), file=replies)

    began = time.perf_counter()
    try:
        makers = ways_of(contender)
    except ModuleNotFoundError as error:
        reply(missing=error.name)
        return
    loading = time.perf_counter() - began
    ways = {name: warm(make(case), budget) for name, make in makers.items()}
    reply(
        loading=loading,
        first={name: way.first for name, way in ways.items()},
        epochs={name: way.epochs for name, way in ways.items()},
    )
    for _ in sys.stdin:
        taken = {name: seconds_an_epoch(way.trainer, way.epochs) for name, way in ways.items()}
        reply(seconds=taken)


if __name__ == "__main__":
    serve(sys.argv[1], CASES[sys.argv[2]], float(sys.argv[3]))
