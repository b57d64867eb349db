"""The measurements as text: Markdown, which is read as it is in a terminal, and lines of JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isnan
from statistics import median

from benchmarks.bars import Verdict, is_possible
from benchmarks.cases import CASES
from benchmarks.peers import OURS
from benchmarks.rounds import Times
from benchmarks.startup import Start


@dataclass(frozen=True)
class Results:
    """All of one run.

    Attributes:
        settings: rounds, seconds of a turn, and what else the run was told. sgemm: GFLOP/s by
            library and size.
    """

    environment: dict[str, str]
    settings: dict[str, str]
    times: list[Times]
    sgemm: dict[str, float]
    starts: list[Start]
    verdicts: list[Verdict]

    @property
    def rate(self) -> float | None:
        """The machine's sgemm rate: the best of all libraries and sizes, GFLOP/s."""
        return max(self.sgemm.values(), default=None)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int) -> str:
    """A Markdown table with aligned columns, the first ones to the left."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    widths = [max(width, 3) for width in widths]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(
            cell.ljust(width) if i < text_columns else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ) + " |"  # fmt: skip

    rules = ["-" * width if i < text_columns else "-" * (width - 1) + ":"
             for i, width in enumerate(widths)]  # fmt: skip
    return "\n".join([line(heads), line(rules), *(line(row) for row in rows)])


def number(value: float) -> str:
    """At least three digits that count, without an exponent; a NaN was not counted."""
    if isnan(value):
        return NOT_COUNTED
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """Every ratio beside what is asked of it."""
    rows = [
        (
            CASES[entry.case].title if entry.case in CASES else entry.case,
            entry.what,
            f"{entry.value:.2f}",
            f"{entry.low:.2f} to {entry.high:.2f}",
            _asked(entry),
            "" if entry.aim is None else f"{entry.aim:g}",
            entry.word,
        )
        for entry in verdicts
    ]
    return table(("case", "chainrule is", "median", "rounds", "asked", "aim", ""), rows, 2)


def _asked(entry: Verdict) -> str:
    if entry.limit is None:
        return ""
    return f"{'at most' if entry.at_most else 'at least'} {entry.limit:g}"


NOT_COUNTED = "not counted"
"""In place of a time in which the machine cannot have done the work."""


def times_table(results: Results) -> str:
    """Microseconds a step, in ours too, and the first call."""
    times = results.times
    counted = [entry for entry in times if is_possible(entry, results.rate)]
    ours = {entry.case: entry.middle for entry in counted if entry.contender == OURS}
    rows = [
        (
            CASES[entry.case].title,
            entry.contender,
            entry.way,
            number(entry.middle) if entry in counted else NOT_COUNTED,
            f"{number(min(entry.steps))} to {number(max(entry.steps))}",
            f"{entry.middle / ours[entry.case]:.2f}"
            if entry.case in ours and entry in counted
            else "",
            f"{max(entry.first, 0):.2f}",
            f"{entry.loading:.1f}",
        )
        for entry in times
    ]
    heads = ("case", "who", "way", "µs a step", "rounds", "in ours", "first call, s", "import, s")
    return table(heads, rows, 3)


def sgemm_table(results: Results) -> str:
    """The rates of products, and the cases' own rates where products are most of the work."""
    rows = [(name, "product alone", number(rate), "") for name, rate in results.sgemm.items()]
    for entry in results.times:
        case = CASES[entry.case]
        if case.sgemm and results.rate:
            done, needed = (
                operations / entry.middle / 1e3
                for operations in (case.operations, case.needed_operations)
            )
            shares = f"{done / results.rate:.0%} ({needed / results.rate:.0%})"
            if not is_possible(entry, results.rate):
                done, shares = float("nan"), ""
            rows.append((f"{entry.contender} {case.name}", "training step", number(done), shares))
    return table(("what", "kind", "GFLOP/s", "share of the best"), rows, 2)


def start_table(starts: Sequence[Start]) -> str:
    """Seconds of whole processes."""
    rows = [
        (who, str(start.batch), f"{median(taken):.2f}", f"{min(taken):.2f} to {max(taken):.2f}")
        for start in starts
        for who, taken in start.seconds.items()
    ]
    return table(("who", "batch", "seconds", "rounds"), rows, 1)


def machine_table(results: Results) -> str:
    """Machine, versions and settings."""
    return table(("", ""), list({**results.environment, **results.settings}.items()), 2)


def lines(results: Results) -> str:
    """The same as lines of JSON: one object each, its kind under "kind"."""
    objects: list[dict[str, object]] = [
        {"kind": "environment", **results.environment, **results.settings},
        *({"kind": "time", **asdict(entry), "median": entry.middle} for entry in results.times),
        *({"kind": "sgemm", "what": name, "gflops": rate} for name, rate in results.sgemm.items()),
        *({"kind": "start", **asdict(start), "ratio": start.ratio} for start in results.starts),
        *(
            {"kind": "verdict", **asdict(entry), "passed": entry.passed}
            for entry in results.verdicts
        ),
    ]
    return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in objects)
