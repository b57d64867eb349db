"""`train`: from a table to a judged model. It prints nothing; what it did stands in the card."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.errors import SettingError, Terminated, unknown_name
from chainrule.judgement import (
    ANSWERS,
    CLASSES,
    NUMBERS,
    Asked,
    Leak,
    find_leaks,
    judge,
    metric_name,
)
from chainrule.losses import LossFunction
from chainrule.model import Model
from chainrule.nn import Network
from chainrule.ops import key_from_seed
from chainrule.recipes import (
    Choices,
    Recipe,
    columns_to_embed,
    read_network,
    tabular_recipe,
    usable_columns,
)
from chainrule.training import Progress
from chainrule.workflow.card import finish_card, make_card, row_bits
from chainrule.workflow.fitting import Fitted, Fitting, class_weights
from chainrule.workflow.judging import best_so_far, train_and_judge
from chainrule.workflow.kept import Kept, Replay, keep
from chainrule.workflow.parts import Plan, plan_parts
from chainrule.workflow.question import MAIN, Question, ask
from chainrule.workflow.settings import plain_settings


def train(
    source: Any,
    *,
    target: str | Sequence[str] | None = None,
    task: str | None = None,
    test: Any = None,
    validation: Any = None,
    folds: int | None = None,
    group: str | None = None,
    time: str | None = None,
    weight: str | None = None,
    types: Mapping[str, str] | None = None,
    missing: str | Sequence[str] | None = None,
    drop: str | Sequence[str] = (),
    allow_leak: bool = False,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    dropout: float | None = None,
    batch_norm: bool = False,
    network: Network | str | os.PathLike[str] | None = None,
    loss: str | LossFunction | None = None,
    optimizer: Any = None,
    learning_rate: float | None = None,
    schedule: str | None = None,
    weight_decay: float | None = None,
    batch_size: int | str | None = "auto",
    epochs: int | None = None,
    max_time: float | None = None,
    patience: int | None = None,
    tol: float = 0.0,
    class_weight: Mapping[Any, float] | str | None = None,
    metric: str | None = None,
    positive: Any = None,
    baselines: bool = True,
    dry_run: bool = False,
    seed: int = 0,
    engine: str = "auto",
    progress: bool | Callable[[Progress], Any] = False,
    checkpoint: str | os.PathLike[str] | Replay | None = None,
    checkpoint_every: str | int = "30s",
    resume: bool = False,
) -> Model:
    """Train a network on a table and judge it on rows that it has never seen.

    The rows are split before anything is learnt from them. Of 2,000 rows or more a fifth judges, a
    fifth of the rest says when to stop. Of fewer, five folds judge: every row by a network that
    never saw it; the network that is returned is then fitted to all rows, for the median of the
    folds' best numbers of epochs. Equal rows stay in one part. Encoders are learnt from training
    rows alone. Probabilities are brought to what came true on rows that were not fitted to.

    Args:
        source: the path of a table, a pandas or polars DataFrame, or a dict of columns.
        target: the column to predict, or several: all numbers, or all of two values.
        task: "classes" or "numbers", where the column alone does not say it rightly.
        test: a table to judge on. validation: a table, or a share of the rows, to stop by.
        folds: how many judge; 0 for a test part. None: 5 below 2,000 rows.
        group: a column whose equal values stay in one part. time: a column that orders the rows;
            the latest judge. weight: a column with the weights of rows. drop: columns left out.
        types: the kinds of columns that are not what their cells say, e.g. {"zip": "category"}.
        missing: what stands for a missing value, in place of what usually does, e.g. ("", "?").
        allow_leak: whether columns that give the target away may be trusted.
        hidden: units of the hidden layers, e.g. (64, 32); () for none. activation: between them.
        dropout: the rate after each. batch_norm: whether each is normalized before its activation.
        network: a whole network instead of these, or the path of one as JSON.
        loss, optimizer: a name, or an object as for `fit`. learning_rate, weight_decay: of the
            optimizer. schedule: "constant", "cosine", "exponential", "one_cycle", "plateau",
            "step", "warm_up".
        batch_size: rows a step; "full" or None takes all, "auto" decides by the number of rows.
        epochs: the most passes over the training part. max_time: seconds for all networks together.
        patience, tol: stop after so many epochs in which the validation loss fell by no more.
        class_weight: "balanced", or a weight for labels.
        metric: the score that decides: "accuracy", "balanced_accuracy", "f1", "log_loss",
            "roc_auc"; "rmse", "mae", "r2", "relative_error".
        positive: of two labels the one that F1 is about; the second in order by default.
        baselines: whether to compare with a linear model, one hidden layer and boosted trees.
        dry_run: read, split and decide, but train nothing: the model has its first weights.
        seed: of the split, of initialization and of shuffling.
        engine: "auto", "numpy" or "xla".
        progress: as for `fit`; a function gets a `Progress` with the field `stage` too.
        checkpoint: a folder that the run is kept in; delete it when the model is saved.
            checkpoint_every: as for `fit`. resume: go on with the run in that folder, to the same
            bits; where there is none it begins anew.

    Returns:
        A model that predicts from raw rows: `model.predict("new.csv")`. `model.judgement` holds
        its scores beside those of simpler predictors, and the verdict; it is None where Ctrl-C or
        SIGTERM stopped training, or for a dry run.

    Raises:
        DataError, SettingError: with file, line and column, and what to write.
        NonFiniteError: a number stopped being finite.

    Example:
        >>> model = train("examples/data/penguins.csv", target="species", folds=0, epochs=30)
        >>> model.judgement["score"] > model.judgement["trivial_score"]
        True
        >>> model.predict(
        ...     {
        ...         "island": ["Biscoe"],
        ...         "bill_length_mm": [46.1],
        ...         "bill_depth_mm": [13.2],
        ...         "flipper_length_mm": [211],
        ...         "body_mass_g": [4500],
        ...         "sex": ["female"],
        ...         "year": [2007],
        ...     }
        ... ).tolist()
        ['Gentoo']
    """
    given = plain_settings(locals(), train)
    share = validation if isinstance(validation, int | float) else None
    markers = (missing,) if isinstance(missing, str) else missing
    question = ask(
        source, target, task=task, loss=loss, drop=drop, group=group, time=time, weight=weight,
        validation=None if share is not None else validation, test=test, types=types,
        missing=markers,
    )  # fmt: skip
    asked = Asked(
        task=question.task,
        targets=question.names,
        classes=question.outputs if question.task == CLASSES else 0,
        positive=_positive(question, positive),
        metric=metric,
    )
    metric_name(metric, question.task, len(question.targets))
    plan = plan_parts(question, key_from_seed(seed), folds=folds, validation=share)
    learnt = plan.whole if plan.folds else plan.parts[0].training
    left_out = usable_columns(question.table.take(learnt), question.names, dict(question.roles))
    used = tuple(name for name, reason in left_out.items() if not reason)
    leaks = _leaks(question, used, learnt)
    whole = read_network(network) if isinstance(network, str | os.PathLike) else network
    choices = Choices(
        hidden, activation, dropout, batch_norm, whole, loss, optimizer, learning_rate, schedule,
        weight_decay, batch_size, epochs, max_time, patience, tol,
    )  # fmt: skip
    embedded = columns_to_embed(question.table.take(learnt), used)
    recipe = tabular_recipe(
        len(plan.parts[0].training), question.outputs, question.task, choices, embedded
    )
    fitting = Fitting(
        question,
        used,
        recipe,
        class_weight,
        seed,
        engine,
        progress,
        _time_each(recipe, plan, baselines),
    )
    if class_weight is not None:
        class_weights(class_weight, question, question.values[learnt])
    card = make_card(question, left_out, plan, recipe, leaks) | {"settings": given}
    card |= {"types": dict(types or {})} if types else {}
    card |= {"missing": list(markers)} if markers is not None else {}
    if dry_run:
        return _untrained(fitting, plan, card)
    asked = replace(asked, folds=plan.folds, hidden=not recipe.linear)
    kept = _kept(checkpoint, checkpoint_every, resume, question, given)
    fitting = replace(fitting, kept=kept)
    try:
        trained = train_and_judge(fitting, plan, baselines=baselines)
        judged = judge(
            asked, question.values[trained.rows], trained.network, trained.rivals,
            () if allow_leak else leaks,
        )  # fmt: skip
    except KeyboardInterrupt as stop:
        return _not_judged(best_so_far(fitting), question, card, type(stop))
    card = finish_card(card, trained.model, trained.folds) | {"judgement": judged}
    card |= {"steps_of_networks": fitting.steps} if recipe.max_time is not None else {}
    return _labelled(replace(trained.model, card=card), question)


def _kept(
    checkpoint: Any, every: str | int, resume: bool, question: Question, given: Mapping[str, Any]
) -> Kept | Replay | None:
    if checkpoint is None and resume:
        raise SettingError("resume needs a checkpoint: the folder of the run to go on with.")
    if checkpoint is None or isinstance(checkpoint, Replay):
        return checkpoint
    decides = {k: v for k, v in given.items() if k not in ("epochs", "max_time")}
    return keep(checkpoint, every, resume, {"the data": question.table.digest()} | decides)


def _not_judged(
    kept: Fitted, question: Question, card: dict[str, Any], stop: type[KeyboardInterrupt]
) -> Model:
    """What Ctrl-C left, with the rows that it never saw, by which `evaluate` can judge it."""
    found = finish_card(card, kept.model)
    by = "SIGTERM" if stop is Terminated else "Ctrl-C"
    unseen = np.setdiff1d(np.flatnonzero(question.origin == MAIN), kept.known)
    found |= {"not_judged": f"stopped by {by}", "kept": kept.stage, "unseen": row_bits(unseen)}
    return _labelled(replace(kept.model, card=found), question)


def _leaks(question: Question, used: Sequence[str], rows: Any) -> list[Leak]:
    """Columns that give a target away, looked for in the rows that are learnt from."""
    columns = [question.table.column(name).take(rows) for name in used]
    order = None if question.time is None else question.time.values[rows]
    found: dict[str, Leak] = {}
    for i, target in enumerate(question.targets):
        values = question.values[rows] if question.values.ndim == 1 else question.values[rows, i]
        classes = question.task != NUMBERS
        for leak in find_leaks(columns, target.name, values, classes=classes, order=order):
            found.setdefault(leak.column, leak)
    return list(found.values())


def _positive(question: Question, positive: Any) -> int | None:
    """The number of the positive class of two; None for other tasks."""
    two = question.task == CLASSES and question.outputs == 2
    if positive is None:
        return 1 if two else None
    if not two:
        raise SettingError(
            f"positive={positive!r} needs a target of two classes, and this one has "
            f"{question.outputs if question.task == CLASSES else 'none'}. Leave it out."
        )
    labels = question.targets[0].labels
    if str(positive) not in labels:
        raise unknown_name("label", positive, labels)
    return labels.index(str(positive))


def _time_each(recipe: Recipe, plan: Plan, baselines: bool) -> float | None:
    """Seconds for each of the networks that are trained, the rival ones included."""
    if recipe.max_time is None:
        return None
    if not recipe.max_time > 0:
        raise SettingError(f"max_time is {recipe.max_time}; it must be seconds above 0.")
    judging = 2 * plan.folds if plan.folds else 1
    return recipe.max_time / (judging * (2 if baselines else 1) + bool(plan.folds))


def _untrained(fitting: Fitting, plan: Plan, card: dict[str, Any]) -> Model:
    """The model of a dry run: everything decided, nothing learnt but the encoder."""
    rows = plan.whole if plan.folds else plan.parts[0].training
    model = fitting.untrained(rows)
    return _labelled(replace(model, card=finish_card(card, model)), fitting.question)


def _labelled(model: Model, question: Question) -> Model:
    """The model with the labels of the table in place of class numbers."""
    if question.task == CLASSES:
        return replace(model, targets=replace(model.targets, classes=_labels(question)))
    if question.task == ANSWERS:
        assert model.encoder is not None
        first, *further = (
            replace(code, labels=target.labels)
            for code, target in zip(model.encoder.targets, question.targets, strict=True)
        )
        return replace(model, encoder=replace(model.encoder, target=first, further=tuple(further)))
    return model


def _labels(question: Question) -> Any:
    """Class labels in the order of their codes; whole numbers where all of them are."""
    labels = question.targets[0].labels
    if all(label.lstrip("-").isdecimal() and str(int(label)) == label for label in labels):
        return np.array([int(label) for label in labels])
    return np.array(labels)
