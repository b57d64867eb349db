"""Segments of a table: where new rows belong, how odd they are; saved as one file of pure data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.clustering.anomalies import NORMAL_SHARE
from chainrule.clustering.file_parts import METHODS, is_card, is_upper_tree
from chainrule.clustering.kmeans import nearest_centers
from chainrule.clustering.nearest import NearestRows
from chainrule.clustering.repair import unit_rows
from chainrule.data import Encoder, as_table
from chainrule.errors import DataError, ModelFileError, SettingError
from chainrule.model.container import HEADER_LIMIT, read_container, write_container
from chainrule.model.descriptions import from_plain, to_plain

VERSION, KIND = 1, "segments"
NAMES = {"version", "kind", "encoder", "method", "cosine", "card"}
ARRAYS = {
    "centers": "<f8",
    "widths": "<f8",
    "shares": "<f8",
    "tree": "<f8",
    "rows": "<f8",
    "row_labels": "<i8",
}


@dataclass(frozen=True, eq=False)
class Segments:
    """What `cr.cluster` found.

    Attributes:
        encoder: from columns to features. method: "kmeans" or the linkage of a tree.
        centers: float64 (segments, features), the mean of each. widths: (segments,), the root mean
            squared distance of its rows. shares: of all rows, (segments,).
        cosine: whether rows are brought to length 1.
        card: what was read, chosen and found; `card["segments"]` describes each in words.
        tree: of a tree the upper merges as SciPy's linkage matrix, and below them one row for each
            of their leaves, with how many rows of the table it stands for; or None.
        rows, row_labels: its rows and their segments from 0, where they are kept, or None.
        labels: the segment of every row of the table, from 1; None after loading.
        anomalies: the oddest rows, each with its `row` from 1, `segment`, `oddness`, the `columns`
            that stand out and the `reason`; after loading the reason tells cells only where rows
            are kept.
    """

    encoder: Encoder
    method: str
    centers: Any
    widths: Any
    shares: Any
    cosine: bool
    card: dict[str, Any]
    tree: Any = None
    rows: Any = None
    row_labels: Any = None
    labels: Any = field(default=None, repr=False)
    anomalies: list[dict[str, Any]] = field(default_factory=list, repr=False)

    @property
    def k(self) -> int:
        """How many segments there are; 1 where there are no clusters."""
        return len(self.centers)

    def features(self, source: Any) -> Any:
        """A table as the segments see it, float64 (rows, features)."""
        table = as_table(source, self.encoder.kinds)
        found = self.encoder.encode(table, "float64")
        return unit_rows(found) if self.cosine else found

    def predict(self, source: Any) -> Any:
        """The segment of every row, int64 (rows,), counted from 1.

        Args:
            source: the path of a table, a DataFrame, a dict of columns; or features (rows, width).

        Raises:
            SettingError: segments of a tree whose rows were not kept.
        """
        return self.place(source)[0]

    def place(self, source: Any) -> tuple[Any, Any]:
        """Segments as `predict`, and how odd each row is: its distance in widths of its segment."""
        rows = source if isinstance(source, np.ndarray) else self.features(source)
        if self.method == "kmeans":
            labels = nearest_centers(rows, self.centers)[0]
        elif self.rows is None:
            raise SettingError(
                f"These segments come from a tree ({self.method}), and a new row belongs where its "
                "nearest row does; the rows were not kept. Cluster again with --keep-rows "
                "(keep_rows=True), or by k-means."
            )
        else:
            labels = self.row_labels[NearestRows.of(self.rows).find(rows)]
        beside = beside_what(rows, labels, self.centers, self.widths, self.shares)
        gaps = ((rows - self.centers[beside]) ** 2).sum(axis=1)
        return labels.astype("int64") + 1, np.sqrt(gaps) / self.widths[beside]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one file of pure data; rows are in it only where they are kept.

        Raises:
            ModelFileError: it cannot be written.
        """
        document = {
            "version": VERSION, "kind": KIND, "method": self.method, "cosine": self.cosine,
            "encoder": to_plain(self.encoder, "the encoder"), "card": self.card,
        }  # fmt: skip
        arrays = {name: getattr(self, name) for name in ARRAYS if getattr(self, name) is not None}
        write_container(
            Path(path), document, {n: np.asarray(a, ARRAYS[n]) for n, a in arrays.items()}
        )


def beside_what(rows: Any, labels: Any, centers: Any, widths: Any, shares: Any) -> Any:
    """The segment beside which each row is odd or not: its own, unless that is a handful of rows.

    Rows of a segment with less than NORMAL_SHARE of all are judged beside the nearest larger one.
    """
    large = np.flatnonzero(shares >= min(NORMAL_SHARE, shares.max()))
    found = labels.copy()
    odd = np.flatnonzero(~np.isin(labels, large))
    if len(odd):
        gaps = ((rows[odd, None] - centers[large]) ** 2).sum(axis=2) / widths[large] ** 2
        found[odd] = large[gaps.argmin(axis=1)]
    return found


def is_segments_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file says that it holds segments; anything else is for others to judge."""
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = file.read(min(length, HEADER_LIMIT))
    except OSError:
        return False
    return b'\\"kind\\":\\"segments\\"' in header


def load_segments(path: str | os.PathLike[str]) -> Segments:
    """Segments from a file. Nothing in it is ever run.

    Raises:
        ModelFileError: it is no file of segments, is cut off, or was changed.
    """
    where = Path(path)
    document, arrays = read_container(where)
    if set(document) != NAMES or document["kind"] != KIND or document["version"] != VERSION:
        raise ModelFileError(f"{where} is not a file of segments that this chainrule reads.")
    try:
        return _checked(document, arrays)
    except (ModelFileError, DataError, KeyError, TypeError) as error:
        raise ModelFileError(f"{where} cannot be loaded: {error}") from error


def _checked(document: Mapping[str, Any], arrays: dict[str, Any]) -> Segments:
    encoder = from_plain(document["encoder"], "the encoder")
    _expect(isinstance(encoder, Encoder), "its encoder is none")
    _expect(document["method"] in METHODS, "its method is unknown")
    _expect(type(document["cosine"]) is bool, "its kind of distance is unknown")
    _expect(
        {"centers", "widths", "shares"} <= set(arrays) <= set(ARRAYS), "an array is odd or missing"
    )
    for name, array in arrays.items():
        _expect(array.dtype == np.dtype(ARRAYS[name]), f"{name} has another type")
        _expect(bool(np.isfinite(array).all()), f"{name} holds a number that is not finite")
    centers, widths, shares = (arrays[name] for name in ("centers", "widths", "shares"))
    width = encoder.width
    _expect(centers.ndim == 2 and len(centers) > 0, "its centers have no shape")
    _expect(
        centers.shape[1] == width and widths.shape == shares.shape == (len(centers),),
        "shapes do not fit",
    )
    _expect(bool((widths > 0).all()), "a width is not above 0")
    _expect(is_card(document["card"], len(centers)), "its card is none")
    _expect(("rows" in arrays) == ("row_labels" in arrays), "rows and their labels do not fit")
    if "rows" in arrays:
        rows, labels = arrays["rows"], arrays["row_labels"]
        _expect(rows.ndim == 2 and rows.shape[1] == width and len(rows) > 0, "rows have no shape")
        _expect(labels.shape == (len(rows),), "rows and their labels do not fit")
        _expect(bool(((labels >= 0) & (labels < len(centers))).all()), "a label is unknown")
    tree = arrays.get("tree")
    _expect(tree is None or is_upper_tree(tree), "its tree is none")
    return Segments(
        encoder, document["method"], centers, widths, shares, document["cosine"], document["card"],
        tree, arrays.get("rows"), arrays.get("row_labels"), None, document["card"]["anomalies"],
    )  # fmt: skip


def _expect(holds: bool, fault: str) -> None:
    if not holds:
        raise ModelFileError(f"{fault}.")
