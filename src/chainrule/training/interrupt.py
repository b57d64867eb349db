"""Ctrl-C as a flag that is read between calls of the program: a call itself is never cut off."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Flag:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.raised = False


@contextmanager
def interruptible() -> Iterator[Flag]:
    """Within it the first Ctrl-C raises the flag; the second is Python's own KeyboardInterrupt.

    In any thread but the main one Python delivers no signals, and a job in the background may have
    been told to ignore Ctrl-C (nohup): there the flag just stays down.
    """
    flag = Flag()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield flag
        return

    def on_signal(number: int, frame: Any) -> None:
        flag.raised = True
        signal.signal(signal.SIGINT, before)

    try:
        signal.signal(signal.SIGINT, on_signal)
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)
