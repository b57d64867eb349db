"""Whether there is a GPU for the XLA engine, found out without loading JAX where there is none."""

from __future__ import annotations

import functools
from pathlib import Path

from chainrule.engine.engines import jax_is_installed

SIGNS = ("nvidiactl", "kfd", "dxg")
"""Files in /dev by which the drivers of NVIDIA, AMD and Windows' Linux show themselves."""


@functools.cache
def gpu_is_there() -> bool:
    """Whether JAX is installed and would compute on a GPU.

    JAX takes a second to load, so it is asked only where the system shows a GPU's driver.
    """
    if not jax_is_installed() or not any((Path("/dev") / sign).exists() for sign in SIGNS):
        return False
    import jax

    return jax.default_backend() != "cpu"
