"""The programs that predict: a network on rows, and what is made of its numbers once.

They hold the network and none of its numbers, since the engine keeps programs when models are gone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from chainrule.autodiff import Tree, tree_map, with_hyper
from chainrule.engine import Namespace, collected, given
from chainrule.model.parts import in_pieces
from chainrule.nn import Context, Network, pictures_scaled

Program = Callable[[Tree, Any], Any]


def prediction(
    network: Network, dtype: str, xp: Namespace, pieces: int, context: Context
) -> Program:
    """The program `(numbers, rows) -> outputs`, the rows worked on in so many pieces.

    Args:
        network, dtype: as in a Model. xp: the facade of the engine that compiles it.
        pieces: what is made of many rows at once would leave the cache. context: of every layer.
    """

    def program(numbers: Tree, X: Any) -> Any:
        run = functools.partial(_run, network, dtype, context, numbers)
        if "made" in numbers:
            return given(numbers["made"], lambda: run(slice(None), X))
        if pieces == 1:
            return run(slice(None), X)
        end = in_pieces(network)

        def some(carry: tuple[()], X: Any) -> Any:
            return carry, run(slice(end), X)

        cut = tree_map(lambda x: xp.reshape(x, (pieces, -1, *x.shape[1:])), X)
        _, out = xp.scan(some, (), cut, pieces, False)
        return run(slice(end, None), tree_map(lambda x: xp.reshape(x, (-1, *x.shape[2:])), out))

    return program


def preparation(network: Network, dtype: str, xp: Namespace, X: Any) -> Program:
    """The program `(numbers, ()) -> made`: what `prediction` in one piece takes as numbers["made"].

    Args:
        network, dtype, xp: as in `prediction`. X: rows of the shape that it is for.
    """
    zeros = tree_map(lambda x: functools.partial(xp.zeros, x.shape, dtype=x.dtype), X)

    def program(numbers: Tree, none: tuple[()]) -> Any:
        X = tree_map(lambda made: made(), zeros)
        return collected(lambda: _run(network, dtype, Context(), numbers, slice(None), X))

    return program


def _run(
    network: Network, dtype: str, context: Context, numbers: Tree, layers: slice, x: Any
) -> Any:
    own = with_hyper(network, numbers["rates"]).layers[layers]
    if not own:
        return x
    params, state = numbers["params"][layers], numbers["state"][layers]
    return Network(own).apply(params, state, pictures_scaled(x, dtype), context)[0]
