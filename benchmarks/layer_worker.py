"""A process that times one contender's layers, whichever it is asked for.

It is started by `benchmarks.layers` and speaks lines of JSON: it says that it is ready, and answers
the name of a layer with the seconds of a batch in each activity.
"""

import json
import sys
from typing import Any

from benchmarks.clock import Trainer, seconds_an_epoch
from benchmarks.layer_cases import LAYERS, LayerCase
from benchmarks.network_worker import LAST, OURS
from benchmarks.worker import Way, reply_file, warm


def trainers_of(contender: str, case: LayerCase) -> dict[str, Trainer]:
    """What is timed, by activity; an epoch is a batch. What the contender needs is imported.

    Raises:
        ModuleNotFoundError: a package that the contender needs is not installed.
    """
    if contender == OURS:
        from benchmarks.peers import layers_ours

        return layers_ours.make(case)
    from benchmarks.peers import layers_torch

    return layers_torch.make(case, channels_last=contender == LAST)


def serve(contender: str, first: LayerCase, budget: float) -> None:
    """Answers until standard input ends; only the layer that was asked for last is kept."""
    replies = reply_file()

    def reply(**answer: Any) -> None:
        print(json.dumps(answer), file=replies)

    try:
        trainers_of(contender, first)
    except ModuleNotFoundError as error:
        reply(missing=error.name)
        return
    reply(ready=True)
    known, ways = "", dict[str, Way]()
    for line in sys.stdin:
        if line.strip() != known:
            known = line.strip()
            trainers = trainers_of(contender, LAYERS[known])
            ways = {what: warm(trainer, budget) for what, trainer in trainers.items()}
        taken = {what: seconds_an_epoch(way.trainer, way.epochs) for what, way in ways.items()}
        reply(seconds=taken)


if __name__ == "__main__":
    serve(sys.argv[1], LAYERS[sys.argv[2]], float(sys.argv[3]))
