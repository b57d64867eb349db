"""Files made to hurt, one for each way in which loaders of models were attacked.

The classes: code named in a file (Keras CVE-2024-3660, CVE-2025-1550, -8747, -9905, -9906,
CVE-2026-1462), other formats that carry code (PyTorch CVE-2025-32434, CVE-2026-24747), one type
where another is checked (skops CVE-2025-54412, -54413, -54886), files named in a file (ONNX
external data), headers that are bombs (safetensors' own list), and sizes that are lies.
"""

import base64
import gzip
import io
import json
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule import losses, nn
from chainrule.data import Targets
from tests.model.raw import changed, entry, parts, sealed, with_arrays, with_document
from tests.model.samples import model_with

FIRST = ("network", "layers", 0)
Make = Callable[[], bytes]


class Calls:
    """What pickle would run."""

    def __reduce__(self) -> Any:
        return (print, ("run by a file",))


def whole(folder: Any) -> bytes:
    """A proper file, from which most of the others are made."""
    layers = [nn.Dense(4), nn.BatchNorm(), nn.LeakyReLU(0.2), nn.Dense(2)]
    targets = Targets("classes", 2, np.array(["no", "yes"]))
    model = model_with(nn.Network(layers), (3,), targets=targets, loss=losses.CrossEntropy(0.1))
    path = folder / "whole.safetensors"
    model.save(path)
    return bytes(path.read_bytes())


def layer(plain: Any) -> Callable[[bytes], bytes]:
    return lambda good: changed(good, *FIRST, to=plain)


def at(*way: Any, to: Any) -> Callable[[bytes], bytes]:
    return lambda good: changed(good, *way, to=to)


def made(content: bytes) -> Callable[[bytes], bytes]:
    return lambda good: content


def archive(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in members:
            file.writestr(name, content)
    return out.getvalue()


def tarred(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        file.addfile(tarfile.TarInfo(name))
    return out.getvalue()


def saved_object() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Calls()], object), allow_pickle=True)
    return out.getvalue()


PICKLE = pickle.dumps(Calls())
CODE = base64.b64encode(PICKLE).decode()

NAMED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a function of a module": (layer({"type": "os.system"}), "no proper part"),
    "a path of modules": (layer({"type": "chainrule.nn.Dense", "units": 2}), "no proper part"),
    "a class by module and name, as Keras writes it": (
        layer({"module": "os", "class_name": "system", "config": {"command": "true"}}),
        "no proper part",
    ),
    "a lambda with code": (layer({"type": "Lambda", "function": [CODE, None]}), "Lambda"),
    "a marshalled function": (at("loss", to={"function": CODE}), "no proper part"),
    "a dunder": (layer({"type": "__import__"}), "__import__"),
    "a class of Python": (layer({"type": "type"}), "does not have"),
    "a function of Python": (at("loss", to={"function": "eval"}), "does not have"),
    "a function of the system": (at("loss", to={"function": "system"}), "does not have"),
    "a switch of safe mode": (
        at("loss", to={"function": "enable_unsafe_deserialization"}),
        "does not have",
    ),
    "a download": (
        layer({"type": "get_file", "origin": "http://127.0.0.1/x"}),
        "does not have",
    ),
    "the loader itself": (at("loss", to={"function": "load"}), "does not have"),
    "the registry itself": (at("loss", to={"function": "register"}), "does not have"),
    "a class that is no part": (layer({"type": "Model"}), "does not have"),
    "a protocol": (layer({"type": "Layer"}), "does not have"),
    "a context": (layer({"type": "Context"}), "does not have"),
    "a class as a function": (at("loss", to={"function": "Dense"}), "does not have"),
    "a method as a field": (layer({"type": "ReLU", "__init__": 1}), "no field '__init__'"),
    "a reduction as a field": (layer({"type": "ReLU", "__reduce__": ["os"]}), "no field"),
    "a field late in the alphabet": (layer({"type": "ReLU", "zeta": 1}), "no field 'zeta'"),
    "a field of the class": (layer({"type": "BatchNorm", "transparent": False}), "no field"),
    "a name as a number": (layer({"type": 7}), "no proper part"),
    "a name as a list": (layer({"type": ["Dense"]}), "no proper part"),
    "a dict in disguise": (layer({"dict": [1]}), "no proper part"),
    "a type beside a dict": (layer({"dict": {}, "type": "ReLU"}), "no field 'dict'"),
    "a part of the document too many": (at("lambda", to=CODE), "'lambda' is odd"),
}
LABELLED = {"kind": "numbers", "outputs": 2, "flat": True, "classes": ["a", "b"]}
CONFUSED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a loss for a layer": (layer({"type": "Hinge"}), "cannot be"),
    "an initializer for a layer": (layer({"type": "Zeros"}), "cannot be"),
    "a string for a layer": (layer("Dense"), "cannot be"),
    "a layer for a loss": (at("loss", to={"type": "ReLU"}), "loss is none"),
    "an initializer for a loss": (at("loss", to={"type": "Zeros"}), "loss is none"),
    "an encoder for a loss": (at("loss", to=None), "loss is none"),
    "a loss for other targets": (at("loss", to={"type": "Hinge"}), "another kind of targets"),
    "a loss for an initializer": (
        at(*FIRST, "layers", 0, "bias_init", to={"type": "Hinge"}),
        "cannot be",
    ),
    "a layer for an initializer": (
        at(*FIRST, "layers", 0, "bias_init", to={"type": "ReLU"}),
        "cannot be",
    ),
    "a layer for an encoder": (at("encoder", to={"type": "ReLU"}), "encoder is none"),
    "a layer for a code": (
        at(
            "encoder",
            to={"type": "Encoder", "codes": [{"type": "ReLU"}], "target": None, "further": []},
        ),
        "cannot be",
    ),
    "a truth for the version": (at("version", to=True), "version True"),
    "a float for the version": (at("version", to=1.0), "version 1.0"),
    "a later version": (at("version", to=2), "version 2.*install a newer one"),
    "a truth for units": (at(*FIRST, "layers", 0, "units", to=True), "cannot be"),
    "a text for a rate": (at(*FIRST, "layers", 2, "slope", to="0.2"), "cannot be"),
    "a network for the card": (at("card", to=[{"type": "Network"}]), "card is none"),
    "a text for the shape": (at("in_shape", to="/etc/passwd"), "in_shape is none"),
    "a cold temperature": (at("temperature", to=0.0), "temperature is none"),
    "a hot temperature": (at("temperature", to=1e6), "temperature is none"),
    "a negative temperature": (at("temperature", to=-1.0), "temperature is none"),
    "a whole number for a temperature": (at("temperature", to=1), "temperature is none"),
    "a text for a temperature": (at("temperature", to="1"), "temperature is none"),
    "an unknown kind of targets": (at("targets", "kind", to="all"), "unknown kind 'all'"),
    "any targets with outputs": (at("targets", to=LABELLED | {"kind": "any"}), "do not fit"),
    "a truth for outputs": (at("targets", "outputs", to=True), "not understood"),
    "a number for flat": (at("targets", "flat", to=1), "not understood"),
    "three targets of two": (at("targets", "outputs", to=3), "do not fit"),
    "questions with labels": (at("targets", "kind", to="binary"), "no class labels"),
    "signs with labels": (at("targets", "kind", to="signs"), "no class labels"),
    "a list for targets": (at("targets", to=[1, 2, 3, 4]), "targets are not understood"),
    "a key too many in targets": (at("targets", "more", to=1), "targets are not understood"),
    "a text for the history": (at("history", to="ab"), "history is not understood"),
    "a number in the history": (at("history", to=["train_loss", 1]), "history is not understood"),
    "labels for numbers": (at("targets", to=LABELLED), "no class labels"),
}
FOREIGN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a pickle": (made(PICKLE), "safetensors"),
    "a pickle behind a length": (made(sealed(PICKLE)), "JSON object in ASCII"),
    "PyTorch's archive": (made(archive(("m/data.pkl", PICKLE))), "safetensors"),
    "Keras's archive": (made(archive(("config.json", b"{}"), ("w.h5", b""))), "safetensors"),
    "skops's archive": (made(archive(("schema.json", b'{"__loader__":"X"}'))), "safetensors"),
    "an archive that leaves its folder": (made(archive(("../../x", b"1"))), "safetensors"),
    "a tar that leaves its folder": (made(tarred("../../x")), "safetensors"),
    "an array of objects": (made(saved_object()), "safetensors"),
    "HDF5": (made(b"\x89HDF\r\n\x1a\n" + bytes(200)), "safetensors"),
    "gzip": (made(gzip.compress(bytes(1000))), "safetensors"),
    "joblib's stream": (made(zlib.compress(PICKLE)), "safetensors"),
    "ONNX with data elsewhere": (
        made(b"\x08\x07\x12\x04evil:\x1a\x08location\x12\x0b/etc/passwd"),
        "safetensors",
    ),
    "a script": (made(b"#!/usr/bin/env python\nimport os\n"), "safetensors"),
    "another program's safetensors": (
        made(sealed({"a": entry("F32", [1], 0, 4)}, bytes(4))),
        "no network of chainrule",
    ),
}


def bomb(text: str) -> Callable[[bytes], bytes]:
    """A header of any text that has the metadata of a model at its end."""
    metadata = json.dumps({"checksum": "0" * 64, "chainrule": "{}"})
    return lambda good: sealed("{" + text + ',"__metadata__":' + metadata + "}")


def arrays(data: int = 8, **entries: Any) -> Callable[[bytes], bytes]:
    return lambda good: with_arrays(entries, bytes(data))


def document(text: str) -> Callable[[bytes], bytes]:
    return lambda good: with_document(text)


def twice(good: bytes) -> bytes:
    entries, plain, data = parts(good)
    text = json.dumps(plain)
    return with_document(text[:-1] + ', "network": {"type": "ReLU"}}', entries, data)


def truth_of_two(good: bytes) -> bytes:
    return with_arrays({"a": entry("BOOL", [2], 0, 2)}, b"\1\2")


MANY = {f"t{i}": entry("U8", [0], 0, 0) for i in range(100_000)}
BOMBS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a header of 2^63 bytes": (made((2**63).to_bytes(8, "little") + b"{}"), "too short"),
    "a header longer than the file": (made((9).to_bytes(8, "little") + b"{}"), "too short"),
    "a header of 17 MB": (made(sealed(b"{" + b" " * (17 * 2**20))), "the most is"),
    "100,000 arrays": (lambda good: with_arrays(MANY, b""), "more values"),
    "a million empty lists": (bomb('"a":[' + "[]," * 1_000_000 + "0]"), "more values"),
    "two million numbers": (document("[" + "1," * 2_000_000 + "1]"), "more values"),
    "a header 10,000 deep": (bomb('"a":' + "[" * 10_000 + "]" * 10_000), "more than 32 deep"),
    "a header 33 deep": (bomb('"a":' + "[" * 32 + "]" * 32), "more than 32 deep"),
    "a document 10,000 deep": (document("[" * 10_000 + "]" * 10_000), "more than 32 deep"),
    "a document 33 deep": (document('{"a":' + "[" * 32 + "]" * 32 + "}"), "more than 32 deep"),
    "a name twice": (bomb('"a":1,"a":1'), "a name occurs twice"),
    "metadata twice": (bomb('"__metadata__":{}'), "a name occurs twice"),
    "a network twice": (twice, "a name occurs twice"),
    "a list for a header": (made(sealed(b"[1]")), "not a JSON object"),
    "a document that is a list": (
        document("[1]"),
        "document is not proper JSON .it is not an",
    ),
    "a header in UTF-16": (made(sealed("{}".encode("utf-16"))), "ASCII"),
    "a mark of UTF-8": (made(sealed(b'\xef\xbb\xbf{"a":1}')), "ASCII"),
    "a header that begins with a space": (made(sealed(b' {"a":1}')), "JSON object"),
    "a header that is cut": (made(sealed(b'{"a":')), "not proper JSON"),
    "signs in a header that are no text": (made(sealed(b'{"a\xff":1}')), "ASCII"),
    "a document in other letters": (document('{"ä":1}'), "no network of chainrule"),
    "half a sign": (document(r'{"a":"\ud800"}'), "not proper Unicode"),
    "no number": (document('{"a":NaN}'), "nan is no finite number"),
    "infinity": (document('{"a":-Infinity}'), "-inf is no finite number"),
    "infinity in digits": (document('{"a":1e999}'), "inf is no finite number"),
    "a giant number": (document('{"a":' + "9" * 4000 + "}"), "too large"),
    "a number without end": (document('{"a":' + "9" * 100_000 + "}"), "not proper JSON"),
    "a sign that makes text four times as large": (
        document('{"a":"' + r"\ud83d\ude00" + "x" * (15 * 2**20) + '"}'),
        "'a' is odd|version None",
    ),
    "overlap": (arrays(8, a=entry("F32", [1], 0, 4), b=entry("F32", [2], 0, 8)), "neighbors"),
    "a hole": (arrays(12, a=entry("F32", [1], 0, 4), b=entry("F32", [1], 8, 12)), "neighbors"),
    "a hole at the beginning": (arrays(8, a=entry("F32", [1], 4, 8)), "neighbors"),
    "bytes at the end": (arrays(9, a=entry("F32", [2], 0, 8)), "too long"),
    "a negative size": (arrays(8, a=entry("F32", [-2], 0, 8)), "shape and place"),
    "a negative place": (arrays(8, a=entry("F32", [2], -8, 0)), "shape and place"),
    "places in reverse": (arrays(8, a=entry("F32", [2], 8, 0)), "neighbors"),
    "a shape that overflows": (arrays(8, a=entry("F32", [2**32, 2**32], 0, 0)), "shape and"),
    "no numbers in a giant shape": (arrays(0, a=entry("F32", [0, 2**61], 0, 0)), "shape and"),
    "a size of 2^63": (arrays(0, a=entry("F32", [2**63], 0, 2**63)), "shape and place"),
    "an array beyond the file": (arrays(8, a=entry("F32", [2**40], 0, 2**42)), "cut off"),
    "33 axes": (arrays(8, a=entry("F32", [2] + [1] * 32, 0, 8)), "shape and place"),
    "a float for a size": (arrays(8, a=entry("F32", [2.0], 0, 8)), "shape and place"),
    "a truth for a size": (arrays(4, a=entry("F32", [True], 0, 4)), "shape and place"),
    "three places": (
        arrays(8, a={"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 8]}),
        "shape and place",
    ),
    "a text for a shape": (arrays(8, a=entry("F32", "22", 0, 8)), "shape and place"),  # type: ignore[arg-type]
    "an unknown type of numbers": (arrays(8, a=entry("F99", [2], 0, 8)), "unknown dtype"),
    "objects as numbers": (arrays(8, a=entry("O", [1], 0, 8)), "unknown dtype"),
    "a list for a type": (arrays(8, a=entry(["F32"], [2], 0, 8)), "unknown dtype"),  # type: ignore[arg-type]
    "a key too many": (arrays(8, a=entry("F32", [2], 0, 8) | {"x": 1}), "not understood"),
    "an entry that is a list": (arrays(8, a=[1]), "not understood"),
    "a truth of two": (truth_of_two, "neither 0 nor 1"),
    "no checksum": (made(sealed({"__metadata__": {"chainrule": "{}"}})), "no checksum"),
    "a checksum of other letters": (
        made(sealed({"__metadata__": {"chainrule": "{}", "checksum": "٣" * 64}})),
        "no checksum",
    ),
    "a checksum in another place": (
        made(sealed('{"__metadata__": {"chainrule": "{}", "checksum" : "' + "0" * 64 + '"}}')),
        "not written as chainrule does",
    ),
    "metadata that is a list": (made(sealed({"__metadata__": []})), "no network"),
    "a document that is no text": (
        made(sealed({"__metadata__": {"chainrule": {}, "checksum": "0" * 64}})),
        "no network",
    ),
}


def network(layers: Any, in_shape: Any, data: bytes = b"") -> Callable[[bytes], bytes]:
    """A file that claims a network; its arrays, if any, are one of bytes."""

    def make(good: bytes) -> bytes:
        _, plain, _ = parts(good)
        plain |= {"network": {"type": "Network", "layers": layers}, "in_shape": in_shape}
        plain |= {"targets": {"kind": "any", "outputs": 0, "flat": True, "classes": None}}
        plain |= {"loss": {"type": "MeanSquaredError"}, "history": []}
        return with_document(plain, {"a": entry("U8", [len(data)], 0, len(data))}, data)

    return make


def dense(units: Any) -> dict[str, Any]:
    zeros = {"type": "Zeros"}
    return {
        "type": "Dense", "units": units, "weight_init": zeros, "bias_init": zeros, "bias": True,
    }  # fmt: skip


def labels(*texts: str) -> Callable[[bytes], bytes]:
    return lambda good: changed(good, "targets", "classes", to=list(texts))


def long_history(good: bytes) -> bytes:
    entries, plain, data = parts(good)
    names = plain["history"]
    more = {f"history.{i}": 0 for i in range(5)}
    end = len(data)
    for name in more:
        entries[name] = entry("F64", [300_000], end, end + 2_400_000)
        end += 2_400_000
    plain["history"] = [*names, *(name.removeprefix("history.") for name in more)]
    return with_document(plain, entries, data + bytes(12_000_000))


def labels_in_two_axes(good: bytes) -> bytes:
    entries, plain, data = parts(good)
    plain["targets"]["classes"] = "array"
    end = len(data)
    entries["targets.classes"] = entry("I8", [2, 1], end, end + 2)
    return with_document(plain, entries, data + bytes(2))


NUMBERS = {"kind": "numbers", "outputs": 2, "flat": False, "classes": None}


def heads(targets: Any, loss: Any = None) -> Callable[[bytes], bytes]:
    """A file of a network that ends in one head of two outputs."""
    one = [{"type": "Heads", "layers": [["a", {"type": "ReLU"}]]}]

    def make(good: bytes) -> bytes:
        changed_targets = changed(network(one, [2])(good), "targets", to=targets)
        return changed(changed_targets, "loss", to=loss or {"type": "MeanSquaredError"})

    return make


def head_loss(name: str, weight: float = 1.0, loss: Any = None) -> Any:
    own = {"type": "HeadLoss", "loss": loss or {"type": "MeanSquaredError"}, "weight": weight}
    return {"type": "HeadLosses", "heads": [[name, own]]}


RELU, FLATTEN = {"type": "ReLU"}, {"type": "Flatten"}
NORM = {"type": "BatchNorm", "momentum": 0.9, "epsilon": 1e-5}
EMBEDDING = {"type": "Embedding", "count": 1, "features": 2**20, "table_init": {"type": "Zeros"}}
LIES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "units beyond every memory": (network([dense(10**12)], [3]), "the file is smaller"),
    "units beyond every number": (network([dense(2**63)], [3]), "cannot be built|smaller"),
    "an input beyond every memory": (network([RELU], [10**12]), "in_shape"),
    "an input of 33 axes": (network([RELU], [1] * 33), "in_shape"),
    "norms beyond every memory": (
        network([FLATTEN, NORM], [2**20, 2**14]),
        "the file is smaller",
    ),
    "a thousand wide norms": (network([NORM] * 1000, [2**18]), "the file is smaller"),
    "bytes that lend norms their size": (
        network([FLATTEN, NORM], [2**10, 2**13], bytes(2**23)),
        "the file is smaller",
    ),
    "a table beyond every memory": (
        network([EMBEDDING, FLATTEN, NORM], [2**20]),
        "the file is smaller",
    ),
    "6000 layers": (network([RELU] * 6000, [1]), "more than 5000 layers"),
    "named inputs for one layer": (
        network([RELU], {"dict": {"a": [1]}}),
        "ReLU takes one array",
    ),
    "branches that are none": (network([{"type": "Branches", "layers": 5}], [1]), "network"),
    "branches without layers": (
        network([{"type": "Branches", "layers": [["a", 3]]}], {"dict": {"a": [1]}}),
        "which is no layer",
    ),
    "a norm of nothing": (network([NORM], []), "cannot be built"),
    "one endless label": (labels("a", "b" * 2_000_000), "too long"),
    "labels in two axes": (labels_in_two_axes, "class labels are not understood"),
    "a loss of signs for outputs of any shape": (
        lambda good: changed(network([RELU], [2, 3])(good), "loss", to={"type": "Hinge"}),
        "another kind of targets",
    ),
    "heads that are none": (network([{"type": "Heads", "layers": 5}], [1]), "network"),
    "heads beyond every memory": (
        network([{"type": "Heads", "layers": [["a", dense(10**12)]]}], [3]),
        "the file is smaller",
    ),
    "heads of one target": (
        heads({"kind": "any", "outputs": 0, "flat": True, "classes": None}),
        "targets are not understood",
    ),
    "targets of no head": (heads({"heads": {"b": NUMBERS}}), "do not fit its network"),
    "targets of a head that are none": (heads({"heads": {"a": 3}}), "not understood"),
    "heads inside a head's targets": (
        heads({"heads": {"a": {"heads": {"a": NUMBERS}}}}),
        "not understood",
    ),
    "one loss for heads": (heads({"heads": {"a": NUMBERS}}), "another kind of targets"),
    "a loss of other heads": (
        heads({"heads": {"a": NUMBERS}}, head_loss("b")),
        "another kind of targets",
    ),
    "losses of weight 0": (heads({"heads": {"a": NUMBERS}}, head_loss("a", 0.0)), "weight 0"),
    "a loss of a text": (heads({"heads": {"a": NUMBERS}}, head_loss("a", 1.0, "mse")), "loss"),
    "endless labels of a head": (
        heads({"heads": {"a": {**NUMBERS, "kind": "classes", "classes": ["a", "b" * 2_000_000]}}}),
        "too long",
    ),
    "a label twice": (labels("a", "a"), "twice"),
    "a label that is a number": (at("targets", "classes", to=[1, 2]), "not understood"),
    "an endless history": (long_history, "more than 1048576 numbers"),
}
EVERY = {
    f"{group}: {name}": found
    for group, files in {
        "named": NAMED,
        "confused": CONFUSED,
        "foreign": FOREIGN,
        "bomb": BOMBS,
        "lie": LIES,
    }.items()
    for name, found in files.items()
}
"""How each file is made of a proper one, and what the message must say."""
