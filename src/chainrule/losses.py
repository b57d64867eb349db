"""Losses: how wrong an output is, one number per example.

A loss is called as `loss(targets, outputs)` and returns (batch,). Your own is any function like
that, written with operators and `chainrule.ops`. Losses of classes take logits: scores that may be
any number, before a sigmoid or a softmax; they are stable inside and need no patches.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from chainrule import ops
from chainrule.autodiff import hyper
from chainrule.errors import SettingError, ShapeError, unknown_name

LossFunction: TypeAlias = Callable[[Any, Any], Any]
"""`(targets, outputs) -> one value per example`."""


def _same_shape(targets: Any, outputs: Any) -> None:
    if tuple(targets.shape) != tuple(outputs.shape):
        raise ShapeError(
            f"The targets have shape {tuple(targets.shape)} and the network's outputs "
            f"{tuple(outputs.shape)}: they must be equal. The last layer needs as many units as "
            "there are targets per example."
        )


def _per_example(values: Any) -> Any:
    """The mean over everything but the batch axis."""
    if values.ndim == 1:
        return values
    if values.ndim == 2 and values.shape[1] == 1:
        return ops.reshape(values, shape=(values.shape[0],))
    return ops.mean(values, axis=tuple(range(1, values.ndim)))


@dataclass(frozen=True)
class MeanSquaredError:
    """(output - target)², averaged over the outputs of an example.

    Targets and outputs: (batch, outputs), floats. Returns: (batch,).
    """

    targets: ClassVar[str] = "numbers"

    def __call__(self, targets: Any, outputs: Any) -> Any:
        _same_shape(targets, outputs)
        return _per_example(ops.square(outputs - targets))


@dataclass(frozen=True)
class MeanAbsoluteError:
    """|output - target|, averaged over the outputs of an example; its minimum is the median."""

    targets: ClassVar[str] = "numbers"

    def __call__(self, targets: Any, outputs: Any) -> Any:
        _same_shape(targets, outputs)
        return _per_example(ops.absolute(outputs - targets))


@dataclass(frozen=True)
class Huber:
    """½r² where |r| <= delta, delta·(|r| - ½delta) beyond: outliers pull with a bounded force.

    Args:
        delta: where the parabola becomes a line, in units of the target.

    Differs from: `MeanSquaredError`, whose half it meets inside. Source: Huber (1964).
    """

    delta: float = hyper(1.0)
    targets: ClassVar[str] = "numbers"

    def __post_init__(self) -> None:
        if not self.delta > 0:
            raise SettingError(f"Huber({self.delta}): delta must be above 0.")

    def __call__(self, targets: Any, outputs: Any) -> Any:
        _same_shape(targets, outputs)
        size = ops.absolute(outputs - targets)
        inside = ops.minimum(size, self.delta)
        return _per_example(inside * (size - 0.5 * inside))


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """-y·log(p) - (1 - y)·log(1 - p) with p = sigmoid(logit), averaged over an example's outputs.

    Targets: 0, 1 or probabilities, (batch, outputs); several outputs are several yes/no questions.
    """

    targets: ClassVar[str] = "binary"

    def __call__(self, targets: Any, outputs: Any) -> Any:
        _same_shape(targets, outputs)
        return _per_example(ops.binary_cross_entropy(outputs, targets))


@dataclass(frozen=True)
class CrossEntropy:
    """-Σ p·log(softmax(logits)) over the classes of an example.

    Targets: class numbers (batch,) as integers, or probabilities (batch, classes), one-hot or soft.
    Outputs: logits (batch, classes). Both may have a time axis behind the batch; an example's loss
    is then the mean over its steps. With two classes it equals the binary cross-entropy of the
    difference of the two logits.

    Args:
        label_smoothing: this share of each target is spread evenly over all classes
            (Szegedy et al. 2016).
    """

    label_smoothing: float = hyper(0.0)
    targets: ClassVar[str] = "classes"

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing < 1:
            raise SettingError(
                f"CrossEntropy: label_smoothing {self.label_smoothing} must be in [0, 1)."
            )

    def __call__(self, targets: Any, outputs: Any) -> Any:
        labels = targets.dtype.kind in "iu"
        expected = tuple(outputs.shape[:-1] if labels else outputs.shape)
        if outputs.ndim < 2 or tuple(targets.shape) != expected:
            raise ShapeError(
                f"Cross-entropy got outputs of shape {tuple(outputs.shape)} and targets of shape "
                f"{tuple(targets.shape)}; it needs (batch, classes) and either class numbers "
                "(batch,) or probabilities (batch, classes). Is a Flatten() missing?"
            )
        loss = (ops.label_cross_entropy if labels else ops.cross_entropy)(outputs, targets)
        loss = _per_example(loss)
        if isinstance(self.label_smoothing, int | float) and self.label_smoothing == 0:
            return loss
        spread = _per_example(ops.logsumexp(outputs) - ops.mean(outputs, axis=-1))
        return (1 - self.label_smoothing) * loss + self.label_smoothing * spread


@dataclass(frozen=True)
class PerceptronCriterion:
    """max(0, -t·z) for signs t: only wrong answers count (Rosenblatt 1958).

    Targets: -1 or 1, (batch, outputs). The answer is "1 if z > 0 else 0", so z = 0 is wrong for
    t = 1 and right for t = -1.
    """

    targets: ClassVar[str] = "signs"

    def __call__(self, targets: Any, outputs: Any) -> Any:
        _same_shape(targets, outputs)
        return _per_example(ops.perceptron_criterion(outputs, targets))


@dataclass(frozen=True)
class Hinge:
    """max(0, 1 - t·z) for signs t: right answers must also keep a distance (Cortes, Vapnik 1995).

    Targets: -1 or 1, (batch, outputs). One Dense(1) with it and an L2 penalty is a linear support
    vector machine.
    """

    targets: ClassVar[str] = "signs"

    def __call__(self, targets: Any, outputs: Any) -> Any:
        _same_shape(targets, outputs)
        return _per_example(ops.relu(1 - targets * outputs))


@dataclass(frozen=True)
class HeadLoss:
    """The loss of one head, and what it counts in the sum."""

    loss: LossFunction
    weight: float = hyper(1.0)

    def __post_init__(self) -> None:
        if isinstance(as_loss(self.loss), HeadLosses):
            raise SettingError("A head has one loss, and this is one for several heads.")
        number = isinstance(self.weight, int | float) and not isinstance(self.weight, bool)
        if not (number and 0 <= self.weight < math.inf):
            raise SettingError(
                f"The weight of a loss is {self.weight!r:.60}; it must be a finite number of at "
                "least 0."
            )


@dataclass(frozen=True)
class HeadLosses:
    """The weighted sum of a loss for every head of a network with several outputs.

    Targets and outputs: dicts of the heads' names. Returns: (batch,). A head of weight 0 is not
    calculated at all: nothing of it reaches the parameters.

    Args:
        heads: a `HeadLoss` for every name. `head_losses` makes them from what `fit` takes.
    """

    heads: Any

    def __post_init__(self) -> None:
        listed = self.heads.items() if isinstance(self.heads, Mapping) else self.heads
        heads = tuple(sorted((tuple(pair) for pair in listed), key=lambda pair: str(pair[0])))
        proper = all(isinstance(n, str) and isinstance(part, HeadLoss) for n, part in heads)
        if not heads or not proper or len(dict(heads)) < len(heads):
            raise SettingError("HeadLosses needs a HeadLoss for every name.")
        if all(_is(part.weight, 0) for _, part in heads):
            raise SettingError(
                "All losses have weight 0: nothing would be learnt. Leave one above."
            )
        object.__setattr__(self, "heads", heads)

    @property
    def targets(self) -> dict[str, str]:
        """The kind of targets of every head."""
        return {name: getattr(head.loss, "targets", "numbers") for name, head in self.heads}

    def parts(self, targets: Any, outputs: Any) -> dict[str, Any]:
        """The loss of every head that counts, (batch,) each, without its weight."""
        counted = counted_heads(self)
        return {
            name: _head_loss(name, head.loss, targets[name], outputs[name])
            for name, head in self.heads
            if name in counted
        }

    def __call__(self, targets: Any, outputs: Any) -> Any:
        return self.total(self.parts(targets, outputs))

    def total(self, parts: Mapping[str, Any]) -> Any:
        """The weighted sum of what `parts` gives, (batch,)."""
        weights = {name: head.weight for name, head in self.heads}
        weighted = [
            part if _is(weights[name], 1) else weights[name] * part for name, part in parts.items()
        ]
        return functools.reduce(operator.add, weighted)


def counted_heads(loss: LossFunction) -> tuple[str, ...]:
    """The heads whose losses are summed, by name: those of a weight above 0; () of a single loss.

    >>> counted_heads(head_losses({"class": "cross_entropy", "box": "mse"})), counted_heads(Huber())
    (('box', 'class'), ())
    """
    heads = loss.heads if isinstance(loss, HeadLosses) else ()
    return tuple([name for name, head in heads if not _is(head.weight, 0)])


def losses_by_head(loss: LossFunction, targets: Any, outputs: Any) -> tuple[Any, dict[str, Any]]:
    """What `losses_of` gives, (batch,), and the loss of every head that counts, (batch,) each.

    The latter are without their weights; of a single loss there are none.
    """
    if not isinstance(loss, HeadLosses):
        return losses_of(loss, targets, outputs), {}
    parts = loss.parts(targets, outputs)
    return loss.total(parts), parts


def _is(weight: Any, number: int) -> bool:
    """Whether a weight is a number as it was written; one that is traced is not."""
    return isinstance(weight, int | float) and weight == number


def _head_loss(name: str, loss: LossFunction, targets: Any, outputs: Any) -> Any:
    try:
        return losses_of(loss, targets, outputs)
    except ShapeError as error:
        raise ShapeError(f"Head {name!r}: {error}") from None


LOSSES: dict[str, type] = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "huber": Huber,
    "binary_cross_entropy": BinaryCrossEntropy,
    "cross_entropy": CrossEntropy,
    "perceptron": PerceptronCriterion,
    "hinge": Hinge,
}
"""Losses by name: a name stands for the loss with its default settings."""


def as_loss(loss: str | LossFunction | Mapping[str, Any]) -> LossFunction:
    """A loss from its name, or the given function; of a dict of them by head, the sum.

    >>> as_loss("huber")
    Huber(delta=1.0)
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise unknown_name("loss", loss, LOSSES)
        made: LossFunction = LOSSES[loss]()
        return made
    if isinstance(loss, Mapping):
        return head_losses(loss)
    if isinstance(loss, type) or not callable(loss):
        raise SettingError(
            f"loss={loss!r} is not a loss: give a name such as 'mse', a loss such as "
            "cr.losses.Huber(1.0), or a function (targets, outputs) -> one value per example."
        )
    return loss


def losses_of(loss: LossFunction, targets: Any, outputs: Any) -> Any:
    """One loss per example, (batch,); of sequences with lengths the mean over their steps.

    Args:
        targets: (batch, …); for sequences (batch, time, …).
        outputs: (batch, …), or `{"values": (batch, time, …), "lengths": (batch,)}`. Of such the
            loss is given every step as an example of its own. Outputs by the names of heads are
            for `HeadLosses`, which do this for each.

    Raises:
        ShapeError: the targets have no such steps, or the loss returns something else.
    """
    if isinstance(outputs, dict) and not ops.is_sequence(outputs):
        return loss(targets, outputs)
    if not ops.is_sequence(outputs):
        return _checked(loss, targets, outputs, outputs.shape[0])
    values, lengths = outputs["values"], outputs["lengths"]
    batch, time = values.shape[:2]
    if tuple(targets.shape[:2]) != (batch, time):
        raise ShapeError(
            f"The targets have shape {tuple(targets.shape)} and the network's outputs "
            f"{tuple(values.shape)}: every step of a sequence needs a target."
        )
    count = batch * time
    flat = ops.reshape(values, shape=(count, *values.shape[2:]))
    wanted = ops.reshape(targets, shape=(count, *targets.shape[2:]))
    losses = ops.reshape(_checked(loss, wanted, flat, count), shape=(batch, time))
    counted = ops.where(ops.valid_steps(lengths, time), losses, 0.0)
    return ops.sum(counted, axis=1) / lengths.astype(str(losses.dtype))


def _checked(loss: LossFunction, targets: Any, outputs: Any, count: int) -> Any:
    """One loss per example; a loss of the user's own may return something else."""
    losses = loss(targets, outputs)
    if tuple(losses.shape) != (count,):
        raise ShapeError(
            f"The loss returned {tuple(losses.shape)} for a batch of {count}: a loss returns one "
            f"value per example, here ({count},). Average over the other axes, e.g. "
            "ops.mean(values, axis=1)."
        )
    return losses


def head_losses(
    losses: Mapping[str, str | LossFunction], weights: Mapping[str, float] | None = None
) -> HeadLosses:
    """The sum of the losses of several heads.

    Args:
        losses: a name or a loss for every head. weights: what each counts, 1 where none is given.

    Raises:
        SettingError: a loss nobody knows, a weight for no head, or all weights are 0.

    >>> head_losses({"class": "cross_entropy", "box": Huber()}, {"box": 2.0}).targets
    {'box': 'numbers', 'class': 'classes'}
    """
    names = sorted(losses, key=str)
    if not names or not all(isinstance(name, str) for name in names):
        raise SettingError("loss is a dict without names: write loss={'class': 'cross_entropy'}.")
    weights = {} if weights is None else weights
    if not isinstance(weights, Mapping):
        raise SettingError(
            f"loss_weights is {weights!r:.60}; it must be a dict, e.g. {{{names[0]!r}: 2.0}}."
        )
    for name in weights:
        if name not in losses:
            raise unknown_name("head for the loss weight", name, names)
    return HeadLosses({n: HeadLoss(as_loss(losses[n]), weights.get(n, 1.0)) for n in names})
