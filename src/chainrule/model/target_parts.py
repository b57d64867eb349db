"""Targets as plain data and back: what a file may say of labels, of one output or of each head.

One output: {"kind", "outputs", "flat", "classes"}; several: {"heads": {name: such a value}}. Labels
that are numbers are arrays of the file: targets.classes, or targets.NAME.classes of a head.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.data import KINDS, HeadTargets, Targets
from chainrule.errors import ModelFileError
from chainrule.model.structure import array_of
from chainrule.nn import is_named, split_lengths

LABELS_LIMIT = 2**20
"""Letters of all labels, each counted as long as the longest: so NumPy keeps them."""

FIELDS = ("kind", "outputs", "flat", "classes")


def expect(holds: bool, fault: str) -> None:
    """Refuse a file.

    Raises:
        ModelFileError: it does not hold; with the fault.
    """
    if not holds:
        raise ModelFileError(f"{fault}.")


def plain_targets(targets: Targets | HeadTargets) -> dict[str, Any]:
    """Targets as JSON values.

    Raises:
        ModelFileError: labels of a type that a file does not keep.
    """
    if isinstance(targets, HeadTargets):
        return {"heads": {name: plain_targets(part) for name, part in targets.heads.items()}}
    return {
        "kind": targets.kind,
        "outputs": targets.outputs,
        "flat": targets.flat,
        "classes": _labels_to_plain(targets.classes),
    }


def label_arrays(targets: Targets | HeadTargets) -> list[tuple[str, Any]]:
    """The labels that are numbers, with the names of their arrays."""
    return [
        (f"{name}.classes", part.classes)
        for name, part in _parts(targets)
        if _labels_to_plain(part.classes) == "array"
    ]


def labels_fit(targets: Targets | HeadTargets, arrays: Mapping[str, Any]) -> bool:
    """Whether NumPy can keep all labels in no more memory than the file's own numbers."""
    plain = [_labels_to_plain(part.classes) for _, part in _parts(targets)]
    return _fit([labels for labels in plain if isinstance(labels, list)], arrays)


def targets_from(plain: Any, out_shape: Any, arrays: dict[str, Any]) -> Targets | HeadTargets:
    """The targets that JSON values stand for; their labels are taken out of the arrays.

    Args:
        out_shape: of the network's output, or a dict of shapes of its heads.

    Raises:
        ModelFileError: they are not understood, or do not fit the network.
    """
    if not is_named(out_shape):
        return _targets(plain, out_shape, "targets", arrays)
    proper = isinstance(plain, dict) and set(plain) == {"heads"}
    expect(proper and isinstance(plain["heads"], dict), "its targets are not understood")
    heads = plain["heads"]
    expect(set(heads) == set(out_shape), "its targets do not fit its network")
    _check_length([part.get("classes") for part in heads.values() if type(part) is dict], arrays)
    return HeadTargets(
        {
            name: _targets(heads[name], out_shape[name], f"targets.{name}", arrays)
            for name in sorted(heads)
        }
    )


def is_for(loss: Any, targets: Targets | HeadTargets) -> bool:
    """Whether a loss is for targets of these kinds; one of the caller's own may not say."""
    kinds = getattr(loss, "targets", targets.kind)
    if not isinstance(targets, HeadTargets):
        return kinds in _kinds(targets)
    if not isinstance(kinds, dict) or set(kinds) != set(targets.heads):
        return False
    return all(kinds[name] in _kinds(part) for name, part in targets.heads.items())


def _kinds(targets: Targets) -> tuple[str, ...]:
    """The kinds of targets that a loss may be for: numbers, where outputs have any shape."""
    return (targets.kind, "numbers") if targets.kind == "any" else (targets.kind,)


def _parts(targets: Targets | HeadTargets) -> Iterator[tuple[str, Targets]]:
    """Single targets with the beginning of the names of their arrays."""
    if isinstance(targets, HeadTargets):
        for name, part in targets.heads.items():
            yield f"targets.{name}", part
    else:
        yield "targets", targets


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


def _targets(plain: Any, out_shape: Any, name: str, arrays: dict[str, Any]) -> Targets:
    proper = isinstance(plain, dict) and set(plain) == set(FIELDS) and not is_named(out_shape)
    expect(proper, "its targets are not understood")
    kind, outputs, flat, classes = (plain[field] for field in FIELDS)
    expect(kind in (*KINDS, "any"), f"its targets are of the unknown kind {kind!r:.40}")
    expect(type(outputs) is int and isinstance(flat, bool), "its targets are not understood")
    shape = split_lengths(out_shape)[0]
    fits = outputs == 0 if kind == "any" else shape[-1:] == (outputs,)
    expect(fits, "its targets do not fit its network")
    if classes is not None:
        expect(_may_have_labels(kind, outputs), "its targets can have no class labels")
        classes = _labels(classes, name, arrays)
        wanted = outputs if kind == "classes" else 2
        expect(len(classes) == wanted, "it has another number of class labels")
    return Targets(kind, outputs, classes, flat, 0 if kind == "any" else len(shape) - 1)


def _may_have_labels(kind: str, outputs: int) -> bool:
    return kind == "classes" or (kind in ("binary", "signs") and outputs == 1)


def _labels(plain: Any, name: str, arrays: dict[str, Any]) -> Any:
    """The class labels as an array: numbers and booleans from the arrays, strings from the list."""
    if plain == "array":
        classes = array_of(f"{name}.classes", arrays)
        expect(classes.ndim == 1, "its class labels are not understood")
        return classes
    strings = isinstance(plain, list) and all(isinstance(label, str) for label in plain)
    expect(strings, "its class labels are not understood")
    expect(len(set(plain)) == len(plain), "it has a class label twice")
    _check_length([plain], arrays)
    return np.array(plain, str)


def _check_length(labels: list[Any], arrays: Mapping[str, Any]) -> None:
    listed = [found for found in labels if isinstance(found, list)]
    strings = all(isinstance(label, str) for found in listed for label in found)
    expect(strings, "its class labels are not understood")
    expect(_fit(listed, arrays), "its class labels are too long")


def _fit(labels: list[list[str]], arrays: Mapping[str, Any]) -> bool:
    most = max(LABELS_LIMIT, sum(array.size for array in arrays.values()))
    letters = sum(len(found) * max(map(len, found), default=0) for found in labels)
    return letters <= int(most)
