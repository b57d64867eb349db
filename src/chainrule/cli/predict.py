"""`chainrule predict`: a model's answers for new rows, as CSV or JSON, however many there are."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from chainrule.cli.document import json_option, plain
from chainrule.cli.output import check_output
from chainrule.cli.settings import markers, missing_option
from chainrule.data import csv_text
from chainrule.data.reading import DELIMITERS
from chainrule.errors import SettingError
from chainrule.judgement import printable
from chainrule.workflow import Predictions, predict_chunks


@click.command(name="predict")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("file")
@click.option("--out", type=click.Path(path_type=Path), help="Write to a file, not to stdout.")
@click.option("--force", is_flag=True, help="Replace the file of --out if it exists.")
@click.option("--proba", is_flag=True, help="Add the probability of every class.")
@click.option("--id", multiple=True, metavar="COLUMN", help="Pass on a column; may be repeated.")
@click.option("--quiet", is_flag=True, help="Say nothing on stderr unless something is wrong.")
@missing_option
@json_option
def predict(
    model: Path,
    file: str,
    out: Path | None,
    force: bool,
    proba: bool,
    id: tuple[str, ...],
    quiet: bool,
    missing: str | None,
    as_json: bool,
) -> None:
    """Predict every row of the table FILE with MODEL, in the order of the rows.

    FILE is a table with a header, or - for stdin. The answers go to stdout as CSV, all else to
    stderr. Columns may stand in any order; those that the model does not need are ignored.

    Example: chainrule predict penguins.safetensors new.csv --proba --out answers.csv
    """
    if out is not None:
        check_output(out, Path(file), force)
        if out.exists() and model.exists() and out.samefile(model):
            raise SettingError(f"--out {out} is the model file itself. Choose another name.")
    source: Any = sys.stdin.buffer if file == "-" else file
    chunks = predict_chunks(
        model, source, proba=proba, id=id, missing=markers(missing), name="stdin"
    )
    with _opened(out) as stream:
        write = _write_json if as_json else _write_csv
        rows, last = write(_flushed(chunks, stream), stream)
    if not quiet:
        _say(rows, last, out, as_json)


def _flushed(chunks: Iterator[Predictions], stream: BinaryIO) -> Iterator[Predictions]:
    """The chunks, each on its way to the reader before the next one is computed."""
    for chunk in chunks:
        yield chunk
        stream.flush()


def _write_csv(chunks: Iterator[Predictions], stream: BinaryIO) -> tuple[int, Predictions]:
    """In the dialect of the table, so that the program that wrote it reads the answers."""
    rows = 0
    for chunk in chunks:
        text = csv_text(chunk.columns, header=rows == 0, dialect=chunk.reading.dialect)
        stream.write(text)
        rows += chunk.rows
    return rows, chunk


def _write_json(chunks: Iterator[Predictions], stream: BinaryIO) -> tuple[int, Predictions]:
    """One document, written row by row: {"columns": […], "rows": [{…}, …]}."""
    rows = 0
    for chunk in chunks:
        names = list(chunk.columns)
        if rows == 0:
            head = f'{{"columns": {_json(names)}, "ignored": {_json(chunk.ignored)}, "rows": [\n'
            stream.write(head.encode())
        columns = [list(plain(chunk.columns[name])) for name in names]
        lines = [_json(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]
        stream.write(((",\n" if rows else "") + ",\n".join(lines)).encode())
        rows += chunk.rows
    stream.write(b"\n]}\n")
    return rows, chunk


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    """Stdout, or a file beside `out` that takes its place when it is whole."""
    if out is None:
        yield sys.stdout.buffer
        return
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(8)}.part")
    with temporary.open("xb") as stream:
        try:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            temporary.replace(out)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _say(rows: int, last: Predictions, out: Path | None, as_json: bool) -> None:
    if last.ignored:
        ignored = printable(", ".join(last.ignored))
        click.echo(f"Not needed by the model, ignored: {ignored}", err=True)
    place = "" if out is None else f", written to {out}"
    dialect = "" if as_json else _dialect(last)
    click.echo(f"{rows:,} {'row' if rows == 1 else 'rows'} predicted{place}{dialect}", err=True)


def _dialect(answers: Predictions) -> str:
    """How the answers are written, where that is not comma, point and the table's own encoding."""
    delimiter, decimal = answers.reading.dialect
    words = [DELIMITERS[delimiter]] if delimiter != "," else []
    words += ["decimal comma"] if decimal == "," else []
    words += ["UTF-8"] if answers.reading.encoding not in ("", "UTF-8") else []
    return f" ({', '.join(words)})" if words else ""
