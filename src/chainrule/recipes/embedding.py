"""Columns of many labels get learnt vectors: which columns, how wide, and the layer in front.

The numbers were measured: docs/decisions/0007-many-labels-get-learnt-vectors.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.data import Encoder, Table
from chainrule.model import Model
from chainrule.nn import EmbedColumns, Network

MANY = 50
"""From so many labels on a column is embedded."""

WIDTH = 8
"""So many numbers stand for a label."""


def columns_to_embed(table: Table, columns: Sequence[str]) -> dict[str, int]:
    """The columns with many labels, and how many each has.

    Args:
        table: the rows that are learnt from. columns: those that are used.

    Example:
        >>> from chainrule.data import as_table
        >>> towns = [f"town {i % 60}" for i in range(180)]
        >>> columns_to_embed(as_table({"town": towns, "sea": ["yes", "no"] * 90}), ["town", "sea"])
        {'town': 60}
    """
    found = {name: len(table.column(name).counts()) for name in columns if _labelled(table, name)}
    return {name: labels for name, labels in found.items() if labels >= MANY}


def _labelled(table: Table, name: str) -> bool:
    return bool(table.column(name).labels)


def with_tables(network: Network, encoder: Encoder) -> Network:
    """The network behind the layer that turns the encoder's numbers of labels into vectors."""
    codes = encoder.embedded
    if not codes:
        return network
    counts = tuple(code.count for code in codes.values())
    layer = EmbedColumns(tuple(codes), counts, (WIDTH,) * len(codes))
    return Network([layer, *network.layers])


def settled(model: Model) -> Model:
    """The model, with the average vector for labels that are new where none was learnt for them.

    Training has trained the last vector of a table where rare or missing values were written as it.
    Otherwise it is what chance made it at the start, and the average says less that is not so.
    """
    codes = {} if model.encoder is None else model.encoder.embedded
    if all(code.slot for code in codes.values()):
        return model
    tables = []
    for own, code in zip(model.params[0], codes.values(), strict=True):
        table = np.array(own["table"])
        if not code.slot:
            table[-1] = table[:-1].mean(axis=0)
        tables.append({"table": table})
    return replace(model, params=(tuple(tables), *model.params[1:]))
