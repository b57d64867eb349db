"""The format of a file, from its first bytes and never from its name.

The rule: gzip, Parquet and workbooks are known by the bytes that all of them begin with. What
begins as one of the formats below that hold no table is refused by name. So is what has more than
three control characters, and more than one in twenty, among its first 4,096 bytes, or four zero
bytes in a row, unless it is UTF-16 or UTF-32. All else is text.
"""

from __future__ import annotations

import io
import zipfile
from typing import BinaryIO

from chainrule.data.decoding import MARKS, unmarked_utf16
from chainrule.errors import DataError

TEXT, GZIP, PARQUET, ZIP, OLE = "text", "gzip", "Parquet", "zip", "xls"

HEAD = 4096
"""Bytes that are looked at."""

READ = {b"\x1f\x8b": GZIP, b"PAR1\x15": PARQUET, b"PK\x03\x04": ZIP, b"PK\x05\x06": ZIP}
READ |= {b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": OLE}

REFUSED = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF89a": "a GIF image",
    b"%PDF": "a PDF document",
    b"\xfd7zXZ": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!\x1a": "a RAR archive",
    b"\x93NUMPY": "a NumPy array",
    b"ARROW1\0": "an Arrow file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<?xml": "an XML document",
    b"{": "JSON",
    b"[{": "JSON",
    **{b"\x80" + bytes([protocol]): "a Python pickle" for protocol in range(2, 6)},
}

CONTROLS = frozenset(range(1, 32)) - frozenset(b"\t\n\f\r\x1a\x1b")
FEW_CONTROLS = 3
"""So many are a slip of the pen in a text however short."""

LONGEST_HEADER = 2**27
"""Bytes of the header of a safetensors file, which its first eight bytes say."""

CURE = "Save the table as CSV, Parquet or xlsx"


def format_of(head: bytes, name: str) -> str:
    """TEXT, GZIP, PARQUET, ZIP or OLE, from the first HEAD bytes of a file.

    Raises:
        DataError: it is something that holds no table, or not one that is read.

    Example:
        >>> format_of(b"PAR1\\x15", "t"), format_of(b"a,b", "t")
        ('Parquet', 'text')
    """
    for begin, known in READ.items():
        if head.startswith(begin):
            return known
    low = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()[:15]
    for begin, kind in REFUSED.items():
        if head.startswith(begin) or (begin[:1] in b"<{[" and low.startswith(begin)):
            raise DataError(f"{name} is {kind}, and no table is read from that. {CURE}.")
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < LONGEST_HEADER:
        raise DataError(f"{name} is a model file (safetensors), and no table. Name a table.")
    if _is_binary(head):
        raise DataError(f"{name} is no text: it holds bytes that no CSV file has. {CURE}.")
    return TEXT


def workbook_kind(content: bytes, name: str) -> str:
    """Which workbook a zip archive is: "xlsx", "xlsb" or "ods".

    Raises:
        DataError: it is another archive, damaged, or far larger when unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {member.filename for member in archive.infolist()}
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise DataError(f"{name} is a damaged zip archive or workbook. Save it again.") from None
    parts = {"xl/workbook.xml": "xlsx", "xl/workbook.bin": "xlsb", "content.xml": "ods"}
    found = [kind for part, kind in parts.items() if part in members]
    if not found:
        raise DataError(f"{name} is a zip archive. Unpack it and name the table that is in it.")
    if size > MOST_UNPACKED:
        raise DataError(
            f"{name} is {size >> 20} MB when unpacked, and workbooks are read up to "
            f"{MOST_UNPACKED >> 20} MB. Save the table as CSV."
        )
    return found[0]


MOST_UNPACKED = 2**30
"""Bytes of a workbook when it is unpacked."""


def head_of(file: BinaryIO) -> bytes:
    """The first bytes of an open file; a pipe may give them in pieces."""
    found = b""
    while len(found) < HEAD and (more := file.read(HEAD - len(found))):
        found += more
    return found


def _is_binary(head: bytes) -> bool:
    """Whether it has too many control characters for text; in UTF-16 any byte may be one."""
    if head.startswith(tuple(MARKS)) or unmarked_utf16(head):
        return False
    controls = sum(byte in CONTROLS for byte in head)
    return b"\0\0\0\0" in head or controls > max(FEW_CONTROLS, len(head) // 20)
