"""The XLA engine: JAX as a compiler and a runtime.

On a CPU it has two devices, whatever the number of cores, so that a program can run in two streams:
XLA runs convolutions and recurrences on one thread, and two halves of a batch at once take little
more than half the time. The number is fixed because the order of adding, and with it the bits of
a result, would otherwise depend on the machine (docs/decisions/0011).
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding

from chainrule.engine.direct_program import DirectProgram
from chainrule.engine.disk_cache import cache_folder, prepare
from chainrule.engine.jax_namespace import JAX, STREAMS
from chainrule.engine.stored_program import StoredProgram

CACHED_PROGRAMS = 64
"""Compiled programs kept in the process; each holds some megabytes (EVIDENCE: 3 to 6)."""

CPU_STREAMS = 2
"""Devices that XLA shows on a CPU."""

STRAIGHT = "--xla_backend_extra_options=xla_cpu_disable_loop_unrolling"
"""LLVM would write short loops out, of 32 numbers all of them, and then not use vectors: ReLU of 32
channels takes three times as long, and more code is compiled (docs/decisions/0016)."""


def _prepare_processor() -> str:
    """Two devices instead of one, loops that are not written out, and programs of one stream run by
    the thread that calls them. Returns the option that is in force.

    Handing a program to a thread of JAX's and waiting for it costs 15 to 40 µs, as long as a small
    prediction takes. The others come too late where JAX has run in this process already, unless
    the environment had them.
    """
    set_option: Callable[[str, Any], None] = jax.config.update
    set_option("jax_cpu_enable_async_dispatch", False)
    devices, flags = jax.config.values["jax_num_cpu_devices"], os.environ.get("XLA_FLAGS", "")
    try:  # JAX refuses another number, and that alone, where it has run
        for number in (devices + 1, devices if devices >= 1 else CPU_STREAMS):
            set_option("jax_num_cpu_devices", number)
    except RuntimeError:
        return STRAIGHT if STRAIGHT in flags else ""
    if "xla_backend_extra_options" not in flags:
        flags = os.environ["XLA_FLAGS"] = f"{flags} {STRAIGHT}".strip()
    return STRAIGHT if STRAIGHT in flags else ""


def _same_everywhere() -> Any:
    return PartitionSpec()  # type: ignore[no-untyped-call]


def _parts_of_rows() -> Any:
    return PartitionSpec(STREAMS)  # type: ignore[no-untyped-call]


class XlaEngine:
    """Compiles a program once for its shapes and runs it on the first device, or on two."""

    name = "xla"
    xp = JAX
    compiles = True
    options = _prepare_processor()

    def __init__(self) -> None:
        self._programs: OrderedDict[Hashable, Any] = OrderedDict()
        self._folder: Path | None = None

    @functools.cached_property
    def streams(self) -> int:
        """Two on a CPU, one on a GPU."""
        devices = jax.devices()
        return CPU_STREAMS if devices[0].platform == "cpu" and len(devices) > 1 else 1

    def keep_programs(self) -> None:
        """Keep compiled programs on disk, and use those that are there."""
        if self._folder is not None or getattr(jax.config, "jax_compilation_cache_dir", None):
            return
        folder = cache_folder()
        if not prepare(folder):
            return
        self._folder = folder
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
        self,
        build: Callable[[], Callable[..., Any]],
        key: Hashable | None,
        streams: int = 1,
        parted: bool = False,
        direct: bool = False,
    ) -> Callable[..., Any]:
        way = streams, parted
        if key is None:
            program = build()
            return self._directly(program, streams) if direct else self._jitted(program, *way)
        key = key if streams == 1 else (key, *way)
        known = self._programs.get(key)
        if known is None:
            program = build()
            made = self._directly(program, streams) if direct else self._made(program, key, *way)
            known = self._programs[key] = made
            if len(self._programs) > CACHED_PROGRAMS:
                _, oldest = self._programs.popitem(last=False)
                oldest.clear_cache()
        self._programs.move_to_end(key)
        compiled: Callable[..., Any] = known
        return compiled

    def _directly(self, program: Callable[..., Any], streams: int) -> DirectProgram:
        jitted = self._jitted(program, streams, parted=False, keep_unused=True)
        return DirectProgram(jitted, NamedSharding(self._mesh, _same_everywhere()))

    def _made(self, program: Callable[..., Any], key: Hashable, streams: int, parted: bool) -> Any:
        """The program jitted; one whose calls take long is looked for on disk.

        One in parts predicts, a call in a tenth of a millisecond, and stays JAX's own: its way from
        a call to the code is shorter by that much.
        """
        first = jax.devices()[0]
        if self._folder is None or parted or first.platform != "cpu":
            return self._jitted(program, streams, parted)
        whole = NamedSharding(self._mesh, _same_everywhere())
        sharding = whole if streams > 1 else SingleDeviceSharding(first)
        jitted = self._jitted(program, streams, parted, keep_unused=True)
        return StoredProgram(jitted, key, self._folder, sharding)

    def _jitted(
        self, program: Callable[..., Any], streams: int, parted: bool, keep_unused: bool = False
    ) -> Any:
        if streams == 1:
            return jax.jit(program, keep_unused=keep_unused)
        same = _same_everywhere()
        given, made = ((same, _parts_of_rows()), _parts_of_rows()) if parted else (same, same)
        return jax.jit(
            jax.shard_map(
                program, mesh=self._mesh, in_specs=given, out_specs=made, check_vma=False
            ),
            keep_unused=keep_unused,
        )

    @functools.cached_property
    def _mesh(self) -> Mesh:
        return Mesh(np.array(jax.devices()[: self.streams]), (STREAMS,))

    def put(self, array: Any, streams: int = 1, parted: bool = False) -> Any:
        if streams == 1:
            return jax.device_put(np.asarray(array))
        where = _parts_of_rows() if parted else _same_everywhere()
        return jax.device_put(np.asarray(array), NamedSharding(self._mesh, where))

    def put_all(self, arrays: list[Any], streams: int) -> list[Any]:
        where = None if streams == 1 else NamedSharding(self._mesh, _same_everywhere())
        put: list[Any] = jax.device_put([np.asarray(array) for array in arrays], where)
        return put

    def get(self, array: Any) -> Any:
        return np.asarray(array)


XLA = XlaEngine()
