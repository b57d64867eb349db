"""The training loop: calls of the program, and what happens between them.

Between calls it looks at the clock, the Ctrl-C flag, the callbacks and the health of the numbers.
It does no arithmetic of training itself. A call's input is the snapshot: when a number stops being
finite the same program runs again from there, up to the last good step.
"""

from __future__ import annotations

import math
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.autodiff import Tree, leaves, paths, rebuild, tree_map
from chainrule.engine import Engine
from chainrule.errors import ModelFileError, SettingError
from chainrule.losses import counted_heads
from chainrule.optim import ReduceOnPlateau, schedule_of
from chainrule.training.carry import settings_of, start_carry
from chainrule.training.checkpoint import FINISHED, Found, Keeper
from chainrule.training.interrupt import Flag, interruptible
from chainrule.training.layout import layout_for
from chainrule.training.pace import MOST_STEPS, Pace
from chainrule.training.program import RUNNING, Shape, build_program
from chainrule.training.records import Bad, Outcome, Plan, Progress
from chainrule.training.step import Task
from chainrule.training.tables import Tables


def run(
    task: Task,
    params: Tree,
    state: Tree,
    data: Tree,
    weights: Any,
    validation: Tree | None,
    plan: Plan,
    engine: Engine,
    keeper: Keeper | None = None,
) -> Outcome:
    """Train.

    Args:
        params, state: where to start, trees of NumPy arrays of the plan's dtype.
        data: {"x": …, "y": …} with one first axis, the rows. weights: (rows,), float64.
        validation: {"x": …, "y": …, "share": …} in chunks (chunks, rows, …), or None.
        keeper: keeps the run on disk, or None.
    """
    also = () if keeper is None else (signal.SIGTERM,)
    with engine.precision(plan.dtype), interruptible(*also) as flag:
        parts = (task, params, state, data, weights, validation, plan, engine, keeper)
        outcome = _Run(*parts).go(flag)
    ends = outcome.stop_reason == "terminated" and signal.getsignal(signal.SIGTERM)
    if ends is signal.SIG_DFL:  # nobody else waits for it, and the checkpoint is written
        os.kill(os.getpid(), signal.SIGTERM)
    return outcome


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
        keeper: Keeper | None,
    ) -> None:
        self.plan, self.engine, self.task, self.keeper = plan, engine, task, keeper
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
        self.shape = Shape(
            whole=self.tables.in_order and plan.batch_size == rows,
            validated=validation is not None,
            keeps_best=validation is not None,
            plateau=isinstance(schedule_of(task.optimizer), ReduceOnPlateau),
            streams=plan.streams,
            pieces=plan.pieces,
            heads=counted_heads(task.loss),
        )
        self.layout = layout_for(engine, plan.streams, params)
        self.program: Callable[..., Tree] | None = None
        self.data = self._put(data)
        self.validation = self._put(validation if validation is not None else {})
        self.settings = self._put(settings_of(task, plan))
        self.table: Tree = {}
        self.first = -plan.epochs - self.tables.capacity
        parts = (task, params, state, self.shape, self.layout, self.tables.capacity, plan.dtype)
        self.carry = self._put(start_carry(*parts))
        self.history: dict[str, list[float]] = {"train_loss": [], "learning_rate": []}
        self.history |= {name: [] for name, _ in self._measured(self.carry)}
        self.before, self.begun_at = 0.0, 0
        if keeper is not None:
            self._go_on(keeper.find(self.carry))

    def go(self, flag: Any) -> Outcome:
        """Call the program until something ends the run."""
        began = time.perf_counter()
        pace, warm = Pace(self.tables.steps), not self.engine.compiles
        reason, bad = self._nothing_to_do() or self._out_of_time(self.before), None
        while not reason:
            started = time.perf_counter()
            epoch = int(self.carry["epoch"])
            left = self._seconds_left(self.before + started - began)
            bad = self._call(self._cut(pace.limit(int(self.carry["position"]), left)))
            if bad is not None:
                reason = "not finite"
                break
            ended = int(self.carry["epoch"]) - epoch
            now = time.perf_counter()
            if warm:
                pace.note(int(self.carry["taken"]), ended, now - started)
            warm = True
            stopping = self._report(began, ended=ended > 0)
            reason = self._stop_reason(flag, stopping, self.before + now - began)
            if not reason:
                self._keep(began)
        seconds = self.before + time.perf_counter() - began
        if int(self.carry["step"]) != self.begun_at:
            self._save(seconds, reason)
        return self._outcome(reason, bad, seconds)

    def _go_on(self, found: Found | None) -> None:
        """Start from a checkpoint."""
        if found is None:
            return
        self.carry = self._put(found.carry)
        self.history = {name: list(values) for name, values in found.history.items()}
        self.before, self.begun_at = found.seconds, int(found.carry["step"])
        self._check_epochs(found.epochs)

    def _check_epochs(self, before: int) -> None:
        """Refuse other epochs than the checkpoint's where rates so far would have been others."""
        now, done = self.plan.epochs, int(self.carry["epoch"])
        if done > now:
            raise SettingError(
                f"The checkpoint has {done} epochs and epochs is now {now}. Take as many, or leave "
                "out resume to start anew."
            )
        steps = np.arange(done * self.tables.steps + int(self.carry["position"]))
        progress = steps / self.tables.steps
        rates = [schedule_of(self.task.optimizer).rates(progress, n) for n in (before, now)]
        if now != before and not np.array_equal(*rates):
            raise SettingError(
                f"The checkpoint was made for {before} epochs and its learning rates depend on "
                f"that; epochs is now {now}. Take {before}, or a schedule that does not."
            )

    def _keep(self, began: float) -> None:
        """Write a checkpoint where one is due."""
        if self.keeper is not None and self.keeper.is_due(int(self.carry["epoch"])):
            self._save(self.before + time.perf_counter() - began, None)

    def _save(self, seconds: float, reason: str | None) -> None:
        ended = reason if reason in FINISHED else None
        if self.keeper is None or (ended and not self.keeper.is_worth(seconds)):
            return
        carry = tree_map(self.engine.get, self.carry)
        try:
            self.keeper.save(Found(carry, self.history, seconds, self.plan.epochs, ended))
        except ModelFileError as error:  # a full disk must not cost the run itself
            self.keeper.wait(int(carry["epoch"]))
            warnings.warn(f"{error} Training goes on, not kept since then.", stacklevel=2)

    def _nothing_to_do(self) -> str:
        """Why no step is left: "patience", "epochs", "steps", or "" where one is."""
        if int(self.carry["stop"]) != RUNNING:
            return "patience"
        if self._epochs_left <= 0:
            return "epochs"
        return "steps" if self._steps_left <= 0 else ""

    def _stop_reason(self, flag: Flag, stopping: bool, seconds: float) -> str:
        """Why training ends after a call, or "" where it goes on."""
        done = self._nothing_to_do()
        if done == "patience":
            return done
        if stopping:
            return "callback"
        if flag.raised:
            return "terminated" if flag.signal == signal.SIGTERM else "interrupted"
        return done or self._out_of_time(seconds)

    def _out_of_time(self, seconds: float) -> str:
        """ "time" where training has taken its time, that before a resume included."""
        return "time" if self._seconds_left(seconds) <= 0 else ""

    def _seconds_left(self, seconds: float) -> float:
        """Until training must stop, of which so many are gone."""
        return math.inf if self.plan.max_time is None else self.plan.max_time - seconds

    @property
    def _epochs_left(self) -> int:
        return self.plan.epochs - int(self.carry["epoch"])

    @property
    def _steps_left(self) -> int:
        most = MOST_STEPS if self.plan.max_steps is None else self.plan.max_steps
        return most - int(self.carry["step"])

    def _put(self, tree: Tree) -> Tree:
        return rebuild(tree, iter(self.engine.put_all(leaves(tree), self.plan.streams)))

    def _cut(self, limit: int) -> int:
        """With callbacks a call ends with its epoch, so that they see every one."""
        limit = min(limit, self._steps_left)
        if not self.plan.callbacks:
            return limit
        return min(limit, self.tables.steps - int(self.carry["position"]))

    def _call(self, limit: int) -> Bad | None:
        """One call of the program; where a number stops being finite, go back to the last good."""
        epoch = int(self.carry["epoch"])
        if not self.first <= epoch < self.first + self.tables.capacity:
            self.first = epoch - epoch % self.tables.capacity  # also where a run goes on from
            self.table = self._put(self.tables.make(self.first, full=self.engine.compiles))
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
            {**carry, "taken": self._put(np.asarray(0, "int32"))},
            self.table,
            self.data,
            self.validation,
            self.settings,
            self._put(np.asarray(limit, "int32")),
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
            self.plan.streams,
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
        for name, losses in self._measured(carry):
            self.history[name] += [float(x) for x in self.engine.get(losses)[start:stop]]
        rates = self.engine.get(self.table["rate"])[start:stop, 0]
        if self.shape.plateau:
            rates = rates * self.engine.get(carry["plateau_factors"])[start:stop]
        self.history["learning_rate"] += [float(x) for x in rates]

    def _measured(self, carry: Tree) -> Iterator[tuple[str, Any]]:
        """The losses of the epochs, by their names in the history."""
        for part in ("train", "validation") if self.shape.validated else ("train",):
            yield f"{part}_loss", carry[f"{part}_losses"]
            for head in self.shape.heads:
                yield f"{part}_{head}_loss", carry[f"{part}_head_losses"][head]

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
            train_losses=self._last("train") or tree_map(float, self.carry["head_losses"]),
            validation_losses=self._last("validation"),
        )
        if self.plan.on_progress is not None:
            self.plan.on_progress(progress)
        if not ended:
            return False
        answers = [callback(progress) for callback in self.plan.callbacks]
        return any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)

    def _last(self, part: str) -> dict[str, float]:
        """Each head's loss of the last epoch that ended; {} where there is none."""
        named = {head: self.history.get(f"{part}_{head}_loss") for head in self.shape.heads}
        return {head: losses[-1] for head, losses in named.items() if losses}

    def _fetch(self, packed: Any) -> Tree:
        fetched = tree_map(self.engine.get, packed)
        return tree_map(np.array, self.layout.unpack(fetched))

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
