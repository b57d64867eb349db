"""`evaluate`: how good a model is on rows with known targets, beside what its card says."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import as_table
from chainrule.judgement import (
    Measure,
    measure_classes,
    measure_difference,
    measure_numbers,
)
from chainrule.model import Model
from chainrule.workflow.models import load_model, table_encoder
from chainrule.workflow.truth import Answers, class_numbers, gather_answers


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on some rows.

    Attributes:
        table: what the rows are called. target: what is predicted.
        rows: how many were judged. left_out: rows without a target.
        scores: by name, each with its 95 % interval; the first is the one that decides.
        trivial: the simplest guess. trivial_scores: its scores on the same rows.
        gain: what the model is better by, per row: in the share of right answers, or in the squared
            error as a share of the simplest guess's.
        card: what the model's own judgement says; None where it was not judged.
        seen: whether these are the rows that it was trained on.
        verdict: what this means, a sentence each.
    """

    table: str
    target: str
    rows: int
    left_out: int
    scores: dict[str, Measure]
    trivial: str
    trivial_scores: dict[str, float]
    gain: Measure
    card: dict[str, Any] | None
    seen: bool
    verdict: tuple[str, ...]


def evaluate(model: Model | str | os.PathLike[str], source: Any, *, name: str = "") -> Evaluation:
    """Judge a model on rows with known targets, beside the simplest guess and its own card.

    Args:
        model: a Model that was trained on a table, or the path of its file.
        source: the path of a table with the target, an open binary file, a DataFrame, or a dict of
            columns. Rows without a target are left out, and counted.
        name: what messages call an open file.

    Raises:
        DataError: no target, a label that the model does not know, or rows that do not fit.
        SettingError: the model was trained on arrays.

    Example:
        >>> import chainrule as cr
        >>> table = {"x": [0.0, 1.0] * 50, "y": ["no", "yes"] * 50}
        >>> model = cr.train(table, target="y", learning_rate=0.1)
        >>> found = evaluate(model, {"x": [0.1, 0.9, 1.1], "y": ["no", "yes", "yes"]})
        >>> found.scores["accuracy"].value, found.rows
        (1.0, 3)
    """
    made = load_model(model)
    answers = gather_answers(made, source, name)
    if made.targets.classes is None:
        scores, trivial, trivial_scores, gain = _numbers(made, answers)
    else:
        scores, trivial, trivial_scores, gain = _classes(made, answers)
    seen = _is_training_table(made, source, answers)
    return Evaluation(
        table=answers.table,
        target=table_encoder(made).target.column,
        rows=len(answers.truth),
        left_out=answers.left_out,
        scores=scores,
        trivial=trivial,
        trivial_scores={name: measure.value for name, measure in trivial_scores.items()},
        gain=gain,
        card=made.judgement,
        seen=seen,
        verdict=tuple(_verdict(scores, trivial, gain, made.judgement, seen, len(answers.truth))),
    )


Judged = tuple[dict[str, Measure], str, dict[str, Measure], Measure]


def _classes(model: Model, answers: Answers) -> Judged:
    labels = [str(label) for label in model.targets.classes.tolist()]
    truth, predicted = (class_numbers(model, x) for x in (answers.truth, answers.predicted))
    scores = measure_classes(truth, predicted, answers.probabilities, len(labels))
    counts = model.card.get("classes") or {}
    known = np.array([float(counts.get(label, 0)) for label in labels])
    shares = known if known.any() else np.bincount(truth, minlength=len(labels))
    shares = shares / shares.sum()
    best = int(shares.argmax())
    always = np.full(len(truth), best)
    said = (
        None
        if answers.probabilities is None
        else np.broadcast_to(shares, (len(truth), len(labels)))
    )
    gain = measure_difference(truth == predicted, truth == best)
    return scores, f"always {labels[best]}", measure_classes(truth, always, said, len(labels)), gain


def _numbers(model: Model, answers: Answers) -> Judged:
    mean = float(table_encoder(model).target.center)
    truth, predicted = answers.truth, np.asarray(answers.predicted, "float64")
    guess = np.full(len(truth), mean)
    unit = float(np.abs(truth - mean).max()) or 1.0
    left, right = ((truth - guess) / unit) ** 2, ((truth - predicted) / unit) ** 2
    gain = (
        measure_difference(left / left.mean(), right / left.mean())
        if left.any()
        else (measure_difference(left, right))
    )
    return (
        measure_numbers(truth, predicted),
        f"always {mean:.4g}",
        measure_numbers(truth, guess),
        gain,
    )


def _is_training_table(model: Model, source: Any, answers: Answers) -> bool:
    """Whether the rows are those that the model was made from, where that can be found out."""
    split = model.card.get("split") or {}
    if hasattr(source, "read") or sum(split.values()) != len(answers.truth):
        return False
    table = as_table(source)
    kept = np.flatnonzero(~table.column(table_encoder(model).target.column).missing)
    return bool(table.take(kept).digest() == model.card.get("data_hash"))


def _verdict(
    scores: dict[str, Measure],
    trivial: str,
    gain: Measure,
    card: dict[str, Any] | None,
    seen: bool,
    rows: int,
) -> Iterator[str]:
    metric = next(iter(scores))
    if gain.low > 0:
        yield f"Better than {trivial}: {_gain_words(metric, gain)}."
    elif gain.high < 0:
        yield f"Worse than {trivial}."
    else:
        yield f"No better than {trivial}, as far as so few rows can show."
    if seen:
        yield "These are the rows it was made from: this says nothing about new ones."
    elif card is not None and card.get("metric") == metric:
        yield _beside_card(scores[metric], rows, card)


def _gain_words(metric: str, gain: Measure) -> str:
    if metric == "accuracy":
        return f"{100 * gain.low:.1f} to {100 * gain.high:.1f} more of 100 rows are right"
    return f"the squared error is {gain.low:.0%} to {gain.high:.0%} smaller"


def _beside_card(found: Measure, rows: int, card: dict[str, Any]) -> str:
    """Whether two scores on different rows differ by more than their number leaves open."""
    said = f"{card['metric']} {card['score']:.4g} on {card['rows']:,} rows"
    half = (found.high - found.low) / 2 * math.sqrt(1 + rows / card["rows"])
    if abs(found.value - card["score"]) <= half:
        return f"As its card says: {said}."
    if (card["score"] < found.value) != found.lower_is_better:
        return f"Better than its card says: {said}."
    return f"Worse than its card says: {said}. Do these rows differ from those it was trained on?"
