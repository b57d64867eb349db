"""NumPy's products on one thread, whatever the number of cores.

OpenBLAS works on a product in blocks that every thread begins anew, and a number at the edge of a
block is summed up in another order than inside: other bits with every number of threads.
"""

from __future__ import annotations

import functools
import threading
from contextlib import AbstractContextManager
from typing import Any


class _OneThread:
    """The first one that comes in sets the limit, the last one that goes takes it back."""

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = _libraries().limit(limits=1)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


@functools.cache
def _libraries() -> Any:
    """The libraries for products of matrices that NumPy has loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


ONE_THREAD = _OneThread()
"""A context: while anyone is inside, products of matrices take one thread in the whole process."""


def threads_at_most(count: int | None) -> AbstractContextManager[Any]:
    """A context in which all libraries loaded so far take so many threads; None: as many as now."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(count)
    return limits
