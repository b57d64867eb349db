"""How parameters lie in memory while they are trained.

XLA keeps them a tree: as one vector a large network would be up to ten times slower there. NumPy
keeps them one vector with views for the layers, updated in place block by block: an optimizer's
formula then costs a few calls instead of a few for every layer, and its temporaries stay in cache.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from chainrule.autodiff import Tree, leaves, rebuild, tree_map
from chainrule.optim import clip_scale, decays, update_rule

BLOCK = 1 << 15
"""Numbers updated at a time on NumPy: a block and its temporaries fit into a core's cache."""


class Layout(Protocol):
    """A way of keeping trees that are like the parameters."""

    def pack(self, tree: Tree) -> Any:
        """A tree like the parameters, in this layout."""
        ...

    def unpack(self, packed: Any) -> Tree:
        """The tree again."""
        ...

    def copy(self, packed: Any) -> Any:
        """What stays as it is when the original is updated."""
        ...

    def update(
        self,
        optimizer: Any,
        params: Any,
        gradients: list[Any],
        slots: Any,
        rate: Any,
        corrections: Any,
    ) -> tuple[Any, Any]:
        """Parameters and slots after one optimizer step."""
        ...


class TreeLayout:
    """Trees as they are; nothing is ever written in place."""

    def __init__(self, xp: Any, params: Tree) -> None:
        self._xp = xp
        self._decays = decays(params)

    def pack(self, tree: Tree) -> Any:
        return tree

    def unpack(self, packed: Any) -> Tree:
        return packed

    def copy(self, packed: Any) -> Any:
        return packed

    def update(
        self,
        optimizer: Any,
        params: Any,
        gradients: list[Any],
        slots: Any,
        rate: Any,
        corrections: Any,
    ) -> tuple[Any, Any]:
        scale = clip_scale(optimizer, self._xp, gradients)
        rule = update_rule(optimizer, self._xp, rate, corrections)
        columns = [leaves(slots[name]) for name in optimizer.slots]
        traced = {
            weight: self._xp.traced_once(lambda p, g, own, w=weight: rule(p, g, w, own, scale))
            for weight in (False, True)
        }
        new_params, new_columns = [], []
        for i, (p, g) in enumerate(zip(leaves(params), gradients, strict=True)):
            p, own = traced[self._decays[i]](p, g, tuple([c[i] for c in columns]))
            new_params.append(p)
            new_columns.append(own)
        named = {
            name: rebuild(params, iter([own[k] for own in new_columns]))
            for k, name in enumerate(optimizer.slots)
        }
        return rebuild(params, iter(new_params)), named


class FlatLayout:
    """One vector for all parameters; `update` writes into it."""

    def __init__(self, xp: Any, params: Tree) -> None:
        self._xp = xp
        self._like = tree_map(lambda x: x.shape, params)
        arrays = leaves(params)
        self._shapes = [x.shape for x in arrays]
        self._ends = np.cumsum([x.size for x in arrays]).tolist()
        self._dtype = arrays[0].dtype if arrays else np.dtype("float32")
        weights = decays(params)
        self._weight = np.concatenate(
            [np.full(x.size, w, self._dtype) for x, w in zip(arrays, weights, strict=True)]
            or [np.zeros(0, self._dtype)]
        )
        self._gradient = np.empty(self._ends[-1] if arrays else 0, self._dtype)
        self._unpacked: tuple[Any, Tree] = (None, None)
        self._structure = params

    def pack(self, tree: Tree) -> Any:
        pieces = [np.ravel(x) for x in leaves(tree)]
        return np.concatenate(pieces) if pieces else np.zeros(0, self._dtype)

    def unpack(self, packed: Any) -> Tree:
        if self._unpacked[0] is not packed:
            views, start = [], 0
            for shape, end in zip(self._shapes, self._ends, strict=True):
                views.append(packed[start:end].reshape(shape))
                start = end
            self._unpacked = (packed, rebuild(self._structure, iter(views)))
        return self._unpacked[1]

    def copy(self, packed: Any) -> Any:
        return packed.copy()

    def update(
        self,
        optimizer: Any,
        params: Any,
        gradients: list[Any],
        slots: Any,
        rate: Any,
        corrections: Any,
    ) -> tuple[Any, Any]:
        if not self._shapes:
            return params, slots
        gradient = np.concatenate([g.reshape(-1) for g in gradients], out=self._gradient)
        scale = clip_scale(optimizer, self._xp, [gradient])
        rule = update_rule(optimizer, self._xp, rate, corrections)
        own = [slots[name] for name in optimizer.slots]
        for start in range(0, len(params), BLOCK):
            part = slice(start, start + BLOCK)
            p, changed = rule(
                params[part],
                gradient[part],
                self._weight[part],
                tuple([slot[part] for slot in own]),
                scale,
            )
            params[part] = p
            for slot, new in zip(own, changed, strict=True):
                slot[part] = new
        return params, slots
