"""Scores: a network's outputs before the last Sigmoid or Softmax that its loss already contains."""

from __future__ import annotations

from typing import Any

from chainrule.autodiff import Tree
from chainrule.nn import LogSoftmax, Network, Sigmoid, Softmax


def score_network(network: Network, kind: str) -> Network:
    """The network up to its scores: a last Sigmoid or Softmax is left off where the loss has it.

    A loss of classes contains the softmax, a loss of yes/no answers the sigmoid, both stable. So a
    network that ends in one is trained and run on its logits: same numbers, never applied twice.
    """
    last = network.layers[-1]
    matches = (kind == "classes" and isinstance(last, Softmax | LogSoftmax)) or (
        kind == "binary" and isinstance(last, Sigmoid)
    )
    if matches and len(network.layers) > 1:
        return Network(network.layers[:-1])
    if isinstance(last, Network):
        return Network((*network.layers[:-1], score_network(last, kind)))
    return network


def score_tree(net: Network, score: Network, tree: Tree) -> Tree:
    """The part of a tree that belongs to the network without its last activation."""
    if score is net:
        return tree
    kept = tree[: len(score.layers)]
    if len(score.layers) == len(net.layers):
        last: Any = net.layers[-1]
        scored: Any = score.layers[-1]
        return (*kept[:-1], score_tree(last, scored, kept[-1]))
    return kept


def whole_tree(net: Network, score: Network, tree: Tree) -> Tree:
    """The tree of the whole network again; a last activation has no numbers of its own."""
    if score is net:
        return tree
    if len(score.layers) == len(net.layers):
        last: Any = net.layers[-1]
        scored: Any = score.layers[-1]
        return (*tree[:-1], whole_tree(last, scored, tree[-1]))
    return (*tree, {})
