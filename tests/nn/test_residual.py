"""A row of blocks that each add to what came in: the way back takes as long for each of them."""

import re

import jax
import numpy as np
import pytest

from chainrule import nn, ops
from chainrule.autodiff import leaves, rebuild, value_and_grad
from chainrule.nn import Context


def largest_loop(block: nn.Layer, count: int) -> int:
    """The most arrays that a loop of the compiled gradient reads, for so many blocks."""
    net, x = nn.Network([block] * count), np.ones((2, 16, 16), "float32")
    params, state, _ = net.init(ops.key_from_seed(0), x.shape[1:])

    def loss(params: object) -> object:
        return ops.sum(ops.square(net.apply(params, state, x, Context())[0]))

    def grads(*arrays: object) -> object:
        return leaves(value_and_grad(loss)(rebuild(params, iter(arrays)))[1])

    text = jax.jit(grads).lower(*leaves(params)).compile().as_text()
    loops = re.findall(r" fusion\(([^)]*)\), kind=kLoop", text)
    return max(arrays.count("%") for arrays in loops)


@pytest.mark.parametrize(
    "block",
    [nn.TransformerBlock(2), nn.Residual(nn.Network([nn.LayerNorm(), nn.Dense(16), nn.Tanh()]))],
    ids=["TransformerBlock", "Residual"],
)
def test_no_loop_reads_more_arrays_where_there_are_more_blocks(block):
    assert largest_loop(block, 6) <= largest_loop(block, 3)
