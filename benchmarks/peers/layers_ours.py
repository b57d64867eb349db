"""chainrule's layers alone, compiled by XLA as they are inside a network: in its streams, so many
examples at a time, many batches in one call."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import chainrule as cr
from benchmarks.clock import Trainer
from benchmarks.layer_cases import BATCHES, COUNT, FORWARD, TRAINING, LayerCase
from chainrule import nn, ops
from chainrule.autodiff import Tree, tree_map, value_and_grad
from chainrule.engine import engine_by_name
from chainrule.model import forward_cost, on_one_thread, pieces_for

LAYERS: dict[str, nn.Layer] = {
    "conv1d": nn.Conv1D(64, 5, padding="same"),
    "conv3": nn.Conv2D(64, 3, padding="same"),
    "conv5": nn.Conv2D(32, 5, padding="same"),
    "stride": nn.Conv2D(64, 3, stride=2, padding=1),
    "pointwise": nn.Conv2D(128, 1),
    "groups": nn.Conv2D(64, 3, padding="same", groups=4),
    "depthwise": nn.Conv2D(64, 3, padding="same", groups=64),
    "dilation": nn.Conv2D(64, 3, padding="same", dilation=2),
    "transposed": nn.TransposedConv2D(32, 4, stride=2, padding=1),
    "maxpool": nn.MaxPool(2),
    "overlapping": nn.MaxPool(3, stride=2, padding=1),
    "averagepool": nn.AveragePool(2),
    "globalpool": nn.GlobalPool(),
    "globalmax": nn.GlobalPool("max"),
    "upsample": nn.Upsample(2),
    "bilinear": nn.Upsample(2, "bilinear"),
    "batchnorm": nn.BatchNorm(),
    "relu": nn.ReLU(),
    "layernorm": nn.LayerNorm(),
    "gelu": nn.GELU(),
    "softmax": nn.Softmax(),
    "attention": nn.MultiHeadAttention(4),
    "causal": nn.MultiHeadAttention(4, causal=True),
    "block": nn.TransformerBlock(4),
    "dense": nn.Dense(512),
    "rnn": nn.SimpleRNN(128, sequences=True),
    "lstm": nn.LSTM(128, sequences=True),
    "gru": nn.GRU(128, sequences=True),
    "bidirectional": nn.Bidirectional(nn.GRU(128, sequences=True)),
    "dropout": nn.Dropout(0.5),
    "lengths": nn.GRU(128, sequences=True),
    "embedding": nn.Embedding(COUNT, 64),
}

BESIDE: dict[str, tuple[nn.Layer, ...]] = {
    "images": (nn.Conv2D(1, 3),),
    "attention": (nn.MultiHeadAttention(1),),
    "": (),
}
"""The neighbors of a layer, which decide about streams and pieces."""


class Alone:
    """A layer with its numbers, in the streams and pieces of the network that it belongs in."""

    def __init__(self, case: LayerCase) -> None:
        self.case, self.engine = case, engine_by_name("xla")
        self.network = cr.Network([LAYERS[case.name]])
        shape: Any = case.shape
        if case.kind == "lengths":
            shape = {"values": case.shape, "lengths": ()}
        self.params, self.state, out_shape = self.network.init(ops.key_from_seed(0), shape)
        self.out_shape = out_shape["values"] if case.kind == "lengths" else out_shape
        parts = (self.network, *BESIDE[case.among])
        one_thread = on_one_thread(*parts)
        self.streams = self.engine.streams if one_thread else 1
        made_of = self.network, self.params, self.state, shape, "float32"
        rows = case.batch // self.streams
        largest = max(math.prod(case.shape), forward_cost(*made_of).largest)
        self.pieces = {
            what: pieces_for(parts, rows, largest, what == TRAINING) if one_thread else 1
            for what in case.activities
        }

    def trainer(self, what: str) -> Trainer:
        """Works on so many batches in one call."""
        random, rows = np.random.default_rng(1), BATCHES * self.case.batch
        given = {"x": self.case.inputs(), "share": np.ones(rows, "float32")}
        if what == TRAINING:
            size = (rows, *self.out_shape)
            given["cotangent"] = random.normal(size=size).astype("float32")
        put = functools.partial(self.engine.put, streams=self.streams)
        count = BATCHES * self.pieces[what]

        def part(index: int) -> Tree:
            return tree_map(lambda a: put(np.split(a, count)[index], parted=True), given)

        parts = tuple(part(index) for index in range(count))
        numbers = tree_map(put, {"params": self.params, "state": self.state})
        build = functools.partial(self._program, what, self.pieces[what])
        call = self.engine.compile(build, None, self.streams, parted=True)

        def run(batches: int) -> Tree:
            steps = np.int32(batches * self.pieces[what])
            made: Tree = jax.block_until_ready(call({**numbers, "steps": steps}, parts))
            return made

        return Trainer(run)

    def _program(self, what: str, pieces: int) -> Callable[..., Any]:
        """A loop over pieces, each an array of its own, as in a network what the layer before has
        written. One cut out of a batch would be copied, or its place looked up by every loop."""
        xp, size = self.engine.xp, self.case.batch // self.streams // pieces

        def program(numbers: Tree, parts: Tree) -> Tree:
            def step(carry: Tree, part: Tree) -> Tree:
                if what == FORWARD:
                    out, _ = self.network.apply(numbers["params"], carry["state"], part["x"])
                    return {**carry, "at": carry["at"] + 1, "out": _values(out)}
                return self._step(xp, pieces, numbers["params"], carry, part)

            def one(carry: Tree) -> Tree:
                steps = [functools.partial(step, part=part) for part in parts]
                return jax.lax.switch(carry["at"] % len(parts), steps, carry)

            start = {"at": xp.zeros((), dtype="int32"), "state": numbers["state"]}
            start["out"] = xp.zeros((size, *self.out_shape), dtype="float32")
            if what == TRAINING:
                learnt = self._learnt(numbers["params"], parts[0]["x"])
                start["grads"] = tree_map(xp.zeros_like, learnt)
            end = xp.while_loop(lambda carry: carry["at"] < numbers["steps"], one, start)
            del end["at"]
            return tree_map(lambda a: xp.expand_dims(a, 0), end)

        return program

    def _learnt(self, params: Tree, x: Tree) -> Tree:
        return {"params": params, "x": () if self.case.kind == "indices" else _values(x)}

    def _step(self, xp: Any, pieces: int, params: Tree, carry: Tree, part: Tree) -> Tree:
        """The output, and the gradients of the output times the cotangent; those of the weights
        are added up over the pieces."""
        context = nn.Context(
            training=True,
            key=np.zeros(2, "uint32"),
            path=(carry["at"],),
            weight=part["share"],
            streams=self.streams,
            parts=self.streams * pieces,
            first_row=(xp.stream() * pieces + carry["at"] % pieces) * len(part["share"]),
        )

        def loss(learnt: Tree) -> Any:
            x = part["x"] if self.case.kind == "indices" else learnt["x"]
            x = {**part["x"], "values": x} if self.case.kind == "lengths" else x
            out, state = self.network.apply(learnt["params"], carry["state"], x, context)
            return ops.sum(_values(out) * part["cotangent"]), (_values(out), state)

        (_, (out, state)), grads = value_and_grad(loss, aux=True)(self._learnt(params, part["x"]))
        if pieces > 1:
            grads["params"] = tree_map(
                lambda a, b: a + b, carry["grads"]["params"], grads["params"]
            )
        return {"at": carry["at"] + 1, "state": state, "out": out, "grads": grads}


def _values(x: Tree) -> Any:
    return x["values"] if isinstance(x, dict) else x


def make(case: LayerCase) -> dict[str, Trainer]:
    """What is timed, by activity."""
    alone = Alone(case)
    return {what: alone.trainer(what) for what in case.activities}
