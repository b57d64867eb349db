"""What the times come to: ratios and shares, beside what is asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.cases import CASES, Bar, Case
from benchmarks.peers import BARE, OURS, OURS_NUMPY, SCIKIT, TORCH_GRAPH, TORCH_USUAL
from benchmarks.rounds import Times
from benchmarks.startup import Start

FRESH_BAR = 1.0
"""The most that a fresh process of ours may take, in those of scikit-learn."""


@dataclass(frozen=True)
class Verdict:
    """A number, what it has to be, and whether it is.

    Attributes:
        low, high: the spread over the rounds. limit: the bar's floor, or the most where `at_most`;
            None where nothing is asked.
    """

    case: str
    what: str
    value: float
    low: float
    high: float
    limit: float | None
    aim: float | None = None
    at_most: bool = False

    @property
    def passed(self) -> bool:
        """Whether the median reaches the bar; what nothing is asked of does."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        if self.limit is None:
            return ""
        if not self.passed:
            return "short"
        return "aim reached" if self.aim is not None and self.value >= self.aim else "passed"


BEYOND = 1.05
"""Up to so many times the machine's rate of products is its noise; more is a fault of the clock."""


def is_possible(entry: Times, rate: float | None) -> bool:
    """Whether the machine can compute that fast; else its pace changed while it was timed."""
    case = CASES[entry.case]
    if rate is None or not case.sgemm:
        return True
    return case.needed_operations / entry.middle / 1e3 <= BEYOND * rate


def verdicts(times: Sequence[Times], rate: float | None) -> list[Verdict]:
    """All that can be said from what was measured; `rate` is the machine's sgemm in GFLOP/s."""
    found = []
    for name, case in CASES.items():
        by_contender = {
            entry.contender: entry
            for entry in times
            if entry.case == name and is_possible(entry, rate)
        }
        found += _of_case(case, by_contender, rate)
    return found


def _of_case(case: Case, times: Mapping[str, Times], rate: float | None) -> list[Verdict]:
    found = []
    ours, by_hand = times.get(OURS), times.get(OURS_NUMPY)
    for names in (TORCH_USUAL, TORCH_GRAPH):
        torch = [times[name] for name in names if name in times]
        if ours and torch:
            best = min(torch, key=lambda entry: entry.middle)
            found.append(_faster(f"times the speed of {best.contender}", best, ours, case.torch))
    if ours and SCIKIT in times:
        found.append(_faster(f"times the speed of {SCIKIT}", times[SCIKIT], ours, case.sklearn))
    if ours and BARE in times:
        found.append(_slower(f"times the step of {BARE}", ours, times[BARE], case.bare))
    if ours and rate and case.sgemm:
        found.append(_share(case, ours, rate, case.sgemm))
    if by_hand and SCIKIT in times and case.numpy:
        what = f"NumPy engine: times the speed of {SCIKIT}"
        found.append(_faster(what, times[SCIKIT], by_hand, Bar(case.numpy)))
    return found


def _ratios(above: Times, below: Times) -> list[float]:
    return [a / b for a, b in zip(above.steps, below.steps, strict=True)]


def _faster(what: str, peer: Times, ours: Times, bar: Bar) -> Verdict:
    ratios = _ratios(peer, ours)
    value = peer.middle / ours.middle
    return Verdict(ours.case, what, value, min(ratios), max(ratios), bar.floor, bar.aim)


def _slower(what: str, ours: Times, bare: Times, most: float) -> Verdict:
    ratios = _ratios(ours, bare)
    value = ours.middle / bare.middle
    return Verdict(ours.case, what, value, min(ratios), max(ratios), most, at_most=True)


def _share(case: Case, ours: Times, rate: float, bar: Bar) -> Verdict:
    shares = sorted(case.operations / step / 1e3 / rate for step in ours.steps)
    what = "of the machine's sgemm rate"
    return Verdict(case.name, what, median(shares), shares[0], shares[-1], bar.floor, bar.aim)


def verdict_of_start(start: Start) -> Verdict:
    """The ratio of whole processes."""
    ratios = [a / b for a, b in zip(start.seconds[OURS], start.seconds[SCIKIT], strict=True)]
    what = f"times the whole process of {SCIKIT}, batch {start.batch}"
    return Verdict("iris", what, start.ratio, min(ratios), max(ratios), FRESH_BAR, at_most=True)
