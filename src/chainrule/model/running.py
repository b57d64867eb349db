"""A trained network on rows: by NumPy as it stands, or compiled by XLA for a few fixed shapes.

A compiled program is for one number of rows, and compiling takes as long as thousands of small
predictions. So rows are filled up to a power of four and long inputs are cut into equal parts: a
handful of programs serve any number of rows. Every row is computed alike, whatever stands beside
it; shapes and engines differ in how they round.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from chainrule.autodiff import Tree, hyper_values, leaves, program_key, tree_map
from chainrule.engine import choose_engine, collected, engine_by_name
from chainrule.model.cost import Cost, forward_cost
from chainrule.model.inputs import shape_of
from chainrule.model.parts import cuts_steps, on_one_thread, only_ours, pieces_for, prepares
from chainrule.model.prediction import prediction
from chainrule.nn import Context, Network, pictures_scaled
from chainrule.ops import is_sequence

CHUNK = 8192
"""Rows predicted at a time: enough to keep the processor busy, few enough to stay in cache."""

IMAGES_AT_A_TIME = 256
"""The same for images and sequences, of which a layer can make a hundred times as many numbers."""

ROWS = (1, 4, 16, 64, 256, 1024, 4096)
"""Numbers of rows that programs are compiled for."""

FEW_OPERATIONS = 100_000
"""Of all rows together: NumPy's products take one thread anyway."""

SMALLEST_PART = 8
"""Rows: with fewer in each of two streams, one is as fast."""

MUCH_OF_A_ROW = 100_000_000
"""Operations: of one row with fewer, streams would wait for each other longer than they gain."""


class Runner:
    """One network with its numbers, ready to be run by either engine.

    Args:
        network, params, state, in_shape, dtype: as in a Model.
    """

    def __init__(
        self, network: Network, params: Tree, state: Tree, in_shape: Any, dtype: str
    ) -> None:
        self.network, self.params, self.state = network, params, state
        self.in_shape, self.dtype = in_shape, dtype
        self._dicts = list(_dicts_of((params, state)))
        self._made_of = list(self._parts())  # kept, so that ids stay their own
        self._ids = list(map(id, self._made_of))
        self._cost: Cost | None = None
        self._compiled: Compiled | None = None

    def holds(self, params: Tree, state: Tree) -> bool:
        """Whether these are the very arrays that it was made of."""
        same = params is self.params and state is self.state
        return same and list(map(id, self._parts())) == self._ids

    def _parts(self) -> Iterator[Any]:
        """All arrays, and the dicts that hold them."""
        return itertools.chain.from_iterable(map(dict.values, self._dicts))

    def __call__(self, X: Any, engine: str) -> Any:
        """The outputs for inputs X."""
        deep = any(x.ndim > 2 for x in leaves(X))
        most, rows = IMAGES_AT_A_TIME if deep else CHUNK, len(leaves(X)[0])
        if engine == "auto":
            engine = choose_engine(-(-rows // most), self.cost().operations * min(rows, most))
        if engine_by_name(engine).compiles:
            if self._compiled is None:
                self._compiled = Compiled(self)
            return in_parts(self._compiled, X, min(most, ROWS[-1]))
        return in_parts(self.by_numpy, X, most)

    def by_numpy(self, X: Any) -> Any:
        """The outputs for all rows at once."""
        X = pictures_scaled(X, self.dtype)
        many = len(leaves(X)[0]) * self.cost().operations > FEW_OPERATIONS
        with engine_by_name("numpy").precision(self.dtype) if many else np.errstate(all="ignore"):
            return self.network.apply(self.params, self.state, X, Context())[0]

    def cost(self) -> Cost:
        """What one row takes."""
        if self._cost is None:
            made_of = self.network, self.params, self.state, self.in_shape, self.dtype
            self._cost = forward_cost(*made_of)
        return self._cost


def _dicts_of(tree: Tree) -> Iterator[dict[str, Any]]:
    """All dicts in a tree, in which alone a part can be put in place of another."""
    if isinstance(tree, dict):
        yield tree
    for part in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(part, dict | tuple):
            yield from _dicts_of(part)


_runners: WeakKeyDictionary[Any, Runner] = WeakKeyDictionary()


def runner_of(model: Any, make: Callable[[], Runner]) -> Runner:
    """The runner of a model: made once, and anew where arrays were put in place of its own."""
    known = _runners.get(model)
    if known is None or not known.holds(model.params, model.state):
        known = _runners[model] = make()
    return known


class Compiled:
    """A network compiled by XLA, its numbers on the device. The arrays they came from cannot be
    written to any more: a change would not be seen."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._engine = engine_by_name("xla")
        self._key = program_key(runner.network)
        self._padded = only_ours(runner.network)  # others may look at the batch as a whole
        self._parted = self._padded and on_one_thread(runner.network)
        self._numbers: dict[int, Tree] = {}
        self._programs: dict[Any, Callable[..., Any]] = {}
        self._shapes: dict[str, Any] = {}
        for x in leaves((runner.params, runner.state)):
            x.flags.writeable = False

    def __call__(self, X: Any) -> Any:
        given, rows = X, len(leaves(X)[0])
        size = rows
        if self._padded:
            size = next(n for n in ROWS if n >= rows)
            X = filled_up(X, size, self._runner.in_shape)
        streams = self._engine.streams if size == 1 and self._cut else self._streams(size)
        with self._engine.precision(self._runner.dtype):
            if streams not in self._numbers:
                self._numbers[streams] = self._put(streams)
            if 1 < streams < size:  # the program takes a single row sooner as it is
                X = tree_map(lambda x: self._engine.put(x, streams, parted=True), X)
            out = tree_map(self._engine.get, self._program(X, streams)(X))
        if X is not given and shape_of(X) != shape_of(given):
            out = cut_back(out, self._steps_of(given))
        return tree_map(lambda x: np.array(x[:rows]), out)

    def _steps_of(self, X: Any) -> Any:
        """The shape of the outputs for inputs that are not filled up, found by NumPy on a row."""
        name = repr(shape_of(X))
        if name not in self._shapes:
            self._shapes[name] = shape_of(self._runner.by_numpy(tree_map(lambda x: x[:1], X)))
        return self._shapes[name]

    @functools.cached_property
    def _cut(self) -> bool:
        """Whether the steps of a single row are worth sharing out among streams."""
        runner, streams = self._runner, self._engine.streams
        able = self._parted and streams > 1 and cuts_steps(runner.network)
        if not able or not isinstance(runner.in_shape, tuple):
            return False
        even = runner.in_shape[0] % streams == 0
        return even and runner.cost().operations >= MUCH_OF_A_ROW

    def _streams(self, rows: int) -> int:
        streams = self._engine.streams if self._parted else 1
        return streams if rows >= streams * SMALLEST_PART else 1

    def _put(self, streams: int) -> Tree:
        runner = self._runner
        tree = {
            "params": runner.params,
            "state": runner.state,
            "rates": hyper_values(runner.network),
        }
        return tree_map(lambda x: self._engine.put(x, streams), tree)

    def _program(self, X: Any, streams: int) -> Callable[[Any], Any]:
        """The program for rows of such shapes, with its numbers.

        Of one stream it takes what is made of them once. Several get a large batch, of which that
        is a small part.
        """
        name = (streams, *_kinds(X))
        if name not in self._programs:
            network, dtype, xp = self._runner.network, self._runner.dtype, self._engine.xp
            numbers, rows = self._numbers[streams], len(leaves(X)[0])
            shared = rows < streams  # a single row, of which every stream takes a part
            pieces = self._pieces(rows // streams) if self._parted and rows > streams else 1
            own = xp.own_convolution() is not None
            if self._padded and streams == pieces == 1 and prepares(network) and not own:
                numbers = {**numbers, "made": self._made(X)}
            program = prediction(network, dtype, xp, pieces, streams if shared else 1)
            made_for = "predict", self._key, dtype, *name, *_kinds(numbers)
            key = None if self._key is None else made_for
            kind = {"direct": True} if shared else {"parted": True}
            run = self._engine.compile(lambda: program, key, streams, **kind)
            self._programs[name] = functools.partial(run, numbers)
        return self._programs[name]

    def _made(self, X: Any) -> Tree:
        """What `xp.once` makes, in order, of the numbers for rows X: by NumPy, which takes as long
        as a few predictions; a program for it would be the same network traced once more."""
        found = collected(lambda: self._runner.by_numpy(X))
        return tree_map(lambda x: self._engine.put(x), found)

    def _pieces(self, rows: int) -> int:
        """What a wide or deep network makes of many images would leave the cache."""
        return pieces_for(self._runner.network, rows, self._runner.cost().largest)


def _kinds(arrays: Tree) -> list[Any]:
    return [(x.shape, x.dtype.str) for x in leaves(arrays)]


def in_parts(run: Callable[[Any], Any], X: Any, most: int) -> Any:
    """The outputs for all rows, computed for so many at a time."""
    rows = len(leaves(X)[0])
    pieces = [
        run(tree_map(lambda x, start=start: x[start : start + most], X))
        for start in range(0, rows, most)
    ]
    return pieces[0] if len(pieces) == 1 else tree_map(_joined, *pieces)


def _joined(*parts: Any) -> Any:
    return np.concatenate(parts)


def filled_up(X: Any, rows: int, in_shape: Any) -> Any:
    """Inputs with so many rows: the last one is repeated, which no other row sees.

    The steps of sequences with lengths are filled up to a half, a quarter, … of those that the
    model was trained on, so that there are few different shapes of these too.

    >>> filled_up(np.array([[1.0], [2.0]]), 4, (1,)).tolist()
    [[1.0], [2.0], [2.0], [2.0]]
    """
    if is_sequence(X):
        steps = X["values"].shape[1]
        wanted = _fixed_steps(steps, in_shape["values"][0])
        values = np.pad(
            X["values"], [(0, 0), (0, wanted - steps)] + [(0, 0)] * (X["values"].ndim - 2)
        )
        return {"values": _rows(values, rows), "lengths": _rows(X["lengths"], rows)}
    if isinstance(X, dict):
        return {name: filled_up(x, rows, in_shape[name]) for name, x in X.items()}
    return _rows(X, rows)


def _rows(x: Any, rows: int) -> Any:
    if len(x) == rows:
        return x
    return np.concatenate([x, np.repeat(x[-1:], rows - len(x), axis=0)])


def _fixed_steps(steps: int, trained: int) -> int:
    """The smallest of trained, trained/2, trained/4, … or 2, 4, … times it that is not less."""
    wanted = trained
    while wanted < steps:
        wanted *= 2
    while wanted // 2 >= max(steps, 1):
        wanted //= 2
    return wanted


def cut_back(out: Any, shape: Any) -> Any:
    """Outputs of sequences with lengths, without the steps beyond those of a shape."""
    if is_sequence(out):
        return {"values": out["values"][:, : shape["values"][0]], "lengths": out["lengths"]}
    if isinstance(out, dict):
        return {name: cut_back(inner, shape[name]) for name, inner in out.items()}
    return out
