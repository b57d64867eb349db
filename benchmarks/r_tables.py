"""Reads one data frame out of an R package's data folder, as columns of text, without R.

R keeps a package's data in `Rdata.rdb` (compressed objects one after another) and `Rdata.rdx`
(where each one lies), both in R's own serialization ("R Internals", section 1.8).
"""

import bz2
import gzip
import lzma
import math
import struct
import zlib
from pathlib import Path
from typing import Any

MISSING_INTEGER = -(2**31)
SYMBOL, PAIRS, CHARACTERS, LOGICAL, INTEGER, REAL, STRINGS, LIST = 1, 2, 9, 10, 13, 14, 16, 19
ALTERNATIVE, REFERENCE, NOTHING = 238, 255, 254


class Vector(list[Any]):
    """A vector or list of R with its attributes (names, levels, ...)."""

    attributes: dict[str, Any]


class Reader:
    """Takes values off a serialized R object in order."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 2
        self.symbols: list[str] = []
        if data[:2] != b"X\n":
            raise ValueError("This is no serialized object of R in its binary form.")
        version = self.integers(3)[0]
        if version == 3:
            self.take(self.integers(1)[0])

    def take(self, count: int) -> bytes:
        self.place += count
        return self.data[self.place - count : self.place]

    def integers(self, count: int) -> list[int]:
        return list(struct.unpack(f">{count}i", self.take(4 * count)))

    def value(self) -> Any:
        """The next value, with everything inside it."""
        flags = self.integers(1)[0]
        kind, has_attributes, has_tag = flags & 0xFF, flags & 0x200, flags & 0x400
        if kind == NOTHING:
            return None
        if kind == REFERENCE:
            return self.symbols[(flags >> 8) - 1]
        if kind == SYMBOL:
            self.symbols.append(self.value())
            return self.symbols[-1]
        if kind == PAIRS:
            return self.pairs(has_attributes, has_tag)
        if kind == ALTERNATIVE:
            return self.compact_range()
        if kind == CHARACTERS:
            length = self.integers(1)[0]
            return None if length == -1 else self.take(length).decode()
        return self.vector(kind, has_attributes)

    def pairs(self, has_attributes: int, has_tag: int) -> dict[str, Any]:
        if has_attributes:
            self.value()
        tag = self.value() if has_tag else ""
        first, rest = self.value(), self.value()
        return {tag: first, **(rest or {})}

    def compact_range(self) -> Vector:
        _, state, _ = self.value(), self.value(), self.value()
        length, first, step = (int(number) for number in state)
        return Vector(range(first, first + length * step, step))

    def vector(self, kind: int, has_attributes: int) -> Vector:
        length = self.integers(1)[0]
        if kind in (LOGICAL, INTEGER):
            items: list[Any] = self.integers(length)
        elif kind == REAL:
            items = list(struct.unpack(f">{length}d", self.take(8 * length)))
        elif kind in (STRINGS, LIST):
            items = [self.value() for _ in range(length)]
        else:
            raise ValueError(f"Objects of kind {kind} are not read here.")
        vector = Vector(items)
        vector.attributes = self.value() if has_attributes else {}
        return vector


def texts(column: Vector) -> list[str]:
    """A column's cells as text: a factor by its levels, a missing cell as NA."""
    levels = column.attributes.get("levels")
    cells = []
    for cell in column:
        if (
            cell is None
            or cell == MISSING_INTEGER
            or (isinstance(cell, float) and math.isnan(cell))
        ):
            cells.append("NA")
        elif levels is not None:
            cells.append(levels[cell - 1])
        else:
            cells.append(f"{cell:.15g}" if isinstance(cell, float) else str(cell))
    return cells


def decompressed(chunk: bytes) -> bytes:
    """One object of the file: four bytes of length, a letter where it is not zlib, the data."""
    if chunk[4:5] == b"2":
        return bz2.decompress(chunk[5:])
    if chunk[4:5] == b"Z":
        return lzma.decompress(
            chunk[5:], format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 6}]
        )
    return zlib.decompress(chunk[4:])


def read_frame(folder: Path, name: str) -> dict[str, list[str]]:
    """The data frame `name` of the folder that holds `Rdata.rdb`: column name -> cells."""
    index = Reader(gzip.decompress((folder / "Rdata.rdx").read_bytes())).value()
    where = dict(zip(index.attributes["names"], index, strict=True))["variables"]
    start, length = dict(zip(where.attributes["names"], where, strict=True))[name]
    with (folder / "Rdata.rdb").open("rb") as file:
        file.seek(start)
        chunk = file.read(length)
    frame = Reader(decompressed(chunk)).value()
    return {
        str(key): texts(column)
        for key, column in zip(frame.attributes["names"], frame, strict=True)
    }
