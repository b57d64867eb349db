"""How parameters lie in memory while they are trained.

XLA keeps them a tree: as one vector a large network would be up to ten times slower there. In
streams the small ones are joined: the streams meet once for every array, and the code that updates
arrays of one size takes XLA a tenth of a second to compile. NumPy keeps them one vector with views
for the layers, updated in place block by block: an optimizer's formula then costs a few calls
instead of a few for every layer, and its temporaries stay in cache.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from chainrule.autodiff import Tree, leaves, rebuild, tree_map
from chainrule.engine import Engine, namespace_of
from chainrule.optim import clip_scale, decays, update_rule

BLOCK = 1 << 15
"""Numbers updated at a time on NumPy: a block and its temporaries fit into a core's cache."""

SMALL = 1 << 18
"""Numbers: arrays up to this size are copied sooner than they are updated each by itself."""


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

    def gradients(self, found: list[Any]) -> list[Any]:
        """The gradients of all leaves, as `update` takes them."""
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
        self._decaying = [
            x.size * weight for x, weight in zip(leaves(params), decays(params), strict=True)
        ]
        """How many numbers of each array decay, its first."""

    def pack(self, tree: Tree) -> Any:
        return tree

    def unpack(self, packed: Any) -> Tree:
        return packed

    def copy(self, packed: Any) -> Any:
        return packed

    def gradients(self, found: list[Any]) -> list[Any]:
        return found

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
            own, decaying = tuple([c[i] for c in columns]), self._decaying[i]
            if decaying in (0, p.size):
                p, own = traced[decaying > 0](p, g, own)
            else:
                p, own = rule(p, g, self._xp.arange(p.size) < decaying, own, scale)
            new_params.append(p)
            new_columns.append(own)
        named = {
            name: rebuild(params, iter([own[k] for own in new_columns]))
            for k, name in enumerate(optimizer.slots)
        }
        return rebuild(params, iter(new_params)), named


class JoinedLayout(TreeLayout):
    """Small arrays of one dtype joined, first those that decay: these vectors, then the large
    arrays as they are."""

    def __init__(self, xp: Any, params: Tree) -> None:
        super().__init__(xp, params)
        self._structure, arrays, own = params, leaves(params), self._decaying
        joined: dict[str, list[int]] = {}
        self._large = [i for i, x in enumerate(arrays) if x.size > SMALL]
        small = [i for i, x in enumerate(arrays) if x.size <= SMALL]
        for i in sorted(small, key=lambda i: own[i] == 0):
            joined.setdefault(str(arrays[i].dtype), []).append(i)
        self._groups = list(joined.values())
        self._shapes = [x.shape for x in arrays]
        self._decaying = [sum([own[i] for i in group]) for group in self._groups]
        self._decaying += [own[i] for i in self._large]

    def pack(self, tree: Tree) -> Any:
        return tuple(self._joined(np, leaves(tree)))

    def unpack(self, packed: Any) -> Tree:
        found: dict[int, Any] = dict(zip(self._large, packed[len(self._groups) :], strict=True))
        for group, vector in zip(self._groups, packed, strict=False):
            parts = namespace_of(vector).cut(vector, [self._shapes[i] for i in group])
            found |= zip(group, parts, strict=True)
        return rebuild(self._structure, iter([found[i] for i in range(len(found))]))

    def gradients(self, found: list[Any]) -> list[Any]:
        return self._joined(self._xp, found)

    def _joined(self, xp: Any, arrays: list[Any]) -> list[Any]:
        flat = [[xp.reshape(arrays[i], (-1,)) for i in group] for group in self._groups]
        return [xp.concatenate(parts) for parts in flat] + [arrays[i] for i in self._large]


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

    def gradients(self, found: list[Any]) -> list[Any]:
        return found

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


def layout_for(engine: Engine, streams: int, params: Tree) -> Layout:
    """The layout of an engine whose program runs in so many streams."""
    if not engine.compiles:
        return FlatLayout(engine.xp, params)
    return (TreeLayout if streams == 1 else JoinedLayout)(engine.xp, params)
