"""Random damage to model files: to their bytes, and to their meaning with a fitting checksum."""

import copy
import json
import random
from typing import Any

from tests.model.raw import parts, sealed

ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 3, 7, 31, 2**20, 2**31, 2**53, 2**62, 2**63, 10**400),
    *(0.0, -0.0, 0.5, 1e-320, 1e308, -1e308, float("nan"), float("inf")),
    *("", "a", "ReLU", "Dense", "Network", "array", "classes", "any", "float64", "\ud800", "é\0\n"),
    *([], [[]], [0], [1, 2], ["a"], {}, {"dict": {}}, {"function": "load"}, {"type": "ReLU"}),
    {"type": "Dense", "units": 2},
    {"type": "BatchNorm", "momentum": 0.9, "epsilon": 1e-5},
    {"type": "Flatten"},
    {"type": "Hinge"},
    {"type": "Zeros"},
    {"dict": {"a": [1], "b": []}},
]
BYTES = [0, 1, 0x20, 0x22, 0x2C, 0x30, 0x39, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x7F, 0x80, 0xFF]


def damaged(random: random.Random, whole: bytes) -> bytes:
    """A file with random damage, more of it than not with a checksum that fits."""
    return random.choice((_in_bytes, _in_header, _in_meaning, _in_meaning, _in_meaning))(
        random, whole
    )


def _in_bytes(random: random.Random, whole: bytes) -> bytes:
    """Bytes changed, pieces cut out, doubled or set, and the end cut off."""
    content = bytearray(whole)
    for _ in range(random.choice((1, 1, 2, 8))):
        place = random.randrange(len(content) or 1)
        length = random.choice((1, 1, 2, 8, 64))
        match random.randrange(6):
            case 0:
                content[place : place + 1] = random.randbytes(1)
            case 1:
                content[place : place + 1] = bytes([random.choice(BYTES)])
            case 2:
                del content[place : place + length]
            case 3:
                content[place:place] = content[place : place + length]
            case 4:
                content[place:place] = random.randbytes(length)
            case _:
                del content[place + 1 :]
    return bytes(content)


def _in_header(random: random.Random, whole: bytes) -> bytes:
    """The text of the header damaged, and then given the right length and checksum."""
    end = 8 + int.from_bytes(whole[:8], "little")
    place = whole.index(b'"checksum":"') + 12
    header = bytearray(whole[8:place] + b"0" * 64 + whole[place + 64 : end])
    for _ in range(random.choice((1, 1, 2, 4))):
        place = random.randrange(len(header) or 1)
        match random.randrange(4):
            case 0:
                header[place : place + 1] = random.randbytes(1)
            case 1:
                header[place : place + 1] = bytes([random.choice(BYTES)])
            case 2:
                del header[place : place + random.choice((1, 2, 8))]
            case _:
                header[place:place] = header[place : place + random.choice((1, 2, 8))]
    return sealed(bytes(header), whole[end:])


def _in_meaning(random: random.Random, whole: bytes) -> bytes:
    """Values of the document or the layout changed, exchanged or taken away."""
    entries, document, data = parts(whole)
    both = {"entries": entries, "document": document}
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        _change(random, both)
    if random.randrange(20) == 0:
        data = data[: random.randrange(len(data) + 1)]
    try:
        text = json.dumps(both["document"])
        metadata = {"__metadata__": {"checksum": "0" * 64, "chainrule": text}}
        return sealed(metadata | both["entries"], data)
    except (TypeError, ValueError):
        return whole[:-1]


def _change(random: random.Random, tree: Any) -> None:
    """One change somewhere in a tree of dicts and lists."""
    places = list(_places(tree))
    inner, key = random.choice(places)
    match random.randrange(7):
        case 0 | 1:
            inner[key] = copy.deepcopy(random.choice(ODD))
        case 2:
            inner[key] = _near(random, inner[key])
        case 3:
            del inner[key]
        case 4:
            other, place = random.choice(places)
            inner[key] = copy.deepcopy(other[place])
        case 5 if isinstance(inner, list):
            inner.insert(key, copy.deepcopy(inner[key]))
        case 5:
            inner[random.choice(("type", "a", "units", "dict", "function"))] = inner.pop(key)
        case _:
            for _ in range(random.choice((1, 2, 40))):
                inner[key] = random.choice(([inner[key]], {"dict": {"a": inner[key]}}))


def _places(tree: Any) -> Any:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        if value is not None and not (isinstance(tree, dict) and key in ("entries", "document")):
            yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _near(random: random.Random, value: Any) -> Any:
    """A value like the one that is there."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return random.choice((value + 1, value - 1, -value, value * 2, value * 2**70))
    if isinstance(value, float):
        return random.choice((-value, value * 10, value + 1, value // 1, 1e300 * value))
    if isinstance(value, str):
        return random.choice((value + "x", value[:-1], value.upper(), value * 50))
    if isinstance(value, list):
        return random.choice((value[::-1], value[:-1], value * 2, value * 100))
    return value
