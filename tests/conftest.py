"""What every test process starts with: Python's own Ctrl-C, and JAX in two streams."""

import os
import signal


def pytest_configure() -> None:
    """Before any test; processes that tests start inherit it.

    Ctrl-C is as Python has it, also where the tests were told to ignore it (nohup). JAX, which some
    tests call before chainrule's engine does, shows the two devices that the engine asks for and
    leaves loops as they are.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("JAX_NUM_CPU_DEVICES", "2")
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_extra_options=xla_cpu_disable_loop_unrolling")
