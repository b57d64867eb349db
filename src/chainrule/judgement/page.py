"""The judgement on the page: a line for every predictor, then what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.judgement.layout import aligned, wrapped
from chainrule.judgement.words import in_digits

NETWORK = "this network"

SHARES = ("accuracy", "balanced accuracy", "F1", "ROC AUC", "calibration error", "R²")
"""Scores between 0 and 1; `relative error` is printed as per cent."""


def judgement_lines(model: Any) -> Iterator[str]:
    """The scores beside those of simpler predictors, and the verdict.

    Args:
        model: what has a `judgement` and a `card`: a Model, or what `inspect` found.
    """
    judged = model.judgement
    if judged is None:
        yield from _not_judged(model.card)
        return
    who = ", each by a network that never saw it" if judged["folds"] else " that it never saw"
    metric, scores = judged["metric"], judged["scores"]
    way = f" ({metric}: less is better)" if scores[metric]["lower_is_better"] else ""
    yield f"Judged on {judged['rows']:,} rows{who}{way}"
    yield from _rivals(judged)
    also = [(name, *_cells(name, score)) for name, score in scores.items() if name != metric]
    if also:
        yield from aligned([("other scores", NETWORK, "95 % interval"), *also])
    first, *rest = judged["verdict"] or ["none, because nothing was compared."]
    yield from wrapped(f"Verdict: {first}", 9)
    for sentence in rest:
        yield from wrapped(f"{' ' * 9}{sentence}", 9)


def _not_judged(card: dict[str, Any]) -> Iterator[str]:
    """Why there is no judgement, and which network this is."""
    if "not_judged" not in card:
        yield "Not judged."
        return
    stopped, kept = card.get("stopped_in", ""), card.get("kept", "")
    where = f" in {stopped}" if stopped else ""
    which = f"; the network of {kept} is kept" if kept and kept != stopped else ""
    yield f"Not judged: {card['not_judged']}{where}{which}"


def _rivals(judged: dict[str, Any]) -> Iterator[str]:
    """A line for every predictor, with its difference to the network."""
    metric = judged["metric"]
    rows: list[Sequence[str]] = [("", metric, "95 % interval", f"against {NETWORK}")]
    for other in judged["others"]:
        score = other["scores"].get(metric)
        if score is not None:
            against = _difference(metric, other["difference"])
            rows.append((other["name"], *_cells(metric, score), against))
    rows.append((NETWORK, *_cells(metric, judged["scores"][metric]), ""))
    yield from aligned(rows)


def _cells(metric: str, score: dict[str, Any]) -> tuple[str, str]:
    low, high = (number_text(metric, score[end]) for end in ("low", "high"))
    return number_text(metric, score["value"]), f"{low} to {high}"


def _difference(metric: str, found: dict[str, Any]) -> str:
    value, low, high = (_signed(metric, found[end]) for end in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def number_text(metric: str, value: float) -> str:
    """A score in as many digits as can be told apart.

    >>> number_text("accuracy", 0.98837), number_text("RMSE", 82216.4)
    ('0.988', '82,220')
    >>> number_text("relative error", 0.0712)
    '7.1 %'
    """
    if metric == "relative error":
        return f"{100 * value:.1f} %"
    return f"{round(value, 3) + 0:.3f}" if metric in SHARES else in_digits(value)


def _signed(metric: str, value: float) -> str:
    text = number_text(metric, abs(value))
    if not any(digit in text for digit in "123456789"):
        return f" {text}"
    return f"{'−' if value < 0 else '+'}{text}"
