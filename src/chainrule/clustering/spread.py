"""How far rows lie apart: the scale that says when centers have moved too little to go on."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.clustering.blocks import Runner, row_blocks
from chainrule.clustering.compiled import loops


def mean_variance(rows: Any, run: Runner) -> float:
    """The mean over the features of their variance; in two passes, so that little is canceled."""
    add, parts = loops().add_deviations, (len(row_blocks(len(rows))), rows.shape[1])
    sums, squares, middle = np.empty(parts), np.empty(parts), np.zeros(rows.shape[1])

    def deviations(block: int, start: int, stop: int) -> None:
        add(rows, middle, start, stop, sums[block], squares[block])

    run(deviations, len(rows))
    middle = sums.sum(axis=0) / len(rows)
    run(deviations, len(rows))
    rest = sums.sum(axis=0) / len(rows)
    return float((squares.sum(axis=0) / len(rows) - rest**2).mean())
