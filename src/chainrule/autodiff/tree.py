"""Trees of arrays: dicts (keys sorted), tuples, and arrays at the leaves. Nothing else.

Parameters, states, gradients and batches are such trees. `None` is not a leaf and not a node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

Tree: TypeAlias = Any
"""A leaf, a tuple of trees, or a dict of trees with string keys."""


def leaves(tree: Tree) -> list[Any]:
    """The leaves from left to right; dict entries in the order of their sorted keys.

    >>> leaves(({"weight": 1, "bias": 2}, 3))
    [2, 1, 3]
    """
    out: list[Any] = []
    _collect(tree, out)
    return out


def _collect(tree: Tree, out: list[Any]) -> None:
    kind = type(tree)
    if kind is dict:
        for key in sorted(tree):
            _collect(tree[key], out)
    elif kind is tuple:
        for child in tree:
            _collect(child, out)
    else:
        out.append(tree)


def rebuild(tree: Tree, new_leaves: Iterator[Any]) -> Tree:
    """The same tree with its leaves taken from an iterator, in the order of `leaves`."""
    kind = type(tree)
    if kind is dict:
        built = {key: rebuild(tree[key], new_leaves) for key in sorted(tree)}
        return {key: built[key] for key in tree}
    if kind is tuple:
        return tuple([rebuild(child, new_leaves) for child in tree])
    return next(new_leaves)


def tree_map(function: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """Apply a function to corresponding leaves of trees of one structure.

    >>> tree_map(lambda a, b: a + b, {"x": 1}, {"x": 2})
    {'x': 3}
    """
    if type(tree) is not dict and type(tree) is not tuple:
        return function(tree, *others)
    columns = [leaves(other) for other in (tree, *others)]
    return rebuild(tree, iter([function(*row) for row in zip(*columns, strict=True)]))


def paths(tree: Tree, prefix: str = "") -> list[tuple[str, Any]]:
    """The leaves with their dotted paths, in the order of `leaves`.

    >>> paths(({"weight": 1}, {"bias": 2}))
    [('0.weight', 1), ('1.bias', 2)]
    """
    kind = type(tree)
    if kind is not dict and kind is not tuple:
        return [(prefix, tree)]
    children = sorted(tree.items()) if kind is dict else list(enumerate(tree))
    dot = f"{prefix}." if prefix else ""
    return [leaf for key, child in children for leaf in paths(child, f"{dot}{key}")]


def describe(tree: Tree) -> Tree:
    """The same tree with `(shape, dtype)` in place of arrays, e.g. to compare two structures."""
    return tree_map(lambda x: (tuple(x.shape), str(x.dtype)), tree)
