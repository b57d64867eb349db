"""All contenders of a case in turns, each in a process of its own, so that drift hits all alike."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from types import MappingProxyType, TracebackType
from typing import IO, Any, Self

from benchmarks.cases import CASES

WORKER = "benchmarks.worker"
"""The module that a contender's process runs, where no other is named."""

PAUSE = 0.05
"""Seconds between turns: the idle threads of a BLAS spin for a while before they sleep."""

COLD = {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}
"""First calls compile, whatever earlier runs left on the disk."""


class ContenderError(Exception):
    """A contender's process ended; the message is the end of what it wrote."""


@dataclass(frozen=True)
class Times:
    """What one contender needed in one case.

    Attributes:
        steps: microseconds a step, one per round. first: seconds that the first call took beyond
            a later one. loading: seconds to import. way: which of its ways was the fastest;
            ways: the medians of all.
    """

    case: str
    contender: str
    way: str
    steps: list[float]
    first: float
    loading: float
    ways: dict[str, float] = field(default_factory=dict)

    @property
    def middle(self) -> float:
        """The median of the rounds."""
        return median(self.steps)


class Worker:
    """A contender's process, with variables of its environment beside ours."""

    def __init__(
        self,
        contender: str,
        case: str,
        budget: float,
        module: str = WORKER,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.contender, self.case = contender, case
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        command = [sys.executable, "-m", module, contender, case, str(budget)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **COLD, **variables},
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._process.kill()
        self._process.communicate()
        self._errors.close()

    def answer(self) -> dict[str, Any]:
        """The next line that the process says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()[-2000:]
        raise ContenderError(f"{self.contender}, {self.case}: the process ended.\n{said}")

    def ask(self, what: str = "") -> dict[str, float]:
        """Runs everything once more, or what is named; seconds by name."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        seconds: dict[str, float] = self.answer()["seconds"]
        return seconds

    def steps(self) -> dict[str, float]:
        """Trains once more in each way; microseconds a step."""
        steps = CASES[self.case].steps
        return {way: seconds / steps * 1e6 for way, seconds in self.ask().items()}


def ready_workers(
    stack: ExitStack,
    name: str,
    contenders: Sequence[str],
    budget: float,
    module: str = WORKER,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> list[tuple[Worker, dict[str, Any]]]:
    """Those that are installed, and what they say of it; they get ready one after the other."""
    ready = []
    for contender in contenders:
        worker = stack.enter_context(Worker(contender, name, budget, module, variables))
        about = worker.answer()
        if "missing" in about:
            print(f"{contender} is left out: no {about['missing']} here", file=sys.stderr)
            continue
        ready.append((worker, about))
        said = f", epochs a turn {about['epochs']}" if "epochs" in about else ""
        print(f"{name}: {contender} is ready{said}", file=sys.stderr)
    return ready


def turns(ready: Sequence[tuple[Worker, Any]], repeats: int) -> Iterator[Worker]:
    """Whose turn it is, round by round; each round begins with another one."""
    for turn in range(repeats):
        for index in range(len(ready)):
            yield ready[(index + turn) % len(ready)][0]
            time.sleep(PAUSE)


def race(name: str, contenders: Sequence[str], repeats: int, budget: float) -> list[Times]:
    """Times of all contenders that are installed."""
    with ExitStack() as stack:
        ready = ready_workers(stack, name, contenders, budget)
        taken: dict[str, list[dict[str, float]]] = {worker.contender: [] for worker, _ in ready}
        for worker in turns(ready, repeats):
            taken[worker.contender].append(worker.steps())
    return [_fastest(name, worker.contender, about, taken) for worker, about in ready]


def _fastest(
    case: str, contender: str, about: dict[str, Any], taken: dict[str, list[dict[str, float]]]
) -> Times:
    """The times of the way with the lowest median."""
    ways = {way: [turn[way] for turn in taken[contender]] for way in about["first"]}
    way = min(ways, key=lambda name: median(ways[name]))
    medians = {name: median(steps) for name, steps in ways.items()}
    first, loading = about["first"][way], about["loading"]
    return Times(case, contender, way, ways[way], first, loading, medians)
