"""A model as a file and back: what stands in the document, what are arrays, and what must agree.

Arrays: params.0.weight, state.1.mean, history.train_loss, targets.classes (where labels are
numbers). The document: network, loss, targets, encoder, shapes, dtype, card and the version of this
layout. Reading builds everything from a closed table of names and checks it against the arrays.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.autodiff import Tree, paths, rebuild
from chainrule.data import CATEGORY, KINDS, NUMBER, Encoder, Targets
from chainrule.errors import ChainruleError, ModelFileError
from chainrule.model.container import read_container, write_container
from chainrule.model.descriptions import from_plain, to_plain
from chainrule.nn import Dense, Embedding, Layer, Network

VERSION = 1
"""Of the document; it rises when an older chainrule could not read it rightly."""

NAMES = {
    *("version", "network", "loss", "targets", "encoder", "temperature", "in_shape", "dtype"),
    *("history", "card"),
}
LARGEST = 2**20
"""Units, indices or features of a layer that are always believed, whatever the file's size."""


def write_fields(path: str | os.PathLike[str], fields: Mapping[str, Any]) -> None:
    """Write the fields of a Model.

    Raises:
        ModelFileError: something in it cannot be kept as plain data, or the disk refuses.
    """
    targets = fields["targets"]
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
        "history": list(fields["history"]),
        "card": dict(fields["card"]),
    }
    named = [(f"params.{name}", leaf) for name, leaf in paths(fields["params"])]
    named += [(f"state.{name}", leaf) for name, leaf in paths(fields["state"])]
    named += [(f"history.{k}", np.asarray(v, "float64")) for k, v in fields["history"].items()]
    if document["targets"]["classes"] == "array":
        named.append(("targets.classes", targets.classes))
    arrays = dict(named)
    if len(arrays) < len(named):
        raise ModelFileError("Two arrays have one name: leave dots out of the names of branches.")
    write_container(Path(path), document, arrays)


def read_fields(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The fields of a Model.

    Raises:
        ModelFileError: with the reason.
    """
    path = Path(path)
    document, arrays = read_container(path)
    version = document.get("version")
    if version != VERSION:
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
    network = from_plain(document["network"], "the network")
    loss = from_plain(document["loss"], "the loss")
    encoder = from_plain(document["encoder"], "the encoder")
    card = document["card"]
    in_shape = from_plain(document["in_shape"], "in_shape")
    _expect(isinstance(network, Network), "its network is none")
    _expect(callable(loss) and not isinstance(loss, Layer), "its loss is none")
    _expect(encoder is None or isinstance(encoder, Encoder), "its encoder is none")
    _expect(isinstance(card, dict), "its card is none")
    _expect(document["dtype"] in ("float32", "float64"), "its dtype is unknown")
    _expect(_is_shape(in_shape), "its in_shape is none")
    temperature = document["temperature"]
    _expect(type(temperature) is float and 0 < temperature < 1e6, "its temperature is none")
    dtype = document["dtype"]
    params, state, out_shape = _structure(network, in_shape, arrays)
    taken: set[str] = set()
    fields = {
        "network": network,
        "params": _filled(params, "params", arrays, dtype, taken),
        "state": _filled(state, "state", arrays, dtype, taken),
        "loss": loss,
        "targets": _targets(document["targets"], out_shape, arrays, taken),
        "in_shape": in_shape,
        "dtype": dtype,
        "history": _history(document["history"], arrays, taken),
        "card": card,
        "encoder": encoder,
        "temperature": temperature,
    }
    if encoder is not None:
        fits = encoder.target.kind == (NUMBER if fields["targets"].kind == "numbers" else CATEGORY)
        fits &= len(encoder.targets) in (1, out_shape[0])
        _expect(fits and in_shape == (encoder.width,), "its encoder does not fit its network")
    extra = sorted(set(arrays) - taken)
    _expect(not extra, f"nothing needs its array {extra[0] if extra else ''!r}")
    return fields


def _expect(holds: bool, fault: str) -> None:
    if not holds:
        raise ModelFileError(f"{fault}.")


def _is_shape(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(shape, tuple) and _is_shape(shape) for shape in value.values())
    return isinstance(value, tuple) and all(type(n) is int and 0 <= n <= LARGEST for n in value)


def _structure(network: Network, in_shape: Any, arrays: dict[str, Any]) -> tuple[Tree, Tree, Any]:
    """Params and state as the network would make them, without making the numbers."""
    believed = max(LARGEST, sum(array.size for array in arrays.values()))
    light = _without_numbers(network, believed)
    try:
        return light.init(ops.key_from_seed(0), in_shape)  # type: ignore[no-any-return]
    except (ChainruleError, TypeError, ValueError, AttributeError, LookupError) as error:
        raise ModelFileError(f"its network cannot be built: {error}") from error
    except (ArithmeticError, MemoryError, RecursionError) as error:
        raise ModelFileError("its network is too large to be built.") from error


class _NoNumbers:
    """An initializer that takes no memory."""

    def __call__(self, key: Any, shape: tuple[int, ...], fan_in: int, fan_out: int) -> Any:
        return np.broadcast_to(np.float32(0), shape)


def _without_numbers(part: Any, believed: int) -> Any:
    """The same description with initializers that take no memory; sizes must be believable."""
    if isinstance(part, tuple):
        return tuple(_without_numbers(item, believed) for item in part)
    if not isinstance(part, Layer):
        return part
    copy = object.__new__(type(part))
    for name, value in vars(part).items():
        if isinstance(part, Dense | Embedding) and type(value) is int and value > believed:
            raise ModelFileError(f"{type(part).__name__}.{name} is {value}: the file is smaller.")
        initializer = name.endswith("_init") and not isinstance(value, Layer)
        light = _NoNumbers() if initializer else _without_numbers(value, believed)
        object.__setattr__(copy, name, light)
    return copy


def _filled(
    expected: Tree, prefix: str, arrays: dict[str, Any], dtype: str, taken: set[str]
) -> Tree:
    """The tree with the arrays of the file, each of the shape and dtype that the network needs."""
    found = []
    for path, leaf in paths(expected):
        name = f"{prefix}.{path}"
        array = _array(name, arrays, taken)
        wanted = np.dtype(dtype) if leaf.dtype.kind == "f" else leaf.dtype
        if array.shape != leaf.shape or array.dtype != wanted:
            raise ModelFileError(
                f"the array {name!r} is {array.dtype} {array.shape} and its layer needs {wanted} "
                f"{leaf.shape}."
            )
        found.append(array)
    return rebuild(expected, iter(found))


def _array(name: str, arrays: dict[str, Any], taken: set[str]) -> Any:
    if name not in arrays:
        raise ModelFileError(f"the array {name!r:.80} is missing.")
    taken.add(name)
    return arrays[name]


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


def _targets(plain: Any, out_shape: Any, arrays: dict[str, Any], taken: set[str]) -> Targets:
    proper = isinstance(plain, dict) and set(plain) == {"kind", "outputs", "flat", "classes"}
    _expect(proper, "its targets are not understood")
    kind, outputs, flat, classes = (plain[k] for k in ("kind", "outputs", "flat", "classes"))
    _expect(kind in (*KINDS, "any"), f"its targets are of the unknown kind {kind!r:.40}")
    _expect(type(outputs) is int and isinstance(flat, bool), "its targets are not understood")
    _expect(kind == "any" or out_shape == (outputs,), "its targets do not fit its network")
    if classes == "array":
        classes = _array("targets.classes", arrays, taken)
        _expect(classes.ndim == 1, "its class labels are not understood")
    elif classes is not None:
        strings = isinstance(classes, list) and all(isinstance(label, str) for label in classes)
        _expect(strings, "its class labels are not understood")
        classes = np.array(classes, str)
    wanted = outputs if kind == "classes" else 2
    _expect(classes is None or len(classes) == wanted, "it has another number of class labels")
    return Targets(kind, outputs, classes, flat)


def _history(names: Any, arrays: dict[str, Any], taken: set[str]) -> dict[str, list[float]]:
    listed = isinstance(names, list) and all(isinstance(name, str) for name in names)
    _expect(listed, "its history is not understood")
    history = {}
    for name in names:
        array = _array(f"history.{name}", arrays, taken)
        proper = array.ndim == 1 and array.dtype == "float64"
        _expect(proper, f"its history of {name!r:.40} is not understood")
        history[name] = array.tolist()
    return history
