"""The figures of segments: what they hold themselves, and what needs rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.clustering import Segments, silhouettes
from chainrule.data import as_table
from chainrule.errors import SettingError, unknown_name
from chainrule.plotting import draw_dendrogram, draw_profile, draw_scatter, draw_silhouette

SEGMENT_FIGURES = ("scatter", "silhouette", "dendrogram", "profile")
MOST_DOTS, MOST_SILHOUETTES, MOST_COLUMNS = 20_000, 2_000, 25
"""Rows that are drawn at most, evenly taken from all; columns of a profile at most."""


def plot_segments(made: Segments, kind: str, source: Any = None, missing: Any = None) -> Any:
    """A figure of segments.

    Args:
        kind: "profile" and "dendrogram" are drawn from the segments alone, "scatter" and
            "silhouette" from the rows of `source`.

    Raises:
        SettingError: an unknown kind, no rows, or no tree to draw.
    """
    if kind not in SEGMENT_FIGURES:
        raise unknown_name("figure of segments", kind, SEGMENT_FIGURES)
    if kind == "profile":
        return _profile(made)
    if kind == "dendrogram":
        return _dendrogram(made)
    rows, labels = made.rows, None
    if source is not None:
        table = as_table(source, made.encoder.kinds, missing=missing)
        rows = made.features(table)
        labels = made.labels if table.digest() == made.card["data_hash"] else None
    if rows is None:
        raise SettingError(
            f"A {kind} is drawn from rows, and these segments keep none: name a table, e.g. "
            f"chainrule plot MODEL FILE.csv --kind {kind}"
        )
    if labels is None:
        labels = made.predict(rows)
    return (_scatter if kind == "scatter" else _silhouette)(made, rows, labels)


def _some(rows: Any, most: int) -> Any:
    return np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype("int64"))


def _scatter(made: Segments, rows: Any, labels: Any) -> Any:
    mean = rows.mean(axis=0)
    values, axes = np.linalg.eigh(np.atleast_2d(np.cov(rows - mean, rowvar=False)))
    order = np.argsort(-values)[:2]
    shares, axes = values[order] / max(values.sum(), 1e-300), axes[:, order]
    if axes.shape[1] == 1:
        axes, shares = np.hstack([axes, np.zeros_like(axes)]), np.array([shares[0], 0.0])
    some = _some(rows, MOST_DOTS)
    sizes = np.bincount(labels, minlength=made.k + 1)[1:]
    return draw_scatter(
        (rows[some] - mean) @ axes, labels[some], (made.centers - mean) @ axes, shares,
        sizes.tolist(),
    )  # fmt: skip


def _silhouette(made: Segments, rows: Any, labels: Any) -> Any:
    some = _some(rows, MOST_SILHOUETTES)
    x = rows[some]
    found, codes = np.unique(labels[some], return_inverse=True)
    if len(found) < 2:
        raise SettingError("All rows are in one segment: silhouettes need two or more.")
    norms = (x**2).sum(axis=1)
    distances = np.sqrt(np.maximum(norms[:, None] + norms - 2 * x @ x.T, 0))
    return draw_silhouette(silhouettes(distances, codes), labels[some])


def _dendrogram(made: Segments) -> Any:
    if made.tree is None:
        raise SettingError(
            "These segments have no tree: they come from k-means. Cluster with --method ward for a "
            "dendrogram."
        )
    merges = len(made.tree) // 2
    return draw_dendrogram(made.tree[:merges], made.tree[merges:, 0], made.k, made.method)


def _profile(made: Segments) -> Any:
    segments = made.card["segments"]
    effects: dict[str, list[float]] = {}
    for place, segment in enumerate(segments):
        for trait in segment["traits"]:
            label = trait["label"]
            name = f"{trait['column']}: {label}" if label else trait["column"]
            effects.setdefault(name, [0.0] * len(segments))[place] = trait["effect"]
    if not effects:
        raise SettingError("There is one segment only: no profile tells it from others.")
    strongest = sorted(effects, key=lambda name: -max(map(abs, effects[name])))[:MOST_COLUMNS]
    names = [f"{s['segment']}\n{s['rows']:,} rows" for s in segments]
    return draw_profile(np.array([effects[name] for name in strongest]), strongest, names)
