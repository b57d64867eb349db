"""The file itself: named arrays and one JSON document in a safetensors file, read with suspicion.

    8 bytes   length of the header, little endian
    header    JSON in ASCII: "__metadata__" (our document and the checksum), then dtype, shape and
              place of every array; filled up with spaces to a multiple of 8
    data      the arrays one after the other, without holes, C order, little endian

Any safetensors reader can open it (https://huggingface.co/docs/safetensors). Beyond that format:
the checksum is the SHA-256 of the whole file with its own 64 digits written as zeros.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.model.atomic import replace_file
from chainrule.model.strict_json import from_text, to_text

HEADER_LIMIT = 16 * 1024 * 1024
"""Bytes of the largest header: six times smaller than safetensors allows."""

SPARE_MEMORY = 64 * 1024 * 1024
"""Bytes that reading may take beyond twice the file."""

BYTES_PER_VALUE = 96
"""Memory of a value in JSON while it is read, measured: 20 in our files, 95 in the worst of lists
of tiny objects, all with names of their own."""

CHUNK = 1024 * 1024
"""Bytes read at a time, so that they are hashed while they are still in the processor's cache."""

AXES_LIMIT = 32
SIZE_LIMIT = 2**59
BLANK = "0" * 64
DTYPES = {
    "F64": "<f8", "I64": "<i8", "U64": "<u8",
    "F32": "<f4", "I32": "<i4", "U32": "<u4",
    "F16": "<f2", "I16": "<i2", "U16": "<u2",
    "I8": "|i1", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
"""NumPy's name of every element type that is read and written."""

_NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def write_container(path: Path, document: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write a file so that at every moment either the old or the new one is whole.

    Raises:
        ModelFileError: the file cannot be written; a file that was there is as it was.
    """
    order = sorted(arrays, key=lambda name: (-np.asarray(arrays[name]).itemsize, name))
    blocks = [_block(name, arrays[name]) for name in order]
    header = _header(document, dict(zip(order, blocks, strict=True)))
    digest = hashlib.sha256(header)
    for block in blocks:
        digest.update(_bytes_of(block))
    header = header.replace(_checksum_field(BLANK), _checksum_field(digest.hexdigest()), 1)
    try:
        replace_file(path, [header, *map(_bytes_of, blocks)])
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"{_shown(path)} could not be written: {_reason(error)}. A file there is still whole."
        ) from error


def read_container(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document and the arrays of a file.

    Memory: at most twice the file and 64 MB.

    Raises:
        ModelFileError: the file cannot be opened, is not whole, or has been changed.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            _refuse(path, "it is not a file; name the .safetensors file itself")
        with path.open("rb") as file:
            return _read(path, file)
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{_shown(path)} cannot be read: {_reason(error)}.") from error
    except MemoryError as error:
        raise ModelFileError(f"{_shown(path)} needs more memory than there is.") from error


def _shown(path: Path) -> str:
    """The path in one line, whatever a file system allows in a name."""
    return str(path) if str(path).isprintable() else repr(str(path))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _block(name: str, array: Any) -> Any:
    """The array as it lies in the file: contiguous, little endian."""
    array = np.asarray(array)
    dtype = array.dtype.newbyteorder("<")
    if dtype not in _NAMES:
        raise ModelFileError(
            f"The array {name!r} has dtype {array.dtype}, which a model file cannot hold; it "
            f"takes {', '.join(str(np.dtype(known)) for known in DTYPES.values())}."
        )
    return np.asarray(array, dtype, order="C")


def _bytes_of(block: Any) -> Any:
    return memoryview(block.reshape(-1)).cast("B") if block.size else b""


def _header(document: Mapping[str, Any], blocks: Mapping[str, Any]) -> bytes:
    """The header with its length before it and a blank checksum."""
    entries: dict[str, Any] = {}
    end = 0
    for name, block in blocks.items():
        start, end = end, end + block.nbytes
        entries[name] = {
            "dtype": _NAMES[block.dtype],
            "shape": list(block.shape),
            "data_offsets": [start, end],
        }
    try:
        metadata = {"checksum": BLANK, "chainrule": to_text(document)}
        header = to_text({"__metadata__": metadata} | entries).encode("ascii")
    except ValueError as error:
        raise ModelFileError(f"The model or its card cannot be kept as JSON: {error}.") from error
    header += b" " * (-len(header) % 8)
    if len(header) > HEADER_LIMIT or _too_rich(header, len(header) + end):
        raise ModelFileError(
            f"The description of this model takes {len(header)} bytes, more than a model file "
            "holds: it has too many layers, columns, labels or categories."
        )
    return len(header).to_bytes(8, "little") + header


def _too_rich(header: bytes, size: int) -> bool:
    """Whether reading the header could take more than twice the file and the spare memory.

    Text is held three times over while it is read; with escapes one rare sign makes every sign of
    its text four bytes large.
    """
    values = sum(header.count(sign) for sign in (b",", b":", b"[", b"{"))
    text = len(header) * (6 if b"\\u" in header else 3)
    return text + BYTES_PER_VALUE * values > 2 * size + SPARE_MEMORY


def _checksum_field(digits: str) -> bytes:
    return b'"checksum":"' + digits.encode() + b'"'


def _read(path: Path, file: io.BufferedReader) -> tuple[dict[str, Any], dict[str, Any]]:
    size = os.fstat(file.fileno()).st_size
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if size < 8 or length > size - 8 or length < 2:
        _refuse(
            path, f"it has {size} bytes, which is too short or not the safetensors format", NAME_IT
        )
    if length > HEADER_LIMIT:
        _refuse(path, f"its header has {length} bytes; the most is {HEADER_LIMIT}")
    header = file.read(length)
    if not header.isascii() or header[:1] != b"{":
        _refuse(path, "its header is not a JSON object in ASCII")
    if _too_rich(header, size):
        _refuse(path, "its header holds more values than a model of its size needs")
    entries = _parsed(path, header.decode("ascii"), "header")
    document, checksum = _metadata(path, entries.pop("__metadata__", None))
    layout = _layout(path, entries, size - 8 - length)
    digest = hashlib.sha256(prefix)
    _hash_blanked(path, header, checksum, digest)
    del header, entries
    arrays = {name: _array(path, file, dtype, shape, digest) for name, dtype, shape in layout}
    if digest.hexdigest() != checksum:
        _refuse(path, "its checksum does not fit: it was changed after it was written")
    return _parsed(path, document, "document"), arrays


def _parsed(path: Path, text: str, what: str) -> dict[str, Any]:
    try:
        return from_text(text)
    except ValueError as error:
        _refuse(path, f"its {what} is not proper JSON ({error})")


def _metadata(path: Path, metadata: Any) -> tuple[str, str]:
    document = metadata.get("chainrule") if isinstance(metadata, dict) else None
    checksum = metadata.get("checksum") if isinstance(metadata, dict) else None
    if not isinstance(document, str) or not document.isascii():
        _refuse(path, "it holds arrays, but no network of chainrule", NAME_IT)
    if not isinstance(checksum, str) or len(checksum) != 64 or not checksum.isascii():
        _refuse(path, "it has no checksum")
    return document, checksum


def _hash_blanked(path: Path, header: bytes, checksum: str, digest: Any) -> None:
    """Hash the header as it was before it had a checksum."""
    place = header.find(_checksum_field(checksum))
    if place < 0:
        _refuse(path, "its checksum is not written as chainrule does")
    field = _checksum_field(BLANK)
    view = memoryview(header)
    for piece in (view[:place], field, view[place + len(field) :]):
        digest.update(piece)


def _layout(path: Path, entries: Mapping[str, Any], size: int) -> list[tuple[str, str, Any]]:
    """(name, dtype, shape) of every array in the order of the file, which they fill exactly."""
    found = []
    for name, entry in entries.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            _refuse(path, f"the entry of the array {name!r:.80} is not understood")
        shape, offsets = entry["shape"], entry["data_offsets"]
        if entry["dtype"] not in list(DTYPES):
            _refuse(path, f"the array {name!r:.80} has the unknown dtype {entry['dtype']!r:.80}")
        if not (_is_shape(shape) and _is_sizes(offsets) and len(offsets) == 2):
            _refuse(path, f"the array {name!r:.80} has no proper shape and place")
        found.append((offsets[0], offsets[1], name, DTYPES[entry["dtype"]], tuple(shape)))
    end = 0
    for start, stop, name, dtype, shape in sorted(found):
        if start != end or stop - start != math.prod(shape) * np.dtype(dtype).itemsize:
            _refuse(path, f"the array {name!r:.80} does not lie where its shape and neighbors say")
        end = stop
    if end != size:
        _refuse(path, f"its arrays need {end} bytes and it has {size}: it is cut off or too long")
    return [(name, dtype, shape) for _, _, name, dtype, shape in sorted(found)]


def _is_shape(value: Any) -> bool:
    """Whether NumPy can have such an array; it multiplies the sizes of an empty one too."""
    return (
        _is_sizes(value)
        and len(value) <= AXES_LIMIT
        and math.prod(max(n, 1) for n in value) < SIZE_LIMIT
    )


def _is_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


def _array(path: Path, file: io.BufferedReader, dtype: str, shape: Any, digest: Any) -> Any:
    """The next array of the file, read straight into its memory."""
    block = np.empty(math.prod(shape), dtype)
    view = _bytes_of(block)
    for start in range(0, len(view), CHUNK):
        piece = view[start : start + CHUNK]
        if file.readinto(piece) != len(piece):
            _refuse(path, "it ends in the middle of an array")
        digest.update(piece)
    if block.dtype == bool and block.view("uint8").max(initial=0) > 1:
        _refuse(path, "it holds a truth value that is neither 0 nor 1")
    return block.reshape(shape)


NAME_IT = "Name the file that chainrule saved"
COPY_IT = "Take another copy of it, or train the model again"


def _refuse(path: Path, reason: str, cure: str = COPY_IT) -> NoReturn:
    raise ModelFileError(f"{_shown(path)} is not a whole model file: {reason}. {cure}.")


def looks_like_model(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as a model file does; all else is for reading it to find out."""
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            head = file.read(9)
    except (OSError, ValueError):
        return False
    return head[8:] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= HEADER_LIMIT
