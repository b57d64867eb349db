"""The installed program `chainrule`: from its first line on Ctrl-C ends it in one line.

Importing chainrule takes half a second, and a KeyboardInterrupt in the middle of that is a page
of traceback. So this module stands beside the package: it imports nothing of it before it listens.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def end_at_once(number: int, frame: Any) -> None:
    """Answers a signal while there is nothing to save: one line, and exit code 130 or 143."""
    os.write(2, b"Stopped. Nothing was saved.\n")
    os._exit(128 + number)


def listen() -> None:
    """From here on Ctrl-C and SIGTERM end the program at once; a job told to ignore them does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end_at_once)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Within it, an import say, a signal ends the program at once; afterwards Ctrl-C raises."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    listen()
    try:
        yield
    finally:
        for number, handler in before.items():
            raises = number == signal.SIGINT and handler is end_at_once
            signal.signal(number, signal.default_int_handler if raises else handler)


def command() -> int:
    """Listens, loads the package, and runs what was typed. Returns the exit code."""
    listen()
    from chainrule.cli import command as run

    return run()
