"""`chainrule plot`: a model's training, answers or layers as a figure, in SVG or PNG."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from chainrule.cli.document import json_option, print_document
from chainrule.cli.output import check_output
from chainrule.cli.settings import markers, missing_option
from chainrule.errors import SettingError, unknown_name
from chainrule.plotting import format_of, save_figure
from chainrule.workflow import FIGURES
from chainrule.workflow import plot as plot_model


@click.command(name="plot")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("file", required=False)
@click.option("--kind", metavar="NAME", help=f"{', '.join(FIGURES)}.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A .svg or .png file; by default MODEL-KIND.svg, here.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@missing_option
@json_option
def plot(
    model: Path,
    file: str | None,
    kind: str | None,
    out: Path | None,
    force: bool,
    missing: str | None,
    as_json: bool,
) -> None:
    """Draw a figure of MODEL and write it to a file.

    curves: the losses by epoch. network: neurons and weights. With FILE, a table that has the
    target (- for stdin): confusion: which classes are taken for which. calibration: whether
    probabilities mean what they say. residuals: how far predicted numbers are off.

    Of segments: profile: how each differs. dendrogram: the upper tree. With FILE, its rows:
    scatter: along the two principal axes. silhouette: how well each row is placed.

    Example: chainrule plot penguins.safetensors penguins.csv --kind confusion --out confusion.png
    """
    if kind is None:
        raise SettingError(
            f"Which figure? Type --kind and one of {', '.join(FIGURES)}, e.g. --kind curves."
        )
    if kind not in FIGURES:
        raise unknown_name("kind of figure", kind, FIGURES)
    out = out or Path(f"{model.stem}-{kind}.svg")
    format_of(out)
    check_output(out, Path(file or "-"), force)
    if out.exists() and model.exists() and out.samefile(model):
        raise SettingError(f"--out {out} is the model file itself. Choose another name.")
    source: Any = sys.stdin.buffer if file == "-" else file
    save_figure(plot_model(model, kind, source, missing=markers(missing), name="stdin"), out)
    if as_json:
        print_document({"kind": kind, "file": str(out), "bytes": out.stat().st_size})
    else:
        click.echo(f"Drew {out}")
