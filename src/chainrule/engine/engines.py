"""The two engines: NumPy runs a program as it stands, XLA compiles it first."""

from __future__ import annotations

import functools
import importlib.util
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import numpy as np

from chainrule.engine.namespace import Namespace
from chainrule.engine.numpy_namespace import NUMPY
from chainrule.engine.threads import ONE_THREAD
from chainrule.errors import EngineError, unknown_name


class Engine(Protocol):
    """What training asks of an engine.

    Attributes:
        name: "numpy" or "xla". xp: its facade.
        compiles: whether programs are traced and compiled, so that shapes must stay fixed.
        options: what the compiler was told beside the program; the last bits depend on it.
    """

    name: str
    xp: Namespace
    compiles: bool
    options: str

    @property
    def streams(self) -> int:
        """How many streams there are; 1 where a program runs as a whole."""
        ...

    def precision(self, dtype: str) -> AbstractContextManager[Any]:
        """The context in which programs of a float dtype are run."""
        ...

    def compile(
        self,
        build: Callable[[], Callable[..., Any]],
        key: Hashable | None,
        streams: int = 1,
        parted: bool = False,
        direct: bool = False,
    ) -> Callable[..., Any]:
        """The program that `build` makes, compiled; one that is known by the key is used again.

        A key says all that decides the program, shapes included; None: nothing does. With several
        streams each runs the program on the same arrays; `xp.stream()` tells them apart, and all
        must come to the same result. With `parted` the program is `(numbers, rows) -> rows`, and
        each stream gets its part of the rows. With `direct` it is `(numbers, rows) -> results`,
        small, called often and for several streams, with NumPy's rows; the results are those of
        the first stream.
        """
        ...

    def put(self, array: Any, streams: int = 1, parted: bool = False) -> Any:
        """A NumPy array as an array of the engine, there for so many streams or parted to them."""
        ...

    def put_all(self, arrays: list[Any], streams: int) -> list[Any]:
        """The same for many arrays at once, which takes a quarter of the time."""
        ...

    def get(self, array: Any) -> Any:
        """An array of the engine as a NumPy array."""
        ...


class NumpyEngine:
    """Runs a program eagerly: no compile time, every number can be looked at."""

    name = "numpy"
    xp = NUMPY
    compiles = False
    options = ""
    streams = 1

    @contextmanager
    def precision(self, dtype: str) -> Iterator[None]:
        with np.errstate(all="ignore"), ONE_THREAD:
            yield

    def compile(
        self,
        build: Callable[[], Callable[..., Any]],
        key: Hashable | None,
        streams: int = 1,
        parted: bool = False,
        direct: bool = False,
    ) -> Callable[..., Any]:
        return build()

    def put(self, array: Any, streams: int = 1, parted: bool = False) -> Any:
        return np.asarray(array)

    def put_all(self, arrays: list[Any], streams: int) -> list[Any]:
        return [np.asarray(array) for array in arrays]

    def get(self, array: Any) -> Any:
        return np.asarray(array)


def jax_is_installed() -> bool:
    """Whether the xla engine can be used, found out without loading JAX."""
    return importlib.util.find_spec("jax") is not None


def engine_by_name(name: str) -> Engine:
    """An engine from its name.

    Raises:
        SettingError: no engine has that name.
        EngineError: "xla" is asked for and JAX is not installed.

    >>> engine_by_name("numpy").compiles
    False
    """
    if name == "numpy":
        return NumpyEngine()
    if name != "xla":
        raise unknown_name("engine", name, ["auto", "numpy", "xla"])
    if not jax_is_installed():
        raise EngineError(
            "The xla engine needs JAX, which is not installed. Type `pip install jax`, or use "
            "engine='numpy'."
        )
    from chainrule.engine.xla_engine import XLA

    if _on_disk:
        XLA.keep_programs()
    return XLA


_on_disk: list[bool] = []


def keep_programs_on_disk(wanted: bool = True) -> None:
    """Whether programs compiled from now on are kept for later processes (`disk_cache.py`).

    Off unless a program asks for it, as the command does: it is a setting of JAX as a whole.
    """
    _on_disk[:] = [True] if wanted else []


# Measured on two cores; docs/decisions/0002-auto-engine.md.
NUMPY_STEP_SECONDS = 80e-6
NUMPY_RATE = 40e9
XLA_STEP_SECONDS = 6e-6
XLA_RATE = 60e9
XLA_START_SECONDS = 2.0


def choose_engine(steps: int, operations: float) -> str:
    """The engine that `auto` stands for: the one that is expected to be done first.

    Args:
        steps: optimizer steps of the whole run, or parts in which rows are predicted.
        operations: multiplications and additions of one step, in training with its way back.

    The rule is arithmetic on constants, the same on every machine: XLA starts two seconds late (its
    import and compilation) and then needs less time for each step. Where JAX is not installed the
    answer is "numpy", with a warning once where that costs much.

    >>> choose_engine(1000, 1e4), choose_engine(1_000_000, 1e4)
    ('numpy', 'xla')
    """
    on_numpy = steps * (NUMPY_STEP_SECONDS + operations / NUMPY_RATE)
    on_xla = XLA_START_SECONDS + steps * (XLA_STEP_SECONDS + operations / XLA_RATE)
    if on_xla >= on_numpy:
        return "numpy"
    if not jax_is_installed():
        _say_that_jax_is_missing()
        return "numpy"
    return "xla"


@functools.cache
def _say_that_jax_is_missing() -> None:
    """Once a process: Python's own rule would say it again after any `catch_warnings`."""
    warnings.warn(
        "NumPy is used because JAX is not installed; `pip install jax` makes long runs like this "
        "one several times faster.",
        stacklevel=4,
    )
