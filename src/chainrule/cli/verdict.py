"""The judgement on the page: a line for every predictor, then what follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.model import Model

NETWORK = "this network"

SHARES = ("accuracy", "balanced accuracy", "F1", "ROC AUC", "calibration error", "R²")
"""Scores between 0 and 1; `relative error` is printed as per cent."""

GAP = "  "


def judgement_lines(model: Model) -> Iterator[str]:
    """The scores beside those of simpler predictors, and the verdict."""
    judged = model.judgement
    if judged is None:
        yield "Not judged, because training was stopped."
        return
    who = ", each by a network that never saw it" if judged["folds"] else " that it never saw"
    yield f"Judged on {judged['rows']:,} rows{who}"
    yield from _table(judged)
    also = [name for name in judged["scores"] if name != judged["metric"]]
    if also:
        said = (f"{name} {_with_interval(name, judged['scores'][name])}" for name in also)
        yield f"{GAP}also {', '.join(said)}"
    first, *rest = judged["verdict"] or ["none, because nothing was compared."]
    yield f"Verdict: {first}"
    for sentence in rest:
        yield f"{GAP * 4} {sentence}"


def _table(judged: dict[str, Any]) -> Iterator[str]:
    metric = judged["metric"]
    rows = [("", metric, "95 % interval", f"against {NETWORK}")]
    for other in judged["others"]:
        score = other["scores"].get(metric)
        if score is not None:
            against = _difference(metric, other["difference"])
            rows.append((other["name"], *_cells(metric, score), against))
    rows.append((NETWORK, *_cells(metric, judged["scores"][metric]), ""))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{GAP}{GAP.join(cells)}".rstrip()


def _cells(metric: str, score: dict[str, Any]) -> tuple[str, str]:
    return _number(metric, score["value"]), _interval(metric, score)


def _with_interval(metric: str, score: dict[str, Any]) -> str:
    return f"{_number(metric, score['value'])} ({_interval(metric, score)})"


def _interval(metric: str, score: dict[str, Any]) -> str:
    return f"{_number(metric, score['low'])} to {_number(metric, score['high'])}"


def _difference(metric: str, found: dict[str, Any]) -> str:
    value, low, high = (_signed(metric, found[end]) for end in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _number(metric: str, value: float) -> str:
    """A score in as many digits as can be told apart.

    >>> _number("accuracy", 0.98837), _number("RMSE", 305.0701), _number("relative error", 0.0712)
    ('0.988', '305.1', '7.1 %')
    """
    if metric == "relative error":
        return f"{100 * value:.1f} %"
    return f"{value + 0:.3f}" if metric in SHARES else f"{value:.4g}"


def _signed(metric: str, value: float) -> str:
    text = _number(metric, abs(value))
    if not any(digit in text for digit in "123456789"):
        return f" {text}"
    return f"{'−' if value < 0 else '+'}{text}"
