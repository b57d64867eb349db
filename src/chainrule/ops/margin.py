"""The perceptron's own criterion, whose convention at 0 no composition of other ops gives."""

from __future__ import annotations

from typing import Any

from chainrule.autodiff import primitive
from chainrule.engine import Array
from chainrule.ops.broadcasting import same_shape, unbroadcast


@primitive(
    formula="max(0, -t·z)",
    derivative="-t where the answer is wrong, else 0",
    singular="z = 0 answers 0: wrong for t = 1, right for t = -1",
    floating=True,
)
def perceptron_criterion(xp: Any, scores: Array, signs: Array) -> Array:
    """max(0, -t·z), elementwise, for signs t of -1 or 1 (Rosenblatt 1958).

    The answer is 1 where z > 0 and 0 elsewhere. Its derivative by z is -t for a wrong answer: one
    gradient step with rate 1 is Rosenblatt's correction, also from zero weights.
    """
    same_shape("perceptron_criterion", scores, signs)
    return xp.maximum(-signs * scores, xp.zeros_like(scores))


@perceptron_criterion.rule
def _(xp: Any, cotangent: Array, out: Array, scores: Array, signs: Array) -> tuple[Any, ...]:
    wrong = (scores > 0) != (signs > 0)
    zero = xp.zeros_like(out)
    return (
        lambda: cotangent * xp.where(wrong, -signs, zero),
        lambda: unbroadcast(xp, cotangent * xp.where(wrong, -scores, zero), signs),
    )
