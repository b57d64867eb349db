"""The carry of a run, which moves, and its settings, which stay: trees of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autodiff import Tree, tree_map
from chainrule.optim import ReduceOnPlateau, init_slots, schedule_of
from chainrule.training.layout import Layout
from chainrule.training.program import Shape
from chainrule.training.records import Plan
from chainrule.training.step import Task


def settings_of(task: Task, plan: Plan) -> Tree:
    """What the program is told beside the carry and the data; see `build_program`."""
    settings = {
        "rates": tree_map(lambda x: np.asarray(x, plan.dtype), task.rates()),
        "key": np.asarray(plan.key),
        "epochs": _count(plan.epochs),
        "patience": _count(plan.patience or 0),
        "tolerance": np.asarray(plan.tolerance, plan.dtype),
    }
    plateau = schedule_of(task.optimizer)
    if isinstance(plateau, ReduceOnPlateau):
        settings["plateau_patience"] = _count(plateau.patience)
        settings["plateau_step"] = np.asarray(plateau.factor, plan.dtype)
        settings["plateau_minimum"] = np.asarray(plateau.minimum, plan.dtype)
    return settings


def start_carry(
    task: Task, params: Tree, state: Tree, shape: Shape, layout: Layout, capacity: int, dtype: str
) -> Tree:
    """The carry before the first step; see `build_program`.

    Args:
        params, state: where to start. capacity: epochs in a table.
    """

    def number(x: float) -> Any:
        return np.asarray(x, dtype)

    def by_head(value: Any) -> Tree:
        return {head: value.copy() for head in shape.heads}

    each_epoch = np.zeros(capacity, dtype)
    slots = init_slots(task.optimizer, params)
    carry = {
        "params": layout.pack(params),
        "slots": {name: layout.pack(slot) for name, slot in slots.items()},
        "state": state,
        **{name: _count(0) for name in ("step", "epoch", "position", "taken", "stale", "stop")},
        "loss": number(0),
        "loss_sum": number(0),
        "reference": number(np.inf),
        "plateau_factor": number(1),
        "train_losses": each_epoch.copy(),
        "validation_losses": each_epoch.copy(),
        "head_losses": by_head(number(0)),
        "head_sums": by_head(number(0)),
        "train_head_losses": by_head(each_epoch),
        "validation_head_losses": by_head(each_epoch) if shape.validated else {},
    }
    if shape.plateau:
        carry.update(
            plateau_best=number(np.inf),
            plateau_stale=_count(0),
            plateau_factors=np.ones(capacity, dtype),
        )
    if shape.keeps_best:
        carry.update(
            best_params=layout.copy(carry["params"]),
            best_state=state,
            best_loss=number(np.inf),
            best_epoch=_count(0),
        )
    return carry


def _count(n: int) -> Any:
    return np.asarray(n, "int32")
