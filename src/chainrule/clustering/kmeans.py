"""K-means: Lloyd's iteration, with Hamerly's bounds, from one start or the best of several.

Sources: Lloyd (1982); Hamerly, Making k-means even faster (2010); seeding: see seeding.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.clustering.blocks import Runner, block_runner, row_blocks
from chainrule.clustering.compiled import bounded_loops, loops
from chainrule.clustering.lloyd import CompiledLloyd
from chainrule.clustering.repair import Assigned, unit_rows
from chainrule.clustering.seeding import random_rows, seed_centers
from chainrule.clustering.spread import mean_variance
from chainrule.engine import gpu_is_there
from chainrule.errors import DataError, SettingError, unknown_name

BOUNDED_WORK = 100_000
"""Below so many multiplications an iteration measures everything sooner than it keeps bounds."""

ENGINES = ("auto", "numba", "xla")
GPU_WORK = 1_000_000_000
"""So many multiplications an iteration are worth the way to a GPU; a guess that was not timed."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """What k-means found.

    Attributes:
        centers: float64 (clusters, features). labels: int32 (rows,), the nearest center of each.
        squared: float64 (rows,), squared distances to it. inertia: their weighted sum.
        iterations: how many it took. converged: whether it ended by itself.
    """

    centers: Any
    labels: Any
    squared: Any
    inertia: float
    iterations: int
    converged: bool


def kmeans(
    rows: Any,
    clusters: int,
    *,
    weights: Any = None,
    init: Any = "k-means++",
    starts: int = 1,
    max_iter: int = 300,
    tol: float = 1e-4,
    cosine: bool = False,
    bounds: bool = True,
    seed: Any = 0,
    threads: int | None = None,
    engine: str = "auto",
) -> Clusters:
    """Group rows around centers so that their squared distances to the nearest one are small.

    Args:
        rows: float array (rows, features), finite.
        clusters: how many. weights: of the rows, (rows,), at least 0.
        init: "k-means++", "random", or centers (clusters, features).
        starts: so many times from new centers; the best is kept.
        max_iter, tol: stop when the centers' squared moves sum to at most tol times the mean
            variance of the features, or when no row changes.
        cosine: whether angles count and lengths do not: rows and centers are brought to length 1.
        bounds: whether rows may be passed over that cannot change; the result is the same.
        seed: a whole number, or a NumPy generator.
        threads: how many; None: as many as there are. The result does not depend on it.
        engine: what runs the iterations: "numba" on the processor; "xla": one compiled program, in
            the dtype of the rows; "auto": xla where there is a GPU and the work is large.

    Raises:
        SettingError, DataError: fewer different rows than clusters, or settings that cannot be.

    Example:
        >>> found = kmeans(np.array([[0.0], [1.0], [9.0], [10.0]]), 2)
        >>> sorted(found.centers[:, 0].tolist()), found.inertia
        ([0.5, 9.5], 1.0)
    """
    data = np.asarray(rows)
    check_count(clusters, len(data))
    if cosine:
        data = unit_rows(data)
    mass = np.ones(len(data)) if weights is None else np.asarray(weights, "float64")
    rng = np.random.default_rng(seed)
    given = None if isinstance(init, str) else np.array(init, "float64")
    if given is not None and given.shape != (clusters, data.shape[1]):
        raise SettingError(
            f"init has shape {given.shape}; centers of shape ({clusters}, {data.shape[1]}) are "
            "needed: one row for each of the clusters."
        )
    work = data.size * clusters
    bounded = bounds and work >= BOUNDED_WORK
    compiled = CompiledLloyd(data, mass, cosine) if chosen_engine(engine, work) == "xla" else None
    best: Clusters | None = None
    with block_runner(threads, work) as run:
        allowed = tol * mean_variance(data, run)
        for _ in range(1 if given is not None else starts):
            centers = _first_centers(data, mass, clusters, given, init, rng, run)
            if compiled is not None:
                ended = compiled(centers, max_iter, allowed)
            else:
                ended = _iterate(data, mass, centers, max_iter, allowed, cosine, bounded, run)
            labels, squared = _nearest(data, ended[0], run)
            found = Clusters(ended[0], labels, squared, float((mass * squared).sum()), *ended[1:])
            if best is None or found.inertia < best.inertia:
                best = found
    assert best is not None
    return best


def nearest_centers(rows: Any, centers: Any, threads: int | None = None) -> tuple[Any, Any]:
    """The nearest center of every row: its number, int32 (rows,), and the squared distance."""
    data = np.asarray(rows)
    with block_runner(threads, data.size * len(centers)) as run:
        return _nearest(data, np.asarray(centers, "float64"), run)


def chosen_engine(asked: str, work: int) -> str:
    """The engine that is asked for; "auto" is xla for much work beside a GPU."""
    if asked not in ENGINES:
        raise unknown_name("engine", asked, ENGINES)
    if asked != "auto":
        return asked
    return "xla" if work >= GPU_WORK and gpu_is_there() else "numba"


def check_count(clusters: int, rows: int) -> None:
    """Refuse a number of clusters that rows cannot have."""
    whole = hasattr(clusters, "__index__") and not isinstance(clusters, bool)
    if not whole or clusters < 1:
        raise SettingError(f"The number of clusters is {clusters!r}; it must be 1 or more.")
    if rows < clusters:
        raise DataError(
            f"{rows} {'row' if rows == 1 else 'rows'} cannot make {clusters} clusters: ask for "
            f"{rows} or fewer."
        )


def _first_centers(
    rows: Any, weights: Any, clusters: int, given: Any, init: Any, rng: Any, run: Runner
) -> Any:
    if given is not None:
        return given.copy()
    if init == "random":
        return random_rows(rows, weights, clusters, rng)
    if init != "k-means++":
        raise SettingError(f"init is {init!r}; it is 'k-means++', 'random' or centers.")
    return seed_centers(rows, weights, clusters, rng, run)


def _nearest(rows: Any, centers: Any, run: Runner) -> tuple[Any, Any]:
    labels, squared = np.empty(len(rows), "int32"), np.empty(len(rows))
    assign = loops().assign
    run(lambda _, start, stop: assign(rows, centers, labels, squared, start, stop), len(rows))
    return labels, squared


class _State(Assigned):
    """Labels, bounds and sums of one run, which every iteration changes in place."""

    def __init__(self, rows: Any, weights: Any, clusters: int) -> None:
        blocks = len(row_blocks(len(rows)))
        sums, mass = np.zeros((clusters, rows.shape[1])), np.zeros(clusters)
        super().__init__(rows, weights, np.empty(len(rows), "int32"), sums, mass)
        self.upper, self.lower = np.empty(len(rows)), np.empty(len(rows))
        self.part_sums = np.empty((blocks, clusters, rows.shape[1]))
        self.part_mass = np.empty((blocks, clusters))

    def measure_all(self, centers: Any, run: Runner) -> None:
        """Every row against every center."""
        step = loops().assign_and_bound
        run(
            lambda b, start, stop: step(
                self.rows, self.weights, centers, self.labels, self.upper, self.lower, start, stop,
                self.part_sums[b], self.part_mass[b],
            ),
            len(self.rows),
        )  # fmt: skip
        self.sums, self.mass = self.part_sums.sum(axis=0), self.part_mass.sum(axis=0)

    def measure_doubtful(self, centers: Any, moved: Any, run: Runner) -> int:
        """Only the rows that the bounds leave in doubt; how many changed their center."""
        loop = bounded_loops()
        order = np.argsort(-moved, kind="stable")
        farthest = int(order[0])
        most, next_most = float(moved[farthest]), float(moved[order[min(1, len(order) - 1)]])
        gaps = np.empty(len(centers))
        loop.half_gaps(centers, gaps)
        changed = run(
            lambda b, start, stop: loop.assign_where_needed(
                self.rows, self.weights, centers, moved, farthest, most, next_most, gaps,
                self.labels, self.upper, self.lower, start, stop,
                self.part_sums[b], self.part_mass[b],
            ),
            len(self.rows),
        )  # fmt: skip
        if total := sum(changed):
            self.sums += self.part_sums.sum(axis=0)
            self.mass += self.part_mass.sum(axis=0)
            return int(total)
        return 0


def _iterate(
    rows: Any, weights: Any, centers: Any, max_iter: int, allowed: float, cosine: bool,
    bounds: bool, run: Runner,
) -> tuple[Any, int, bool]:  # fmt: skip
    """Lloyd's iteration from these centers: the last ones, iterations, whether it converged."""
    state = _State(rows, weights, len(centers))
    moved: Any = None
    converged, iteration = False, 0
    for iteration in range(1, max_iter + 1):
        if moved is None or not bounds:
            before = state.labels.copy()
            state.measure_all(centers, run)
            same = iteration > 1 and np.array_equal(before, state.labels)
        else:
            same = state.measure_doubtful(centers, moved, run) == 0
        if same:
            converged = True
            break
        repaired = state.fill_empty(centers)
        new = state.middles(centers, cosine)
        moved = np.sqrt(((new - centers) ** 2).sum(axis=1))
        centers = new
        shift = float((moved**2).sum())
        if repaired:
            moved = None
        if shift <= allowed:
            converged = True
            break
    return centers, iteration, converged
