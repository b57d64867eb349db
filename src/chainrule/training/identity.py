"""What tells one run from another, as text: no run goes on from the checkpoint of another one."""

from __future__ import annotations

import functools
import hashlib
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.autodiff import Tree, hyper_values, leaves, paths, program_digest
from chainrule.engine import Engine
from chainrule.training.records import Plan
from chainrule.training.step import Task


def identity_of(
    task: Task, plan: Plan, engine: Engine, seed: int, arrays: Mapping[str, Any]
) -> dict[str, Any]:
    """All that decides the numbers of a run, but for how many epochs it takes.

    Args:
        arrays: trees of arrays by name: data, weights, first parameters.
    """
    return {
        **{f"version of {name}": number for name, number in versions_of(engine).items()},
        "engine": engine.name,
        "dtype": plan.dtype,
        "streams": plan.streams,
        "pieces": plan.pieces,
        "seed": int(seed),
        "batch size": plan.batch_size,
        "patience": plan.patience,
        "tol": plan.tolerance,
        "shuffling": plan.shuffle,
        "network": described(task.network),
        "loss": described(task.loss),
        "optimizer": described(task.optimizer),
        **{f"{name}": digest_of(tree) for name, tree in arrays.items()},
    }


def versions_of(engine: Engine) -> dict[str, str]:
    """The versions of all that computes, and what the compiler was told."""
    found = {
        "chainrule": version("chainrule"),
        "Python": platform.python_version(),
        "NumPy": np.__version__,
    }
    compiler = {"JAX": version("jax"), "XLA options": engine.options}
    return found | (compiler if engine.compiles else {})


@functools.cache
def processor_name() -> str:
    """The processor as the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def digest_of(tree: Tree) -> str:
    """SHA-256 of arrays with their names, shapes and dtypes, as 16 digits."""
    total = hashlib.sha256()
    for name, array in paths(tree):
        whole = np.ascontiguousarray(array)
        total.update(f"{name} {whole.shape} {whole.dtype.str}\n".encode())
        total.update(whole.reshape(-1).view("uint8").data if whole.size else b"")
    return total.hexdigest()[:16]


def described(part: Any) -> str:
    """A network, loss or optimizer as text that is the same in every process, its rates included.

    It is what is said of it and a digest of all that it is made of.
    """
    rates = [float(rate) for rate in leaves(hyper_values(part))]
    said = re.sub(r" at 0x[0-9a-f]+", "", repr(part))
    return f"{said[:200]} [{program_digest(part, rates)}]"
