"""Learnt vectors for columns of codes that stand among columns of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.initializers import Initializer, RandomNormal
from chainrule.nn.layer import Context, Shape

MOST_ROWS = 2**24
"""Up to so many, float32 tells whole numbers apart."""


@dataclass(frozen=True)
class EmbedColumns:
    """Columns of codes become learnt vectors, the others stay: (batch, columns) becomes wider.

    A code is a whole number written as a float: the row of the column's own table, which holds one
    vector for every label (Guo, Berkhahn 2016, "Entity embeddings of categorical variables"). The
    vectors stand where the codes stood.

    Args:
        columns: which columns hold codes, rising, counted from 0.
        counts: of each, how many codes there are: 0 … count - 1.
        features: of each, how many numbers stand for a code.
        table_init: where the tables start.

    Parameters: for each of the columns a table (count, features), float32.

    Raises:
        SettingError: no columns, columns that do not rise, or not one count and width for each.

    Example:
        >>> import numpy as np
        >>> layer = EmbedColumns(columns=(1,), counts=(3,), features=(2,))
        >>> params, state, shape = layer.init(ops.key_from_seed(0), (2,))
        >>> params[0]["table"].shape, shape
        ((3, 2), (3,))
        >>> out, _ = layer.apply(params, state, np.array([[0.5, 2.0]], "float32"), Context())
        >>> bool((out[0, 1:] == params[0]["table"][2]).all())
        True
    """

    columns: tuple[int, ...]
    counts: tuple[int, ...]
    features: tuple[int, ...]
    table_init: Initializer = RandomNormal(0.05)

    def __post_init__(self) -> None:
        for name in ("columns", "counts", "features"):
            object.__setattr__(self, name, _whole(getattr(self, name), name))
        if not len(self.columns) == len(self.counts) == len(self.features) > 0:
            raise SettingError(
                f"EmbedColumns has {len(self.columns)} columns, {len(self.counts)} counts and "
                f"{len(self.features)} features: give one of each for every column of codes."
            )
        if list(self.columns) != sorted(set(self.columns)) or self.columns[0] < 0:
            raise SettingError(
                f"EmbedColumns has the columns {self.columns}: they must rise, e.g. (0, 3)."
            )
        if min(self.counts + self.features) < 1 or max(self.counts) > MOST_ROWS:
            raise SettingError(
                f"EmbedColumns has the counts {self.counts} and the features {self.features}: all "
                f"must be above 0, and counts at most {MOST_ROWS}."
            )

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        if not isinstance(in_shape, tuple) or len(in_shape) != 1 or in_shape[0] <= self.columns[-1]:
            raise ShapeError(
                f"EmbedColumns takes rows with a column {self.columns[-1]}, (batch, columns); its "
                f"input has shape (batch, *{in_shape})."
            )
        tables = tuple(
            {"table": self.table_init(ops.fold_in(key, i), (count, features), count, features)}
            for i, (count, features) in enumerate(zip(self.counts, self.features, strict=True))
        )
        return tables, {}, (in_shape[0] - len(self.columns) + sum(self.features),)

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        pieces, start = [], 0
        for own, column in zip(params, self.columns, strict=True):
            if column > start:
                pieces.append(x[:, start:column])
            pieces.append(ops.take(own["table"], x[:, column].astype("int32")))
            start = column + 1
        if start < x.shape[1]:
            pieces.append(x[:, start:])
        return ops.concatenate(pieces, axis=-1), state


def _whole(given: Any, name: str) -> tuple[int, ...]:
    """Whole numbers as a tuple; a single one as a tuple of one."""
    listed = given if isinstance(given, tuple | list) else (given,)
    if any(isinstance(n, bool) or not hasattr(n, "__index__") for n in listed):
        raise SettingError(f"EmbedColumns has the {name} {given!r}: they must be whole numbers.")
    return tuple(int(n) for n in listed)
