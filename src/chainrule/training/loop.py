"""The training loop: calls of the program, and what happens between them.

Between calls it looks at the clock, the Ctrl-C flag, the callbacks and the health of the numbers.
It does no arithmetic of training itself. A call's input is the snapshot: when a number stops being
finite the same program runs again from there, up to the last good step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.autodiff import Tree, leaves, paths, tree_map
from chainrule.engine import Engine
from chainrule.optim import ReduceOnPlateau, init_slots, schedule_of
from chainrule.training.interrupt import interruptible
from chainrule.training.layout import FlatLayout, TreeLayout
from chainrule.training.pace import Pace
from chainrule.training.program import RUNNING, Shape, build_program
from chainrule.training.step import Task
from chainrule.training.tables import Tables


@dataclass(frozen=True)
class Progress:
    """What callbacks and the progress line see.

    Attributes:
        epoch: epochs done. epochs: epochs asked for. seconds: since the start.
        train_loss, validation_loss: of the last epoch that ended (validation_loss may be None).
        best_epoch: the epoch with the best validation loss so far, from 1; 0 without one.
        params: a function that returns the current parameters as a tree of NumPy arrays.
    """

    epoch: int
    epochs: int
    seconds: float
    train_loss: float
    validation_loss: float | None
    best_epoch: int
    params: Callable[[], Tree] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Plan:
    """Settings of a run, all checked. `whole` makes parameters those of the user's network."""

    epochs: int
    batch_size: int
    key: Any
    dtype: str
    shuffle: bool
    patience: int | None
    tolerance: float
    max_time: float | None
    callbacks: Sequence[Callable[[Progress], Any]]
    on_progress: Callable[[Progress], Any] | None
    whole: Callable[[Tree], Tree]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run gives. `bad` is None, or where the numbers stopped being finite."""

    params: Tree
    state: Tree
    history: dict[str, list[float]]
    stop_reason: str
    epochs: int
    steps: int
    best_epoch: int
    seconds: float
    bad: Bad | None


@dataclass(frozen=True, eq=False)
class Bad:
    """The step that met a number that is not finite.

    Attributes:
        step: its number, from 1. epoch: from 1. rows: the rows of its batch.
        loss: the loss of that step; finite where only parameters are not.
    """

    step: int
    epoch: int
    rows: Any
    share: Any
    loss: float


def run(
    task: Task,
    params: Tree,
    state: Tree,
    data: Tree,
    weights: Any,
    validation: Tree | None,
    plan: Plan,
    engine: Engine,
) -> Outcome:
    """Train.

    Args:
        params, state: where to start, trees of NumPy arrays of the plan's dtype.
        data: {"x": …, "y": …} with one first axis, the rows. weights: (rows,), float64.
        validation: {"x": …, "y": …, "share": …} in chunks (chunks, rows, …), or None.
    """
    with engine.precision(plan.dtype), interruptible() as flag:
        return _Run(task, params, state, data, weights, validation, plan, engine).go(flag)


class _Run:
    """One run in progress: what is fixed, and the carry that moves."""

    def __init__(
        self,
        task: Task,
        params: Tree,
        state: Tree,
        data: Tree,
        weights: Any,
        validation: Tree | None,
        plan: Plan,
        engine: Engine,
    ) -> None:
        self.plan, self.engine, self.task = plan, engine, task
        rows = len(leaves(data)[0])
        self.tables = Tables(
            rows,
            plan.batch_size,
            weights,
            plan.key,
            not plan.shuffle or plan.batch_size >= rows,
            task.optimizer,
            plan.epochs,
            plan.dtype,
        )
        self.plateau = schedule_of(task.optimizer)
        self.shape = Shape(
            whole=self.tables.in_order and plan.batch_size == rows,
            validated=validation is not None,
            keeps_best=validation is not None,
            plateau=isinstance(self.plateau, ReduceOnPlateau),
        )
        self.layout = (TreeLayout if engine.compiles else FlatLayout)(engine.xp, params)
        self.program: Callable[..., Tree] | None = None
        self.data = self._put(data)
        self.validation = self._put(validation if validation is not None else {})
        self.settings = self._put(self._settings())
        self.table: Tree = {}
        self.first = -plan.epochs - self.tables.capacity
        self.carry = self._start(params, state)
        self.history: dict[str, list[float]] = {"train_loss": [], "learning_rate": []}
        if self.shape.validated:
            self.history["validation_loss"] = []

    def go(self, flag: Any) -> Outcome:
        """Call the program until something ends the run."""
        began = time.perf_counter()
        pace, warm = Pace(self.tables.steps), not self.engine.compiles
        reason, bad = "epochs", None
        while self._epochs_left > 0:
            started = time.perf_counter()
            epoch = int(self.carry["epoch"])
            bad = self._call(self._cut(pace.limit(int(self.carry["position"]))))
            if bad is not None:
                reason = "not finite"
                break
            ended = int(self.carry["epoch"]) - epoch
            now = time.perf_counter()
            if warm:
                pace.note(int(self.carry["taken"]), ended, now - started)
            warm = True
            stopping = self._report(began, ended=ended > 0)
            if int(self.carry["stop"]) != RUNNING:
                reason = "patience"
            elif stopping:
                reason = "callback"
            elif flag.raised:
                reason = "interrupted"
            elif self._out_of_time(now - began):
                reason = "time"
            else:
                continue
            break
        return self._outcome(reason, bad, time.perf_counter() - began)

    def _out_of_time(self, seconds: float) -> bool:
        """Whether time is up while epochs are left."""
        limit = self.plan.max_time
        return limit is not None and seconds >= limit and self._epochs_left > 0

    @property
    def _epochs_left(self) -> int:
        return self.plan.epochs - int(self.carry["epoch"])

    def _put(self, tree: Tree) -> Tree:
        return tree_map(self.engine.put, tree)

    def _settings(self) -> Tree:
        dtype = self.plan.dtype
        patience = self.plan.patience or 0
        settings = {
            "rates": tree_map(lambda x: np.asarray(x, dtype), self.task.rates()),
            "key": np.asarray(self.plan.key),
            "epochs": np.asarray(self.plan.epochs, "int32"),
            "patience": np.asarray(patience, "int32"),
            "tolerance": np.asarray(self.plan.tolerance, dtype),
        }
        if isinstance(self.plateau, ReduceOnPlateau):
            settings["plateau_patience"] = np.asarray(self.plateau.patience, "int32")
            settings["plateau_step"] = np.asarray(self.plateau.factor, dtype)
            settings["plateau_minimum"] = np.asarray(self.plateau.minimum, dtype)
        return settings

    def _start(self, params: Tree, state: Tree) -> Tree:
        capacity = self.tables.capacity

        def count(n: int) -> Any:
            return np.asarray(n, "int32")

        def number(x: float) -> Any:
            return np.asarray(x, self.plan.dtype)

        slots = init_slots(self.task.optimizer, params)
        carry = {
            "params": self.layout.pack(params),
            "slots": {name: self.layout.pack(slot) for name, slot in slots.items()},
            "state": state,
            **{name: count(0) for name in ("step", "epoch", "position", "taken", "stale", "stop")},
            "loss": number(0),
            "loss_sum": number(0),
            "reference": number(np.inf),
            "plateau_factor": number(1),
            "train_losses": np.zeros(capacity, self.plan.dtype),
            "validation_losses": np.zeros(capacity, self.plan.dtype),
        }
        if self.shape.plateau:
            carry.update(
                plateau_best=number(np.inf),
                plateau_stale=count(0),
                plateau_factors=np.ones(capacity, self.plan.dtype),
            )
        if self.shape.keeps_best:
            carry.update(
                best_params=self.layout.copy(carry["params"]),
                best_state=state,
                best_loss=number(np.inf),
                best_epoch=count(0),
            )
        return self._put(carry)

    def _cut(self, limit: int) -> int:
        """With callbacks a call ends with its epoch, so that they see every one."""
        if not self.plan.callbacks:
            return limit
        return min(limit, self.tables.steps - int(self.carry["position"]))

    def _call(self, limit: int) -> Bad | None:
        """One call of the program; where a number stops being finite, go back to the last good."""
        epoch = int(self.carry["epoch"])
        if not self.first <= epoch < self.first + self.tables.capacity:
            self.table = self._put(self.tables.make(epoch, full=self.engine.compiles))
            self.first = epoch
        before = self.carry
        after = self._advance(before, limit)
        taken = int(after["taken"])
        if np.isfinite(float(after["loss"])) and self._healthy(after):
            self._note(epoch, after)
            self.carry = after
            return None
        good = taken - (0 if np.isfinite(float(after["loss"])) else 1)
        self.carry = self._advance(before, good)
        if not self._healthy(self.carry):
            self.carry = self._advance(before, self._last_healthy(before, good))
        self._note(epoch, self.carry)
        at = (int(self.carry["epoch"]) - self.first, int(self.carry["position"]))
        share = self.table["share"]
        return Bad(
            step=int(self.carry["step"]) + 1,
            epoch=int(self.carry["epoch"]) + 1,
            rows=self.engine.get(self.table["rows"])[at],
            share=self.engine.get(share)[(at[0] if len(share) > 1 else 0, at[1])],
            loss=float(after["loss"]),
        )

    def _advance(self, carry: Tree, limit: int) -> Tree:
        if not self.engine.compiles:
            carry = tree_map(lambda x: x.copy(), carry)
        arguments = (
            {**carry, "taken": self.engine.put(np.asarray(0, "int32"))},
            self.table,
            self.data,
            self.validation,
            self.settings,
            self.engine.put(np.asarray(limit, "int32")),
        )
        if self.program is None:
            self.program = self._compiled(arguments)
        return self.program(*arguments)

    def _compiled(self, arguments: tuple[Tree, ...]) -> Callable[..., Tree]:
        """The program for arguments of these shapes; one that was made before is used again."""
        task = self.task.key() if self.engine.compiles else None
        shapes = tuple((path, x.shape, x.dtype.str) for path, x in paths(arguments))
        return self.engine.compile(
            lambda: build_program(
                self.task,
                self.shape,
                self.engine.xp,
                self.layout,
                record=not self.engine.compiles,
            ),
            None if task is None else (task, self.shape, shapes),
        )

    def _healthy(self, carry: Tree) -> bool:
        """Whether all parameters and states are finite; a finite loss can hide one that is not."""
        arrays = leaves((carry["params"], carry["state"]))
        return all(bool(np.isfinite(self.engine.get(x)).all()) for x in arrays)

    def _last_healthy(self, before: Tree, taken: int) -> int:
        """The largest number of steps after which all parameters are finite, by bisection."""
        low, high = 0, taken
        while high - low > 1:
            middle = (low + high) // 2
            if self._healthy(self._advance(before, middle)):
                low = middle
            else:
                high = middle
        return low

    def _note(self, epoch: int, carry: Tree) -> None:
        """Add the epochs that ended in a call to the history."""
        start, stop = epoch - self.first, int(carry["epoch"]) - self.first
        if stop == start:
            return
        train = self.engine.get(carry["train_losses"])[start:stop]
        self.history["train_loss"] += [float(x) for x in train]
        rates = self.engine.get(self.table["rate"])[start:stop, 0]
        if self.shape.plateau:
            rates = rates * self.engine.get(carry["plateau_factors"])[start:stop]
        self.history["learning_rate"] += [float(x) for x in rates]
        if self.shape.validated:
            judged = self.engine.get(carry["validation_losses"])[start:stop]
            self.history["validation_loss"] += [float(x) for x in judged]

    def _report(self, began: float, ended: bool) -> bool:
        """Tell callbacks (at the end of an epoch) and the progress line; True: stop."""
        if not self.plan.callbacks and self.plan.on_progress is None:
            return False
        judged = self.history.get("validation_loss")
        losses = self.history["train_loss"]
        progress = Progress(
            epoch=int(self.carry["epoch"]),
            epochs=self.plan.epochs,
            seconds=time.perf_counter() - began,
            train_loss=losses[-1] if losses else float(self.carry["loss"]),
            validation_loss=judged[-1] if judged else None,
            best_epoch=int(self.carry["best_epoch"]) if self.shape.keeps_best else 0,
            params=lambda: self.plan.whole(self._fetch(self.carry["params"])),
        )
        if self.plan.on_progress is not None:
            self.plan.on_progress(progress)
        if not ended:
            return False
        answers = [callback(progress) for callback in self.plan.callbacks]
        return any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)

    def _fetch(self, packed: Any) -> Tree:
        return tree_map(lambda x: np.array(self.engine.get(x)), self.layout.unpack(packed))

    def _outcome(self, reason: str, bad: Bad | None, seconds: float) -> Outcome:
        carry = self.carry
        best_epoch = int(carry["best_epoch"]) if self.shape.keeps_best else 0
        best = best_epoch > 0 and bad is None
        return Outcome(
            params=self._fetch(carry["best_params" if best else "params"]),
            state=tree_map(
                lambda x: np.array(self.engine.get(x)), carry["best_state" if best else "state"]
            ),
            history=self.history,
            stop_reason=reason,
            epochs=int(carry["epoch"]),
            steps=int(carry["step"]),
            best_epoch=best_epoch,
            seconds=seconds,
            bad=bad,
        )
