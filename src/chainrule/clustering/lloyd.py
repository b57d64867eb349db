"""Lloyd's iteration written against the facade `xp`, for the XLA engine to compile.

The whole loop is one program. It comes back to the host when it has converged, after the last
iteration, and where a cluster has become empty: that is repaired as everywhere (`repair.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.clustering.repair import Assigned
from chainrule.engine import Namespace, engine_by_name

RUNNING, CONVERGED, EMPTY = 0, 1, 2

AT_ONCE = 16
"""Features that are measured in one pass over the distances, so that these are not written more
often; differences are squared, never expanded, so that near rows are told apart."""


class CompiledLloyd:
    """Lloyd's iteration of the same rows from any centers; the rows go to the device once."""

    def __init__(self, rows: Any, weights: Any, cosine: bool) -> None:
        self.dtype = "float32" if rows.dtype == np.float32 else "float64"
        self.rows, self.weights, self.cosine = rows, weights, cosine
        self.engine = engine_by_name("xla")
        with self.engine.precision(self.dtype):
            self.held = [self.engine.put(np.asarray(x, self.dtype)) for x in (rows, weights)]

    def __call__(self, centers: Any, max_iter: int, allowed: float) -> tuple[Any, int, bool]:
        """The last centers, float64 (clusters, features), iterations, and whether it converged."""
        get, put, dtype = self.engine.get, self.engine.put, self.dtype
        rows, clusters = len(self.rows), len(centers)
        key = ("lloyd", self.rows.shape, clusters, dtype, self.cosine)
        labels, iteration = np.zeros(rows, "int32"), 0
        with self.engine.precision(dtype):
            run = self.engine.compile(lambda: _program(self.engine.xp, dtype, self.cosine), key)
            limits = put(np.int32(max_iter)), put(np.asarray(allowed, dtype))
            while True:
                start = put(np.asarray(centers, dtype)), put(labels), put(np.int32(iteration))
                found = [get(x) for x in run(*self.held, *limits, *start)]
                last, labels, iteration, state = found[0], found[1], int(found[2]), int(found[3])
                if state != EMPTY:
                    return last.astype("float64"), iteration, state == CONVERGED
                centers, labels, shift = self._repaired(last, labels, *found[4:])
                if shift <= allowed or iteration >= max_iter:
                    return centers, iteration, shift <= allowed

    def _repaired(self, centers: Any, labels: Any, sums: Any, mass: Any) -> tuple[Any, Any, float]:
        """New centers after empty clusters have been given a row, and their squared moves."""
        parts = (np.array(x, "float64") for x in (sums, mass))
        assigned = Assigned(self.rows, self.weights, labels.copy(), *parts)
        assigned.fill_empty(centers)
        new = assigned.middles(centers, self.cosine)
        return new, assigned.labels, float(((new - centers) ** 2).sum())


def _program(xp: Namespace, dtype: str, cosine: bool) -> Callable[..., Any]:
    """Iterations until the centers rest, or a cluster is empty."""

    def body(rows: Any, weights: Any, allowed: Any, carry: Any) -> Any:
        centers, before, iteration, *_ = carry
        labels = xp.astype(xp.argmax(xp.negative(_squared(xp, rows, centers)), axis=1), "int32")
        mine = xp.equal(labels[:, None], xp.arange(len(centers), dtype="int32")[None])
        shares = xp.multiply(xp.astype(mine, dtype), weights[:, None])
        sums, mass = xp.matmul_tn(shares, rows), xp.sum(shares, (0,))
        new = _middles(xp, sums, mass, centers, cosine)
        shift = xp.sum(xp.square(xp.subtract(new, centers)), (0, 1))
        same = xp.logical_and(xp.greater(iteration, 0), xp.all(xp.equal(labels, before)))
        empty = xp.any(xp.less_equal(mass, 0))
        rests = xp.where(xp.less_equal(shift, allowed), CONVERGED, RUNNING)
        state = xp.where(same, CONVERGED, xp.where(empty, EMPTY, rests))
        centers = xp.where(xp.logical_or(same, empty), centers, new)
        return centers, labels, iteration + 1, xp.astype(state, "int32"), sums, mass

    def program(
        rows: Any, weights: Any, max_iter: Any, allowed: Any, centers: Any, labels: Any,
        iteration: Any,
    ) -> Any:  # fmt: skip
        def goes_on(carry: Any) -> Any:
            return xp.logical_and(xp.equal(carry[3], RUNNING), xp.less(carry[2], max_iter))

        nothing = xp.zeros((len(centers),), dtype=dtype)
        running = xp.asarray(RUNNING, dtype="int32")
        start = centers, labels, iteration, running, xp.zeros_like(centers), nothing
        return xp.while_loop(goes_on, lambda carry: body(rows, weights, allowed, carry), start)

    return program


def _squared(xp: Namespace, rows: Any, centers: Any) -> Any:
    """Squared distances (rows, clusters), some features at a time."""
    features = rows.shape[1]
    spare = -features % AT_ONCE
    parts = tuple(
        xp.reshape(
            xp.transpose(xp.pad(x, ((0, 0), (0, spare)))),
            ((features + spare) // AT_ONCE, AT_ONCE, -1),
        )
        for x in (rows, centers)
    )

    def add(total: Any, part: Any) -> Any:
        x, middles = part
        for place in range(AT_ONCE):
            gap = xp.subtract(x[place][:, None], middles[place][None])
            total = xp.add(total, xp.square(gap))
        return total, ()

    none = xp.zeros((len(rows), len(centers)), dtype=rows.dtype)
    return xp.scan(add, none, parts, (features + spare) // AT_ONCE, False)[0]


def _middles(xp: Namespace, sums: Any, mass: Any, centers: Any, cosine: bool) -> Any:
    there = xp.greater(mass, 0)[:, None]
    new = xp.where(there, xp.divide(sums, xp.where(there, mass[:, None], 1)), centers)
    if not cosine:
        return new
    squares = xp.sum(xp.square(new), (1,), keepdims=True)
    some = xp.greater(squares, 0)
    return xp.where(some, xp.divide(new, xp.sqrt(xp.where(some, squares, 1))), centers)
