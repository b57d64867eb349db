"""Images against PyTorch and Keras: a small network of convolutions and a deeper one.

    python -m benchmarks.convolution                                  # all, about 4 minutes
    python -m benchmarks.convolution --cases cnn --rounds 3
    python -m benchmarks.convolution --json                           # lines of JSON and no table
    python -m benchmarks.convolution --write docs/benchmarks-convolution.md

Needs the environment of the comparisons (`make bench-convolution`); a contender that is not
installed is left out and said. Leave the machine alone while it runs.
"""

import sys

from benchmarks.network_cases import IMAGES
from benchmarks.network_worker import COMPILED, COMPILED_LAST, EAGER, KERAS, LAST, OURS
from benchmarks.networks import Suite, main

NOTES = """\
PyTorch gets its images as (batch, channels, height, width), in memory in that order or with the
channels last, put so before the clock runs. The small network has convolutions of 3×3 with 32 and
64 filters, each with ReLU and MaxPool 2, then Dense 128, ReLU, Dense 10; batches of 128. The deeper
one has six with 32, 32, 64, 64, 128 and 128 filters, each with BatchNorm and ReLU, MaxPool 2 after
every second, then GlobalPool and Dense 10; batches of 64."""

SUITE = Suite(
    module="benchmarks.convolution",
    summary=__doc__ or "",
    title="How fast images are",
    notes=NOTES,
    cases=IMAGES,
    contenders=(OURS, EAGER, LAST, COMPILED, COMPILED_LAST, KERAS),
)


if __name__ == "__main__":
    sys.exit(main(SUITE, sys.argv[1:]))
