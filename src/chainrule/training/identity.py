"""What tells one run from another, as text: no run goes on from the checkpoint of another one."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
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
    versions = {
        "chainrule": version("chainrule"),
        "Python": platform.python_version(),
        "NumPy": np.__version__,
    }
    if engine.compiles:
        versions["JAX"] = version("jax")
    return {
        **{f"version of {name}": number for name, number in versions.items()},
        "engine": engine.name,
        "dtype": plan.dtype,
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
