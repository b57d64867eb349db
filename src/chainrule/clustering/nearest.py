"""Which row is nearest to a new one: rows sorted into tiles of neighbors, each with its box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.clustering.blocks import block_runner
from chainrule.clustering.compiled import near_loops


def near_order(rows: Any) -> Any:
    """An order of rows (rows, features) in which every tile of LEAF rows lies close together.

    Halves are split where they are widest, as in a k-d tree (Bentley 1975), at whole tiles.
    """
    leaf, order = near_loops().LEAF, np.arange(len(rows))
    open_ends = [(0, len(rows))]
    while open_ends:
        start, stop = open_ends.pop()
        tiles = -(-(stop - start) // leaf)
        if tiles < 2:
            continue
        part = order[start:stop]
        values = rows[part]
        widest = int(np.argmax(values.max(axis=0) - values.min(axis=0)))
        half = tiles // 2 * leaf
        order[start:stop] = part[np.argpartition(values[:, widest], half)]
        open_ends += [(start, start + half), (start + half, stop)]
    return order


@dataclass(frozen=True, eq=False)
class Tiles:
    """Rows in tiles.

    Attributes:
        rows: float64 (tiles, features, LEAF), filled up with infinitely far ones.
        low, high: (features, tiles), the box of each. order: which row stands in each place.
    """

    rows: Any
    low: Any
    high: Any
    order: Any

    @staticmethod
    def of(rows: Any, order: Any, spare: int = 0) -> Tiles:
        """Rows (rows, features) in this order; `spare` so many tiles more, empty."""
        features, leaf = rows.shape[1], near_loops().LEAF
        tiles = -(-len(rows) // leaf) + spare
        filled = np.full((tiles * leaf, features), np.inf)
        filled[: len(rows)] = rows[order]
        made = np.ascontiguousarray(filled.reshape(tiles, leaf, features).transpose(0, 2, 1))
        low, high = np.empty((2, features, tiles))
        near_loops().boxes_of_tiles(made, low, high)
        return Tiles(made, low, high, order)

    def fill(self, values: Any, rest: Any) -> Any:
        """One value of every row, place by place; `rest` where there is no row."""
        filled = np.full(self.rows.shape[0] * self.rows.shape[2], rest, values.dtype)
        filled[: len(self.order)] = values[self.order]
        return filled

    def take(self, places: Any) -> Any:
        """The rows in these places, (places, features)."""
        leaf = self.rows.shape[2]
        return self.rows[places // leaf, :, places % leaf]


@dataclass(frozen=True, eq=False)
class NearestRows:
    """Rows prepared for the question which of them is nearest to a new one.

    Equal rows are kept once, which gives the same answers: the first of them stands for all.

    Attributes:
        tiles: the different rows. numbers: the number of the row in every place.
    """

    tiles: Tiles
    numbers: Any

    @staticmethod
    def of(rows: Any) -> NearestRows:
        """Prepare rows (rows, features)."""
        data, first = np.unique(np.asarray(rows, "float64"), axis=0, return_index=True)
        tiles = Tiles.of(data, near_order(data))
        return NearestRows(tiles, tiles.fill(first, np.iinfo("int64").max))

    def find(self, queries: Any, threads: int | None = None) -> Any:
        """The number of the nearest row of every query, int64 (queries,); the first of equals."""
        data, found = np.asarray(queries, "float64"), np.empty(len(queries), "int64")
        tiles, search = self.tiles, near_loops().nearest_rows
        with block_runner(threads, data.size * len(tiles.order) // 10) as run:
            run(
                lambda _, start, stop: search(
                    tiles.rows, tiles.low, tiles.high, self.numbers, data, found, start, stop
                ),
                len(data),
            )
        return found
