"""A model as a file and back: what stands in the document, what are arrays, and what must agree.

Arrays: params.0.weight, state.1.mean, history.train_loss, targets.classes (where labels are
numbers). The document: network, loss, targets, encoder, shapes, dtype, card and the version of this
layout. Reading builds everything from a closed table of names and checks it against the arrays.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.autodiff import paths
from chainrule.data import CATEGORY, NUMBER, Encoder, Targets
from chainrule.errors import ModelFileError
from chainrule.losses import LOSSES, HeadLosses
from chainrule.model.container import read_container, write_container
from chainrule.model.descriptions import from_plain, to_plain
from chainrule.model.registry import is_built_in
from chainrule.model.structure import array_of, filled, is_shape, structure_of
from chainrule.model.target_parts import (
    expect,
    is_for,
    label_arrays,
    labels_fit,
    plain_targets,
    targets_from,
)
from chainrule.nn import EmbedColumns, Layer, Network

VERSION = 1
"""Of the document; it rises when an older chainrule could not read it rightly."""

NAMES = {
    *("version", "network", "loss", "targets", "encoder", "temperature", "in_shape", "dtype"),
    *("history", "card"),
}
HISTORY_LIMIT = 2**20
"""Numbers of the history: as Python's they take five times their size in the file."""


def write_fields(path: str | os.PathLike[str], fields: Mapping[str, Any]) -> None:
    """Write the fields of a Model.

    Raises:
        ModelFileError: something in it cannot be kept as plain data, or the disk refuses.
    """
    targets = fields["targets"]
    history = _thinned(fields["history"])
    document = {
        "version": VERSION,
        "network": to_plain(fields["network"], "the network"),
        "loss": to_plain(fields["loss"], "the loss"),
        "targets": plain_targets(targets),
        "encoder": to_plain(fields["encoder"], "the encoder"),
        "temperature": float(fields["temperature"]),
        "in_shape": to_plain(fields["in_shape"], "in_shape"),
        "dtype": fields["dtype"],
        "history": list(history),
        "card": dict(fields["card"]),
    }
    named = [(f"params.{name}", leaf) for name, leaf in paths(fields["params"])]
    named += [(f"state.{name}", leaf) for name, leaf in paths(fields["state"])]
    named += [(f"history.{name}", values) for name, values in history.items()]
    named += label_arrays(targets)
    arrays = dict(named)
    if len(arrays) < len(named):
        raise ModelFileError(
            "Two arrays have one name: leave dots out of the names of branches and heads."
        )
    expect(labels_fit(targets, arrays), "The labels are too long for so small a model")
    write_container(Path(path), document, arrays)


def _thinned(history: Mapping[str, Any]) -> dict[str, Any]:
    """The history as arrays; of an endless one one epoch of two, three, …, which is said."""
    every = -(-sum(len(values) for values in history.values()) // HISTORY_LIMIT)
    if every > 1:
        warnings.warn(
            f"The history is long: the model file keeps one epoch of {every}.", stacklevel=4
        )
    return {
        name: np.asarray(values, "float64")[:: max(1, every)] for name, values in history.items()
    }


def read_fields(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The fields of a Model.

    Raises:
        ModelFileError: with the reason.
    """
    path = Path(path)
    document, arrays = read_container(path)
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        raise ModelFileError(
            f"{path} has version {version!r:.20} of the model file and this chainrule reads "
            f"{VERSION}: install a newer one, `pip install --upgrade chainrule`."
        )
    if set(document) != NAMES:
        odd = sorted(set(document) ^ NAMES)[0]
        raise ModelFileError(f"{path} is not a whole model file: {odd!r:.80} is odd or missing.")
    try:
        return _fields(document, arrays)
    except ModelFileError as error:
        raise ModelFileError(f"{path} cannot be loaded: {error}") from error


def _fields(document: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    """Everything a Model needs; arrays are taken out of those of the file, which must be all."""
    network = from_plain(document["network"], "the network")
    loss = from_plain(document["loss"], "the loss")
    encoder = from_plain(document["encoder"], "the encoder")
    in_shape = from_plain(document["in_shape"], "in_shape")
    card, dtype, temperature = (document[k] for k in ("card", "dtype", "temperature"))
    expect(isinstance(network, Network), "its network is none")
    expect(_is_loss(loss), "its loss is none")
    expect(isinstance(card, dict), "its card is none")
    expect(dtype in ("float32", "float64"), "its dtype is unknown")
    expect(is_shape(in_shape), "its in_shape is none")
    expect(type(temperature) is float and 0 < temperature < 1e6, "its temperature is none")
    numbers = sum(array.nbytes for array in arrays.values()) // 4
    params, state, out_shape = structure_of(network, in_shape, numbers)
    targets = targets_from(document["targets"], out_shape, arrays)
    expect(is_for(loss, targets), "its loss is for another kind of targets")
    _check_encoder(encoder, targets, in_shape, network)
    fields = {
        "network": network,
        "params": filled(params, "params", arrays, dtype),
        "state": filled(state, "state", arrays, dtype),
        "loss": loss,
        "targets": targets,
        "in_shape": in_shape,
        "dtype": dtype,
        "history": _history(document["history"], arrays),
        "card": card,
        "encoder": encoder,
        "temperature": temperature,
    }
    expect(not arrays, f"nothing needs its array {min(arrays, default='')!r:.80}")
    return fields


def _is_loss(value: Any) -> bool:
    """A loss of chainrule's, or a function or class of the caller's own that can be called."""
    if isinstance(value, HeadLosses):
        return all(_is_loss(head.loss) for _, head in value.heads)
    if is_built_in(type(value)):
        return isinstance(value, tuple(LOSSES.values()))
    return callable(value) and not isinstance(value, Layer)


def _check_encoder(encoder: Any, targets: Any, in_shape: Any, network: Network) -> None:
    if encoder is None:
        return
    expect(isinstance(encoder, Encoder), "its encoder is none")
    expect(isinstance(targets, Targets), "its encoder does not fit its network")
    kind = NUMBER if targets.kind == "numbers" else CATEGORY
    fits = all(code.kind == kind for code in encoder.targets)
    fits &= len(encoder.targets) in (1, targets.outputs)
    expect(fits and in_shape == (encoder.width,), "its encoder does not fit its network")
    first = network.layers[0]
    tables = {}
    if isinstance(first, EmbedColumns):
        tables = dict(zip(first.columns, first.counts, strict=True))
    codes = {place: code.count for place, code in encoder.embedded.items()}
    expect(codes == tables, "its numbers of labels do not fit its EmbedColumns")


def _history(names: Any, arrays: dict[str, Any]) -> dict[str, list[float]]:
    listed = isinstance(names, list) and all(isinstance(name, str) for name in names)
    expect(listed, "its history is not understood")
    series = {name: array_of(f"history.{name}", arrays) for name in names}
    for name, array in series.items():
        proper = array.ndim == 1 and array.dtype == "float64"
        expect(proper, f"its history of {name!r:.40} is not understood")
    fits = sum(array.size for array in series.values()) <= HISTORY_LIMIT
    expect(fits, f"its history has more than {HISTORY_LIMIT} numbers")
    return {name: series[name].tolist() for name in names}
