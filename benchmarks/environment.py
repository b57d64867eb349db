"""What the numbers depend on: the machine, its threads, and the versions in use."""

import os
import platform
import resource
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("chainrule", "numpy", "jax", "jaxlib", "scikit-learn", "torch", "keras")
QUIET = 0.05
"""The most of the processors that others may use for a run to count."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")


def processor() -> str:
    """The processor's name and its widest vector unit, where Linux tells."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    facts = dict(part.split(":", 1) for part in lines if ":" in part)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    name = facts.get("model name") or platform.processor() or platform.machine()
    flags = facts.get("flags", "").split()
    widest = next((flag for flag in ("avx512f", "avx2") if flag in flags), "")
    return f"{name} ({widest})" if widest else name


def installed(package: str) -> str:
    """A version, or that there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def environment() -> dict[str, str]:
    """Names and values, ready to print."""
    threads = [f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if name in os.environ]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "processor": processor(),
        "cores": str(cores),
        "threads": ", ".join(threads) or "each library's default",
        "load before": f"{load:.1f}",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{package: installed(package) for package in PACKAGES},
    }


def facts() -> str:
    """The same as a list in Markdown."""
    return "\n".join(f"- {name}: {value}" for name, value in environment().items())


def used_by_all() -> float:
    """Seconds that all processors have been busy since the machine started; NaN where not told."""
    path = Path("/proc/stat")
    if not path.exists():
        return float("nan")
    user, nice, system, _, _, irq, softirq, steal = path.read_text().split()[1:9]
    ticks = sum(map(int, (user, nice, system, irq, softirq, steal)))
    return ticks / os.sysconf("SC_CLK_TCK")


def used_by_us() -> float:
    """Seconds of processor time of this process and of its children that have ended."""
    parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)


class Neighbors:
    """How much of the processors others used since it was made: they slow some more than others."""

    def __init__(self) -> None:
        self._start = self._now()

    def share(self) -> float:
        """From 0 to 1; NaN where the system does not tell."""
        wall, everybody, us = (b - a for a, b in zip(self._start, self._now(), strict=True))
        return max(everybody - us, 0.0) / (wall * (os.cpu_count() or 1))

    @staticmethod
    def _now() -> tuple[float, float, float]:
        return time.perf_counter(), used_by_all(), used_by_us()


def describe(share: float) -> str:
    """The share of others in words, with a warning where the run does not count."""
    if share != share:
        return "not known"
    return f"{share:.0%}" + ("" if share <= QUIET else ": too busy, these numbers do not count")
