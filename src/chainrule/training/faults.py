"""When a number stops being finite: which step, which layer, and what to do about it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autodiff import leaves, tree_map, value_and_grad
from chainrule.errors import NonFiniteError
from chainrule.losses import losses_of
from chainrule.model import Model
from chainrule.nn import Context, apply_layer
from chainrule.training.step import Task, objective


def not_finite(model: Model, task: Task, data: Any, outcome: Any) -> NonFiniteError:
    """The error for a run that met NaN or infinity, with the model of the last finite weights.

    The step is computed once more on NumPy, layer by layer, from the last finite weights.
    """
    bad = outcome.bad
    batch = {**tree_map(lambda x: x[bad.rows], data), "share": bad.share}
    with np.errstate(all="ignore"):
        layer, what = _first_fault(task, outcome, batch)
    where = f"in {layer} ({what})" if layer else f"in the loss ({what})"
    message = (
        f"Training met a number that is not finite at step {bad.step} (epoch {bad.epoch}) {where}. "
        f"{_cure(task, data)} The error's .model has the weights of the step before."
    )
    return NonFiniteError(message, model=model, step=bad.step, layer=layer)


def _first_fault(task: Task, outcome: Any, batch: Any) -> tuple[str | None, str]:
    context = Context(weight=batch["share"])
    x = batch["x"]
    for i, layer in enumerate(task.network.layers):
        x, _ = apply_layer(layer, outcome.params[i], outcome.state[i], x, context.child(i))
        if not all(np.isfinite(part).all() for part in leaves(x)):
            return f"layer {i}, {type(layer).__name__}", "its output"
    losses = losses_of(task.loss, batch["y"], x)
    if not np.isfinite(losses).all():
        return None, "the outputs are finite, their loss is not"
    step_key = {"key": np.zeros(2, "uint32"), "step": np.asarray(0, "int32")}
    gradient = value_and_grad(lambda p, *a: objective(task, p, *a), aux=True)
    _, grads = gradient(outcome.params, outcome.state, batch, step_key, task.rates())
    for i in range(len(task.network.layers) - 1, -1, -1):
        if not all(np.isfinite(g).all() for g in leaves(grads[i])):
            return f"layer {i}, {type(task.network.layers[i]).__name__}", "its gradient"
    for i in range(len(task.network.layers)):
        if leaves(outcome.params[i]):
            largest = max(float(np.abs(p).max()) for p in leaves(outcome.params[i]))
            if largest > 1e30:
                return f"layer {i}, {type(task.network.layers[i]).__name__}", "its weights"
    return None, "the update of the weights overflows"


def _cure(task: Task, data: Any) -> str:
    inputs = [x for x in leaves(data["x"]) if x.dtype.kind == "f"]
    largest = max((float(np.abs(x).max()) for x in inputs), default=0.0)
    if largest > 1e3:
        return (
            f"The inputs reach {largest:.3g}: scale them to about -1 … 1 first, e.g. subtract the "
            "mean and divide by the standard deviation."
        )
    targets = data["y"]
    if targets.dtype.kind == "f" and float(np.abs(targets).max()) > 1e4:
        return (
            f"The targets reach {float(np.abs(targets).max()):.3g}: scale them to about -1 … 1 "
            "first."
        )
    rate = getattr(task.optimizer, "learning_rate", None)
    said = f" ({rate:g})" if isinstance(rate, int | float) else ""
    return (
        f"The learning rate{said} is probably too high: try a tenth of it, or clip the gradients "
        "with clip_norm=1."
    )
