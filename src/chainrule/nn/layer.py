"""What a layer is: a frozen dataclass that makes its parameters and applies them.

    @dataclass(frozen=True)
    class Scale:
        def init(self, key, in_shape):
            return {"scale": np.ones(in_shape, "float32")}, {}, in_shape

        def apply(self, params, state, x, context):
            return x * params["scale"], state

Shapes are without the batch axis. Parameters and state are trees of arrays that go in and come out:
a layer holds none itself, so one description serves any number of networks.

What else there is to know of a layer its class may say; what it does not say is False:

    takes_lengths   it is given sequences with their lengths, see `nn.sequences`
    takes_names     it takes several arrays by their names; of chainrule's layers the others refuse
    transparent     numbers keep their size on their way through: the weights before it start as
                    suits the next layer that is not
    initializer     of an activation: what the weights before it start from
    one_thread      XLA runs it on one thread, so that parts of a batch are worked on side by side
    few_at_a_time   of these, one whose numbers leave the cache unless few examples go at a time:
                    the fewest with which it is as fast as with many
    prepares        it makes something of its numbers by `xp.once`, for all calls of a prediction
    whole_batch     in training it looks at the batch as a whole
    cuts_steps      in a prediction every stream may work on a part of an example's steps, see
                    `Context.step_streams`
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, runtime_checkable

from chainrule.autodiff import Tree
from chainrule.nn.step_streams import StepStreams
from chainrule.ops import fold_in, random_part, random_uniform, sum_over_streams

Shape: TypeAlias = Any
"""A shape without the batch axis, or a dict of shapes where a layer takes named inputs."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a layer may know beside its input.

    Attributes:
        training: whether this is a training step (dropout acts, statistics are of the batch).
        key: random key of the whole network in this step, uint32 (2,); None without randomness.
        path: where in the network the layer stands; it makes `random_key` different everywhere.
        weight: weight of every example, (batch,); 0 for padding. None: all alike.
        streams: in how many equal parts the batch is worked on at once.
        parts: in how many equal parts it is cut in all; the layer sees one.
        first_row: where in the batch this part begins.
        step_streams: the streams that predict the very same examples, where there are several. A
            layer takes and gives all of their steps in each; in between it may share them out.
    """

    training: bool = False
    key: Any = None
    path: tuple[int, ...] = ()
    weight: Any = None
    streams: int = 1
    parts: int = 1
    first_row: Any = 0
    step_streams: StepStreams | None = None

    def child(self, index: int) -> Context:
        """The context of the layer at a position inside this one."""
        return replace(self, path=(*self.path, index))

    def random_key(self) -> Any:
        """A key of this layer's own in this step."""
        key = self.key
        for index in self.path:
            key = fold_in(key, index)
        return key

    def random_uniform(self, shape: tuple[int, ...], dtype: str) -> Any:
        """Numbers in [0, 1) for every example, (batch, …): the same however the batch is parted."""
        key = self.random_key()
        if self.parts == 1:
            return random_uniform(key, shape=shape, dtype=dtype)
        rows = self.parts * shape[0]
        return random_part(key, self.first_row, shape=shape, rows=rows, dtype=dtype)

    def over_batch(self, total: Any) -> Any:
        """A sum over the examples that this layer sees, as that over the whole batch."""
        return total if self.streams == 1 else sum_over_streams(total)


@runtime_checkable
class Layer(Protocol):
    """A layer, built in or your own."""

    def init(self, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
        """Parameters, state and the shape of the output, for inputs of a shape."""
        ...

    def apply(self, params: Tree, state: Tree, x: Any, context: Context) -> tuple[Any, Tree]:
        """The output for inputs `x` (batch, *in_shape), and the next state."""
        ...


def no_parameters(self: Any, key: Any, in_shape: Shape) -> tuple[Tree, Tree, Shape]:
    """The `init` of layers that have no parameters and keep the shape."""
    return {}, {}, in_shape
