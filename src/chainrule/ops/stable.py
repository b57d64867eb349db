"""Cross-entropies on logits, fused so that they are stable and cheap: one value per example."""

from __future__ import annotations

from typing import Any

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.errors import ShapeError
from chainrule.ops.broadcasting import same_shape, unbroadcast
from chainrule.ops.elementwise import _sigmoid, _softplus
from chainrule.ops.index import _positions


@primitive(formula="log(1 + e^z) - y·z", derivative="sigmoid(z) - y; for y: -z", floating=True)
def binary_cross_entropy(xp: Any, logits: Array, targets: Array) -> Array:
    """-y·log(p) - (1 - y)·log(1 - p) with p = sigmoid(z), elementwise, finite for any finite z."""
    same_shape("binary_cross_entropy", logits, targets)
    return _softplus(xp, logits) - targets * logits


@binary_cross_entropy.rule
def _(xp: Any, cotangent: Array, out: Array, logits: Array, targets: Array) -> tuple[Any, ...]:
    return (
        lambda: cotangent * (_sigmoid(xp, logits) - targets),
        lambda: unbroadcast(xp, -cotangent * logits, targets),
    )


@primitive(formula="log Σ e^z - z[label]", derivative="softmax(z) - 1 at the label", promote=False)
def label_cross_entropy(xp: Any, logits: Array, labels: Array) -> Array:
    """-log of the label's probability.

    Args:
        logits: (batch, classes). labels: (batch,) integers in 0 … classes - 1. Returns: (batch,).
    """
    largest = xp.max(logits, axis=-1, keepdims=True)
    total = xp.sum(xp.exp(logits - largest), (logits.ndim - 1,), True)
    chosen = xp.where(_positions(xp, logits, labels), logits, xp.zeros_like(logits))
    at_label = xp.sum(chosen, (logits.ndim - 1,))
    return xp.squeeze(xp.log(total) + largest, axis=-1) - at_label


@label_cross_entropy.rule
def _(xp: Any, cotangent: Array, out: Array, logits: Array, labels: Array) -> tuple[Any, ...]:
    shifted = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    softmax = shifted / xp.sum(shifted, (logits.ndim - 1,), True)
    chosen = xp.astype(_positions(xp, logits, labels), str(logits.dtype))
    return (xp.expand_dims(cotangent, -1) * (softmax - chosen), None)


@primitive(
    formula="-Σ p·log softmax(z)",
    derivative="Σp·softmax(z) - p; for p: -log softmax(z)",
    floating=True,
)
def cross_entropy(xp: Any, logits: Array, targets: Array) -> Array:
    """The sum over classes of -p·log(softmax(z)).

    Args:
        logits, targets: (batch, classes); targets are probabilities. Returns: (batch,).
    """
    if logits.shape != targets.shape:
        raise ShapeError(
            f"cross_entropy of {tuple(logits.shape)} and {tuple(targets.shape)}: the shapes must "
            "be equal. Class numbers go into label_cross_entropy."
        )
    return -xp.sum(targets * _log_softmax(xp, logits), (logits.ndim - 1,))


@cross_entropy.rule
def _(xp: Any, cotangent: Array, out: Array, logits: Array, targets: Array) -> tuple[Any, ...]:
    logs = _log_softmax(xp, logits)
    rows = xp.expand_dims(cotangent, -1)
    mass = xp.sum(targets, (logits.ndim - 1,), True)
    return lambda: rows * (mass * xp.exp(logs) - targets), lambda: -rows * logs


def _log_softmax(xp: Any, logits: Array) -> Array:
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), (logits.ndim - 1,), True))
