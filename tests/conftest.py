"""Tests start with Ctrl-C as Python has it, also where they were told to ignore it (nohup)."""

import signal


def pytest_configure() -> None:
    """Before any test; processes that tests start inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
