"""`evaluate`: how good a model is on rows with known targets, beside what its card says."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import NUMBER, TargetCode
from chainrule.judgement import (
    ANSWERS,
    CLASSES,
    NUMBERS,
    Asked,
    Contender,
    Measure,
    draw_scores,
    in_digits,
    measure_contender,
    measure_difference,
    printable,
)
from chainrule.model import Model
from chainrule.workflow.evaluation_page import evaluation_lines
from chainrule.workflow.models import Markers, load_model, table_encoder
from chainrule.workflow.truth import Answers, gather_answers


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
        unseen: whether the table is that one, and only the rows that training never saw are judged,
            because Ctrl-C stopped it before its judgement.
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
    unseen: bool
    verdict: tuple[str, ...]

    def __str__(self) -> str:
        """The page that `chainrule evaluate` prints."""
        return "\n".join(map(printable, evaluation_lines(self)))


def evaluate(
    model: Model | str | os.PathLike[str],
    source: Any,
    *,
    missing: Markers = None,
    name: str = "",
) -> Evaluation:
    """Judge a model on rows with known targets, beside the simplest guess and its own card.

    Args:
        model: a Model that was trained on a table, or the path of its file.
        source: the path of a table with the target, an open binary file, a DataFrame, or a dict of
            columns. Rows without a target are left out, and counted.
        missing: what stands for a missing value; None: what did when the model was trained.
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
    made = load_model(model, source)
    encoder, answers = table_encoder(made), gather_answers(made, source, name, missing)
    asked = Asked(_task(made), tuple(code.column for code in encoder.targets), _classes(made))
    trivial = _trivial(made, answers)
    scores, trivial_scores = (
        measure_contender(asked, answers.truth, said)
        for said in (
            Contender("", "network", answers.predicted, answers.probabilities),
            trivial,
        )
    )
    gain = _gain(answers, trivial)
    rows = len(answers.truth)
    return Evaluation(
        table=answers.table,
        target=", ".join(asked.targets),
        rows=rows,
        left_out=answers.left_out,
        scores=scores,
        trivial=trivial.name,
        trivial_scores={name: measure.value for name, measure in trivial_scores.items()},
        gain=gain,
        card=made.judgement,
        seen=answers.seen,
        unseen=answers.unseen,
        verdict=tuple(_verdict(scores, trivial.name, gain, made.judgement, answers.seen, rows)),
    )


def _task(model: Model) -> str:
    encoder = table_encoder(model)
    if encoder.target.kind == NUMBER:
        return NUMBERS
    return CLASSES if model.targets.classes is not None else ANSWERS


def _classes(model: Model) -> int:
    return 0 if model.targets.classes is None else len(model.targets.classes)


def _trivial(model: Model, answers: Answers) -> Contender:
    """The most frequent class or answer, or the mean, of the rows the model was trained on."""
    encoder, rows = table_encoder(model), len(answers.truth)
    if encoder.target.kind == NUMBER:
        means = [float(code.center) for code in encoder.targets]
        guess = np.broadcast_to(means if encoder.further else means[0], answers.truth.shape)
        name = "always the mean" if encoder.further else f"always the mean, {in_digits(means[0])}"
        return Contender(name, "trivial", guess)
    if encoder.further:
        counts = model.card.get("answers") or {}
        shares = np.array([_share_of_yes(code, counts) for code in encoder.targets])
        said = np.broadcast_to((shares > 0.5).astype("int64"), answers.truth.shape)
        shares = np.broadcast_to(shares, answers.truth.shape)
        return Contender("always the most frequent", "trivial", said, shares)
    labels = [str(label) for label in model.targets.classes.tolist()]
    counts = model.card.get("classes") or {}
    known = np.array([float(counts.get(label, 0)) for label in labels])
    shares = known if known.any() else np.bincount(answers.truth, minlength=len(labels))
    best, each = int(shares.argmax()), np.broadcast_to(shares / shares.sum(), (rows, len(labels)))
    probabilities = None if answers.probabilities is None else each
    return Contender(f"always {labels[best]}", "trivial", np.full(rows, best), probabilities)


def _share_of_yes(code: TargetCode, counts: dict[str, Any]) -> float:
    """How frequent the second label of a target was, by the card; a half where it does not say."""
    found = [float(counts.get(code.column, {}).get(label, 0)) for label in code.labels]
    return found[1] / sum(found) if sum(found) else 0.5


def _gain(answers: Answers, trivial: Contender) -> Measure:
    """What the model is better by, row by row: right answers, or the squared error saved."""
    truth = answers.truth.reshape(len(answers.truth), -1)
    guess, said = (x.reshape(truth.shape) for x in (trivial.predicted, answers.predicted))
    if answers.truth.dtype.kind != "f":
        return measure_difference((said == truth).mean(axis=1), (guess == truth).mean(axis=1))
    unit = np.abs(truth - guess).max(axis=0)
    unit = np.where(unit > 0, unit, 1.0)
    errors = np.concatenate([((truth - x) / unit) ** 2 for x in (guess, said)], axis=1)
    drawn = draw_scores(lambda rows: errors[rows], len(truth), {"saved": _share_saved}, set())
    return drawn["saved"].measure()


def _share_saved(means: Any) -> Any:
    """What is saved of the mean squared errors of the guess (tables, 2 · targets), as a share."""
    guess, said = np.split(means, 2, axis=1)
    return ((guess - said) / np.where(guess > 0, guess, 1.0)).mean(axis=1)


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
    return f"the squared error is {100 * gain.low:.0f} to {100 * gain.high:.0f} % smaller"


def _beside_card(found: Measure, rows: int, card: dict[str, Any]) -> str:
    """Whether two scores on different rows differ by more than their number leaves open."""
    said = f"{card['metric']} {in_digits(card['score'])} on {card['rows']:,} rows"
    half = (found.high - found.low) / 2 * math.sqrt(1 + rows / card["rows"])
    if abs(found.value - card["score"]) <= half:
        return f"As its card says: {said}."
    if (card["score"] < found.value) != found.lower_is_better:
        return f"Better than its card says: {said}."
    return f"Worse than its card says: {said}. Do these rows differ from those it was trained on?"
