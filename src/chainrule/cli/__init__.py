"""The command `chainrule`: it reads what was typed, calls the workflow and prints."""

from chainrule.cli.main import command, main

__all__ = ["command", "main"]
