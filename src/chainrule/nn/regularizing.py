"""Layers that steady or disturb training: dropout and the two normalizations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule import ops
from chainrule.autodiff import Tree, hyper
from chainrule.errors import SettingError
from chainrule.nn.layer import Context, Shape, no_parameters
from chainrule.nn.sequences import split_lengths, with_lengths


@dataclass(frozen=True)
class Dropout:
    """In training, each number is set to 0 with probability `rate`, the others divided by 1 - rate.

    Args:
        rate: from 0 (no dropout, costs nothing) to below 1.

    Raises:
        SettingError: the rate is outside [0, 1).

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014).
    """

    rate: float = hyper(0.5)
    init = no_parameters
    transparent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise SettingError(f"Dropout({self.rate}): the rate must be at least 0 and below 1.")

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        return drop(x, self.rate, context), state


def drop(x: Any, rate: Any, context: Context) -> Any:
    """In training `x` with numbers set to 0 at a rate and the others scaled up, else `x`."""
    if not context.training or rate is None or _is_zero(rate):
        return x
    kept = context.random_uniform(tuple(x.shape), str(x.dtype)) >= rate
    return ops.where(kept, x / (1 - rate), 0.0)


def _is_zero(rate: Any) -> bool:
    return isinstance(rate, int | float) and rate == 0


@dataclass(frozen=True)
class BatchNorm:
    """Each feature brought to mean 0 and variance 1 over the batch, then scaled and shifted.

    In training the statistics are those of the batch, weighted by the examples' weights (padding
    counts nothing, and neither do steps beyond the length of a sequence), and a running mean of
    them is kept for prediction.

    Args:
        momentum: how much of the running statistics stays at each step.
        epsilon: added to the variance.

    Differs from: PyTorch, whose momentum is 1 - ours and whose running variance is unbiased.
    Source: Ioffe and Szegedy (2015).
    """

    momentum: float = hyper(0.9)
    epsilon: float = hyper(1e-5)
    transparent: ClassVar[bool] = True
    whole_batch: ClassVar[bool] = True
    takes_lengths: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.momentum < 1:
            raise SettingError(f"BatchNorm: momentum {self.momentum} must be in [0, 1).")

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        features = (split_lengths(in_shape)[0][-1],)
        params = {"scale": np.ones(features, "float32"), "offset": np.zeros(features, "float32")}
        state = {"mean": np.zeros(features, "float32"), "variance": np.ones(features, "float32")}
        return params, state, in_shape

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        x, lengths = split_lengths(x)
        if not context.training:
            scale = params["scale"] / ops.sqrt(state["variance"] + self.epsilon)
            out = (x - state["mean"]) * scale + params["offset"]
            return with_lengths(out, lengths), state
        out, mean, variance = ops.batch_norm(
            x,
            params["scale"],
            params["offset"],
            self.epsilon,
            _shares(x, context.weight, lengths),
            streams=context.streams,
        )
        state = {
            "mean": self._running(state["mean"], mean, context),
            "variance": self._running(state["variance"], variance, context),
        }
        return with_lengths(out, lengths), state

    def _running(self, before: Any, of_batch: Any, context: Context) -> Any:
        """The running statistic after a batch; a batch whose rows all weigh 0 teaches nothing."""
        moved = of_batch + self.momentum * (before - of_batch)
        if context.weight is None:
            return moved
        return ops.where(context.over_batch(ops.sum(context.weight)) > 0, moved, before)


def _shares(x: Any, weight: Any, lengths: Any) -> Any:
    """What every example counts, (batch,), or every step, (batch, time)."""
    if lengths is None:
        return np.ones(x.shape[0], str(x.dtype)) if weight is None else weight
    shares = ops.valid_steps(lengths, x.shape[1]).astype(str(x.dtype))
    return shares if weight is None else shares * ops.reshape(weight, shape=(-1, 1))


@dataclass(frozen=True)
class LayerNorm:
    """Each example brought to mean 0 and variance 1 over its features, then scaled and shifted.

    Source: Ba, Kiros, Hinton (2016).
    """

    epsilon: float = hyper(1e-5)
    transparent: ClassVar[bool] = True

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        features = (in_shape[-1],)
        params = {"scale": np.ones(features, "float32"), "offset": np.zeros(features, "float32")}
        return params, {}, in_shape

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        out, _, _ = ops.layer_norm(x, params["scale"], params["offset"], self.epsilon)
        return out, state
