"""`cluster`: from a table to segments, described, with the odd rows named. It prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from chainrule.clustering import (
    KEPT_MERGES,
    LINKAGES,
    Choice,
    Segments,
    beside_what,
    by_kmeans,
    by_tree,
    check_distinct,
    choose_clusters,
    cluster_widths,
    cut_tree,
    jaccards,
    kmeans,
    linkage_tree,
    nearest_centers,
    odd_rows,
    sentence,
    traits,
    unit_rows,
    without_cells,
)
from chainrule.data import CATEGORY, Column, Encoder, Table, as_table, fit_encoder
from chainrule.errors import DataError, SettingError, unknown_name

STARTS, BOOTSTRAPS = 10, 10
LISTED_TYPICAL = 3

SEGMENT = "segment"


def cluster(
    source: Any,
    *,
    k: int | None = None,
    method: str = "kmeans",
    metric: str = "euclidean",
    most: int = 10,
    drop: str | Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    missing: str | Sequence[str] | None = None,
    keep_rows: bool = False,
    seed: int = 0,
) -> Segments:
    """Group the rows of a table into segments, describe them, and name the odd rows.

    Numbers are standardized (skewed ones bent first), labels become one feature each, and a missing
    cell stands at the median or the average label.

    Args:
        source: the path of a table, a pandas or polars DataFrame, or a dict of columns.
        k: how many segments; None: chosen from 1 to `most` by silhouette, gap statistic and
            stability, where 1 means that there are no clusters.
        method: "kmeans", or a tree: "ward", "single", "complete", "average".
        metric: "euclidean", or "cosine" (k-means only).
        drop: columns left out. types, missing: as for `train`.
        keep_rows: whether the saved file holds the rows; a tree needs them to place new ones.
        seed: of everything random.

    Returns:
        Segments: `labels`, `card["segments"]`, `anomalies`, `predict(source)`, `save(path)`.

    Raises:
        DataError, SettingError: what cannot be used is named, with the cure.

    Example:
        >>> found = cluster("examples/data/penguins.csv", drop=["species", "year"], k=3)
        >>> sorted(s["rows"] for s in found.card["segments"])
        [91, 123, 130]
    """
    _check(method, metric)
    markers = (missing,) if isinstance(missing, str) else missing
    table = as_table(source, types, missing=markers)
    left_out = _left_out(table, (drop,) if isinstance(drop, str) else drop)
    used = [name for name, reason in left_out.items() if not reason]
    encoder = _encoder(table, used)
    rows = encoder.encode(table, "float64")
    if metric == "cosine":
        rows = unit_rows(rows)
    group = by_kmeans if method == "kmeans" else by_tree(method)
    choice = choose_clusters(rows, group, most=most, seed=seed) if k is None else None
    count = k if choice is None else choice.clusters
    assert count is not None
    check_distinct(rows, count)
    labels, centers, tree = _grouped(rows, count, method, metric == "cosine", seed)
    squared = ((rows - centers[labels]) ** 2).sum(axis=1)
    widths = cluster_widths(labels, squared, len(centers))
    shares = np.bincount(labels, minlength=len(centers)) / len(labels)
    beside = beside_what(rows, labels, centers, widths, shares)
    names = [code.column for code in encoder.codes for _ in range(code.width)]
    gaps = (rows - centers[beside]) / widths[beside, None]
    odd = odd_rows(table, names, labels, beside, gaps)
    card = {
        "table": table.name, "rows": table.rows, "columns": left_out, "method": method,
        "said": list(table.reading.said),
        "metric": metric, "seed": seed, "data_hash": table.digest(), "k": len(centers),
        "imputed": {n: int(table.column(n).missing.sum()) for n in used
                    if table.column(n).missing.any()},
        "choice": None if choice is None else _choice(choice),
        "missing": list(markers) if markers is not None else None,
        "segments": _described(table, used, rows, labels, centers, widths, method, seed),
        "anomalies": odd if keep_rows else [without_cells(one) for one in odd],
        "rows_kept": keep_rows,
    }  # fmt: skip
    return Segments(
        encoder, method, centers, widths, shares, metric == "cosine", card, tree,
        rows if keep_rows else None, labels.astype("int64") if keep_rows else None,
        labels.astype("int64") + 1, odd,
    )  # fmt: skip


def _check(method: str, metric: str) -> None:
    if method not in ("kmeans", *LINKAGES):
        raise unknown_name("method", method, ("kmeans", *LINKAGES))
    if metric not in ("euclidean", "cosine"):
        raise unknown_name("metric", metric, ("euclidean", "cosine"))
    if metric == "cosine" and method != "kmeans":
        raise SettingError("The cosine metric is for k-means: leave --method or --metric out.")


def _left_out(table: Table, drop: Sequence[str]) -> dict[str, str]:
    """Every column, with the reason why it is left out, or "" where it is used."""
    for name in drop:
        table.column(name)
    found = {c.name: "dropped" if c.name in drop else c.useless() for c in table.columns}
    if all(found.values()):
        why = "; ".join(f"{name}: {reason}" for name, reason in found.items())
        raise DataError(
            f"{table.name} has no column to cluster by ({why}). Columns are needed whose values "
            "differ and come back: numbers, or labels that several rows share."
        )
    return found


def _encoder(table: Table, used: Sequence[str]) -> Encoder:
    """Columns as features; a gap stands at the average, and pulls a row nowhere."""
    nothing = Column(SEGMENT, CATEGORY, np.zeros(table.rows, "int32"), ("1",))
    made = fit_encoder(table, used, nothing)
    return replace(made, codes=tuple(_without_gaps(code) for code in made.codes))


def _without_gaps(code: Any) -> Any:
    if hasattr(code, "slot"):
        return replace(code, slot=False)
    if hasattr(code, "days"):
        return replace(code, days=replace(code.days, indicator=False))
    return replace(code, indicator=False)


def _grouped(rows: Any, count: int, method: str, cosine: bool, seed: int) -> tuple[Any, Any, Any]:
    """Labels from 0, centers, and the upper part of a tree; the largest segment is the first."""
    tree = None
    if method == "kmeans" or count == 1:
        labels = kmeans(rows, count, starts=STARTS, cosine=cosine, seed=seed).labels
    else:
        tree = linkage_tree(rows, method)
        labels = cut_tree(tree, count)
    order = np.argsort(-np.bincount(labels, minlength=count), kind="stable")
    labels = np.argsort(order)[labels]
    if method == "kmeans" and not cosine and count > 1:
        found = kmeans(rows, count, init=_means(rows, labels, count), seed=seed)
        return found.labels, found.centers, None
    centers = _means(rows, labels, count)
    if cosine:
        centers = unit_rows(centers)
        labels = nearest_centers(rows, centers)[0]
    return labels, centers, None if tree is None else _upper(tree)


def _means(rows: Any, labels: Any, count: int) -> Any:
    sizes = np.bincount(labels, minlength=count)
    return np.stack([np.bincount(labels, column, count) / sizes for column in rows.T], axis=1)


def _upper(tree: Any) -> Any:
    """The last merges as a linkage matrix of their own: what lies below is one leaf each."""
    rows, kept = len(tree) + 1, min(KEPT_MERGES, len(tree))
    first = len(tree) - kept
    names: dict[int, int] = {}
    sizes = np.concatenate([np.ones(rows), tree[:, 3]])
    found = np.array(tree[first:])
    leaves = [int(n) for n in found[:, :2].ravel() if n < rows + first]
    for place, node in enumerate(sorted(leaves)):
        names[node] = place
    for step in range(kept):
        names[rows + first + step] = len(leaves) + step
    found[:, :2] = [[names[int(a)], names[int(b)]] for a, b in found[:, :2]]
    return np.concatenate([found, [[sizes[n], 0, 0, 0] for n in sorted(leaves)]])


def _choice(choice: Choice) -> dict[str, Any]:
    plain = asdict(choice)
    plain["candidates"] = [
        {name: None if value != value else value for name, value in one.items()}
        for one in plain["candidates"]
    ]
    return plain


def _described(
    table: Table, used: list[str], rows: Any, labels: Any, centers: Any, widths: Any,
    method: str, seed: int,
) -> list[dict[str, Any]]:  # fmt: skip
    stable = _stability(rows, labels, len(centers), method, seed)
    gaps = ((rows - centers[labels]) ** 2).sum(axis=1)
    found = []
    for number in range(len(centers)):
        mine = labels == number
        members = np.flatnonzero(mine)
        near = members[np.argsort(gaps[members], kind="stable")]
        told = traits(table, used, mine) if len(centers) > 1 else []
        found.append({
            "segment": number + 1, "rows": len(members), "share": len(members) / table.rows,
            "words": sentence(number + 1, len(members), table.rows, told),
            "stability": stable[number], "width": float(widths[number]),
            "typical_rows": (near[:LISTED_TYPICAL] + 1).tolist(),
            "oddest_rows": (near[::-1][:LISTED_TYPICAL] + 1).tolist(),
            "traits": [asdict(trait) for trait in told],
        })  # fmt: skip
    return found


def _stability(rows: Any, labels: Any, count: int, method: str, seed: int) -> list[float]:
    """For every segment the mean likeness to its best match in bootstrap samples (Hennig 2007)."""
    if count == 1:
        return [1.0]
    rng = np.random.default_rng(seed)
    some = rng.permutation(len(rows))[:2000]
    group = by_kmeans if method == "kmeans" else by_tree(method)
    found = np.zeros(count)
    met = np.zeros(count)
    for draw in range(BOOTSTRAPS):
        taken = np.unique(some[rng.integers(0, len(some), len(some))])
        if len(taken) < count:
            continue
        here = np.unique(labels[taken])
        found[here] += jaccards(labels[taken], group(rows[taken], [count], draw)[count])
        met[here] += 1
    return [float(x) for x in found / np.maximum(met, 1)]
