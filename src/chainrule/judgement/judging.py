"""A judgement: the network's scores on rows it never saw, beside those of simpler predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chainrule.errors import SettingError, unknown_name
from chainrule.judgement.draws import Drawn, Measure, mean_drawn
from chainrule.judgement.leaks import Leak
from chainrule.judgement.measures import accuracy_measure, draw_classes, draw_numbers
from chainrule.judgement.scikit import reported_classes, reported_numbers
from chainrule.judgement.verdict import Line, Rival, smallest_difference, verdict

CLASSES, NUMBERS, ANSWERS = "classes", "numbers", "answers"
"""What is predicted: one label, one or more numbers, or several yes/no answers."""

CLASS_METRICS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "log_loss": "log-loss",
    "roc_auc": "ROC AUC",
}
NUMBER_METRICS = {"rmse": "RMSE", "mae": "MAE", "r2": "R²", "relative_error": "relative error"}
LOGISTIC = ("logistic regression (scikit-learn's LogisticRegression)", "an L2 penalty of 1")
LINES = {
    NUMBERS: (
        "ridge regression (scikit-learn's RidgeCV)",
        "the L2 penalty that leave-one-out chose",
    ),
    CLASSES: LOGISTIC,
    ANSWERS: LOGISTIC,
}
"""What the linear rival of a task is, and what holds its weights back; see `linear_model`."""

UNITLESS = ("R²", "relative error")
"""Scores of numbers that can be averaged over several targets."""


@dataclass(frozen=True)
class Asked:
    """What is judged.

    Attributes:
        task: "classes", "numbers" or "answers". targets: the names of what is predicted.
        classes: how many classes there are; 0 for numbers.
        positive: of two classes the number of the one that F1 is about, or None.
        metric: the score that decides, as it is typed, or None: accuracy, or RMSE.
        folds: how many judge; 0 for a test part.
        hidden: whether the network has hidden layers; without them it is linear itself.
    """

    task: str
    targets: tuple[str, ...]
    classes: int = 0
    positive: int | None = None
    metric: str | None = None
    folds: int = 0
    hidden: bool = True


@dataclass(frozen=True, eq=False)
class Contender:
    """What one predictor says about the judged rows.

    Attributes:
        name: for the page. role: "network", "trivial", "linear", "shallow" or "trees".
        predicted: class numbers or numbers, (rows,); (rows, targets) where there are several.
        shares: probabilities (rows, classes), or of yes (rows, targets); None where it has none.
    """

    name: str
    role: str
    predicted: Any
    shares: Any = None


def metric_name(metric: str | None, task: str, targets: int) -> str:
    """The printed name of the score that decides.

    Raises:
        SettingError: it is unknown, or of another task.

    >>> metric_name("r2", "numbers", 1), metric_name(None, "classes", 1)
    ('R²', 'accuracy')
    """
    known = NUMBER_METRICS if task == NUMBERS else CLASS_METRICS
    if metric is None:
        return "accuracy" if task != NUMBERS else "RMSE" if targets == 1 else "R²"
    if metric not in known:
        if metric in CLASS_METRICS or metric in NUMBER_METRICS:
            raise SettingError(
                f"The metric {metric!r} does not fit a target of {task}. Choose one of "
                f"{', '.join(known)}."
            )
        raise unknown_name("metric", metric, [*CLASS_METRICS, *NUMBER_METRICS])
    if task == NUMBERS and targets > 1 and known[metric] not in UNITLESS:
        raise SettingError(
            f"The metric {metric!r} has a unit, and {targets} targets have different ones. Choose "
            "r2 or relative_error."
        )
    return known[metric]


def judge(
    asked: Asked,
    truth: Any,
    network: Contender,
    others: Sequence[Contender] = (),
    leaks: Sequence[Leak] = (),
) -> dict[str, Any]:
    """Score a network and its rivals on the same rows, and say what follows.

    Args:
        asked: what is judged.
        truth: class numbers or numbers, (rows,); (rows, targets) where there are several.
        network: what the network says; others: the rivals, the trivial one first.
        leaks: columns that give the target away and were not allowed.

    Returns:
        Plain values: "metric", "rows", "folds", "score", "trivial", "trivial_score"; "scores" by
        name, each with value, low, high and lower_is_better; "others", each with "name", "role",
        "scores" and "difference" (to the network, in the metric); "smallest_difference" that so
        many rows could show; "leaks"; "trusted"; "verdict", a list of sentences.

    Example:
        >>> truth = np.array([0, 1] * 40)
        >>> trivial = Contender("always a", "trivial", np.zeros(80, int))
        >>> found = judge(
        ...     Asked("classes", ("y",), 2), truth, Contender("", "network", truth), [trivial]
        ... )
        >>> found["score"], found["trivial_score"], found["verdict"][0][:20]
        (1.0, 0.5, 'Better than guessing')
    """
    mine = draw_contender(asked, truth, network)
    metric = metric_name(asked.metric, asked.task, len(asked.targets))
    metric = metric if metric in mine else metric_name(None, asked.task, len(asked.targets))
    rivals, listed = [], []
    for other in others:
        theirs = draw_contender(asked, truth, other)
        if metric in theirs:
            rivals.append(Rival(other.name, other.role, mine[metric], theirs[metric]))
            difference = theirs[metric].minus(mine[metric]).measure()
        scores = _measures(asked, truth, other, theirs)
        entry = {"name": other.name, "role": other.role, "scores": scores}
        listed.append(entry | ({"difference": asdict(difference)} if metric in theirs else {}))
    rows = len(truth)
    line = Line(*LINES[asked.task], hidden=asked.hidden)
    return {
        "metric": metric,
        "rows": rows,
        "folds": asked.folds,
        "score": mine[metric].value,
        "trivial": others[0].name if others else "",
        "trivial_score": rivals[0].other.value if rivals else None,
        "scores": _measures(asked, truth, network, mine),
        "others": listed,
        "smallest_difference": smallest_difference(rivals, rows),
        "leaks": [asdict(leak) for leak in leaks],
        "trusted": not leaks,
        "verdict": list(verdict(rivals, rows, leaks, line=line)),
    }


def _measures(
    asked: Asked, truth: Any, contender: Contender, drawn: Mapping[str, Drawn]
) -> dict[str, dict[str, Any]]:
    """Every score with its interval, as plain values."""
    found = _intervals(asked, truth, contender, drawn)
    return {name: asdict(measure) for name, measure in found.items()}


def measure_contender(asked: Asked, truth: Any, contender: Contender) -> dict[str, Measure]:
    """Every score of a contender with its interval; arguments as for `judge`."""
    return _intervals(asked, truth, contender, draw_contender(asked, truth, contender))


def _intervals(
    asked: Asked, truth: Any, contender: Contender, drawn: Mapping[str, Drawn]
) -> dict[str, Measure]:
    """The intervals of the bootstrap; that of one target's accuracy is Wilson's."""
    found = {name: one.measure() for name, one in drawn.items()}
    if asked.task == CLASSES:
        found["accuracy"] = accuracy_measure(truth == contender.predicted)
    return found


def draw_contender(asked: Asked, truth: Any, contender: Contender) -> dict[str, Drawn]:
    """The scores of a contender on resampled tables; their values are scikit-learn's."""
    if asked.task == CLASSES:
        return _classes(truth, contender, asked.classes, asked.positive)
    if asked.task == ANSWERS:
        each = [
            _classes(truth[:, i], _answer(contender, i), 2, 1) for i in range(len(asked.targets))
        ]
        return _means(each)
    if truth.ndim == 1:
        return _numbers(truth, contender.predicted)
    each = [_numbers(truth[:, i], contender.predicted[:, i]) for i in range(truth.shape[1])]
    return {name: one for name, one in _means(each).items() if name in UNITLESS}


def _classes(
    truth: Any, contender: Contender, classes: int, positive: int | None
) -> dict[str, Drawn]:
    arguments = truth, contender.predicted, contender.shares
    drawn = draw_classes(*arguments, classes, positive)
    return _valued(drawn, reported_classes(*arguments, positive))


def _numbers(truth: Any, predicted: Any) -> dict[str, Drawn]:
    return _valued(draw_numbers(truth, predicted), reported_numbers(truth, predicted))


def _answer(contender: Contender, place: int) -> Contender:
    """One of several yes/no answers as a question of two classes."""
    yes = None if contender.shares is None else contender.shares[:, place]
    shares = None if yes is None else np.stack([1 - yes, yes], axis=1)
    return Contender(contender.name, contender.role, contender.predicted[:, place], shares)


def _valued(drawn: dict[str, Drawn], reported: dict[str, float]) -> dict[str, Drawn]:
    return {n: one.valued(reported[n]) if n in reported else one for n, one in drawn.items()}


def _means(each: Sequence[dict[str, Drawn]]) -> dict[str, Drawn]:
    """The means of the scores that all targets have."""
    names = [name for name in each[0] if all(name in one for one in each)]
    return {name: mean_drawn([one[name] for one in each]) for name in names}
