"""Model files taken to pieces and put together again, with a fitting checksum, however odd."""

import hashlib
import json
from typing import Any

BLANK = "0" * 64


def sealed(header: bytes | str | dict[str, Any], data: bytes = b"") -> bytes:
    """A file of a header, which has a blank checksum somewhere, and the bytes of the arrays."""
    if isinstance(header, dict):
        header = json.dumps(header, separators=(",", ":"))
    text = header.encode() if isinstance(header, str) else header
    whole = len(text).to_bytes(8, "little") + text + data
    return whole.replace(BLANK.encode(), hashlib.sha256(whole).hexdigest().encode(), 1)


def parts(whole: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """The entries of the arrays, the document, and the bytes of the arrays."""
    end = 8 + int.from_bytes(whole[:8], "little")
    entries = json.loads(whole[8:end])
    return entries, json.loads(entries.pop("__metadata__")["chainrule"]), whole[end:]


def with_document(document: Any, entries: Any = None, data: bytes = b"") -> bytes:
    """A file around a document, given as JSON values or as text."""
    text = document if isinstance(document, str) else json.dumps(document)
    metadata = {"checksum": BLANK, "chainrule": text}
    return sealed({"__metadata__": metadata} | (entries or {}), data)


def changed(whole: bytes, *way: Any, to: Any) -> bytes:
    """The file with one value of its document changed, and a fitting checksum."""
    entries, document, data = parts(whole)
    *inwards, last = way
    inner: Any = document
    for key in inwards:
        inner = inner[key]
    inner[last] = to
    return with_document(document, entries, data)


def entry(dtype: str, shape: list[Any], start: Any, end: Any) -> dict[str, Any]:
    """The entry of an array in a header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def with_arrays(entries: Any, data: bytes) -> bytes:
    """A file around an empty document and the entries of arrays."""
    return with_document({}, entries, data)
