"""Convolution layers by the device's own library (cuDNN on a GPU) beside the ways of chainrule.

    python -m benchmarks.device_convolution                           # about four minutes
    python -m benchmarks.device_convolution --cases conv3,stride --rounds 9 --seconds 0.5

Both are compiled by XLA and run in this process in turns, forward as in prediction and forward and
back as in training. `xp.own_convolution` should name the device's where they win here: it does on
anything but a processor.
"""

import argparse
import sys
from collections.abc import Callable
from statistics import median

import jax

from benchmarks.clock import seconds_an_epoch
from benchmarks.dense import names_in
from benchmarks.layer_cases import LAYERS, LayerCase
from benchmarks.peers import layers_ours
from benchmarks.report import number, table
from benchmarks.worker import Way, warm
from chainrule import nn
from chainrule.engine.device_convolution import DeviceConvolution
from chainrule.engine.jax_namespace import JAX

ROUNDS, SECONDS = 5, 0.2
CONVOLUTIONS = [
    name
    for name, layer in layers_ours.LAYERS.items()
    if isinstance(layer, nn.Conv1D | nn.Conv2D | nn.TransposedConv2D)
]
WAYS: dict[str, Callable[[], DeviceConvolution | None]] = {
    "chainrule": lambda: None,
    "device": DeviceConvolution,
}


def ways_of(case: LayerCase, budget: float) -> dict[str, dict[str, Way]]:
    """Compiled and warm: by activity, by way. The facade is left as it was."""
    before, found = JAX.own_convolution, {what: dict[str, Way]() for what in case.activities}
    try:
        for name, own in WAYS.items():
            JAX.own_convolution = own
            for what, trainer in layers_ours.make(case).items():
                found[what][name] = warm(trainer, budget)
    finally:
        JAX.own_convolution = before
    return found


def compare(case: LayerCase, rounds: int, budget: float) -> list[tuple[str, ...]]:
    """A row for each activity: milliseconds a batch, and times the speed of the device's own."""
    rows = []
    for what, ways in ways_of(case, budget).items():
        taken: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(rounds):
            for name, way in ways.items():
                taken[name].append(seconds_an_epoch(way.trainer, way.epochs))
        ratios = [b / a for a, b in zip(*taken.values(), strict=True)]
        times = [number(median(seconds) * 1e3) for seconds in taken.values()]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        rows.append((case.title, what, *times, f"{median(ratios):.2f}", spread))
    return rows


def main(arguments: list[str]) -> None:
    """Reads the command line and prints a table."""
    summary, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.device_convolution",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = {name: LAYERS[name] for name in CONVOLUTIONS}
    parser.add_argument("--cases", type=names_in(known), default=list(known), metavar="A,B")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="of a turn")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1 or not chosen.seconds > 0:
        parser.error("--rounds must be at least 1, and --seconds above 0")
    device = jax.devices()[0]
    print(f"{device.device_kind}; milliseconds a batch, medians of {chosen.rounds} rounds\n")
    rows = [
        row for name in chosen.cases for row in compare(known[name], chosen.rounds, chosen.seconds)
    ]
    heads = ("layer", "what", *WAYS, "times the speed of the device's", "rounds")
    print(table(heads, rows, 2))


if __name__ == "__main__":
    main(sys.argv[1:])
