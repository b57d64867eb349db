"""The examples of a step: from what the user gave to the inputs and targets of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.autodiff import Tree, leaves
from chainrule.data import Encoder, as_features, as_table, is_uneven
from chainrule.errors import DataError, SettingError, ShapeError
from chainrule.model import Model, check_embeddings, index_flags
from chainrule.nn import Network, is_named, pictures_scaled, split_lengths
from chainrule.ops import is_sequence
from chainrule.training.outputs import check_heads, targets_for
from chainrule.training.prepare import targets_of


def encoded(encoder: Encoder, x: Any, y: Any) -> tuple[Any, Any]:
    """Rows of a table and their targets as the network sees them."""
    features = encoder.encode(as_table(x, encoder.kinds), "float64")
    return features, np.atleast_1d(np.asarray(encoder.encode_target(y)))


def examples(net: Network, x: Any, y: Any, in_shape: Any = None) -> tuple[Any, Any]:
    """Inputs and targets with a row for every example; one axis of inputs is one example.

    Args:
        in_shape: of one example, where a model knows it: of named inputs it tells one from several.
    """
    indices, named = index_flags(net, x), isinstance(x, Mapping) and not is_sequence(x)
    one = _is_one(x, indices, in_shape) if named else _known(x) and np.ndim(x) < 2
    if one:
        x = _with_row(x) if named else np.reshape(np.asarray(x), (1, -1))
        y = {n: _one_row(t) for n, t in y.items()} if isinstance(y, Mapping) else _one_row(y)
    features = as_features(x, dtype="float64", indices=indices, name="x")
    check_embeddings(net, features)
    return pictures_scaled(features, "float64"), y


def _is_one(x: Any, indices: Any, in_shape: Any) -> bool:
    """Whether named inputs are those of one example, without an axis of rows.

    They are where all have the shape of one that a model knows; for a network where one of them is
    an array of one axis, or a single index.
    """
    if isinstance(x, Mapping):
        flags = indices if isinstance(indices, Mapping) else {}
        shapes = in_shape if isinstance(in_shape, dict) else {}
        found = [_is_one(x[n], flags.get(n), shapes.get(n)) for n in x if _known(x[n])]
        return bool(found) and (all(found) if shapes else any(found))
    if in_shape is not None:
        return tuple(np.shape(x)) == tuple(in_shape)
    return int(np.ndim(x)) < (1 if indices is True else 2)


def _known(x: Any) -> bool:
    """Whether an input is an array or lists of one shape: other things always have rows."""
    return not (is_sequence(x) or hasattr(x, "to_numpy") or is_uneven(x))


def _with_row(x: Any) -> Any:
    """One example as the only row."""
    if isinstance(x, Mapping):
        return x if is_sequence(x) else {name: _with_row(part) for name, part in x.items()}
    return np.asarray(x)[None] if _known(x) else x


def _one_row(y: Any) -> Any:
    """The target of one example as that of the only row."""
    y = np.asarray(y)
    return y[None] if y.ndim == 0 or y.size > 1 else y


def batch_of(features: Any, y: Any, loss: Any, model: Model | None, out_shape: Any) -> Tree:
    """The batch as the training step takes it: every example has the same share."""
    check_heads(loss, out_shape)
    y = targets_of(y, features, out_shape)
    if model is None:
        _check_labels(getattr(loss, "targets", "numbers"), y, out_shape)
    encoded = targets_for(model, loss, y, out_shape).encode(y, "float64")
    rows, targets = len(leaves(features)[0]), len(leaves(encoded)[0])
    if targets != rows:
        raise ShapeError(
            f"x has {rows} {'row' if rows == 1 else 'rows'} and y has {targets}: every "
            "example needs one target."
        )
    return {"x": features, "y": encoded, "share": np.full(rows, 1 / rows)}


def _check_labels(kind: Any, y: Any, out_shape: Any) -> None:
    if is_named(out_shape):
        for head, shape in out_shape.items():
            _check_labels(kind[head], y[head], shape)
    elif kind == "classes":
        _check_class_numbers(y, split_lengths(out_shape)[0][-1])


def _check_class_numbers(y: Any, outputs: int) -> None:
    """Refuse a number that is no class: a few examples do not show what the classes are."""
    labels = np.asarray(y)
    if outputs < 2:
        raise SettingError(
            "Cross-entropy needs an output for every class, two or more: end the network in "
            "Dense(2), or use loss='binary_cross_entropy' with one output."
        )
    if labels.ndim != 1 or labels.dtype.kind not in "iuf":
        return
    for label in labels:
        if label not in range(outputs):
            raise DataError(
                f"y holds the class {label}, and the network's {outputs} outputs stand for the "
                f"classes 0 to {outputs - 1}."
            )
