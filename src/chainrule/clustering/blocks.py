"""Rows in blocks, worked on by threads: the blocks follow from the sizes alone, never from threads.

So every sum is made of the same parts in the same order, and has the same bits on any machine
of one kind, whether it has one core or eight.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

MOST_BLOCKS = 64
ROWS_A_BLOCK = 1024
"""Blocks have at least so many rows, and there are at most MOST_BLOCKS of them."""

THREADED_WORK = 1_500_000
"""Below so many multiplications one thread is done before others have started."""


def row_blocks(rows: int) -> list[tuple[int, int]]:
    """First row and end of every block.

    >>> row_blocks(2500)
    [(0, 1024), (1024, 2048), (2048, 2500)]
    """
    size = max(ROWS_A_BLOCK, -(-rows // MOST_BLOCKS))
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]


def thread_count() -> int:
    """How many threads to use: OMP_NUM_THREADS, else as many as this process has cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Runner = Callable[[Callable[[int, int, int], Any], int], list[Any]]
"""Calls a function (block, first row, end) for every block of so many rows; results in order."""


@contextmanager
def block_runner(threads: int | None, work: int) -> Iterator[Runner]:
    """A runner with so many threads (None: as many as there are), or one where work is little."""
    count = thread_count() if threads is None else threads
    if count == 1 or work < THREADED_WORK:
        yield lambda call, rows: [call(b, *ends) for b, ends in enumerate(row_blocks(rows))]
        return
    with ThreadPoolExecutor(count - 1) as pool:

        def run(call: Callable[[int, int, int], Any], rows: int) -> list[Any]:
            ends = row_blocks(rows)
            found: list[Any] = [None] * len(ends)
            waiting = deque(range(len(ends)))

            def work_off() -> None:
                while True:
                    try:
                        block = waiting.popleft()
                    except IndexError:
                        return
                    found[block] = call(block, *ends[block])

            helpers = [pool.submit(work_off) for _ in range(min(count, len(ends)) - 1)]
            work_off()
            for helper in helpers:
                helper.result()
            return found

        yield run
