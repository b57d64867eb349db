"""`chainrule explain`: a row of a table, or a network that is typed in, as arithmetic."""

from __future__ import annotations

import itertools
import json
import math
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from chainrule.cli.document import json_option, print_document
from chainrule.cli.settings import markers, missing_option
from chainrule.errors import DataError, SettingError, ShapeError, unknown_name
from chainrule.explanation import Explanation
from chainrule.explanation import explain as explain_step
from chainrule.losses import LOSSES
from chainrule.nn import ACTIVATIONS, Dense, Network
from chainrule.optim import OPTIMIZERS
from chainrule.workflow import explain_row

MOST_WEIGHTS = 1_000_000
"""Nobody reads a step of a larger network."""


@click.command(name="explain")
@click.argument("model", required=False, type=click.Path(path_type=Path))
@click.argument("file", required=False)
@click.option("--row", type=int, metavar="N", help="The row of FILE; 1 is the first with data.")
@click.option("--shape", metavar="2-2-1", help="Inputs, neurons of each layer.")
@click.option("--x", metavar="0.05,0.10", help="The inputs of one example.")
@click.option("--y", metavar="0.01", help="Its targets, or the number of its class.")
@click.option(
    "--activation",
    metavar="NAME",
    help=f"Of the hidden neurons: {', '.join(ACTIVATIONS)}; sigmoid by default.",
)
@click.option("--output", metavar="NAME", help="Of the output neurons; linear by default.")
@click.option("--loss", metavar="NAME", help=f"{', '.join(LOSSES)}; mse by default.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='JSON: a list of layers {"weight": [[…]], "bias": […]}, a row of weights for each input.',
)
@click.option("--seed", type=int, help="Of the weights, without FILE; 0 by default.")
@click.option(
    "--optimizer",
    metavar="NAME",
    help=f"{', '.join(OPTIMIZERS)}; sgd by default, for a row of FILE none.",
)
@click.option("--learning-rate", type=float, metavar="RATE", help="Length of the step.")
@missing_option
@json_option
def explain(
    model: Path | None,
    file: str | None,
    row: int | None,
    optimizer: str | None,
    learning_rate: float | None,
    missing: str | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Show the chain rule as arithmetic, for a row of a table or a network that is typed in.

    With MODEL, FILE and --row: one row of a table on its way through a trained model: its inputs as
    the network sees them, every layer, the output, and, where FILE has the target, the loss and its
    gradient; with --optimizer the step from this row as well. FILE may be - for stdin.

    With --shape, --x and --y: one training step of a small network.

    Example: chainrule explain penguins.safetensors penguins.csv --row 17

    Example: chainrule explain --shape 2-2-1 --output sigmoid --x 0.05,0.10 --y 0.01
    """
    if model is not None:
        page = _of_row(model, file, row, typed, missing, _optimizer(optimizer, learning_rate, None))
    else:
        page = _of_typed(typed, row, _optimizer(optimizer, learning_rate, "sgd"))
    if as_json:
        print_document(_document(page))
    else:
        click.echo(str(page), nl=False)


def _of_row(
    model: Path,
    file: str | None,
    row: int | None,
    typed: dict[str, Any],
    missing: str | None,
    optimizer: Any,
) -> Explanation:
    """The page of a row of a table."""
    odd = [name for name, value in typed.items() if value is not None]
    if odd:
        raise SettingError(f"--{odd[0]} is for a network that is typed in; the model has its own.")
    if file is None or row is None:
        line = shlex.join(["chainrule", "explain", str(model), file or "FILE.csv", "--row", "1"])
        raise SettingError(f"Which row of which table? Type, e.g.: {line}")
    source: Any = sys.stdin.buffer if file == "-" else file
    return explain_row(
        model, source, row, optimizer=optimizer, missing=markers(missing), name="stdin"
    )


def _of_typed(typed: dict[str, Any], row: int | None, optimizer: Any) -> Explanation:
    """The page of a network that is typed in."""
    missing = [name for name in ("shape", "x", "y") if typed[name] is None]
    if missing or row is not None:
        raise SettingError(
            "Give a model and a row, e.g. chainrule explain MODEL FILE.csv --row 1, or a network, "
            "e.g. chainrule explain --shape 2-2-1 --x 0.05,0.10 --y 0.01"
        )
    shape, loss = typed["shape"], typed["loss"] or "mse"
    sizes = _sizes(shape)
    network = _network(sizes, typed["activation"] or "sigmoid", typed["output"] or "linear")
    if loss not in LOSSES:
        raise unknown_name("loss", loss, LOSSES)
    inputs, targets = _numbers("--x", typed["x"]), _numbers("--y", typed["y"])
    if len(inputs) != sizes[0]:
        raise ShapeError(
            f"--x has {_count(len(inputs), 'number')} and --shape {shape} starts with "
            f"{_count(sizes[0], 'input')}: give one number for each input, e.g. "
            f"--x {','.join(['0.5'] * min(sizes[0], 8))}."
        )
    _check_targets(targets, sizes[-1], loss, shape)
    return explain_step(
        network,
        [inputs],
        targets if len(targets) == 1 else [targets],
        loss=loss,
        optimizer=optimizer,
        seed=typed["seed"] or 0,
        params=None if typed["weights"] is None else _weights(typed["weights"]),
    )


def _document(page: Explanation) -> dict[str, Any]:
    """Everything of a page but the trees of parameters, which the model file has."""
    trees = ("params", "grads", "new_params")
    return {name: value for name, value in vars(page).items() if name not in trees}


def _sizes(shape: str) -> list[int]:
    parts = shape.split("-")
    if len(parts) < 2 or not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise SettingError(
            f"--shape is {shape!r}; it must be whole numbers above 0 with - between them: the "
            "inputs, then the neurons of each layer, e.g. 2-2-1."
        )
    sizes = [int(part) for part in parts]
    weights = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    if weights > MOST_WEIGHTS:
        raise SettingError(
            f"--shape {shape} has {weights:,} weights and biases; explain takes up to "
            f"{MOST_WEIGHTS:,}. Explain a smaller network, e.g. 2-3-1."
        )
    return sizes


def _network(sizes: list[int], activation: str, output: str) -> Network:
    for name in (activation, output):
        if name not in ACTIVATIONS:
            raise unknown_name("activation", name, ACTIVATIONS)
    layers: list[Any] = []
    for i, units in enumerate(sizes[1:]):
        name = output if i == len(sizes) - 2 else activation
        layers.append(Dense(units))
        if name != "linear":
            layers.append(ACTIVATIONS[name]())
    return Network(layers)


def _numbers(option: str, typed: str) -> list[float]:
    numbers = []
    for part in typed.split(","):
        if re.fullmatch(r"-?0\d+", part.strip()):
            raise DataError(
                f"{option} is {typed!r}: a comma stands between two numbers, and no number begins "
                f"as {part.strip()!r} does. Write decimals with a point, e.g. 0.05,0.10."
            )
        try:
            numbers.append(float(part))
        except ValueError:
            raise DataError(
                f"{option} is {typed!r}, and {part.strip()!r} is not a number: write numbers with "
                "commas between them and a point inside, e.g. 0.05,0.10."
            ) from None
        if not math.isfinite(numbers[-1]):
            raise DataError(f"{option} holds {part.strip()}; it must be finite numbers.")
    return numbers


def _check_targets(targets: list[float], outputs: int, loss: str, shape: str) -> None:
    """Refuse targets that are not what the loss takes."""
    kind = LOSSES[loss].targets  # type: ignore[attr-defined]
    a_class = kind == "classes" and len(targets) == 1
    if len(targets) != outputs and not a_class:
        one = ", or the number of the class" if kind == "classes" else ""
        raise ShapeError(
            f"--y has {_count(len(targets), 'number')} and --shape {shape} ends in "
            f"{_count(outputs, 'output')}: give one number for each output{one}."
        )
    if a_class and outputs > 1 and targets[0] not in range(outputs):
        raise DataError(
            f"--y is {targets[0]:g}, and --shape {shape} has the classes 0 to {outputs - 1}: give "
            "the number of the right one."
        )
    for target in targets:
        if kind in ("binary", "classes") and not a_class and not 0 <= target <= 1:
            raise DataError(f"--y holds {target:g}; the loss {loss} takes numbers from 0 to 1.")
        if kind == "signs" and abs(target) != 1:
            raise DataError(f"--y holds {target:g}; the loss {loss} takes -1 or 1.")


def _count(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _optimizer(name: str | None, learning_rate: float | None, default: str | None) -> Any:
    """The optimizer; a rate alone means gradient descent."""
    if name is None:
        name = default if learning_rate is None else "sgd"
    if name is None:
        return None
    if name not in OPTIMIZERS:
        raise unknown_name("optimizer", name, OPTIMIZERS)
    if learning_rate is None:
        return OPTIMIZERS[name]()
    return OPTIMIZERS[name](learning_rate=learning_rate)


def _weights(path: Path) -> list[Any]:
    """The layers in a file of weights."""
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"--weights {path} {found}: give a JSON file.")
    try:
        layers = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not a text file in UTF-8.") from None
    if not isinstance(layers, list):
        raise DataError(
            f'{path} must hold a list of layers, [{{"weight": [[…]], "bias": […]}}, …]; it holds '
            f"{'an object' if isinstance(layers, dict) else 'something else'}."
        )
    return layers
