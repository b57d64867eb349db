"""Ctrl-C as a flag that is read between calls of the program: a call itself is never cut off."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Flag:
    """Whether somebody asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.raised = False
        self.signal = 0


@contextmanager
def interruptible(*also: int) -> Iterator[Flag]:
    """Within it the first Ctrl-C raises the flag; the second is Python's own KeyboardInterrupt.

    In any thread but the main one Python delivers no signals, and a job in the background may have
    been told to ignore Ctrl-C (nohup): there the flag just stays down.

    Args:
        also: further signals that raise it, e.g. `signal.SIGTERM`.
    """
    flag = Flag()
    before: dict[int, Any] = {}

    def on_signal(number: int, frame: Any) -> None:
        flag.raised, flag.signal = True, number
        signal.signal(number, before[number])

    try:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *also):
                handler = signal.getsignal(number)
                if handler is not signal.SIG_IGN:
                    before[number] = handler
                    signal.signal(number, on_signal)
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
