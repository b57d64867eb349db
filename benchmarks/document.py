"""The page docs/benchmarks.md, made from one run and from the notes kept by hand."""

from pathlib import Path

from benchmarks import report
from benchmarks.report import Results

NOTES = Path(__file__).with_name("NOTES.md")

INTRODUCTION = """\
# How fast

Written by `{command}`; do not edit it by
hand. The notes at the end are `benchmarks/NOTES.md`.

Float32, Adam, a learning rate that is a number; the same rows, batches and number of steps for all.
Every contender has a process of its own and they train in turns, so that a change of the machine's
pace hits all alike. A step's time is the time that more epochs add to a call, divided by their
steps; a short call before the long one and one behind it have to agree. The table has the median
of the rounds and their spread. What only the first call takes (compiling) stands apart.

- **chainrule** is the public `fit` with validation after every epoch (a tenth as many rows more),
  best weights kept, patience counted, example weights, shuffling, rates that can change without
  compiling again, and a check for numbers that are not finite. The others do none of these but the
  shuffling.
- **jax.grad alone** is the same network and Adam in one compiled scan, its row numbers drawn
  before the clock runs.
- **PyTorch** picks rows from tensors by number, faster than a `DataLoader`. Of its ways to
  write Adam, or to compile, the fastest in this run is shown: eager ones are a loop over tensors,
  `foreach` and `fused`; compiled ones are the step as one writes it, and the network alone with a
  fused Adam. "One graph" is the whole step as one compiled function with `torch.func` and Adam
  by hand: few people write it, and it is judged by the same bar in a line of its own.
- **scikit-learn** is `fit` of `MLPClassifier` or `MLPRegressor`, without early stopping.
"""

TIMES = """\
"Not counted": the work cannot be done in the time that the clock gave, because that is faster than
the machine multiplies (see the rate of products); its pace changed while it was timed.
"""

RATES = """\
A step counts as 6 · batch · weights operations. That includes the gradient of the inputs, which
nobody computes; in brackets is the share without it. The best rate of all libraries and sizes
counts as the machine's.
"""

STARTS = """\
A whole process: start Python, import, fit iris (100 hidden units, 200 epochs), predict, exit.
`fit` picks its engine by itself. Batch 150 is all rows, scikit-learn's default here.
"""


def section(title: str, *parts: str) -> str:
    """A heading and what stands under it."""
    return "\n\n".join([f"## {title}", *(part.strip() for part in parts)])


def body(results: Results) -> list[str]:
    """The sections that have something in them."""
    parts = []
    if results.verdicts:
        parts.append(section("What is asked", report.verdict_table(results.verdicts)))
    if results.times:
        parts.append(section("Time of a step", TIMES, report.times_table(results)))
    if results.sgemm:
        parts.append(section("Rate of products", RATES, report.sgemm_table(results)))
    if results.starts:
        parts.append(section("A fresh process", STARTS, report.start_table(results.starts)))
    return [*parts, section("Machine", report.machine_table(results))]


def text(results: Results) -> str:
    """For a terminal."""
    return "\n\n".join(body(results)) + "\n"


def page(results: Results, command: str) -> str:
    """The whole page; where others used the machine, its first words say so."""
    notes = section("What was tried and did not help", NOTES.read_text(encoding="utf-8"))
    introduction = INTRODUCTION.format(command=command).strip()
    busy = results.environment.get("processors used by others", "")
    warning = [f"**Processors used by others: {busy}.**"] if "do not count" in busy else []
    return "\n\n".join([introduction, *warning, *body(results), notes]) + "\n"
