"""The training program: epochs of steps in two nested loops, with no Python in between.

It is written once against `xp`. XLA compiles it into one program that runs many epochs a call;
NumPy runs it as it stands. A call gets tables (which rows, which shares, which rate at every step)
and a number of steps, and can be cut anywhere: the result does not depend on where.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainrule.autodiff import Tree, leaves, rebuild, tree_map
from chainrule.training.layout import Layout
from chainrule.training.step import Task, evaluation_losses, gradient_of

RUNNING, OUT_OF_PATIENCE = 0, 1


@dataclass(frozen=True)
class Shape:
    """What fixes the program beside the task.

    Attributes:
        whole: every step takes all rows as they stand. validated: there is a validation part.
        keeps_best: the best parameters are kept. plateau: the rate falls on plateaus.
        streams: copies of the program that run at once, each with its part of every batch.
        pieces: into how many pieces, one after the other, each of them cuts its part.
        heads: by name those whose losses are told beside the sum of them, which is minimized.
    """

    whole: bool
    validated: bool
    keeps_best: bool
    plateau: bool
    streams: int = 1
    pieces: int = 1
    heads: tuple[str, ...] = ()


def build_program(
    task: Task, shape: Shape, xp: Any, layout: Layout, record: bool
) -> Callable[..., Tree]:
    """The program `(carry, tables, data, validation, settings, limit) -> carry`.

    Args of the program:
        carry: "params", "slots", "state" in the layout of the engine; counters "step", "epoch",
            "position" (step within the epoch), "taken" (steps in this call); "loss" of the last
            step and "loss_sum" of the epoch; "best…", "stale" and "stop" of early stopping;
            "plateau_…"; "train_losses" and "validation_losses" of the epochs ended in this call.
            Of several heads by name, of a single output {}: "head_losses" and "head_sums",
            "train_head_losses" and "validation_head_losses".
        tables: "first" epoch; "rows" (epochs, steps, batch); "share" (epochs or 1, steps, batch);
            "part" (1, steps + 1): the step's share of the epoch, behind a 0; "rate"
            (epochs, steps); "corrections" (epochs, steps, columns).
        data, validation: trees of arrays; "x", "y", and for validation "share", in chunks.
        settings: "rates", "key", "epochs", "patience", "tolerance", "plateau_…".
        limit: the number of steps after which the call returns.
    """
    gradient = gradient_of(task, record, shape.streams, shape.pieces)

    def one_step(carry: Tree, tables: Tree, data: Tree, settings: Tree, local: Any) -> Tree:
        at = carry["position"]
        rows = _own(xp, shape, tables["rows"][local, at])
        batch = {
            name: _own(xp, shape, part) if shape.whole else _picked(xp, part, rows)
            for name, part in data.items()
        }
        batch["share"] = _own(xp, shape, _row(tables["share"], local, at))
        rate, corrections = tables["rate"][local, at], tables["corrections"][local, at]
        step_key = {"key": settings["key"], "step": carry["step"]}
        params, now = layout.unpack(carry["params"]), (carry["state"], settings["rates"])
        made = _in_parts(xp, shape, layout, gradient, params, now, batch, step_key)
        (loss, (state, heads)), grads = made
        if shape.plateau:
            rate = rate * settings["plateau_now"]
        params, slots = layout.update(
            settings["optimizer"],
            carry["params"],
            grads,
            carry["slots"],
            rate,
            corrections,
        )
        return {
            "params": params,
            "slots": slots,
            "state": state,
            "step": carry["step"] + 1,
            "position": at + 1,
            "taken": carry["taken"] + 1,
            "loss": loss,
            "head_losses": heads,
            **_with_last_losses(carry, tables, local),
        }

    def end_epoch(carry: Tree, tables: Tree, validation: Tree, settings: Tree, local: Any) -> Tree:
        def noted(name: str, heads: Tree) -> Tree:
            return {head: xp.set_at(carry[name][head], local, x) for head, x in heads.items()}

        sums = _with_last_losses(carry, tables, local)
        train = judged = sums["loss_sum"]
        new = dict(carry)
        if shape.validated:
            rates = settings["rates"]
            judged, heads = _evaluate(task, xp, shape, layout, carry, validation, rates)
            new["validation_head_losses"] = noted("validation_head_losses", heads)
        new["train_losses"] = xp.set_at(carry["train_losses"], local, train)
        new["train_head_losses"] = noted("train_head_losses", sums["head_sums"])
        new["validation_losses"] = xp.set_at(carry["validation_losses"], local, judged)
        new.update(_patience(xp, carry, settings, judged))
        if shape.keeps_best:
            new.update(_best(xp, layout, carry, judged))
        if shape.plateau:
            factor = carry["plateau_factor"]
            new["plateau_factors"] = xp.set_at(carry["plateau_factors"], local, factor)
            new.update(_plateau(xp, carry, settings, judged))
        new["epoch"] = carry["epoch"] + 1
        new["position"] = xp.zeros_like(carry["position"])
        new["loss_sum"] = xp.zeros_like(carry["loss_sum"])
        new["head_sums"] = tree_map(xp.zeros_like, carry["head_sums"])
        return new

    def program(
        carry: Tree, tables: Tree, data: Tree, validation: Tree, settings: Tree, limit: Any
    ) -> Tree:
        epochs_here, steps = tables["rows"].shape[0], tables["rows"].shape[1]
        optimizer = task.with_rates(settings["rates"]).optimizer
        stepped = [
            "params", "slots", "state", "step", "position", "taken", "loss", "loss_sum",
            "head_losses", "head_sums",
        ]  # fmt: skip

        def more_steps(c: Tree) -> Any:
            return (c["position"] < steps) & (c["taken"] < limit) & xp.isfinite(c["loss"])

        def more_epochs(c: Tree) -> Any:
            return (
                (c["epoch"] < settings["epochs"])
                & (c["epoch"] - tables["first"] < epochs_here)
                & (c["taken"] < limit)
                & (c["stop"] == RUNNING)
                & xp.isfinite(c["loss"])
            )

        def one_epoch(c: Tree) -> Tree:
            local = c["epoch"] - tables["first"]
            now = {**settings, "plateau_now": c["plateau_factor"], "optimizer": optimizer}
            inner = xp.while_loop(
                more_steps,
                lambda s: one_step(s, tables, data, now, local),
                {name: c[name] for name in stepped},
            )
            done = (inner["position"] == steps) & xp.isfinite(inner["loss"])
            return xp.cond(
                done,
                lambda e: end_epoch(e, tables, validation, settings, local),
                lambda e: e,
                {**c, **inner},
            )

        return xp.while_loop(more_epochs, one_epoch, carry)

    return program


def _picked(xp: Any, part: Tree, rows: Any) -> Tree:
    """Rows of an array, or of every array of a tree."""
    if isinstance(part, dict):
        return tree_map(lambda x: xp.take(x, rows), part)
    return xp.take(part, rows)


def _in_parts(
    xp: Any,
    shape: Shape,
    layout: Layout,
    gradient: Callable[..., Any],
    params: Tree,
    now: tuple[Tree, Tree],
    batch: Tree,
    step_key: Tree,
) -> Any:
    """What `gradient` gives of the whole batch, added up over the parts it is cut into; its
    gradients as the layout takes them."""
    state, rates = now
    if shape.streams == 1:
        results, grads = gradient(params, state, batch, step_key, rates)
        return results, layout.gradients(grads)
    rows = len(batch["share"])
    start, size = xp.stream() * rows, rows // shape.pieces

    def of(first_row: Any, part: Tree) -> Any:
        return gradient(params, state, part, {**step_key, "first_row": first_row}, rates)

    def add(total: Any, at: Any) -> Any:
        (loss, (_, heads)), grads = of(at[0], rebuild(batch, iter(at[1:])))
        return tree_map(lambda a, b: a + b, total, (loss, heads, tuple(grads))), ()

    if shape.pieces == 1:
        (loss, (state, heads)), grads = of(start, batch)
    else:  # a layer with a state looks at the whole batch, so here there is none
        starts = start + size * xp.arange(shape.pieces, dtype="int32")
        pieces = [xp.reshape(x, (shape.pieces, size, *x.shape[1:])) for x in leaves(batch)]
        zero = xp.zeros((), dtype=str(batch["share"].dtype))
        gradients = tuple([xp.zeros_like(x) for x in leaves(params)])
        zeros = (zero, dict.fromkeys(shape.heads, zero), gradients)
        (loss, heads, grads), _ = xp.scan(add, zeros, (starts, *pieces), shape.pieces, False)
    loss, heads, grads = xp.sum_streams((loss, heads, tuple(layout.gradients(grads))))
    return (loss, (state, heads)), grads


def _own(xp: Any, shape: Shape, part: Tree) -> Tree:
    """This stream's part of an array with rows, or of every array of a tree."""
    if shape.streams == 1:
        return part

    def own(x: Any) -> Any:
        return xp.reshape(x, (shape.streams, -1, *x.shape[1:]))[xp.stream()]

    return tree_map(own, part)


def _row(table: Any, local: Any, at: Any) -> Any:
    """An entry of a table that may be the same for all epochs."""
    return table[0, at] if table.shape[0] == 1 else table[local, at]


def _with_last_losses(carry: Tree, tables: Tree, local: Any) -> Tree:
    """The epoch's losses so far: those of the step before are added now, their share stands one
    later.

    Adding a step's own loss at once would tie it to the backward pass and double the time of a
    step of one row under XLA (benchmarks/NOTES.md).
    """
    part, last = _row(tables["part"], local, carry["position"]), carry["head_losses"]
    return {
        "loss_sum": carry["loss_sum"] + carry["loss"] * part,
        "head_sums": {head: x + last[head] * part for head, x in carry["head_sums"].items()},
    }


def _evaluate(
    task: Task, xp: Any, shape: Shape, layout: Layout, carry: Tree, validation: Tree, rates: Tree
) -> Any:
    """The validation loss, and that of every head, chunk after chunk."""
    params = layout.unpack(carry["params"])
    chunks = validation["share"].shape[0]

    def losses_of(index: Any) -> Any:
        chunk = _own(xp, shape, tree_map(lambda x: x[index], validation))
        return evaluation_losses(task, params, carry["state"], chunk, rates)

    def add(c: Tree) -> Tree:
        sums = tree_map(lambda a, b: a + b, c["sums"], losses_of(c["chunk"]))
        return {"chunk": c["chunk"] + 1, "sums": sums}

    start = {
        "chunk": xp.zeros_like(carry["epoch"]),
        "sums": tree_map(xp.zeros_like, (carry["loss_sum"], carry["head_sums"])),
    }
    if chunks == 1:
        total = losses_of(0)
    else:
        total = xp.while_loop(lambda c: c["chunk"] < chunks, add, start)["sums"]
    return total if shape.streams == 1 else xp.sum_streams(total)


def _patience(xp: Any, carry: Tree, settings: Tree, judged: Any) -> Tree:
    """Epochs since the loss last got better by more than the tolerance."""
    better = judged < carry["reference"] - settings["tolerance"]
    stale = xp.where(better, xp.zeros_like(carry["stale"]), carry["stale"] + 1)
    out = (stale >= settings["patience"]) & (settings["patience"] > 0)
    return {
        "reference": xp.where(better, judged, carry["reference"]),
        "stale": stale,
        "stop": xp.astype(xp.where(out, OUT_OF_PATIENCE, RUNNING), "int32"),
    }


def _best(xp: Any, layout: Layout, carry: Tree, judged: Any) -> Tree:
    """The best parameters so far, and the epoch they belong to."""
    names = ("best_params", "best_state", "best_loss", "best_epoch")
    return xp.cond(
        judged < carry["best_loss"],
        lambda c: {
            "best_params": layout.copy(c["params"]),
            "best_state": c["state"],
            "best_loss": judged,
            "best_epoch": c["epoch"] + 1,
        },
        lambda c: {name: c[name] for name in names},
        carry,
    )


def _plateau(xp: Any, carry: Tree, settings: Tree, judged: Any) -> Tree:
    """The factor on the learning rate, which falls when the loss has stopped getting better."""
    better = judged < carry["plateau_best"]
    stale = xp.where(better, xp.zeros_like(carry["plateau_stale"]), carry["plateau_stale"] + 1)
    falls = stale >= settings["plateau_patience"]
    lower = xp.maximum(
        carry["plateau_factor"] * settings["plateau_step"], settings["plateau_minimum"]
    )
    return {
        "plateau_best": xp.where(better, judged, carry["plateau_best"]),
        "plateau_stale": xp.where(falls, xp.zeros_like(stale), stale),
        "plateau_factor": xp.where(falls, lower, carry["plateau_factor"]),
    }
