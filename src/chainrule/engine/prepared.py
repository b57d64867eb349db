"""What follows from a network's numbers alone, computed once instead of at every call of a program.

A program that predicts is called again and again with the same numbers. What a rule makes of them
by `xp.once` is collected where NumPy runs the network, and given to the program that is compiled:

    made = collected(lambda: network(numbers, some rows))
    given(made, lambda: network(numbers, rows))

Both run the same rules in the same order on rows of one shape, so that the order is name enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_taken: ContextVar[Callable[..., Any] | None] = ContextVar("taken", default=None)


def once(body: Callable[..., Any], *arrays: Any) -> Any:
    """`xp.once`, see there."""
    taken = _taken.get()
    return body(*arrays) if taken is None else taken(body, *arrays)


def collected(run: Callable[[], Any]) -> tuple[Any, ...]:
    """All that `once` makes while something runs, in order.

    >>> collected(lambda: once(abs, -1) + once(abs, -2))
    (1, 2)
    """
    found: list[Any] = []

    def keep(body: Callable[..., Any], *arrays: Any) -> Any:
        with _by(None):
            found.append(body(*arrays))
        return found[-1]

    with _by(keep):
        run()
    return tuple(found)


def given(made: Sequence[Any], run: Callable[[], Any]) -> Any:
    """What something gives that takes what was collected, in order, instead of making it.

    >>> given((1, 2), lambda: once(abs, -1) + once(abs, -2))
    3
    """
    rest = iter(made)
    with _by(lambda body, *arrays: next(rest)):
        return run()


@contextmanager
def _by(taken: Callable[..., Any] | None) -> Iterator[None]:
    before = _taken.set(taken)
    try:
        yield
    finally:
        _taken.reset(before)
