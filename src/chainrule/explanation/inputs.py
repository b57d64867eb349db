"""The network's inputs in the words of the table: which column each comes from, and how.

An encoder's codes are pure data; this is the one place that writes them out for a reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chainrule.data import EmbeddedCode, Encoder

FEW_LABELS = 6
"""So many labels of a category are listed."""


@dataclass(frozen=True)
class InputColumn:
    """A column that the network sees.

    Attributes:
        name: in the table. kind: "number", "category", …
        first: the number of its first input, counted from 1. width: how many inputs it has.
        encoding: how a cell becomes these inputs, in words.
    """

    name: str
    kind: str
    first: int
    width: int
    encoding: str


def input_columns(encoder: Encoder) -> tuple[InputColumn, ...]:
    """The columns of an encoder in the order of its inputs.

    Example:
        >>> from chainrule.data import as_table, fit_encoder
        >>> table = as_table({"city": ["Rome", "Oslo"], "y": [1.0, 2.0]})
        >>> encoder = fit_encoder(table, ["city"], table.column("y"))
        >>> input_columns(encoder)[0].encoding
        '1 where it is Oslo, Rome, else 0'
    """
    found, first = [], 1
    for code in encoder.codes:
        found.append(InputColumn(code.column, code.kind, first, code.width, _encoding(code)))
        first += code.width
    return tuple(found)


def input_names(encoder: Encoder) -> tuple[str, ...]:
    """What every input of the network is, e.g. "bill_length_mm" or "island = Biscoe"."""
    return tuple(name for code in encoder.codes for name in _names(code))


def _names(code: Any) -> Iterator[str]:
    if isinstance(code, EmbeddedCode):
        yield code.column
        return
    if code.kind == "category":
        yield from (f"{code.column} = {label}" for label in code.labels)
        if code.slot:
            yield f"{code.column} is missing or new"
        return
    yield code.column
    if code.indicator:
        yield f"{code.column} is missing"
    if code.kind == "date":
        for cycle in code.cycles:
            yield f"{code.column}, sine of the {cycle}"
            yield f"{code.column}, cosine of the {cycle}"


def _encoding(code: Any) -> str:
    if code.kind == "date":
        cycles = "".join(f"; sine and cosine of its place in the {c}" for c in code.cycles)
        return f"days since 1970-01-01, {_number(code.days)}{cycles}"
    if code.kind == "number":
        return _number(code)
    if isinstance(code, EmbeddedCode):
        return (
            f"0 … {len(code.labels) - 1} for its {len(code.labels)} labels in order, "
            f"{len(code.labels)} for missing, rare and new values; each has a learnt vector"
        )
    listed = ", ".join(code.labels[:FEW_LABELS])
    more = f", … ({len(code.labels)} values)" if len(code.labels) > FEW_LABELS else ""
    other = "; a last input for missing, rare and new values" if code.slot else ""
    return f"1 where it is {listed}{more}, else 0{other}"


def _number(code: Any) -> str:
    indicator = ", and a second input is 1" if code.indicator else ""
    value = "value"
    if code.bend:
        value = f"±log(1 + |value - {code.median:.4g}| / {code.bend:.4g})"
    return (
        f"({value} - {code.mean:.4g}) / {code.scale:.4g}; where missing, {code.median:.4g} "
        f"stands for it{indicator}"
    )
