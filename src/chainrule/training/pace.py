"""How many steps a call of the program may take, from how long steps and ends of epochs took."""

from __future__ import annotations

import math

CALL_SECONDS = 0.5
"""A call of the program is made about this long: short enough for Ctrl-C and the progress line.

Not shorter, since every call gets fresh memory, which takes as long as a step where a step needs
much of it (benchmarks/NOTES.md).
"""

MOST_STEPS = 2**31 - 1


class Pace:
    """The length of calls. The first is one step, since nothing is known of its speed.

    An end of an epoch, where the validation loss is measured, may take longer than all its steps:
    its time is told apart, and no call goes beyond the first end before one has been timed.

    Args:
        steps: in an epoch.

    Example:
        >>> pace = Pace(steps=100)
        >>> pace.limit(position=0)
        1
        >>> pace.note(taken=1, ended=0, seconds=0.001)
        >>> pace.limit(position=1)
        10
        >>> pace.note(taken=99, ended=1, seconds=0.399)
        >>> pace.limit(position=0)
        125
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self._step = float("inf")
        self._end: float | None = None
        self._last = 0

    def note(self, taken: int, ended: int, seconds: float) -> None:
        """A call took so many steps and ended so many epochs in so many seconds."""
        each = seconds / max(taken, 1)
        self._step = min(self._step, each) if ended else each
        if ended:
            self._end = (seconds - taken * self._step) / ended
        self._last = taken

    def limit(self, position: int, left: float = math.inf) -> int:
        """Steps of the next call, from a position in the epoch: at most ten times the last.

        Args:
            position: steps taken in the epoch. left: seconds until training must stop.
        """
        if not self._last:
            return 1
        each = self._step + (self._end or 0.0) / self.steps
        wanted = min(min(CALL_SECONDS, left) / max(each, 1e-9), 10 * self._last, MOST_STEPS)
        if self._end is None:
            wanted = min(wanted, self.steps - position)
        return max(1, round(wanted))
