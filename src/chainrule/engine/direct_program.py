"""A program in streams that is called again and again for little work, past JAX's own dispatch.

To give NumPy's rows to two devices and to call them takes JAX 0.3 to 0.9 ms, since the devices
begin to compute while the calling thread still runs; a transformer predicts a sequence in 2.5. Here
a call copies the rows to both devices and starts them (benchmarks/NOTES.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import NamedSharding
from jaxlib.xla_client import batched_device_put


class DirectProgram:
    """A jitted program `(numbers, rows) -> results` that is compiled when it is called first.

    Args:
        jitted: the program; none of its arguments may be left out. It makes the same on all
            devices. sharding: of all numbers and rows, whole on every device.
    """

    def __init__(self, jitted: Callable[..., Any], sharding: NamedSharding) -> None:
        self._jitted, self._sharding = jitted, sharding
        self._devices: list[Any] = list(sharding.mesh.devices.flat)
        self._made: _Made | None = None

    def __call__(self, numbers: Any, rows: Any) -> Any:
        """The results on the first device, for NumPy's rows.

        All calls are of one set of shapes and dtypes: nothing checks them.
        """
        made = self._made or self._compiled(numbers, rows)
        given = [self._put(*both) for both in zip(made.rows, jax.tree.leaves(rows), strict=True)]
        found = made.code.execute_sharded([*jax.tree.leaves(numbers), *given])
        first = [own[0] for own in found.disassemble_into_single_device_arrays()]
        return jax.tree.unflatten(made.results, first)

    def _put(self, kind: Any, rows: Any) -> Any:
        """Rows on every device."""
        same = [np.asarray(rows, kind.dtype)] * len(self._devices)
        return batched_device_put(kind, self._sharding, same, self._devices)

    def _compiled(self, numbers: Any, rows: Any) -> _Made:
        rows = jax.device_put(rows, self._sharding)
        compiled = self._jitted.lower(numbers, rows).compile()  # type: ignore[attr-defined]
        kinds = [x.aval for x in jax.tree.leaves(rows)]
        results = jax.tree.structure(compiled.out_info)
        self._made = made = _Made(compiled.runtime_executable(), kinds, results)
        return made

    def clear_cache(self) -> None:
        """Forget what was compiled; a call that has begun in another thread ends with it."""
        self._made = None
        self._jitted.clear_cache()  # type: ignore[attr-defined]


class _Made(NamedTuple):
    """What a first call compiled: the code, what rows it takes, and the tree of its results."""

    code: Any
    rows: list[Any]
    results: Any
