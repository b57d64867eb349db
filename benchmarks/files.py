"""Model files: seconds to save and to load 100 MB, and the memory that loading takes.

    python -m benchmarks.files

Each round loads in a process of its own, after the import, with the file in the system's cache. The
memory is what the process's peak grows by.

On two processors of an EPYC with SHA-NI, three quarters used by others: save 0.243 s (0.181
to 0.259), load 0.153 s (0.143 to 0.164), memory 100.3 MB, 968 bytes more than the numbers.

Of the seconds of loading, SHA-256 takes two thirds (with the processor's own instructions for it;
`openssl speed sha256` says whether there are any). It is read in pieces of 1 MB straight into the
arrays and hashed while it is in the processor's cache. CRC-32 would take a third of it, BLAKE2b
more; SHA-256 stays, because everybody can check it and nobody has to trust it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment import Neighbors, describe

SIZE = 5000
"""Inputs and units: 25 million weights, 100 MB."""

SAVE = """
import json, sys, time
import chainrule as cr
from chainrule import ops
from chainrule.data import Targets
from chainrule.losses import MeanSquaredError
from chainrule.model import Model
size = int(sys.argv[2])
network = cr.Network([cr.nn.Dense(size), cr.nn.ReLU(), cr.nn.Dense(1)])
params, state, _ = network.init(ops.key_from_seed(0), (size,))
model = Model(network, params, state, MeanSquaredError(), Targets("numbers", 1), (size,))
start = time.perf_counter()
model.save(sys.argv[1])
print(json.dumps([time.perf_counter() - start, 0]))
"""
LOAD = """
import json, resource, sys, time
import chainrule as cr
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before, start = peak(), time.perf_counter()
cr.load(sys.argv[1])
print(json.dumps([time.perf_counter() - start, peak() - before]))
"""


@dataclass(frozen=True)
class Measured:
    """Seconds of each round, and the most memory of all."""

    seconds: list[float]
    memory: int

    def __str__(self) -> str:
        low, high = min(self.seconds), max(self.seconds)
        return f"{statistics.median(self.seconds):.3f} s ({low:.3f} to {high:.3f})"


def measured(script: str, path: Path, size: int, rounds: int) -> Measured:
    """A script in so many fresh processes."""
    command = [sys.executable, "-c", script, str(path), str(size)]
    answers = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(rounds)
    ]
    return Measured([seconds for seconds, _ in answers], max(memory for _, memory in answers))


def lines(size: int, rounds: int) -> list[str]:
    """What is measured, beside what is asked."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        saved = measured(SAVE, path, size, rounds)
        loaded = measured(LOAD, path, size, rounds)
        of_file = path.stat().st_size
    numbers = 4 * (size * size + size + size + 1)
    allowed = 2 * of_file + 64 * 2**20
    return [
        f"file     {of_file / 1e6:.1f} MB: {of_file - numbers:,} bytes more than its numbers",
        f"save     {saved}, flushed to the disk",
        f"load     {loaded}; asked: below 0.3 s for 100 MB",
        f"memory   {loaded.memory / 1e6:.1f} MB; asked: below {allowed / 1e6:.0f} MB",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure saving and loading.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=SIZE, help="inputs and units")
    asked = parser.parse_args()
    neighbors = Neighbors()
    for line in lines(asked.size, asked.rounds):
        print(line)
    print(f"others   used of the processors: {describe(neighbors.share())}")


if __name__ == "__main__":
    main()
