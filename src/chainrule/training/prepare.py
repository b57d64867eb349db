"""From what the user gives to what the loop takes: weights, validation parts, batches."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.autodiff import Tree, leaves, tree_map
from chainrule.data import (
    HeadTargets,
    Targets,
    as_features,
    check_names,
    split_rows,
    step_targets,
)
from chainrule.errors import DataError, SettingError, ShapeError
from chainrule.model import (
    check_channels_last,
    check_embeddings,
    check_in_shape,
    index_flags,
    with_expected_lengths,
)
from chainrule.nn import Network, is_named, split_lengths
from chainrule.ops import key_from_seed

DEFAULT_BATCH = 32
VALIDATION_CHUNK = 4096
"""Rows of a validation part that are evaluated at a time."""
VALIDATION_IMAGES = 256
"""The same for images, of which a layer can make a hundred times as many numbers."""


def cast(tree: Tree, dtype: str) -> Tree:
    """A copy of a tree with its floats in a dtype."""
    return tree_map(lambda x: np.array(x, dtype if np.asarray(x).dtype.kind == "f" else None), tree)


def row_count(features: Any, encoded: Any) -> int:
    """The number of rows, which inputs and targets must share."""
    rows, targets = len(leaves(features)[0]), len(leaves(encoded)[0])
    if targets != rows:
        raise ShapeError(f"X has {rows} rows and y has {targets}: every row of X needs one target.")
    return rows


def targets_of(y: Any, features: Any, out_shape: Any, name: str = "y") -> Any:
    """The user's targets as an array, where the network has outputs at every step of a sequence."""
    if is_named(out_shape):
        check_names(y, sorted(out_shape), name)
        return {
            head: targets_of(y[head], features, shape, f"{name}[{head!r}]")
            for head, shape in out_shape.items()
        }
    values, lengths = split_lengths(out_shape)
    if len(values) == 1 or (lengths is None and len(values) != 2):
        return y
    return step_targets(y, split_lengths(features)[1], values, name)


def row_weights(
    sample_weight: Any, class_weight: Any, encoded: Any, targets: Targets | HeadTargets, rows: int
) -> Any:
    """The weight of every row, float64: the sample's times its class's."""
    weights = np.ones(rows)
    if sample_weight is not None:
        weights = np.array(sample_weight, "float64").reshape(-1)
        if len(weights) != rows:
            raise ShapeError(f"sample_weight has {len(weights)} values for {rows} rows.")
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            row = int(np.argmax(~(np.isfinite(weights) & (weights >= 0))))
            raise DataError(
                f"sample_weight at row {row} is {weights[row]}; weights must be finite and at "
                "least 0."
            )
    if class_weight is not None:
        weights = weights * _class_weights(class_weight, encoded, targets)
    return weights


def _class_weights(class_weight: Any, encoded: Any, targets: Targets | HeadTargets) -> Any:
    if isinstance(targets, HeadTargets):
        raise SettingError(
            f"class_weight weighs rows by one target, and the network has the heads "
            f"{list(targets.heads)}: use loss_weights for the heads, sample_weight for the rows."
        )
    if targets.classes is None:
        raise SettingError("class_weight needs class labels as targets.")
    if targets.axes:
        raise SettingError(
            "class_weight needs one label per example, and these targets have one per step: give "
            "sample_weight instead."
        )
    numbers = encoded if encoded.ndim == 1 else (encoded[:, 0] > 0)
    numbers = numbers.astype("int64")
    count = len(targets.classes)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise SettingError(
                f"class_weight is {class_weight!r}; it must be 'balanced' or a weight per label."
            )
        found = np.bincount(numbers, minlength=count)
        table = len(numbers) / (np.maximum((found > 0).sum(), 1) * np.maximum(found, 1))
        return table[numbers]
    labels = targets.classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown:
        raise SettingError(f"class_weight names {unknown[0]!r}; the classes are {labels}.")
    table = np.array([float(class_weight.get(label, 1.0)) for label in labels])
    if not (np.isfinite(table).all() and (table >= 0).all() and table.any()):
        raise SettingError("class_weight: weights must be finite, at least 0, and not all 0.")
    return table[numbers]


def check_training_weights(weights: Any) -> None:
    """Refuse training rows that all weigh nothing."""
    if not weights.any():
        raise DataError(
            "All training rows have weight 0 (sample_weight times class_weight, without the "
            "validation part): nothing would be learnt."
        )


def as_pair(validation: Sequence[Any]) -> tuple[Any, Any]:
    """The user's own validation part as a pair (X, y)."""
    if len(validation) != 2:
        raise SettingError("validation must be a share of the rows, or a pair (X, y).")
    return validation[0], validation[1]


def own_validation(
    pair: tuple[Any, Any], net: Network, targets: Targets | HeadTargets, dtype: str, in_shape: Any
) -> Tree:
    """A validation part from the user's own pair (X, y)."""
    X, y = pair
    features = as_features(X, dtype=dtype, indices=index_flags(net, X), name="validation X")
    features = with_expected_lengths(features, in_shape)
    check_embeddings(net, features)
    check_channels_last(net, features)
    check_in_shape(features, in_shape)
    if targets.axes:
        y = targets_of(y, features, net.init(key_from_seed(0), in_shape)[2], "validation y")
    encoded = targets.encode(y, dtype, "validation y")
    rows = row_count(features, encoded)
    return {"x": features, "y": encoded, "weight": np.ones(rows)}


def hold_out(
    data: Tree, weights: Any, share: Any, targets: Targets | HeadTargets, key: Any
) -> tuple[Tree, Any, Tree]:
    """Training rows, their weights, and a validation part drawn from them."""
    number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
    if not number or not 0 < share < 1:
        raise SettingError(
            f"validation is {share!r}; it must be a share above 0 and below 1, or a pair (X, y)."
        )
    rows = len(weights)
    groups = targets.groups(data["y"])
    kept, held = split_rows(key, rows, float(share), groups)
    part = {**tree_map(lambda x: x[held], data), "weight": weights[held]}
    if not part["weight"].any():
        raise DataError("All rows of the validation part have weight 0.")
    return tree_map(lambda x: x[kept], data), weights[kept], part


def chunked(held: Tree | None, dtype: str, streams: int = 1) -> Tree | None:
    """A validation part in chunks of equal size, the last one filled up at weight 0.

    What fills it is its last row, since a loss may be undefined on made-up numbers. A chunk can be
    cut into as many equal parts as there are streams.
    """
    if held is None:
        return None
    rows = len(held["weight"])
    images = any(x.ndim > 3 for x in leaves(held["x"]))
    size = min(rows, VALIDATION_IMAGES if images else VALIDATION_CHUNK)
    size = -(-size // streams) * streams
    chunks = -(-rows // size)

    filled = np.minimum(np.arange(chunks * size), rows - 1)

    def cut(x: Any) -> Any:
        return x[filled].reshape(chunks, size, *x.shape[1:])

    share = (held["weight"] / held["weight"].sum()).astype(dtype)
    shares = np.pad(share, (0, chunks * size - rows)).reshape(chunks, size)
    return {"x": tree_map(cut, held["x"]), "y": tree_map(cut, held["y"]), "share": shares}


def batch_rows(batch_size: int | None, rows: int) -> int:
    """Rows a step: what was asked for, but not more than there are."""
    if batch_size is None:
        return rows
    if batch_size > rows and batch_size != DEFAULT_BATCH:
        warnings.warn(
            f"batch_size {batch_size} is larger than the {rows} training rows; all rows are taken "
            "at once. Write batch_size=None to say so.",
            stacklevel=3,
        )
    return min(int(batch_size), rows)
