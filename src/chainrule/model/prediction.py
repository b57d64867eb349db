"""The programs that predict: a network on rows.

They hold the network and none of its numbers, since the engine keeps programs when models are gone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from chainrule.autodiff import Tree, tree_map, with_hyper
from chainrule.engine import Namespace, given
from chainrule.model.parts import in_pieces
from chainrule.nn import Context, Network, StepStreams, pictures_scaled

Program = Callable[[Tree, Any], Any]


def prediction(
    network: Network, dtype: str, xp: Namespace, pieces: int = 1, step_streams: int = 1
) -> Program:
    """The program `(numbers, rows) -> outputs`, the rows worked on in so many pieces.

    Args:
        network, dtype: as in a Model. xp: the facade of the engine that compiles it.
        pieces: what is made of many rows at once would leave the cache. step_streams: in how many
            streams the very same rows are predicted.
    """

    def program(numbers: Tree, X: Any) -> Any:
        streams = StepStreams(step_streams) if step_streams > 1 else None
        run = functools.partial(_run, network, dtype, Context(step_streams=streams), numbers)
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


def _run(
    network: Network, dtype: str, context: Context, numbers: Tree, layers: slice, x: Any
) -> Any:
    own = with_hyper(network, numbers["rates"]).layers[layers]
    if not own:
        return x
    params, state = numbers["params"][layers], numbers["state"][layers]
    return Network(own).apply(params, state, pictures_scaled(x, dtype), context)[0]
