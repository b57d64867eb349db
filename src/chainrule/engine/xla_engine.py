"""The XLA engine: JAX as a compiler and a runtime."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np

from chainrule.engine.disk_cache import cache_folder, prepare
from chainrule.engine.jax_namespace import JAX

CACHED_PROGRAMS = 64
"""Compiled programs kept in the process; each holds some megabytes (EVIDENCE: 3 to 6)."""


class XlaEngine:
    """Compiles a program once for its shapes and runs it on the first device."""

    name = "xla"
    xp = JAX
    compiles = True

    def __init__(self) -> None:
        self._programs: OrderedDict[Hashable, Any] = OrderedDict()
        self._kept = False

    def keep_programs(self) -> None:
        """Keep compiled programs on disk, and use those that are there."""
        folder = cache_folder()
        if (
            self._kept
            or getattr(jax.config, "jax_compilation_cache_dir", None)
            or not prepare(folder)
        ):
            return
        self._kept = True
        set_option: Callable[[str, Any], None] = jax.config.update
        set_option("jax_compilation_cache_dir", str(folder))
        set_option("jax_persistent_cache_min_compile_time_secs", 0)
        set_option("jax_persistent_cache_min_entry_size_bytes", -1)

    def precision(self, dtype: str) -> AbstractContextManager[Any]:
        """Double precision is switched on here, for this thread, and nowhere else."""
        context: AbstractContextManager[Any] = (
            jax.enable_x64(True) if dtype == "float64" else contextlib.nullcontext()
        )
        return context

    def compile(
        self, build: Callable[[], Callable[..., Any]], key: Hashable | None
    ) -> Callable[..., Any]:
        if key is None:
            made: Callable[..., Any] = jax.jit(build())
            return made
        known = self._programs.get(key)
        if known is None:
            known = self._programs[key] = jax.jit(build())
            if len(self._programs) > CACHED_PROGRAMS:
                _, oldest = self._programs.popitem(last=False)
                oldest.clear_cache()
        self._programs.move_to_end(key)
        compiled: Callable[..., Any] = known
        return compiled

    def put(self, array: Any) -> Any:
        return jax.device_put(np.asarray(array))

    def get(self, array: Any) -> Any:
        return np.asarray(array)


XLA = XlaEngine()
