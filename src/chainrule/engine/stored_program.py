"""Programs that a later process takes from disk without tracing them.

JAX finds a compiled program by the text that tracing and lowering give, which of a transformer's
epochs takes half a second. Here it is found by what tracing would read: the key of the program, the
code of chainrule as it was loaded, the settings of JAX, the shapes of the arguments. The folder is
that of `disk_cache.py`: its name holds versions and processor, and it trusts listed files alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any

import jax

from chainrule.engine.spelling import UnspelledError, loaded_code, spelled

SUFFIX = ".program"
FAST = 1
"""The level of compression: higher ones save a tenth of the bytes and take many times as long."""

ELSEWHERE = ("jax_compilation_cache", "jax_persistent_cache", "jax_log", "jax_dump", "jax_explain")
"""How settings of JAX begin that decide nothing about what is computed."""


SECONDS, AGE = "jax_persistent_cache_min_compile_time_secs", 1e9


class StoredProgram:
    """A jitted program that is looked for on disk when it is called first, and else put there.

    Args:
        jitted: the program; none of its arguments may be left out. key: what decides it.
        folder: where programs are kept. sharding: that of every result.
    """

    def __init__(
        self, jitted: Callable[..., Any], key: Hashable, folder: Path, sharding: Any
    ) -> None:
        self._jitted, self._key, self._folder, self._sharding = jitted, key, folder, sharding
        self._run: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self._run is None:
            self._run = self._found(arguments)
        return self._run(*arguments)

    def clear_cache(self) -> None:
        """Forget what was compiled."""
        self._run = None
        self._jitted.clear_cache()  # type: ignore[attr-defined]

    def _found(self, arguments: Any) -> Callable[..., Any]:
        name = program_name(self._key, arguments)
        if name is None:
            return self._jitted
        file = self._folder / f"{name}{SUFFIX}"
        with contextlib.suppress(OSError, ValueError, zlib.error, jax.errors.JaxRuntimeError):
            return loaded(file.read_bytes(), self._sharding)  # not there, or not to be used
        lowered = self._jitted.lower(*arguments)  # type: ignore[attr-defined]
        with _kept_once():
            compiled = lowered.compile()
        _write(file, _packed(compiled))
        return self._jitted


def program_name(key: Hashable, arguments: Any) -> str | None:
    """A digest of all that decides the compiled program; None where it cannot be told.

    Without it nothing is kept, as for arguments that are no arrays of a device yet.
    """
    arrays, structure = jax.tree.flatten(arguments)
    if not all(isinstance(x, jax.Array) for x in arrays):
        return None
    shapes = [f"{x.dtype}{x.shape}{x.weak_type}{x.sharding.num_devices}" for x in arrays]
    try:
        parts = [spelled(key), *_settings(), str(structure), *shapes, loaded_code().hex()]
    except UnspelledError:
        return None
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _settings() -> Iterator[str]:
    """Settings of JAX as they are in this thread, and the processors that XLA compiles for."""
    for name, value in sorted(jax.config.values.items()):
        if not name.startswith(ELSEWHERE):
            yield f"{name}={spelled(value)}"
    client = jax.devices()[0].client
    yield f"{client.platform} {client.platform_version} {len(jax.devices())}"
    own = getattr(os, "sched_getaffinity", None)
    yield f"{len(own(0)) if own else os.cpu_count()} {os.environ.get('NPROC', '')}"


def loaded(packed: bytes, sharding: Any) -> Callable[..., Any]:
    """The program that a file holds, ready to be called."""
    head, _, code = packed.partition(b"\n")
    devices = sorted(sharding.device_set, key=lambda device: device.id)
    program = devices[0].client.deserialize_executable(zlib.decompress(code), devices)
    structure = jax.tree.structure(_tree(json.loads(head)))
    known: list[tuple[Any, Any]] = []

    def joined(results: list[Any]) -> list[Any]:
        """One array of the copies on all devices; JAX checks them the first time alone, since
        checking two hundred takes 2 ms."""
        if known:
            return [
                kind(aval, sharding, own, committed=True, _skip_checks=True)
                for (kind, aval), own in zip(known, results, strict=True)
            ]
        join = jax.make_array_from_single_device_arrays
        arrays = [join(own[0].shape, sharding, own) for own in results]
        known.extend((type(x), x.aval) for x in arrays)
        return arrays

    def run(*arguments: Any) -> Any:
        parts = program.execute_sharded(jax.tree.leaves(arguments))
        results = parts.disassemble_into_single_device_arrays()
        arrays = joined(results) if len(devices) > 1 else [own[0] for own in results]
        return jax.tree.unflatten(structure, arrays)

    return run


@contextlib.contextmanager
def _kept_once() -> Iterator[None]:
    """JAX keeps nothing that took less than an age to compile: it would lie there twice."""
    before = jax.config.values[SECONDS]
    set_option: Callable[[str, Any], None] = jax.config.update
    set_option(SECONDS, AGE)
    try:
        yield
    finally:
        set_option(SECONDS, before)


def _packed(compiled: Any) -> bytes:
    """A line of JSON, the tree of the results, and behind it the code."""
    code = compiled.runtime_executable()
    head = json.dumps(_skeleton(compiled.out_info)).encode()
    return head + b"\n" + zlib.compress(code.client.serialize_executable(code), FAST)


def _skeleton(tree: Any) -> Any:
    """A tree without its arrays, of what JSON knows: an object, a list, or null for an array."""
    if isinstance(tree, dict):
        return {name: _skeleton(part) for name, part in tree.items()}
    return [_skeleton(part) for part in tree] if type(tree) is tuple else None


def _tree(skeleton: Any) -> Any:
    if isinstance(skeleton, dict):
        return {name: _tree(part) for name, part in skeleton.items()}
    return tuple(map(_tree, skeleton)) if isinstance(skeleton, list) else 0


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all; where there is no room the next process compiles again."""
    waiting = file.with_suffix(f".{os.getpid()}")
    try:
        waiting.write_bytes(content)
        waiting.chmod(0o600)
        waiting.replace(file)
    except OSError:
        waiting.unlink(missing_ok=True)
