"""The command: subcommands loaded only when typed, and how it ends when something is wrong.

Exit codes: 0 done; 1 `reproduce` found a difference; 2 what was typed or given cannot be used;
130 stopped by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from chainrule.errors import ChainruleError, NonFiniteError, Terminated, unknown_name
from chainrule_start import ending_at_once

COMMANDS = {
    "train": "Train a network on a table, judge it, and save it.",
    "cluster": "Group the rows of a table into segments, described in words.",
    "evaluate": "Judge a model on rows with known targets.",
    "predict": "Predict the rows of a table, to stdout or a file.",
    "inspect": "Show what a model holds: layers, costs, columns, card, judgement.",
    "plot": "Draw the training, the answers or the layers of a model.",
    "reproduce": "Train a model again from its card, and compare bit for bit.",
    "explain": "Show the arithmetic of a row, or of a training step: forward, backward, update.",
}
"""Every subcommand with its line in `chainrule --help`; `load` imports the one that is typed."""


def load(name: str) -> click.Command:
    """The subcommand of a name in COMMANDS."""
    match name:
        case "train":
            from chainrule.cli.train import train as command
        case "cluster":
            from chainrule.cli.cluster import cluster as command
        case "evaluate":
            from chainrule.cli.evaluate import evaluate as command
        case "predict":
            from chainrule.cli.predict import predict as command
        case "inspect":
            from chainrule.cli.inspect import inspect as command
        case "reproduce":
            from chainrule.cli.reproduce import reproduce as command
        case "plot":
            from chainrule.cli.plot import plot as command
        case _:
            from chainrule.cli.explain import explain as command
    return command


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is typed, so that each starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with ending_at_once():
            return load(cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(str(unknown_name("command", args[0], COMMANDS)), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: chainrule train FILE.csv --target COLUMN",
)
@click.version_option(package_name="chainrule", message="chainrule %(version)s")
def chainrule() -> None:
    """Train neural networks fast, and see everything they do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; `arguments` are those of the shell by default. Returns the exit code."""
    with warnings.catch_warnings(), _sigterm_as_ctrl_c():
        warnings.showwarning = _show_warning
        try:
            code = chainrule.main(arguments, prog_name="chainrule", standalone_mode=False)
            sys.stdout.flush()
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            return 2
        except click.ClickException as error:
            return _fail(error.format_message(), hint=_help_line(error))
        except NonFiniteError as error:
            return _fail(str(error).partition(" The error's .model")[0])
        except ChainruleError as error:
            return _fail(str(error))
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except OSError as error:
            return _fail(f"{error.strerror or error}: {error.filename or 'input or output'}.")
        except click.Abort as stop:  # click's name for Ctrl-C; it has ended the line already
            click.echo("Stopped. Nothing was saved.", err=True)
            return 143 if isinstance(stop.__context__, Terminated) else 130
    return code if isinstance(code, int) else 0


def command() -> int:
    """What the installed program runs: `main`, and deaf to signals while Python shuts down."""
    code = main()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    return code


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Within it SIGTERM stops as Ctrl-C does: what there is is saved, and said."""

    def stop(number: int, frame: Any) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _fail(message: str, hint: str = "") -> int:
    click.echo(f"chainrule: {message}" + (f"\n{hint}" if hint else ""), err=True)
    return 2


def _help_line(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"Type `{context.command_path} --help` for what can be typed." if context else ""


def _show_warning(message: Any, *_: Any, **__: Any) -> None:
    """A warning as a note of one line, without the place in our source."""
    click.echo(f"Note: {message}", err=True)
