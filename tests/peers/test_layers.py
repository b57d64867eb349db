"""The layers that are timed alone are the same for both: outputs and numbers to learn."""

import numpy as np
import pytest
import torch

from benchmarks.layer_cases import LAYERS
from benchmarks.peers import layers_ours, layers_torch
from chainrule.autodiff import tree

WITHOUT_EFFECT = {
    "attention": 128, "causal": 128, "block": 128,
    "rnn": 128, "lstm": 4 * 128, "gru": 2 * 128, "lengths": 2 * 128, "bidirectional": 4 * 128,
}  # fmt: skip
"""Biases that PyTorch has twice, or that change no output."""


@pytest.mark.parametrize("case", LAYERS.values(), ids=list(LAYERS))
def test_pytorch_makes_as_many_numbers_and_learns_as_many(case):
    ours, theirs = layers_ours.Alone(case), layers_torch.LAYERS[case.name]()
    batch = layers_torch.inputs(case, channels_last=False)[0]
    with torch.no_grad():
        out = theirs(*batch)
    assert out.numel() == case.batch * np.prod(ours.out_shape)
    learnt = sum(part.numel() for part in theirs.parameters()) - WITHOUT_EFFECT.get(case.name, 0)
    assert learnt == sum(leaf.size for leaf in tree.leaves(ours.params))
