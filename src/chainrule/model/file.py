"""A model as a file and back: what stands in the document, what are arrays, and what must agree.

Arrays: params.0.weight, state.1.mean, history.train_loss, targets.classes (where labels are
numbers). The document: network, loss, targets, encoder, shapes, dtype, card and the version of this
layout. Reading builds everything from a closed table of names and checks it against the arrays.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.autodiff import paths
from chainrule.data import CATEGORY, KINDS, NUMBER, Encoder, Targets
from chainrule.errors import ModelFileError
from chainrule.losses import LOSSES
from chainrule.model.container import read_container, write_container
from chainrule.model.descriptions import from_plain, to_plain
from chainrule.model.registry import is_built_in
from chainrule.model.structure import array_of, filled, is_shape, structure_of
from chainrule.nn import Layer, Network, split_lengths

VERSION = 1
"""Of the document; it rises when an older chainrule could not read it rightly."""

NAMES = {
    *("version", "network", "loss", "targets", "encoder", "temperature", "in_shape", "dtype"),
    *("history", "card"),
}
HISTORY_LIMIT = 2**20
"""Numbers of the history: as Python's they take five times their size in the file."""

LABELS_LIMIT = 2**20
"""Letters of all labels, each counted as long as the longest: so NumPy keeps them."""


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
        "targets": {
            "kind": targets.kind,
            "outputs": targets.outputs,
            "flat": targets.flat,
            "classes": _labels_to_plain(targets.classes),
        },
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
    if document["targets"]["classes"] == "array":
        named.append(("targets.classes", targets.classes))
    arrays = dict(named)
    if len(arrays) < len(named):
        raise ModelFileError("Two arrays have one name: leave dots out of the names of branches.")
    if isinstance(labels := document["targets"]["classes"], list):
        _expect(_labels_fit(labels, arrays), "The labels are too long for so small a model")
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
    _expect(isinstance(network, Network), "its network is none")
    _expect(_is_loss(loss), "its loss is none")
    _expect(isinstance(card, dict), "its card is none")
    _expect(dtype in ("float32", "float64"), "its dtype is unknown")
    _expect(is_shape(in_shape), "its in_shape is none")
    _expect(type(temperature) is float and 0 < temperature < 1e6, "its temperature is none")
    numbers = sum(array.nbytes for array in arrays.values()) // 4
    params, state, out_shape = structure_of(network, in_shape, numbers)
    targets = _targets(document["targets"], out_shape, arrays)
    _expect(
        getattr(loss, "targets", targets.kind) in _kinds(targets),
        "its loss is for another kind of targets",
    )
    _check_encoder(encoder, targets, in_shape)
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
    _expect(not arrays, f"nothing needs its array {min(arrays, default='')!r:.80}")
    return fields


def _expect(holds: bool, fault: str) -> None:
    if not holds:
        raise ModelFileError(f"{fault}.")


def _is_loss(value: Any) -> bool:
    """A loss of chainrule's, or a function or class of the caller's own that can be called."""
    if is_built_in(type(value)):
        return isinstance(value, tuple(LOSSES.values()))
    return callable(value) and not isinstance(value, Layer)


def _kinds(targets: Targets) -> tuple[str, ...]:
    """The kinds of targets that a loss may be for: numbers, where outputs have any shape."""
    return (targets.kind, "numbers") if targets.kind == "any" else (targets.kind,)


def _check_encoder(encoder: Any, targets: Targets, in_shape: Any) -> None:
    if encoder is None:
        return
    _expect(isinstance(encoder, Encoder), "its encoder is none")
    kind = NUMBER if targets.kind == "numbers" else CATEGORY
    fits = all(code.kind == kind for code in encoder.targets)
    fits &= len(encoder.targets) in (1, targets.outputs)
    _expect(fits and in_shape == (encoder.width,), "its encoder does not fit its network")


def _labels_to_plain(classes: Any) -> Any:
    """None, a list of strings, or "array": numbers and booleans are kept as an array."""
    if classes is None:
        return None
    if classes.dtype.kind in "biuf":
        return "array"
    if classes.dtype.kind in "UT":
        return [str(label) for label in classes]
    raise ModelFileError(
        f"The labels have dtype {classes.dtype}; a model file keeps strings, numbers or booleans."
    )


def _targets(plain: Any, out_shape: Any, arrays: dict[str, Any]) -> Targets:
    proper = isinstance(plain, dict) and set(plain) == {"kind", "outputs", "flat", "classes"}
    _expect(proper, "its targets are not understood")
    kind, outputs, flat, classes = (plain[k] for k in ("kind", "outputs", "flat", "classes"))
    _expect(kind in (*KINDS, "any"), f"its targets are of the unknown kind {kind!r:.40}")
    _expect(type(outputs) is int and isinstance(flat, bool), "its targets are not understood")
    shape = split_lengths(out_shape)[0]
    expected = outputs == 0 if kind == "any" else shape[-1:] == (outputs,)
    _expect(expected, "its targets do not fit its network")
    if classes is not None:
        _expect(_may_have_labels(kind, outputs), "its targets can have no class labels")
        classes = _labels(classes, arrays)
        wanted = outputs if kind == "classes" else 2
        _expect(len(classes) == wanted, "it has another number of class labels")
    return Targets(kind, outputs, classes, flat, 0 if kind == "any" else len(shape) - 1)


def _may_have_labels(kind: str, outputs: int) -> bool:
    return kind == "classes" or (kind in ("binary", "signs") and outputs == 1)


def _labels(plain: Any, arrays: dict[str, Any]) -> Any:
    """The class labels as an array: numbers and booleans from the arrays, strings from the list."""
    if plain == "array":
        classes = array_of("targets.classes", arrays)
        _expect(classes.ndim == 1, "its class labels are not understood")
        return classes
    strings = isinstance(plain, list) and all(isinstance(label, str) for label in plain)
    _expect(strings, "its class labels are not understood")
    _expect(len(set(plain)) == len(plain), "it has a class label twice")
    _expect(_labels_fit(plain, arrays), "its class labels are too long")
    return np.array(plain, str)


def _labels_fit(labels: Sequence[str], arrays: Mapping[str, Any]) -> bool:
    """Whether NumPy can keep the labels in no more memory than the file's own numbers."""
    most = max(LABELS_LIMIT, sum(array.size for array in arrays.values()))
    return len(labels) * max(map(len, labels), default=0) <= int(most)


def _history(names: Any, arrays: dict[str, Any]) -> dict[str, list[float]]:
    listed = isinstance(names, list) and all(isinstance(name, str) for name in names)
    _expect(listed, "its history is not understood")
    series = {name: array_of(f"history.{name}", arrays) for name in names}
    for name, array in series.items():
        proper = array.ndim == 1 and array.dtype == "float64"
        _expect(proper, f"its history of {name!r:.40} is not understood")
    fits = sum(array.size for array in series.values()) <= HISTORY_LIMIT
    _expect(fits, f"its history has more than {HISTORY_LIMIT} numbers")
    return {name: series[name].tolist() for name in names}
