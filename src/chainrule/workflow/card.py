"""The card of a trained model: what was read, decided and why, as plain values."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.judgement import ANSWERS, CLASSES, Leak
from chainrule.model import Model
from chainrule.recipes import Recipe
from chainrule.workflow.parts import Plan
from chainrule.workflow.question import MAIN, Question


def make_card(
    question: Question,
    left_out: Mapping[str, str],
    plan: Plan,
    recipe: Recipe,
    leaks: Sequence[Leak],
) -> dict[str, Any]:
    """All that is known before training.

    Args:
        left_out: every column but the targets, with the reason why it is not learnt from, or "".
        leaks: columns that give a target away, allowed or not.
    """
    first, table = question.targets[0], question.table
    main = (
        table if not question.origin.any() else table.take((question.origin == MAIN).nonzero()[0])
    )
    return {
        "target": ", ".join(question.names),
        "targets": list(question.names),
        "task": question.task,
        "task_reason": question.reason,
        "classes": first.counts() if question.task == CLASSES else {},
        "answers": {t.name: t.counts() for t in question.targets}
        if question.task == ANSWERS
        else {},
        "columns": [
            {"name": c.name, "kind": c.kind, "missing": int(c.missing.sum()),
             "values": len(c.labels), "left_out": left_out.get(c.name, ""),
             "reason": question.roles.get(c.name) or c.reason}
            for c in table.columns
        ],
        "reading": {
            "summary": question.reading.summary(),
            "missing": list(question.reading.missing),
            "said": list(question.reading.said),
        },
        "rows_without_target": question.dropped,
        "split": _split(plan),
        "folds": plan.folds,
        "split_words": list(plan.words),
        "duplicates": plan.duplicates,
        "duplicates_removed": plan.removed,
        "leaking": [{"column": leak.column, "target": leak.target, "reason": leak.reason}
                    for leak in leaks],
        "data_rows": main.rows,
        "data_hash": main.digest(),
        "loss": getattr(recipe.loss, "__name__", type(recipe.loss).__name__),
        "optimizer": type(recipe.optimizer).__name__,
        "learning_rate": _rate(recipe.optimizer),
        "weight_decay": float(recipe.optimizer.weight_decay),
        "epochs_asked": recipe.epochs,
        "patience": recipe.patience,
        "reasons": list(recipe.reasons),
    }  # fmt: skip


def _split(plan: Plan) -> dict[str, int]:
    """How many rows every part has; with folds all are trained on in the end."""
    if plan.folds:
        return {"training": len(plan.whole), "validation": 0, "test": 0}
    part = plan.parts[0]
    sizes = len(part.training), len(part.validation), len(part.judged)
    return dict(zip(("training", "validation", "test"), sizes, strict=True))


def _rate(optimizer: Any) -> float | str:
    rate = optimizer.learning_rate
    return float(rate) if isinstance(rate, int | float) else type(rate).__name__


def finish_card(
    card: Mapping[str, Any], model: Model, folds: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The card of training itself, and the above; `folds`: what is known of the folds."""
    found = dict(model.card) | dict(card) | {"features": model.in_shape[0]} | dict(folds or {})
    if model.temperature != 1:
        found["temperature"] = round(model.temperature, 4)
    return found


def row_bits(rows: Any) -> str:
    """Row numbers in little text: a bit for every row, in base 64.

    >>> rows_of_bits(row_bits(np.array([0, 3, 70]))).tolist()
    [0, 3, 70]
    """
    flags = np.zeros(int(rows[-1]) + 1 if len(rows) else 0, bool)
    flags[rows] = True
    return base64.b64encode(np.packbits(flags).tobytes()).decode()


def rows_of_bits(text: str) -> Any:
    """The row numbers that `row_bits` wrote."""
    bits = base64.b64decode(text.encode("ascii", "replace"))
    return np.flatnonzero(np.unpackbits(np.frombuffer(bits, "uint8")))
