"""`chainrule cluster`: from a table to segments in words, saved as one file."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from chainrule.cli.document import json_option, print_document, print_page
from chainrule.cli.output import check_output, program
from chainrule.cli.settings import markers, missing_option, types_of_columns
from chainrule.cli.train import default_out
from chainrule.clustering import Segments
from chainrule.judgement import aligned, wrapped
from chainrule.workflow import cluster as cluster_table

LEGEND = (
    "silhouette: how much nearer rows are to their own segment than to the next; at most 1",
    "gap: how much closer rows lie than rows without clusters would, ± its error",
    "stability: how alike random samples are grouped; 1: always the same",
    "beyond noise: standard deviations by which the segments are tighter than cuts through rows "
    "without clusters",
)
"""What the columns of the choice are."""


@click.command(name="cluster")
@click.argument("file")
@click.option("--k", type=int, metavar="N", help="How many segments; chosen by default.")
@click.option(
    "--method",
    default="kmeans",
    show_default=True,
    metavar="NAME",
    help="kmeans, or a tree: ward, single, complete, average.",
)
@click.option(
    "--metric",
    default="euclidean",
    show_default=True,
    metavar="NAME",
    help="euclidean, or cosine (k-means only).",
)
@click.option(
    "--most",
    type=int,
    default=10,
    show_default=True,
    metavar="N",
    help="The most segments to choose from.",
)
@click.option("--anomalies", is_flag=True, help="List the oddest rows, with reasons.")
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="COLUMN=KIND",
    help="The kind of a column, where its cells do not say it. May be repeated.",
)
@missing_option
@click.option(
    "--drop", multiple=True, metavar="COLUMN", help="Leave a column out. May be repeated."
)
@click.option(
    "--keep-rows",
    is_flag=True,
    help="Keep the rows in the file: a tree needs them to place new ones.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The file; by default the name of FILE and -segments, here.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.option("--quiet", is_flag=True, help="Print nothing unless something is wrong.")
@json_option
def cluster(
    file: str, k: int | None, method: str, metric: str, most: int, anomalies: bool,
    types: tuple[str, ...], missing: str | None, drop: tuple[str, ...], keep_rows: bool, seed: int,
    out: Path | None, force: bool, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Group the rows of the table FILE into segments, say what each is like, and save them.

    How many there are is chosen by silhouette, gap statistic and stability; "there are no clusters"
    is among the answers. `chainrule predict` then puts new rows into the segments.

    Example: chainrule cluster customers.csv --anomalies
    """
    out = out or default_out(file).with_stem(f"{default_out(file).stem}-segments")
    check_output(out, Path(file), force)
    found = cluster_table(
        file, k=k, method=method, metric=metric, most=most, drop=drop,
        types=types_of_columns(types), missing=markers(missing), keep_rows=keep_rows, seed=seed,
    )  # fmt: skip
    found.save(out)
    if as_json:
        card = found.card | {"anomalies": found.anomalies if anomalies else []}
        print_document({"file": str(out), "bytes": out.stat().st_size, **card})
    elif not quiet:
        print_page(_page(found, file, out, anomalies))


def _page(found: Segments, file: str, out: Path, anomalies: bool) -> Iterator[str]:
    yield from segment_lines(found, anomalies)
    rows = "with your rows" if found.rows is not None else "none of your rows"
    yield f"Saved {out} ({out.stat().st_size / 1000:.0f} kB; no code, {rows})"
    command = program("chainrule", sys.argv[0])
    if found.method == "kmeans" or found.rows is not None:
        yield f"Next: {shlex.join([command, 'predict', str(out), file])}"
    else:
        yield "New rows cannot be placed: a tree needs its rows for that. Type --keep-rows."
    kind = "profile" if found.method == "kmeans" else "dendrogram"
    yield f"      {shlex.join([command, 'plot', str(out), '--kind', kind])}"


def segment_lines(found: Segments, anomalies: bool) -> Iterator[str]:
    """What was read, chosen and found."""
    card = found.card
    yield f"Read {card['table']}: {card['rows']:,} rows"
    for sentence in card.get("said", ()):
        yield from wrapped(f"  {sentence}", 2)
    used = [name for name, reason in card["columns"].items() if not reason]
    yield from wrapped(f"Clustered by {', '.join(used)}", 2)
    for name, reason in card["columns"].items():
        if reason:
            yield f"  left out {name}: {reason}"
    for name, count in card["imputed"].items():
        yield f"  {name}: {count:,} missing {'cell' if count == 1 else 'cells'} filled in"
    if card["choice"] is not None:
        yield from _choice_lines(card["choice"], found.k)
    for segment in card["segments"]:
        yield from wrapped(segment["words"], 2)
        typical, odd = (
            ", ".join(map(str, segment[name])) for name in ("typical_rows", "oddest_rows")
        )
        yield f"  stability {segment['stability']:.2f}; most typical rows {typical}; oddest {odd}"
    if anomalies:
        yield "Oddest rows (distance in widths of their segment)"
        for row in found.anomalies:
            head = f"  row {row['row']:,}, segment {row['segment']}: {row['oddness']:.1f}: "
            yield from wrapped(head + row["reason"], 4)


def _choice_lines(choice: dict[str, Any], k: int) -> Iterator[str]:
    yield from wrapped(choice["reason"], 2)
    rows = [("", "segments", "silhouette", "gap", "stability", "beyond noise")]
    for one in choice["candidates"]:
        mark = "→" if one["clusters"] == k else ""
        rows.append((
            mark, str(one["clusters"]),
            "" if one["silhouette"] is None else f"{one['silhouette']:.2f}",
            f"{one['gap']:.2f} ± {one['gap_error']:.2f}", f"{one['stability']:.2f}",
            f"{one['beyond_noise']:.1f}",
        ))  # fmt: skip
    yield from aligned(rows)
    for line in LEGEND:
        yield from wrapped(f"  {line}", 4)
