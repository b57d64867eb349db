"""When a number stops being finite: which step, which layer, and what to do about it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.autodiff import leaves, paths, tree_map, value_and_grad
from chainrule.errors import NonFiniteError
from chainrule.losses import HeadLosses, losses_of
from chainrule.model import Model
from chainrule.nn import Context, Heads, apply_layer, pictures_scaled
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
    x = pictures_scaled(batch["x"], str(batch["share"].dtype))
    for i, layer in enumerate(task.network.layers):
        x, _ = apply_layer(layer, outcome.params[i], outcome.state[i], x, context.child(i))
        if (bad := _not_finite(x)) is not None:
            return _named(i, layer, bad), "its output"
    losses = losses_of(task.loss, batch["y"], x)
    if not np.isfinite(losses).all():
        return None, f"the outputs are finite, {_bad_losses(task, batch, x)}"
    step_key = {"key": np.zeros(2, "uint32"), "step": np.asarray(0, "int32")}
    gradient = value_and_grad(lambda p, *a: objective(task, p, *a), aux=True)
    _, grads = gradient(outcome.params, outcome.state, batch, step_key, task.rates())
    for i in range(len(task.network.layers) - 1, -1, -1):
        if (bad := _not_finite(grads[i])) is not None:
            return _named(i, task.network.layers[i], bad), "its gradient"
    for i in range(len(task.network.layers)):
        if leaves(outcome.params[i]):
            largest = max(float(np.abs(p).max()) for p in leaves(outcome.params[i]))
            if largest > 1e30:
                return _named(i, task.network.layers[i]), "its weights"
    return None, "the update of the weights overflows"


def _not_finite(tree: Any) -> str | None:
    """The path of the first array with a number that is not finite, or None."""
    return next((path for path, x in paths(tree) if not np.isfinite(x).all()), None)


def _named(i: int, layer: Any, path: str = "") -> str:
    """A layer in words; of heads also which, from the path of the array in it."""
    head = path.partition(".")[0]
    where = f" {head!r}" if isinstance(layer, Heads) and head else ""
    return f"layer {i}, {type(layer).__name__}{where}"


def _bad_losses(task: Task, batch: Any, outputs: Any) -> str:
    if not isinstance(task.loss, HeadLosses):
        return "their loss is not"
    parts = task.loss.parts(batch["y"], outputs)
    bad = _not_finite(parts)
    return (
        "the sum of their losses is not" if bad is None else f"the loss of the head {bad!r} is not"
    )


def _cure(task: Task, data: Any) -> str:
    inputs = [x for x in leaves(data["x"]) if x.dtype.kind == "f"]
    largest = max((float(np.abs(x).max()) for x in inputs), default=0.0)
    if largest > 1e3:
        return (
            f"The inputs reach {largest:.3g}: scale them to about -1 … 1 first, e.g. subtract the "
            "mean and divide by the standard deviation."
        )
    targets = [y for y in leaves(data["y"]) if y.dtype.kind == "f"]
    largest = max((float(np.abs(y).max()) for y in targets), default=0.0)
    if largest > 1e4:
        return f"The targets reach {largest:.3g}: scale them to about -1 … 1 first."
    rate = getattr(task.optimizer, "learning_rate", None)
    said = f" ({rate:g})" if isinstance(rate, int | float) else ""
    return (
        f"The learning rate{said} is probably too high: try a tenth of it, or clip the gradients "
        "with clip_norm=1."
    )
