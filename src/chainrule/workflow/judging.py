"""Judging a network by a test part, or by folds: who says what about rows that it never saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.judgement import CLASSES, NUMBERS, Contender, fit_temperature
from chainrule.model import Model
from chainrule.ops import sigmoid, softmax
from chainrule.workflow.fitting import STOPPED, Fitted, Fitting
from chainrule.workflow.parts import Part, Plan
from chainrule.workflow.rivals import contender, rivals, trivial

NETWORK = "this network"


@dataclass(frozen=True, eq=False)
class Trained:
    """A network and what is known about it.

    Attributes:
        model: the network to save, with its temperature.
        rows: the judged rows, in the order of what was said about them.
        network: what it said about them. rivals: what the others said, the trivial one first.
        folds: for the card: best epochs and mean best loss of the folds, seconds of all networks.
    """

    model: Model
    rows: Any
    network: Contender
    rivals: tuple[Contender, ...] = ()
    folds: Mapping[str, Any] = field(default_factory=dict)


def train_and_judge(fitting: Fitting, plan: Plan, *, baselines: bool) -> Trained:
    """Train the network of a question, and let it and its rivals speak about the judged rows.

    Raises:
        KeyboardInterrupt: Ctrl-C; `best_so_far` has what there is by then.
    """
    if plan.folds:
        return _by_folds(fitting, plan, baselines=baselines)
    part = plan.parts[0]
    model = fitting.network(part.training, part.validation)
    scores = _scores(model, fitting, part.validation)
    model = replace(model, temperature=_temperature(model, fitting, scores, part.validation))
    inputs = fitting.inputs(model, part.judged)
    said = contender(model, inputs, fitting.question, "network", NETWORK)
    others = tuple(_others(fitting, model, part, baselines=baselines, again=False))
    return Trained(model, part.judged, said, others)


def best_so_far(fitting: Fitting) -> Fitted:
    """The last network that was trained to its end; where there is none, the one that was stopped.

    Raises:
        KeyboardInterrupt: no network has made a step.
    """
    whole = [one for one in fitting.fitted if one.model.stop_reason not in STOPPED]
    for one in (whole or fitting.fitted)[-1:]:
        stopped = {"stop_reason": "interrupted", "stopped_in": fitting.fitted[-1].stage}
        return replace(one, model=replace(one.model, card=one.model.card | stopped))
    raise KeyboardInterrupt


def _others(
    fitting: Fitting, model: Model, part: Part, *, baselines: bool, again: bool
) -> Iterator[Contender]:
    yield trivial(fitting, part)
    if baselines:
        yield from rivals(fitting, model, part, again=again)


def _by_folds(fitting: Fitting, plan: Plan, *, baselines: bool) -> Trained:
    """Every row is judged by a network that was fitted to the other folds.

    Each fold finds its number of epochs on a validation part within its own rows, and fits again to
    all of them for so many: just as the saved network is fitted to all rows, for the median.
    """
    epochs: list[int] = []
    losses: list[float] = []
    networks: list[Contender] = []
    scores: list[Any] = []
    others: list[list[Contender]] = []
    for i, part in enumerate(plan.parts):
        stage = f"fold {i + 1} of {plan.folds}"
        probe = fitting.network(part.training, part.validation, stage=stage)
        epochs.append(max(1, int(probe.card["best_epoch"])))
        losses += probe.history["validation_loss"][epochs[-1] - 1 : epochs[-1]]
        model = fitting.network(part.known, epochs=epochs[-1], stage=stage)
        scores.append(_scores(model, fitting, part.judged))
        inputs = fitting.inputs(model, part.judged)
        networks.append(contender(model, inputs, fitting.question, "network", NETWORK))
        others.append(list(_others(fitting, model, part, baselines=baselines, again=True)))
    median = int(np.median(epochs))
    final = fitting.network(plan.whole, epochs=median, stage="all rows")
    rows = np.concatenate([part.judged for part in plan.parts])
    temperature = _temperature(final, fitting, np.concatenate(scores), rows)
    final = replace(final, temperature=temperature)
    network = _together(_cooled(networks, scores, plan.parts, final, fitting))
    ordered = [_together(said) for said in zip(*others, strict=True)]
    ordered[0] = replace(ordered[0], name=trivial(fitting, _everything(plan)).name)
    folds = {
        "epochs_of_folds": epochs,
        "median_of_folds": median,
        "validation_loss_of_folds": float(np.mean(losses)) if losses else None,
        "stopped_by_time": sum(one.model.stop_reason == "time" for one in fitting.fitted),
        "seconds_in_all": sum(one.model.card["seconds"] for one in fitting.fitted),
    }
    return Trained(final, rows, network, tuple(ordered), folds)


def _everything(plan: Plan) -> Part:
    """All rows as one part, for the name of the simplest guess."""
    return Part(plan.whole, plan.whole, plan.whole)


def _together(said: Sequence[Contender]) -> Contender:
    """What one kind of predictor said about all folds, one below the other."""
    shares = None
    if said[0].shares is not None:
        shares = np.concatenate([one.shares for one in said])
    return replace(
        said[0], predicted=np.concatenate([one.predicted for one in said]), shares=shares
    )


def _has_shares(model: Model) -> bool:
    return model.targets.kind in ("classes", "binary")


def _scores(model: Model, fitting: Fitting, rows: Any) -> Any:
    """Logits of rows; None for a model of numbers, which has no probabilities."""
    if fitting.question.task == NUMBERS or not _has_shares(model):
        return rows
    return model.outputs(fitting.inputs(model, rows))


def _temperature(model: Model, fitting: Fitting, scores: Any, rows: Any) -> float:
    """The temperature that fits rows which the network was not fitted to; 1 for numbers."""
    if fitting.question.task == NUMBERS or not _has_shares(model):
        return 1.0
    return fit_temperature(scores, fitting.question.values[rows])


def _cooled(
    networks: Sequence[Contender],
    scores: Sequence[Any],
    parts: Sequence[Part],
    model: Model,
    fitting: Fitting,
) -> list[Contender]:
    """Probabilities of every fold at the temperature of the other folds, which never saw it."""
    if fitting.question.task == NUMBERS or not _has_shares(model):
        return list(networks)
    cooled = []
    for i, said in enumerate(networks):
        others = [j for j in range(len(parts)) if j != i]
        rows = np.concatenate([parts[j].judged for j in others])
        logits = np.concatenate([scores[j] for j in others])
        temperature = fit_temperature(logits, fitting.question.values[rows])
        cooled.append(replace(said, shares=_shares(scores[i] / temperature, fitting)))
    return cooled


def _shares(logits: Any, fitting: Fitting) -> Any:
    """Probabilities as `Model.predict_proba` gives them."""
    if fitting.question.task != CLASSES:
        return sigmoid(logits)
    if logits.shape[1] > 1:
        return softmax(logits)
    yes = sigmoid(logits)
    return np.concatenate([1 - yes, yes], axis=1)
