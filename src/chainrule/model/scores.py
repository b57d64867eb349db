"""Scores: a network's outputs before the last Sigmoid or Softmax that its loss already contains."""

from __future__ import annotations

from typing import Any

from chainrule.autodiff import Tree
from chainrule.nn import Heads, Linear, LogSoftmax, Network, Sigmoid, Softmax


def score_network(network: Network, kind: Any) -> Network:
    """The network up to its scores: a last Sigmoid or Softmax is left off where the loss has it.

    A loss of classes contains the softmax, a loss of yes/no answers the sigmoid, both stable. So a
    network that ends in one is trained and run on its logits: same numbers, never applied twice.

    Args:
        kind: of the targets, or a dict of kinds for a network that ends in Heads.
    """
    last = network.layers[-1]
    if isinstance(last, Heads):
        scored = _scored_heads(last, kind)
        return network if scored is last else Network((*network.layers[:-1], scored))
    if _contains(kind, last) and len(network.layers) > 1:
        return Network(network.layers[:-1])
    if isinstance(last, Network):
        inner = score_network(last, kind)
        return network if inner is last else Network((*network.layers[:-1], inner))
    return network


def _contains(kind: Any, last: Any) -> bool:
    """Whether the loss of a kind contains an activation."""
    return (kind == "classes" and isinstance(last, Softmax | LogSoftmax)) or (
        kind == "binary" and isinstance(last, Sigmoid)
    )


def _scored_heads(heads: Heads, kinds: Any) -> Heads:
    """Heads up to their scores; a head that is the activation alone hands its input on."""
    layers = {}
    for name, layer in heads.layers:
        kind = kinds.get(name) if isinstance(kinds, dict) else None
        layers[name] = layer
        if isinstance(layer, Network):
            layers[name] = score_network(layer, kind)
        elif _contains(kind, layer):
            layers[name] = Linear()
    same = all(layers[name] is layer for name, layer in heads.layers)
    return heads if same else Heads(layers)


def score_tree(net: Network, score: Network, tree: Tree) -> Tree:
    """The part of a tree that belongs to the network without its last activation."""
    return _exchanged(net, score, tree, score_tree, lambda kept: kept)


def whole_tree(net: Network, score: Network, tree: Tree) -> Tree:
    """The tree of the whole network again; a last activation has no numbers of its own."""
    return _exchanged(net, score, tree, whole_tree, lambda kept: (*kept, {}))


def _exchanged(net: Network, score: Network, tree: Tree, inner: Any, short: Any) -> Tree:
    """A tree whose last part is that of another network.

    Args:
        inner: what does the same to a network inside. short: what is done where the last layer is
            left off, to the trees of the others.
    """
    if score is net:
        return tree
    before = tree[: len(net.layers) - 1]
    if len(score.layers) < len(net.layers):
        return short(before)
    last, scored = net.layers[-1], score.layers[-1]
    if isinstance(last, Heads) and isinstance(scored, Heads):
        pairs = zip(last.layers, scored.layers, strict=True)
        heads = {
            name: inner(a, b, tree[-1][name]) if isinstance(a, Network) else tree[-1][name]
            for (name, a), (_, b) in pairs
        }
        return (*before, heads)
    return (*before, inner(last, scored, tree[-1]))
