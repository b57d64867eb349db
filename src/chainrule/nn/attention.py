"""Attention as a layer: every step of a sequence looks at the other steps and takes what fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule import ops
from chainrule.autodiff import Tree
from chainrule.errors import SettingError, ShapeError
from chainrule.nn.dense import Dense
from chainrule.nn.initializers import GlorotUniform
from chainrule.nn.layer import Context, Shape
from chainrule.nn.sequences import split_lengths, with_lengths
from chainrule.nn.windows import silenced, whole

PARTS = ("query", "key", "value", "out")
CROSS = {"queries", "memory"}


@dataclass(frozen=True)
class MultiHeadAttention:
    """Each step becomes a mean of all steps' values, weighted by how their keys fit its query.

    Queries, keys and values are linear maps of the input; the heads look each for themselves, and
    a last linear map joins what they found. Inputs are (batch, time, width), with lengths where
    sequences differ in length (padding is not looked at), and outputs of the same shape.

    For cross-attention the input is the dict `{"queries": (batch, time, width), "memory": (batch,
    steps, any width)}`, each with or without lengths: the queries look at the memory.

    Args:
        heads: how many look; it must divide the width.
        causal: step t looks at the steps 0 … t alone.
        bias: whether the linear maps have biases. That of the keys has none: it would move all
            scores of a query alike, which the softmax does not see.

    Parameters: query, key, value, out, each weight (in_features, width) and bias (width,), float32.

    Raises:
        SettingError: `heads` is not a positive whole number.

    Example:
        >>> layer = MultiHeadAttention(4, causal=True)
        >>> params, state, shape = layer.init(ops.key_from_seed(0), (10, 32))
        >>> params["query"]["weight"].shape, shape
        ((32, 32), (10, 32))

    Differs from: PyTorch, whose key bias is learnt and does nothing; leave it out when copying.
    Source: Vaswani et al. (2017).
    """

    heads: int
    causal: bool = False
    bias: bool = True
    takes_lengths: ClassVar[bool] = True
    one_thread: ClassVar[bool] = True
    few_at_a_time: ClassVar[int] = 2
    takes_names: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not whole(self.heads, 1):
            raise SettingError(
                f"MultiHeadAttention({self.heads!r}): the number of heads must be a whole number "
                "above 0, e.g. MultiHeadAttention(4)."
            )
        object.__setattr__(self, "heads", int(self.heads))

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        queries, memory = _sides(in_shape)
        shape, seen = split_lengths(queries)[0], split_lengths(memory)[0]
        self._check(shape, seen)
        width = shape[-1]
        params = {}
        for i, (name, source) in enumerate(
            zip(PARTS, (width, seen[-1], seen[-1], width), strict=True)
        ):
            params[name] = self._linear(name, width).init(ops.fold_in(key, i), (source,))[0]
        return params, {}, queries

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        (queries, lengths), (memory, steps) = (silent_padding(side) for side in _sides(x))
        self._check(tuple(queries.shape[1:]), tuple(memory.shape[1:]))
        valid = () if steps is None else (ops.valid_steps(steps, memory.shape[1]),)
        q, k, v = (
            self._mapped(params, name, side)
            for name, side in zip(PARTS, (queries, memory, memory), strict=False)
        )
        found = ops.attention(q, k, v, *valid, heads=self.heads, causal=self.causal)
        return with_lengths(self._mapped(params, "out", found), lengths), state

    def among_streams(self, params: Tree, own: Any) -> Any:
        """What the steps of one stream find in the steps of all, (batch, own steps, width).

        For attention that is not causal: a step does not know which one it is.

        Args:
            own: the inputs (batch, own steps, width) of this stream.
        """
        q, k, v = (self._mapped(params, name, own) for name in PARTS[:3])
        both = ops.all_steps(ops.concatenate([k, v], axis=-1))
        width = k.shape[-1]
        found = ops.attention(q, both[..., :width], both[..., width:], heads=self.heads)
        return self._mapped(params, "out", found)

    def weights(self, params: Tree, x: Any) -> Any:
        """How much each step looks at each, (batch, heads, time, time) for inputs as of `apply`.

        Row t of a head are the weights of step t; they sum to 1, and are 0 on padding.
        """
        (queries, _), (memory, steps) = (silent_padding(side) for side in _sides(x))
        valid = () if steps is None else (ops.valid_steps(steps, memory.shape[1]),)
        q, k = self._mapped(params, "query", queries), self._mapped(params, "key", memory)
        return ops.attention_weights(q, k, *valid, heads=self.heads, causal=self.causal)

    def _mapped(self, params: Tree, name: str, x: Any) -> Any:
        own = params[name]
        return self._linear(name, own["weight"].shape[1]).apply(own, {}, x, Context())[0]

    def _linear(self, name: str, width: int) -> Dense:
        return Dense(width, weight_init=GlorotUniform(), bias=self.bias and name != "key")

    def _check(self, queries: tuple[int, ...], memory: tuple[int, ...]) -> None:
        given = f"(batch, {', '.join(map(str, queries))})"
        if len(queries) != 2 or len(memory) != 2:
            raise ShapeError(
                f"MultiHeadAttention({self.heads}) takes sequences (batch, time, width); its input "
                f"is {given}{_beside(queries, memory)}. Put Embedding(…) before it where the steps "
                "are integers."
            )
        if queries[1] % self.heads:
            raise ShapeError(
                f"MultiHeadAttention({self.heads}) cuts the width of its input {given} into "
                f"{self.heads} equal parts, and {self.heads} does not divide {queries[1]}. Choose "
                f"from {_divisors(queries[1])} heads, or a width that is a multiple."
            )


def silent_padding(x: Any) -> tuple[Any, Any]:
    """Values with 0 wherever they are padding, be it NaN, and lengths or None."""
    values, lengths = split_lengths(x)
    silent = lengths is not None and values.ndim == 3
    return silenced(values, lengths) if silent else values, lengths


def _beside(queries: tuple[int, ...], memory: tuple[int, ...]) -> str:
    same = queries == memory
    return "" if same else f" and its memory (batch, {', '.join(map(str, memory))})"


def _divisors(width: int) -> str:
    return ", ".join(str(n) for n in range(1, width + 1) if width % n == 0)


def _sides(x: Any) -> tuple[Any, Any]:
    """Who looks and what is looked at, of arrays or of shapes: the same but for cross-attention."""
    if not isinstance(x, Mapping) or ops.is_sequence(x):
        return x, x
    if set(x) != CROSS:
        raise ShapeError(
            f"MultiHeadAttention takes one sequence or the named inputs {sorted(CROSS)}; it got "
            f"{sorted(x)}."
        )
    return x["queries"], x["memory"]
