"""The command `chainrule`: it reads what was typed, calls the workflow and prints."""

from chainrule.cli.main import main

__all__ = ["main"]
