"""Keys of programs and the code behind them as text that is the same in every process.

What is kept on disk is found again by such a text, so two programs that differ must differ in it.
Where that cannot be told (a nameless function, an object known by its address) there is no text.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
import types
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

import numpy as np


class UnspelledError(Exception):
    """Something that looks alike in two processes may differ, or the other way round."""


def spelled(x: Any) -> str:
    """A key of a program as text, without addresses.

    Raises:
        UnspelledError: a part has no text of its own.

    >>> spelled(("a", 1, frozenset([2.0])))
    "('a',1,{2.0})"
    """
    if isinstance(x, tuple):
        return f"({','.join(map(spelled, x))})"
    if isinstance(x, frozenset):
        return f"{{{','.join(sorted(map(spelled, x)))}}}"
    if isinstance(x, types.CodeType):
        return f"code{spelled(_parts_of(x))}"
    if hasattr(x, "__name__"):
        name = str(getattr(x, "__qualname__", x.__name__))
        nameless = isinstance(x, types.FunctionType) and "<" in name
        if nameless or not isinstance(getattr(x, "__self__", None), types.ModuleType | None):
            raise UnspelledError(name)
        return f"{getattr(x, '__module__', '')}.{name}"
    text = repr(x)
    if " at 0x" in text:
        raise UnspelledError(text)
    return text


def _parts_of(code: types.CodeType) -> tuple[Any, ...]:
    return (
        *(code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags),
        *(code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars),
        *(code.co_code, code.co_exceptiontable, code.co_consts),
    )


ROOMS = ("engine", "autodiff", "ops", "nn", "losses", "optim", "model", "training", "clustering")
"""Whose code decides what a program of chainrule computes."""

OTHERS = {*sys.stdlib_module_names, "numpy", "jax", "jaxlib", "numba"}
"""Whose code is known by its version, which is in the name of the folder."""


def loaded_code() -> bytes:
    """A digest of the code of these rooms as it was loaded, and of the constants in their modules.

    It is what the process really runs, a replaced function or changed constant included, and not
    what lies on the disk, where a file may have been edited meanwhile.
    """
    walk = _Walk()
    for name in sorted(sys.modules):
        package, _, rest = name.partition(".")
        if package == "chainrule" and rest.partition(".")[0] in ROOMS:
            for called, part in sorted(vars(sys.modules[name]).items()):
                if not called.startswith("__"):
                    walk.take(name, called, part)
    return walk.digest()


MARSHAL = 2
"""The last version that does not say how often a part is referred to, which changes."""


class _Walk:
    """Goes through functions, classes and tables; each once."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._met: dict[int, Any] = {}

    def digest(self) -> bytes:
        """Of all that was taken; hashed at once, since 20,000 pieces take twice as long."""
        return hashlib.sha256("\0".join(self._found).encode("utf-8", "surrogatepass")).digest()

    def take(self, *parts: Any) -> None:
        for x in parts:
            kind = type(x)
            if kind in _PLAIN:
                self._found += (kind.__name__, repr(x))
            elif kind is types.CodeType:
                self._found.append(marshal.dumps(x, MARSHAL).decode("latin-1"))
            elif isinstance(x, np.ndarray | np.generic):
                self._found += (str(x.dtype), str(x.shape), x.tobytes().decode("latin-1"))
            elif id(x) not in self._met:
                self._met[id(x)] = x  # kept, so that its id stays its own
                self._found += (kind.__module__, kind.__qualname__)
                self.take(*_inside(x))
            else:
                self._found.append("again")


_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def _inside(x: Any) -> Iterator[Any]:
    """What an object is made of, as far as it decides what programs compute."""
    module = getattr(x, "__module__", None)
    if isinstance(x, types.ModuleType):
        yield x.__name__
    elif isinstance(module, str) and module.partition(".")[0] in OTHERS:
        yield from (module, getattr(x, "__qualname__", ""))
    elif isinstance(x, types.FunctionType):
        yield from (x.__module__, x.__qualname__, x.__code__, x.__defaults__, x.__kwdefaults__)
        yield from (cell.cell_contents for cell in x.__closure__ or () if is_filled(cell))
    elif isinstance(x, staticmethod | classmethod):
        yield x.__func__
    elif isinstance(x, property):
        yield from (x.fget, x.fset, x.fdel)
    elif isinstance(x, type):
        yield from (x.__module__, x.__qualname__)
        for name, part in sorted(vars(x).items()):
            if name[:2] != "__" or _is_written(part):
                yield from (name, part)
    elif isinstance(x, tuple | list):
        yield from x
    elif isinstance(x, set | frozenset):
        yield from sorted(map(repr, x))
    elif isinstance(x, dict | types.SimpleNamespace) or is_dataclass(x) or hasattr(x, "vjp"):
        for name, part in sorted(_table(x).items(), key=lambda item: str(item[0])):
            yield from (name, part)
    elif hasattr(x, "__wrapped__"):
        yield x.__wrapped__


def _table(x: Any) -> dict[Any, Any]:
    if isinstance(x, dict):
        return x
    names = vars(x) if hasattr(x, "__dict__") else x.__dataclass_fields__
    return {name: getattr(x, name) for name in names}


def _is_written(x: Any) -> bool:
    """Whether this is a function that stands in a file, and not one that a dataclass was given."""
    return isinstance(x, types.FunctionType) and x.__code__.co_filename != "<string>"


def is_filled(cell: Any) -> bool:
    """Whether a variable that a function closes over has a value yet."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
