"""The record of tables says which figures meet their bars, and measures what a process takes."""

import subprocess
import sys

import pytest

from benchmarks.table import Line, amount, measured


@pytest.mark.parametrize(
    ("value", "bar", "limit", "passed"),
    [(59.9, "<", 60, True), (60, "<", 60, False), (2e5, "≥", 2e5, True), (1e5, "≥", 2e5, False)],
)
def test_a_figure_is_held_against_its_bar(value, bar, limit, passed):
    line = Line("reading", value, "s", bar, limit, theirs=12.5)
    assert line.passed is passed
    assert f"| {'yes' if passed else 'no'} | 12.5 s |" in line.row()


def test_numbers_have_three_digits():
    assert [amount(x) for x in (213_456.0, 7.4563, 0.04213)] == ["213,456", "7.46", "0.0421"]


PEAKS = """
import sys
from benchmarks.table import measured
small = measured(sys.executable, "-c", "print(1)")
large = measured(sys.executable, "-c", "x = b'1' * 100_000_000; print(2)")
print(small.output.strip(), large.output.strip(), small.peak, large.peak)
"""


def test_the_peak_of_memory_is_that_of_the_process():
    """Seen from a small process: the peak of a child is at least its parent's size."""
    found = subprocess.run(
        [sys.executable, "-c", PEAKS], check=True, capture_output=True, text=True
    )
    one, two, small, large = found.stdout.split()
    assert (one, two) == ("1", "2")
    assert float(small) < 0.9e8 < 1e8 < float(large) < 1.3e8


def test_a_command_that_fails_is_said():
    with pytest.raises(RuntimeError, match="no such"):
        measured(sys.executable, "-c", "raise SystemExit('no such')")
