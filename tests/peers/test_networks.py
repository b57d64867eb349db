"""The networks that are timed are the same for all: they have equally many numbers to learn."""

import os

import numpy as np
import pytest

from benchmarks.network_cases import NETWORKS
from benchmarks.peers import networks_ours, networks_torch
from chainrule.autodiff import tree

SECOND_BIASES = {"LSTM": 4, "GRU": 2, "SimpleRNN": 1}
"""For each unit, what PyTorch adds twice; Keras has those of the GRU alone."""


@pytest.fixture(scope="module")
def networks_keras(tmp_path_factory):
    os.environ.update(KERAS_BACKEND="jax", KERAS_HOME=str(tmp_path_factory.mktemp("keras")))
    return pytest.importorskip("benchmarks.peers.networks_keras")


def numbers_of_ours(case):
    """With biases of the keys of attention, which change no output: ours has none."""
    params, *_ = networks_ours.network(case).init(np.zeros(2, "uint32"), case.shape)
    keys = sum(case.widths) if case.kind == "transformer" else 0
    return sum(leaf.size for leaf in tree.leaves(params)) + keys


@pytest.mark.parametrize("case", NETWORKS.values(), ids=list(NETWORKS))
def test_pytorch_learns_as_many_numbers(case):
    theirs = sum(part.numel() for part in networks_torch.network(case).parameters())
    second = SECOND_BIASES.get(case.kind, 0) * case.widths[0]
    assert theirs == numbers_of_ours(case) + second


@pytest.mark.parametrize("case", NETWORKS.values(), ids=list(NETWORKS))
def test_keras_learns_as_many_numbers(case, networks_keras):
    model = networks_keras.network(case)
    theirs = sum(int(np.prod(part.shape)) for part in model.trainable_variables)
    second = SECOND_BIASES["GRU"] * case.widths[0] if case.kind == "GRU" else 0
    assert theirs == numbers_of_ours(case) + second
