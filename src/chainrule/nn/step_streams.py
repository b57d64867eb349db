"""The steps of one sequence shared out among streams, in a prediction."""

from __future__ import annotations

from typing import Any

from chainrule import ops


class StepStreams:
    """Streams that predict the very same examples, each working on a part of their steps.

    To meet takes streams as long as a product takes. So it is remembered what steps were made whole
    of, and a layer that only wants its own again gets them back: then nothing was gathered.

    Args:
        count: how many streams there are.

    Example:
        >>> import numpy as np
        >>> streams, own = StepStreams(1), np.ones((1, 4, 2))
        >>> streams.own(streams.whole(own)) is own
        True
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._gathered: list[tuple[Any, Any]] = []

    def whole(self, own: Any) -> Any:
        """All steps (batch, time, …) of a stream's own (batch, time / count, …)."""
        gathered = ops.all_steps(own)
        self._gathered.append((gathered, own))
        return gathered

    def own(self, x: Any) -> Any:
        """This stream's part of all steps."""
        known = self.known(x)
        return ops.own_steps(x, self.count) if known is None else known

    def known(self, x: Any) -> Any:
        """The part that these steps were made whole of; None where they were not."""
        return next((own for gathered, own in self._gathered if gathered is x), None)
