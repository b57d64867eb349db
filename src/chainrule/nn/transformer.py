"""What a transformer is built of beside attention: where a step stands, and the repeated block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule import ops
from chainrule.autodiff import Tree, hyper
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.attention import MultiHeadAttention, silent_padding
from chainrule.nn.dense import Dense
from chainrule.nn.initializers import GlorotUniform, HeUniform, RandomNormal
from chainrule.nn.layer import Context, Shape
from chainrule.nn.regularizing import LayerNorm, drop
from chainrule.nn.sequences import split_lengths, with_lengths
from chainrule.nn.step_streams import StepStreams


@dataclass(frozen=True)
class PositionalEncoding:
    """Adds to each step numbers that say where it stands; attention alone does not know.

    Number 2i of step t is sin(t / 10000^(2i/width)), number 2i + 1 its cosine; with `learned` they
    are parameters, and no sequence may be longer than those that the network was made for.

    Args:
        learned: whether the numbers are learnt.

    Inputs and outputs: (batch, time, width), with or without lengths.

    Source: Vaswani et al. (2017); learnt: Gehring et al. (2017).

    Example:
        >>> import numpy as np
        >>> out, _ = PositionalEncoding().apply({}, {}, np.zeros((1, 2, 4)), Context())
        >>> out[0].round(2).tolist()
        [[0.0, 1.0, 0.0, 1.0], [0.84, 0.54, 0.01, 1.0]]
    """

    learned: bool = False
    takes_lengths: ClassVar[bool] = True

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        shape = split_lengths(in_shape)[0]
        _check_rank("PositionalEncoding()", shape)
        if not self.learned:
            return {}, {}, in_shape
        return {"table": RandomNormal(0.02)(key, shape, *shape)}, {}, in_shape

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        values, lengths = split_lengths(x)
        _check_rank("PositionalEncoding()", tuple(values.shape[1:]))
        time, width = values.shape[1:]
        if not self.learned:
            table = np.asarray(sinusoids(time, width), str(values.dtype))
        elif time > params["table"].shape[0] or width != params["table"].shape[1]:
            raise ShapeError(
                f"PositionalEncoding(learned=True) has learnt {params['table'].shape[0]} steps of "
                f"{params['table'].shape[1]} numbers; its input is {tuple(values.shape)}. Cut the "
                "sequences, or take PositionalEncoding(), which knows any length."
            )
        else:
            table = params["table"][:time]
        return with_lengths(values + table, lengths), state


def sinusoids(time: int, width: int) -> Any:
    """The sines and cosines of Vaswani et al. (2017), float64 (time, width)."""
    step, number = np.arange(time)[:, None], np.arange(width)[None, :]
    angle = step / 10000.0 ** ((number - number % 2) / width)
    return np.where(number % 2 == 0, np.sin(angle), np.cos(angle))


@dataclass(frozen=True)
class TransformerBlock:
    """Attention, then two dense layers at each step; each adds to what came in (pre-norm).

        x = x + dropout(attention(norm(x)))
        x = x + dropout(out(dropout(gelu(hidden(norm(x))))))

    Args:
        heads: of the attention; it must divide the width of the input.
        hidden: units between the two dense layers; 4 times the width by default.
        causal: step t looks at the steps 0 … t alone.
        dropout: rate, in training.

    Inputs and outputs: (batch, time, width), with or without lengths. Behind the last block stands
    `LayerNorm()`, as a rule.

    Raises:
        SettingError: a number is out of range.

    Differs from: PyTorch's TransformerEncoderLayer, which normalizes behind by default
    (norm_first=False), uses relu, and drops attention weights too.
    Source: Vaswani et al. (2017); pre-norm: Xiong et al. (2020).

    Example:
        >>> params, _, shape = TransformerBlock(4).init(ops.key_from_seed(0), (10, 32))
        >>> params["hidden"]["weight"].shape, shape
        ((32, 128), (10, 32))
    """

    heads: int
    hidden: int | None = None
    causal: bool = False
    dropout: float = hyper(0.0)
    takes_lengths: ClassVar[bool] = True
    one_thread: ClassVar[bool] = True
    few_at_a_time: ClassVar[int] = 2

    @property
    def cuts_steps(self) -> bool:
        """Whether a part of the steps can be predicted in a stream of its own."""
        return not self.causal

    def __post_init__(self) -> None:
        MultiHeadAttention(self.heads)
        if self.hidden is not None:
            Dense(self.hidden)
        if not 0 <= self.dropout < 1:
            raise SettingError(
                f"TransformerBlock: dropout {self.dropout} must be at least 0 and below 1."
            )

    def _parts(self, width: int) -> dict[str, Any]:
        """The layers inside, by the names of their parameters."""
        return {
            "attention_norm": LayerNorm(),
            "attention": MultiHeadAttention(self.heads, causal=self.causal),
            "forward_norm": LayerNorm(),
            "hidden": Dense(self.hidden or 4 * width, weight_init=HeUniform()),
            "out": Dense(width, weight_init=GlorotUniform()),
        }

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        shape = split_lengths(in_shape)[0]
        _check_rank(f"TransformerBlock({self.heads})", shape)
        parts, params = self._parts(shape[-1]), {}
        for i, (name, layer) in enumerate(parts.items()):
            wide = name == "out"
            given = (*shape[:-1], parts["hidden"].units) if wide else shape
            params[name] = layer.init(ops.fold_in(key, i), given)[0]
        return params, {}, in_shape

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        values, lengths = silent_padding(x)
        _check_rank(f"TransformerBlock({self.heads})", tuple(values.shape[1:]))
        parts = self._parts(values.shape[-1])

        def run(name: str, x: Any) -> Any:
            return parts[name].apply(params[name], {}, x, context)[0]

        streams = context.step_streams
        if streams is not None and self._cuts(streams, values, lengths):
            return self._in_streams(params, run, values, streams), state
        looked = run("attention", with_lengths(run("attention_norm", values), lengths))
        found = drop(split_lengths(looked)[0], self.dropout, context.child(0))
        values = ops.residual(values, found)
        inner = drop(
            ops.gelu(run("hidden", run("forward_norm", values))), self.dropout, context.child(1)
        )
        values = ops.residual(values, drop(run("out", inner), self.dropout, context.child(2)))
        return with_lengths(values, lengths), state

    def _cuts(self, streams: StepStreams, values: Any, lengths: Any) -> bool:
        """Whether these steps fall into a part for every stream."""
        return self.cuts_steps and lengths is None and values.shape[1] % streams.count == 0

    def _in_streams(
        self, params: Tree, run: Callable[[str, Any], Any], x: Any, streams: StepStreams
    ) -> Any:
        """The prediction, where each stream works on a part of the steps and looks at all of them.

        What is looked at is gathered from the streams where they made x, once a block. Of an x that
        is there already each computes all of it, which costs less than waiting for the other.
        """
        own = streams.own(x)
        if streams.known(x) is None:
            normal = run("attention_norm", x)
            sides = {"queries": streams.own(normal), "memory": normal}
            own = own + run("attention", sides)
        else:
            layer = self._parts(x.shape[-1])["attention"]
            normal = run("attention_norm", own)
            own = own + layer.among_streams(params["attention"], normal)
        inner = ops.gelu(run("hidden", run("forward_norm", own)))
        middle = inner.shape[1] // 2
        halves = [inner[:, :middle], inner[:, middle:]]  # so short that threads do not share one
        own = own + ops.concatenate([run("out", half) for half in halves], axis=1)
        return streams.whole(own)


def _check_rank(layer: str, shape: tuple[int, ...]) -> None:
    if len(shape) != 2:
        raise ShapeError(
            f"{layer} takes sequences (batch, time, width); its input is "
            f"(batch{''.join(f', {n}' for n in shape)}). Put Embedding(…) before it where the "
            "steps are integers."
        )
