"""Files as they come in real life and worse: a table, damaged at random in the ways files are.

python -m tests.data.mutations 7 t.csv    # writes the seventh damaged file
"""

import gzip
import io
import random
import sys
from pathlib import Path

import polars

from tests.data.workbooks import xlsx

PENGUINS = Path("examples/data/penguins.csv")
DELIMITERS = [b",", b";", b"\t", b"|"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]
CELLS = [
    *(b"", b"NA", b"?", b"-", b"1e999", b"-inf", b"nan", b"9" * 400, b"1,5", b"1.234,5", b"0x1F"),
    *(b"1_000", b"12 %", b"$ 5", b"007", b"2026-02-30", b"31/12/2025", b"yes", b"=1+1", b"\xa01"),
    *(b'"', b'""', b'"""', b'"a""b"', b'a"b', b"'", b"\\", b"\\N", b"#N/A", b"\x1b[31m", b"\x00"),
    *("Zoë".encode(), "日本".encode(), "\U0001f427".encode(), b"\xff", b"\xc3", b"x" * 200_000),
    *(b"\r", b"\n", b"\r\n", b"\xe2\x80\xa8", b"\x0b", b"\x1a", b"sep=;", b"[]", b"{}", b"null"),
]


def table(choose: random.Random) -> bytes:
    """Thirty penguins in one of the ways to write a table; now and then with names in accents."""
    header, *rows = PENGUINS.read_bytes().split(b"\n")[:-1]
    lines = [header, *choose.sample(rows, choose.choice([1, 12, 30, 30, 30, 30]))]
    cells = [line.split(b",") for line in lines]
    if choose.random() < 0.3:
        cells = [
            [cell.replace(b"Torgersen", "Törgersen".encode()) for cell in row] for row in cells
        ]
    if choose.random() < 0.3:
        cells = [[b'"' + cell + b'"' for cell in row] for row in cells]
    delimiter = choose.choice(DELIMITERS)
    if delimiter != b"," and choose.random() < 0.5:
        cells = [[cell.replace(b".", b",") for cell in row] for row in cells]
    end = choose.choice([b"\n", b"\n", b"\r\n", b"\r"])
    return end.join(delimiter.join(row) for row in cells) + end


def wrapped(content: bytes, choose: random.Random) -> bytes:
    """Text in another encoding, in gzip, or the table in another format; mostly as it is."""
    kind = choose.random()
    if kind < 0.2:
        return content.decode("utf-8", "replace").encode(choose.choice(ENCODINGS), "replace")
    if kind < 0.25:
        return gzip.compress(content, 1)
    if kind < 0.30:
        rows = [line.split(",") for line in PENGUINS.read_text().splitlines()[:20]]
        return xlsx(penguins=rows)
    if kind < 0.35:
        stream = io.BytesIO()
        polars.read_csv(PENGUINS, n_rows=20, null_values="NA").write_parquet(stream)
        return stream.getvalue()
    return content


def flip(content: bytearray, choose: random.Random) -> bytearray:
    """One byte becomes another."""
    content[choose.randrange(len(content))] = choose.choice([0, 10, 13, 34, 44, 59, 128, 255, 65])
    return content


def cut(content: bytearray, choose: random.Random) -> bytearray:
    """The end is lost."""
    return content[: choose.randrange(1, len(content) + 1)]


def insert(content: bytearray, choose: random.Random) -> bytearray:
    """Something stands where it should not."""
    place = choose.randrange(len(content) + 1)
    content[place:place] = choose.choice([*DELIMITERS, b'"', b"\n", b"\r", *CELLS])
    return content


def delete(content: bytearray, choose: random.Random) -> bytearray:
    """Some bytes are lost."""
    place = choose.randrange(len(content))
    del content[place : place + choose.choice([1, 1, 3, 50])]
    return content


def copy(content: bytearray, choose: random.Random) -> bytearray:
    """A piece stands somewhere else too."""
    place, size = choose.randrange(len(content)), choose.choice([1, 10, 200])
    to = choose.randrange(len(content) + 1)
    content[to:to] = content[place : place + size]
    return content


def lines(content: bytearray, choose: random.Random) -> bytearray:
    """A line is lost, doubled, moved to the top, blank, or joined with the next."""
    found = bytes(content).split(b"\n")
    i = choose.randrange(len(found))
    match choose.randrange(5):
        case 0:
            del found[i]
        case 1:
            found.insert(i, found[i])
        case 2:
            found.insert(0, found.pop(i))
        case 3:
            found.insert(i, choose.choice([b"", b" ", b"\t", b","]))
        case _:
            found[i : i + 2] = [b"".join(found[i : i + 2])]
    return bytearray(b"\n".join(found))


def cell(content: bytearray, choose: random.Random) -> bytearray:
    """A cell, or all cells of a column, become something odd."""
    found = [line.split(b",") for line in bytes(content).split(b"\n")]
    odd, column = choose.choice(CELLS), choose.randrange(8)
    chosen = found if choose.random() < 0.2 else [choose.choice(found)]
    for row in chosen:
        if column < len(row):
            row[column] = odd
    return bytearray(b"\n".join(b",".join(row) for row in found))


DAMAGES = [flip, cut, insert, delete, copy, lines, cell, cell]


def damaged(seed: int) -> bytes:
    """The damaged file of a number; the same each time."""
    choose = random.Random(seed)
    content = bytearray(table(choose))
    after = choose.random() < 0.3
    if after:
        content = bytearray(wrapped(bytes(content), choose))
    for _ in range(choose.choice([0, 1, 1, 1, 2, 2, 3, 8])):
        damages = [cut] if content.startswith(b"PAR1") else DAMAGES
        content = choose.choice(damages)(content, choose) if content else content
    return bytes(content) if after else wrapped(bytes(content), choose)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(damaged(int(sys.argv[1])))
