"""`chainrule reproduce`: train a model again from its card, and compare bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from chainrule.cli.document import json_option, print_document, print_page
from chainrule.cli.progress import progress_line
from chainrule.judgement import wrapped
from chainrule.workflow import Reproduction
from chainrule.workflow import reproduce as reproduce_model


@click.command(name="reproduce")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("file")
@click.option("--test", help="The table that it was judged on, where that was another.",
              metavar="FILE")  # fmt: skip
@click.option("--validation", help="The table it was stopped by, where that was another.",
              metavar="FILE")  # fmt: skip
@json_option
def reproduce(
    model: Path, file: str, test: str | None, validation: str | None, as_json: bool
) -> int:
    """Train MODEL again on FILE, the table it was trained on, and compare bit for bit.

    Exit code 0 where all is the same, 1 where something differs.

    Example: chainrule reproduce penguins.safetensors penguins.csv
    """
    with progress_line(silent=as_json) as progress:
        found = reproduce_model(model, file, test=test, validation=validation, progress=progress)
    if as_json:
        print_document(found)
    else:
        print_page(_page(model, file, found))
    return 0 if found.same else 1


def _page(model: Path, file: str, found: Reproduction) -> Iterator[str]:
    if found.same:
        same = ", ".join(found.compared)
        yield from wrapped(f"{model} was reproduced from {file}. The same bit for bit: {same}.", 2)
        return
    yield f"{model} was not reproduced from {file}."
    for name, difference in found.compared.items():
        yield from wrapped(f"{name}: {difference or 'the same'}", 2)
    if found.causes:
        yield from wrapped(f"It may be because {'; '.join(found.causes)}.", 2)
