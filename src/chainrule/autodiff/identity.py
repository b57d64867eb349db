"""What decides a compiled program, as data: equal keys mean equal programs, or there is no key.

A program is used again for another network or loss only if nothing that it was made from differs.
Objects of a user's own say little about themselves: a loss may read a global number, a layer may be
changed in place. So the key is a copy of all that such an object refers to: the values of its
fields, the code of its methods, the globals they read. Where something cannot be copied into a key
(a generator, an open file, an object of a C extension), there is none, and the program is made
anew, which costs time and never gives a wrong result.
"""

from __future__ import annotations

import functools
import hashlib
import sys
import types
from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from chainrule.autodiff.description import hyper_values, with_hyper
from chainrule.autodiff.tree import tree_map
from chainrule.engine import UnspelledError, is_filled, spelled

TRUSTED = ("chainrule", "numpy", "jax", "builtins", "math", "typing", "dataclasses", "abc")
"""Packages whose functions and classes do not change while a program runs: a name says all."""

MOST_PARTS = 10_000
"""Beyond so many parts an object gets no key: finding it would take longer than compiling."""


def program_key(*parts: Any) -> Hashable | None:
    """A hashable copy of everything that objects are made of; rates are left out.

    Args:
        parts: networks, losses, optimizers, numbers, arrays, functions, containers of them.

    Returns:
        The key, or None where an object cannot be copied into one.

    Example:
        >>> scale = 2.0
        >>> def loss(y, outputs):
        ...     return scale * (outputs - y)[:, 0] ** 2
        >>> before = program_key(loss)
        >>> scale = 3.0
        >>> program_key(loss) == before
        False
    """
    try:
        return _Copier().key(tuple(_without_rates(part) for part in parts))
    except _NoKey:
        return None


class _Traced:
    """Stands where a description has a rate."""


def _without_rates(part: Any) -> Any:
    return with_hyper(part, tree_map(lambda _: _Traced, hyper_values(part)))


def program_digest(*parts: Any) -> str | None:
    """A digest of `program_key` that is the same in every process; None where there is no key.

    Example:
        >>> program_digest(2.0) == program_digest(2.0) != program_digest(3.0)
        True
    """
    key = program_key(*parts)
    try:
        return None if key is None else hashlib.sha256(spelled(key).encode()).hexdigest()[:16]
    except UnspelledError:
        return None


class _NoKey(Exception):
    """An object that cannot be copied into a key."""


class _Copier:
    """Copies objects that refer to each other; within itself an object is named by its number."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[Any, Hashable]] = {}
        self._parts = 0

    def key(self, x: Any) -> Hashable:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _NoKey
        if x is None or isinstance(x, bool | int | str | bytes | types.CodeType | np.dtype):
            return type(x), x
        if isinstance(x, float | complex):
            return type(x), repr(x)  # tells 0.0 from -0.0, and a NaN is itself
        if isinstance(x, np.ndarray | np.generic):
            return _array_key(x)
        if isinstance(x, types.ModuleType | types.BuiltinFunctionType | np.ufunc):
            return x
        if id(x) in self._met:
            return self._met[id(x)][1]
        self._met[id(x)] = x, ("again", len(self._met))  # x is kept, so that its id stays its own
        found = self._compound(x)
        self._met[id(x)] = x, found
        return found

    def _compound(self, x: Any) -> Hashable:
        if type(x) in (tuple, list):
            return type(x), tuple(self.key(part) for part in x)
        if type(x) is dict:
            return dict, tuple((self.key(name), self.key(part)) for name, part in x.items())
        if type(x) in (set, frozenset):
            return type(x), frozenset(self.key(part) for part in x)
        if isinstance(x, types.FunctionType):
            return self._function(x)
        if isinstance(x, types.MethodType):
            return "method", self.key(x.__func__), self.key(x.__self__)
        if isinstance(x, functools.partial):
            return functools.partial, self.key((x.func, x.args, x.keywords))
        if isinstance(x, type):
            return self._class(x)
        return self._object(x)

    def _function(self, x: types.FunctionType) -> Hashable:
        if _is_trusted(x):
            return x
        cells = [cell.cell_contents for cell in x.__closure__ or () if is_filled(cell)]
        names = sorted(set(_names(x.__code__)))
        return (
            x.__code__,
            self.key((x.__defaults__, x.__kwdefaults__, cells)),
            tuple((name, self._global(x.__globals__[name], names))
                  for name in names if name in x.__globals__),
        )  # fmt: skip

    def _global(self, x: Any, names: list[str]) -> Hashable:
        """A global that a function reads; of a module also the plain values it may read there."""
        if not isinstance(x, types.ModuleType) or _is_trusted(x):
            return self.key(x)
        found = {name: vars(x)[name] for name in names if name in vars(x)}
        return x, self.key(found)

    def _class(self, x: type) -> Hashable:
        if _is_trusted(x):
            return x
        own = {
            name: part
            for name, part in vars(x).items()
            if not (_is_machinery(name) or isinstance(part, types.MemberDescriptorType))
        }
        return x, self.key(list(x.__bases__)), self.key(own)

    def _object(self, x: Any) -> Hashable:
        kind = type(x)
        if isinstance(x, staticmethod | classmethod):
            return kind, self.key(x.__func__)
        if isinstance(x, property):
            return kind, self.key((x.fget, x.fset, x.fdel))
        if isinstance(x, functools.cached_property):
            return kind, self.key(x.func)
        slots = [name for base in kind.__mro__ for name in vars(base).get("__slots__", ())]
        if not slots and not hasattr(x, "__dict__"):
            raise _NoKey
        held = {name: getattr(x, name) for name in slots if hasattr(x, name)}
        held.update(getattr(x, "__dict__", {}))
        return self.key(kind), self.key(held)


def _array_key(x: Any) -> Hashable:
    if x.dtype.hasobject:
        raise _NoKey
    return type(x), x.shape, x.dtype.str, hashlib.sha256(x.tobytes()).digest()


def _is_trusted(x: Any) -> bool:
    """Whether a module, class or function stands in a trusted package, and not in an example."""
    name = str(x.__name__ if isinstance(x, types.ModuleType) else x.__module__)
    if isinstance(x, types.FunctionType) and x.__globals__ is not vars(sys.modules.get(name)):
        return False
    return name.partition(".")[0] in TRUSTED


def _names(code: types.CodeType) -> Iterator[str]:
    """All names that a piece of code and the functions inside it may read."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _names(part)


def _is_machinery(name: str) -> bool:
    """What Python and dataclasses put into a class; calls and operators are a user's own."""
    return name in MACHINERY or name.startswith(("__dataclass", "_abc_"))


MACHINERY = frozenset(
    [
        "__module__",
        "__qualname__",
        "__doc__",
        "__dict__",
        "__weakref__",
        "__annotations__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__match_args__",
        "__firstlineno__",
        "__static_attributes__",
        "__slots__",
        "__init__",
        "__repr__",
        "__eq__",
        "__hash__",
        "__setattr__",
        "__delattr__",
        "__replace__",
        "__parameters__",
        "__orig_bases__",
        "__abstractmethods__",
        "__protocol_attrs__",
        "__non_callable_proto_members__",
        "__subclasshook__",
        "__init_subclass__",
        "__class_getitem__",
        "__type_params__",
        "__post_init__",
    ]
)
