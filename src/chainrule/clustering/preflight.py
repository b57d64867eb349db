"""How much memory a method needs and how much there is, before any of it is asked for."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from chainrule.errors import DataError

PROCESS, SYSTEM = Path("/proc/self/statm"), Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")


def memory_there() -> int | None:
    """Bytes that this process can still take: of the machine, its container and its own limit."""
    return min(_limits(), default=None)


def check_memory(needed: int, what: str, cure: str) -> None:
    """Refuse what does not fit.

    Args:
        what: the subject of the message, e.g. "Complete linkage of 100,000 rows". cure: a sentence.

    Raises:
        DataError: it does not fit; both numbers are named.
    """
    there = memory_there()
    if there is not None and needed > there:
        raise DataError(
            f"{what} needs {size_words(needed)} of memory, and {size_words(there)} are there. "
            f"{cure}"
        )


def size_words(size: int) -> str:
    """Bytes as a reader says them.

    >>> size_words(80_000_000_000), size_words(1_500)
    ('80.0 GB', '0.0 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _limits() -> Iterator[int]:
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY and PROCESS.exists():
        yield soft - int(PROCESS.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    if SYSTEM.exists():
        lines = dict(line.split(":", 1) for line in SYSTEM.read_text().splitlines())
        if "MemAvailable" in lines:
            yield int(lines["MemAvailable"].split()[0]) * 1024
    try:
        most = (GROUP / "memory.max").read_text().strip()
        if most != "max":
            yield int(most) - int((GROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return
