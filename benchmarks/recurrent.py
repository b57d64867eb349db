"""Sequences against PyTorch and Keras: recurrence, convolution along time, a transformer.

    python -m benchmarks.recurrent                                    # all, about 10 minutes
    python -m benchmarks.recurrent --cases lstm50,gru100 --rounds 3
    python -m benchmarks.recurrent --json                             # lines of JSON and no table
    python -m benchmarks.recurrent --write docs/benchmarks-sequences.md

Needs the environment of the comparisons (`make bench-sequences`); a contender that is not installed
is left out and said. Leave the machine alone while it runs.
"""

import sys

from benchmarks.network_cases import SEQUENCES
from benchmarks.network_worker import COMPILED, EAGER, KERAS, OURS
from benchmarks.networks import Suite, main

NOTES = """\
`torch.compile` leaves PyTorch's recurrent layers as they are. The convolutions of PyTorch get
their rows as (batch, features, time), put in that order before the clock runs."""

SUITE = Suite(
    module="benchmarks.recurrent",
    summary=__doc__ or "",
    title="How fast sequences are",
    notes=NOTES,
    cases=SEQUENCES,
    contenders=(OURS, EAGER, COMPILED, KERAS),
)


if __name__ == "__main__":
    sys.exit(main(SUITE, sys.argv[1:]))
