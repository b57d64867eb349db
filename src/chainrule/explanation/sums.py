"""Sums, softmaxes and windows spelled out term by term: in names and in numbers.

A primitive's own `formula` writes Σ; here stand the terms, and of many those that matter most.
What they come to is never computed here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.autodiff import Record
from chainrule.explanation.labels import Index
from chainrule.explanation.names import Names
from chainrule.explanation.selection import Selection
from chainrule.explanation.windows import pooled, products
from chainrule.explanation.writing import EXACT, factor, number, numeral
from chainrule.ops import attention_weights

Written = tuple[str, str]
"""A formula in names, and the same in numbers."""


class Sums:
    """Writes out sums over several numbers of a tape.

    Args:
        names: of the tape's numbers.
        selection: which terms of a sum are written; the rest is an ellipsis.
    """

    def __init__(self, names: Names, selection: Selection) -> None:
        self.names = names
        self.selection = selection
        self._forms: dict[str, Callable[[Record, Index], Written]] = {
            "affine": self._weighted_sum,
            "matmul": self._weighted_sum,
            "sum": self._sum,
            "mean": self._sum,
            "dot": self._dot,
            "softmax": self._softmax,
            "log_softmax": self._softmax,
            "logsumexp": self._logsumexp,
            "cross_entropy": self._cross_entropy,
            "label_cross_entropy": self._label_cross_entropy,
            "attention": self._attention,
            "convolve": self._convolved,
            "max_pool": self._pooled,
            "average_pool": self._pooled,
        }

    def knows(self, record: Record) -> bool:
        """Whether the primitive is a sum that is spelled out in one of its forms."""
        return record.primitive.name in self._forms

    def forward(self, record: Record, index: Index) -> Written | None:
        """The terms of the number at an index of a record's output; None where it has none here."""
        spell = self._forms.get(record.primitive.name)
        return spell(record, index) if spell is not None and self._spellable(record) else None

    def derivative(self, record: Record, k: int, out: Index, source: Index) -> Written | None:
        """∂out/∂source, where source is a number of the record's input k; None as above."""
        name = record.primitive.name
        if name in ("affine", "matmul") and self._spellable(record):
            return self._partner(record, k, out, source)
        if name == "convolve":
            return self._convolved_with(record, k, out, source)
        if name in ("softmax", "cross_entropy", "label_cross_entropy") and k == 0:
            return self._softmax_derivative(record, out, source)
        if name == "mean":
            count = self.names.values[record.inputs[0]].size
            return "", f"1/{count // max(1, self.names.values[record.outputs[0]].size)}"
        return None

    def _spellable(self, record: Record) -> bool:
        """Whether a sum has one of the forms that are spelled out here."""
        values = [self.names.values[slot] for slot in record.inputs]
        name = record.primitive.name
        if name in ("affine", "matmul"):
            return bool(values[1].ndim == 2 and values[0].ndim >= 2)
        if name in ("softmax", "log_softmax", "logsumexp"):
            axis = record.static.get("axis", -1)
            return axis in (-1, values[0].ndim - 1) and not record.static.get("keepdims")
        return True

    def _terms(self, pieces: list[Written], more: bool) -> Written:
        """Summands one after the other, and an ellipsis where there are more."""
        rest = ["…"] if more else []
        return " + ".join([p[0] for p in pieces] + rest), " + ".join([p[1] for p in pieces] + rest)

    def _product(self, a: int, b: int, first: bool) -> Written:
        left = numeral(self.names.value(a)).text if first else factor(self.names.value(a))
        symbols = f"{self.names.name(a)}·{self.names.name(b)}"
        return symbols, f"{left}·{factor(self.names.value(b))}"

    def _weighted_sum(self, record: Record, index: Index) -> Written:
        """w·x + w·x + … + b, the weights in the order of the inputs."""
        x, weight = (self.names.ids[slot] for slot in record.inputs[:2])
        weights, sources = weight[:, index[-1]], x[index[:-1]]
        kept = self.selection.along(sources)
        pieces = [
            self._product(int(weights[k]), int(sources[k]), i == 0) for i, k in enumerate(kept)
        ]
        symbols, numbers = self._terms(pieces, len(kept) < len(sources))
        if record.primitive.name == "matmul":
            return symbols, numbers
        bias = int(self.names.ids[record.inputs[2]][index[-1]])
        plus = f" + {self.names.name(bias)}", f" + {factor(self.names.value(bias))}"
        return symbols + plus[0], numbers + plus[1]

    def _partner(self, record: Record, k: int, out: Index, source: Index) -> Written:
        """What a number is multiplied with in a weighted sum: its derivative."""
        if k == 2:
            return "", ""
        x, weight = (self.names.ids[slot] for slot in record.inputs[:2])
        other = weight[source[-1], out[-1]] if k == 0 else x[out[:-1]][source[0]]
        return self.names.name(int(other)), ""

    def _summed(self, record: Record, index: Index) -> list[int]:
        """The identities of what is added up to one number of a reduction."""
        ids = self.names.ids[record.inputs[0]]
        axis = record.static.get("axis")
        axes = range(ids.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
        gone = sorted(a % ids.ndim for a in axes) if ids.ndim else []
        free = list(index)
        place: list[Any] = []
        for a in range(ids.ndim):
            if a in gone:
                place.append(slice(None))
                if record.static.get("keepdims"):
                    free.pop(0)
            else:
                place.append(free.pop(0))
        return [int(i) for i in ids[tuple(place)].reshape(-1)]

    def _sum(self, record: Record, index: Index) -> Written:
        parts = self._summed(record, index)
        kept = [parts[k] for k in self.selection.along(parts)]
        pieces = [
            (self.names.text(i).text, (factor if k else number)(self.names.value(i)))
            for k, i in enumerate(kept)
        ]
        symbols, numbers = self._terms(pieces, len(kept) < len(parts))
        if record.primitive.name == "sum" or len(parts) == 1:
            return symbols, numbers
        return f"({symbols}) / {len(parts)}", f"({numbers}) / {len(parts)}"

    def _dot(self, record: Record, index: Index) -> Written:
        a, b = (self.names.ids[slot].reshape(-1) for slot in record.inputs)
        kept = self.selection.along(a)
        pieces = [self._product(int(b[k]), int(a[k]), i == 0) for i, k in enumerate(kept)]
        return self._terms(pieces, len(kept) < len(a))

    def _row(self, record: Record, index: Index) -> tuple[list[int], Written]:
        """The numbers along the last axis at an output's place, and the sum of e to their power."""
        row = [int(i) for i in self.names.ids[record.inputs[0]][index]]
        kept = self.selection.along(row)
        return row, self._terms([self._power(row[k]) for k in kept], len(kept) < len(row))

    def _attention(self, record: Record, index: Index) -> Written:
        """Σ a·v: a1(2,3) is how much step 2 looks at step 3 through head 1; the largest if many."""
        q, k, v, *valid = (self.names.values[slot] for slot in record.inputs)
        heads = int(record.static.get("heads", 1))
        example, step, column = index
        head = column // (v.shape[2] // heads)
        weights = attention_weights(q, k, *valid, **record.static)[example, head, step]
        sources = self.names.ids[record.inputs[2]][example, :, column]
        kept = sorted(np.argsort(-weights, kind="stable")[: self.selection.most])
        pieces = [
            (
                f"a{head + 1}({step + 1},{j + 1})·{self.names.name(int(sources[j]))}",
                f"{number(float(weights[j]))}·{factor(self.names.value(int(sources[j])))}",
            )
            for j in kept
        ]
        return self._terms(pieces, len(kept) < len(sources))

    def _convolved(self, record: Record, index: Index) -> Written:
        """w·x + … + b over the window of one output; of many products the largest."""
        x, weight, *bias = (self.names.ids[slot] for slot in record.inputs)
        pairs = [
            (int(weight[w]), int(x[i])) for w, i in products(record, x.shape, weight.shape, index)
        ]
        kept = self._largest([self.names.value(w) * self.names.value(i) for w, i in pairs])
        pieces = [self._product(*pairs[k], n == 0) for n, k in enumerate(kept)]
        symbols, numbers = self._terms(pieces, len(kept) < len(pairs))
        for b in bias:
            one = int(b[index[-1]])
            symbols += f" + {self.names.name(one)}"
            numbers += f" + {factor(self.names.value(one))}"
        return symbols, numbers

    def _convolved_with(self, record: Record, k: int, out: Index, source: Index) -> Written:
        """What an input or a weight is multiplied with in the window of one output."""
        x, weight = (self.names.ids[slot] for slot in record.inputs[:2])
        for w, i in products(record, x.shape, weight.shape, out):
            if k < 2 and source == (i, w)[k]:
                return self.names.name(int((weight[w], x[i])[k])), ""
        return "", ""

    def _pooled(self, record: Record, index: Index) -> Written:
        """The largest, or the mean, of the numbers in a window; of many the largest are written."""
        ids = self.names.ids[record.inputs[0]]
        parts = [int(ids[i]) for i in pooled(record, ids.shape, index)]
        kept = self._largest([self.names.value(i) for i in parts])
        most = record.primitive.name == "max_pool"
        write = number if most else factor
        pieces = [
            (self.names.text(parts[k]).text, write(self.names.value(parts[k]))) for k in kept
        ] + [("…", "…")] * (len(kept) < len(parts))
        between, around = (", ", "max({})") if most else (" + ", f"({{}}) / {len(parts)}")
        symbols, numbers = (around.format(between.join(p[side] for p in pieces)) for side in (0, 1))
        return symbols, numbers

    def _largest(self, values: list[float]) -> list[int]:
        """Which values are written, in their order: of many the largest in size."""
        order = np.argsort(-np.abs(values), kind="stable")[: self.selection.most]
        return sorted(int(k) for k in order)

    def _power(self, i: int) -> Written:
        return f"e^{self.names.name(i)}", "e^" + factor(self.names.value(i))

    def _softmax(self, record: Record, index: Index) -> Written:
        row, below = self._row(record, index[:-1])
        top = self._power(row[index[-1]])
        if record.primitive.name == "softmax":
            return f"{top[0]} / ({below[0]})", f"{top[1]} / ({below[1]})"
        own = row[index[-1]]
        return (
            f"{self.names.name(own)} - log({below[0]})",
            f"{number(self.names.value(own))} - log({below[1]})",
        )

    def _logsumexp(self, record: Record, index: Index) -> Written:
        symbols, numbers = self._row(record, index)[1]
        return f"log({symbols})", f"log({numbers})"

    def _label_cross_entropy(self, record: Record, index: Index) -> Written:
        row, (symbols, numbers) = self._row(record, index)
        right = row[int(self.names.values[record.inputs[1]][index])]
        return (
            f"log({symbols}) - {self.names.name(right)}",
            f"log({numbers}) - {factor(self.names.value(right))}",
        )

    def _cross_entropy(self, record: Record, index: Index) -> Written:
        """-Σ p·log softmax(z), with log softmax(z) = z - log Σ e^z."""
        row, below = self._row(record, index)
        targets = [int(i) for i in self.names.ids[record.inputs[1]][index]]
        kept = self.selection.along(row)
        pieces = [
            (
                f"{self.names.name(t)}·(log({below[0]}) - {self.names.name(z)})",
                f"{number(self.names.value(t))}·(log({below[1]}) - {factor(self.names.value(z))})",
            )
            for t, z in ((targets[k], row[k]) for k in kept)
        ]
        return self._terms(pieces, len(kept) < len(row))

    def _softmax_derivative(self, record: Record, out: Index, source: Index) -> Written:
        """softmax(z) - p for the cross-entropies; outᵢ·(δᵢⱼ - outⱼ) for softmax itself."""
        if record.primitive.name != "softmax":
            mass, target = self._mass(record, source)
            return f"{mass}softmax_{self._unit(record, source)} - {target}", ""
        ids = self.names.ids[record.outputs[0]]
        i, j = int(ids[out]), int(ids[source])
        pair = [(self.names.name(n), factor(self.names.value(n))) for n in (i, j)]
        if i == j:
            return tuple(f"{p}·(1 - {p})" for p in pair[0])  # type: ignore[return-value]
        return f"-{pair[0][0]}·{pair[1][0]}", f"-{pair[0][1]}·{pair[1][1]}"

    def _unit(self, record: Record, source: Index) -> str:
        label = self.names.label(int(self.names.ids[record.inputs[0]][source]))
        return label.unit + label.example

    def _mass(self, record: Record, source: Index) -> tuple[str, str]:
        """What the softmax is multiplied with (nothing where it is 1), and what is taken away."""
        if record.primitive.name == "label_cross_entropy":
            right = int(self.names.values[record.inputs[1]][source[:-1]]) == source[-1]
            return "", "1" if right else "0"
        targets = self.names.ids[record.inputs[1]][source[:-1]]
        total = sum(self.names.value(int(t)) for t in targets)
        shares = " + ".join(self.names.name(int(t)) for t in targets)
        mass = "" if abs(total - 1) < EXACT else f"({shares})·"
        return mass, self.names.name(int(targets[source[-1]]))
