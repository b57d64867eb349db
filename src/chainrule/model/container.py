"""The file itself: named arrays and one JSON document in a safetensors file, read with suspicion.

    8 bytes   length of the header, little endian
    header    JSON: "__metadata__" (our document and the checksum), then dtype, shape and place of
              every array; filled up with spaces to a multiple of 8
    data      the arrays one after the other, without holes, C order, little endian

Any safetensors reader can open it (https://huggingface.co/docs/safetensors). Beyond that format:
the checksum is the SHA-256 of the whole file with its own 64 digits written as zeros.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from chainrule.errors import ModelFileError

HEADER_LIMIT = 16 * 1024 * 1024
"""Bytes of the largest header: six times smaller than safetensors allows."""

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
    header = header.replace(_checksum_field(BLANK), _checksum_field(digest.hexdigest()))
    try:
        _replace_whole(path, [header, *map(_bytes_of, blocks)])
    except OSError as error:
        raise ModelFileError(
            f"{path} could not be written: {error.strerror or error}. A file there is still whole."
        ) from error


def read_container(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document and the arrays of a file.

    Raises:
        ModelFileError: the file cannot be opened, is not whole, or has been changed.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            _refuse(path, "it is not a file; name the .safetensors file itself")
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror or error}.") from error


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
    try:
        text = _compact(document)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"The model's card cannot be kept as JSON: {error}.") from error
    entries: dict[str, Any] = {"__metadata__": {"checksum": BLANK, "chainrule": text}}
    end = 0
    for name, block in blocks.items():
        start, end = end, end + block.nbytes
        entries[name] = {
            "dtype": _NAMES[block.dtype],
            "shape": list(block.shape),
            "data_offsets": [start, end],
        }
    header = _compact(entries).encode()
    header += b" " * (-len(header) % 8)
    if len(header) > HEADER_LIMIT:
        raise ModelFileError(
            f"The description of this model takes {len(header)} bytes and a model file holds "
            f"{HEADER_LIMIT}: it has too many layers, labels or categories."
        )
    return len(header).to_bytes(8, "little") + header


def _compact(value: Any) -> str:
    """JSON without spaces, NaN or infinity; NumPy's numbers are taken as plain ones."""
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain_number
    )


def _plain_number(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"it holds {value!r:.80} of type {type(value).__name__}")


def _checksum_field(digits: str) -> bytes:
    return b'"checksum":"' + digits.encode() + b'"'


def _replace_whole(path: Path, pieces: list[Any]) -> None:
    """Write beside the path, flush file and folder, and only then take the path's place."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    with temporary.open("xb") as file:
        try:
            for piece in pieces:
                file.write(piece)
            file.flush()
            if path.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path, file: io.BufferedReader) -> tuple[dict[str, Any], dict[str, Any]]:
    size = os.fstat(file.fileno()).st_size
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if size < 8 or length > size - 8 or length < 2:
        _refuse(path, f"it has {size} bytes, which is too short or not the safetensors format")
    if length > HEADER_LIMIT:
        _refuse(path, f"its header has {length} bytes; the most is {HEADER_LIMIT}")
    header = file.read(length)
    entries = _parse(path, header, "header")
    document, checksum = _metadata(path, entries.pop("__metadata__", None))
    layout = _layout(path, entries, size - 8 - length)
    blank = header.replace(_checksum_field(checksum), _checksum_field(BLANK), 1)
    digest = hashlib.sha256(prefix + blank)
    arrays = {}
    for name, dtype, shape in layout:
        block = np.empty(math.prod(shape), dtype)
        if block.size and file.readinto(_bytes_of(block)) != block.nbytes:
            _refuse(path, "it ends in the middle of an array")
        digest.update(_bytes_of(block))
        arrays[name] = block.reshape(shape)
    if digest.hexdigest() != checksum:
        _refuse(path, "its checksum does not fit: it was changed after it was written")
    return _parse(path, document.encode(), "document"), arrays


def _parse(path: Path, text: bytes, what: str) -> dict[str, Any]:
    """A JSON object without double names, NaN, infinity, or endless nesting."""
    try:
        parsed = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        _refuse(path, f"its {what} is not proper JSON ({reason})")
    if not isinstance(parsed, dict):
        _refuse(path, f"its {what} is not a JSON object")
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _metadata(path: Path, metadata: Any) -> tuple[str, str]:
    document = metadata.get("chainrule") if isinstance(metadata, dict) else None
    checksum = metadata.get("checksum") if isinstance(metadata, dict) else None
    if not isinstance(document, str):
        _refuse(path, "it holds arrays, but no network of chainrule")
    if not isinstance(checksum, str) or len(checksum) != 64 or not checksum.isalnum():
        _refuse(path, "it has no checksum")
    return document, checksum


def _layout(path: Path, entries: Mapping[str, Any], size: int) -> list[tuple[str, str, Any]]:
    """(name, dtype, shape) of every array in the order of the file, which they fill exactly."""
    found = []
    for name, entry in entries.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            _refuse(path, f"the entry of the array {name!r} is not understood")
        shape, offsets = entry["shape"], entry["data_offsets"]
        if entry["dtype"] not in list(DTYPES):
            _refuse(path, f"the array {name!r} has the unknown dtype {entry['dtype']!r}")
        if not (_is_sizes(shape) and _is_sizes(offsets) and len(offsets) == 2 and len(shape) <= 32):
            _refuse(path, f"the array {name!r} has no proper shape and place")
        found.append((offsets[0], offsets[1], name, DTYPES[entry["dtype"]], tuple(shape)))
    end = 0
    for start, stop, name, dtype, shape in sorted(found):
        if start != end or stop - start != math.prod(shape) * np.dtype(dtype).itemsize:
            _refuse(path, f"the array {name!r} does not lie where its shape and neighbors say")
        end = stop
    if end != size:
        _refuse(path, f"its arrays need {end} bytes and it has {size}: it is cut off or too long")
    return [(name, dtype, shape) for _, _, name, dtype, shape in sorted(found)]


def _is_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**62 for n in value)


def _refuse(path: Path, reason: str) -> NoReturn:
    raise ModelFileError(f"{path} is not a whole model file: {reason}.")
