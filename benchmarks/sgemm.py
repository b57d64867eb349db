"""The machine's rate of float32 matrix products: the best of NumPy, PyTorch and XLA.

    python -m benchmarks.sgemm 128,784,512 2048,2048,2048     # a line of JSON, GFLOP/s

A library that is not installed is left out.
"""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.cases import Case

SQUARE = (2048, 2048, 2048)
SECONDS = 0.4

Product = Callable[[], object]
Size = tuple[int, int, int]


def numpy_product(a: Any, b: Any) -> Product:
    """By NumPy's BLAS."""
    return lambda: a @ b


def torch_product(a: Any, b: Any) -> Product:
    """By PyTorch."""
    import torch

    left, right = torch.from_numpy(a), torch.from_numpy(b)
    return lambda: left @ right


def xla_product(a: Any, b: Any) -> Product:
    """By XLA."""
    import jax

    product = jax.jit(lambda x, y: x @ y)
    left, right = jax.device_put(a), jax.device_put(b)
    return lambda: product(left, right).block_until_ready()


LIBRARIES = {"numpy": numpy_product, "torch": torch_product, "jax": xla_product}


def best_seconds(product: Product) -> float:
    """The shortest of all runs within the time that is spent."""
    product()
    best, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        began = time.perf_counter()
        product()
        best = min(best, time.perf_counter() - began)
    return best


def rates(sizes: Sequence[Size]) -> dict[str, float]:
    """GFLOP/s by library and size (rows, inner, columns)."""
    found = {}
    random = np.random.default_rng(0)
    for library, make in LIBRARIES.items():
        if importlib.util.find_spec(library) is None:
            continue
        for rows, inner, columns in sizes:
            a = random.normal(size=(rows, inner)).astype("float32")
            b = random.normal(size=(inner, columns)).astype("float32")
            name = f"{library} {rows}x{inner}x{columns}"
            found[name] = 2e-9 * rows * inner * columns / best_seconds(make(a, b))
    return found


def measured(cases: Iterable[Case]) -> dict[str, float]:
    """The rates at the cases' largest products and a large square, in a fresh process."""
    sizes = [SQUARE]
    for case in cases:
        layers = list(zip(case.widths, case.widths[1:], strict=False))
        sizes.append((case.batch, *max(layers, key=lambda layer: layer[0] * layer[1])))
    texts = [",".join(map(str, size)) for size in sizes]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sgemm", *texts],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def size_of(text: str) -> Size:
    """A size as it is typed."""
    rows, inner, columns = (int(part) for part in text.split(","))
    return rows, inner, columns


if __name__ == "__main__":
    print(json.dumps(rates([size_of(text) for text in sys.argv[1:]])))
