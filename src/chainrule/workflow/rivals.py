"""The rivals of a network on the same rows: a guess, a line, one hidden layer, boosted trees.

The network with one hidden layer is trained here, by the same loop with the same settings, so that
it differs in its layers alone. The others are scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.judgement import (
    ANSWERS,
    CLASSES,
    NUMBERS,
    Contender,
    boosted_trees,
    in_digits,
    linear_model,
)
from chainrule.model import Model
from chainrule.workflow.fitting import Fitting
from chainrule.workflow.parts import Part
from chainrule.workflow.question import Question

SHALLOW = 32
"""Units of the network with one hidden layer: fewer than any default, so that it is the simpler."""


def trivial(fitting: Fitting, part: Part) -> Contender:
    """Always the most frequent class, or the mean, of the rows that are not judged."""
    question, rows = fitting.question, part.known
    weights = fitting.weights(rows)
    values = question.values[rows]
    count = len(part.judged)
    if question.task == NUMBERS:
        mean = np.average(values, axis=0, weights=weights)
        name = "always the mean" if np.ndim(mean) else f"always the mean, {in_digits(float(mean))}"
        return Contender(name, "trivial", np.broadcast_to(mean, (count, *np.shape(mean))))
    if question.task == ANSWERS:
        yes = np.average(values, axis=0, weights=weights)
        said = np.broadcast_to((yes > 0.5).astype("int64"), (count, len(yes)))
        return Contender("always the most frequent", "trivial", said, _rows(yes, count))
    found = np.bincount(values, weights=weights, minlength=question.outputs)
    best = int(found.argmax())
    name = f"always {question.targets[0].labels[best]}"
    return Contender(name, "trivial", np.full(count, best), _rows(found / found.sum(), count))


def rivals(fitting: Fitting, model: Model, part: Part, *, again: bool) -> Iterator[Contender]:
    """The other rivals, each fitted to all rows that are not judged.

    Args:
        model: whose encoder writes the rows for the linear model, unless it numbers labels: then
            they have an input each for the linear model, as they have for one hidden layer.
        again: whether a network is fitted again to training and validation rows together.
    """
    yield _linear(fitting, model, part)
    yield _shallow(fitting.with_hidden(SHALLOW), part, again=again)
    yield _trees(fitting, part)


def _shallow(fitting: Fitting, part: Part, *, again: bool) -> Contender:
    model = fitting.network(part.training, part.validation)
    if again:
        model = fitting.network(part.known, epochs=max(1, int(model.card["best_epoch"])))
    inputs = fitting.inputs(model, part.judged)
    return contender(model, inputs, fitting.question, "shallow", "one hidden layer")


def contender(model: Model, inputs: Any, question: Question, role: str, name: str) -> Contender:
    """What a model says about encoded rows: class numbers with probabilities, or numbers."""
    predicted = model.predict(inputs)
    if question.task == NUMBERS or model.targets.kind not in ("classes", "binary"):
        return Contender(name, role, predicted)
    return Contender(name, role, predicted, model.predict_proba(inputs))


def _linear(fitting: Fitting, model: Model, part: Part) -> Contender:
    question, rows = fitting.question, part.known
    encoder = model.encoder
    assert encoder is not None
    if encoder.embedded:
        encoder = fitting.encoder(rows, embedded=False)
    x, new = (
        encoder.encode(question.table.take(r), model.dtype).astype("float64")
        for r in (rows, part.judged)
    )
    weights, values = fitting.weights(rows), question.values[rows]
    if question.task == CLASSES:
        shares = linear_model(x, values, weights, classes=question.outputs)(new)
        return Contender("linear", "linear", shares.argmax(axis=1), shares)
    if question.task == NUMBERS:
        targets = encoder.encode_target(values)
        said = linear_model(x, targets, weights, classes=0)(new)
        said = encoder.decode(said[:, 0] if values.ndim == 1 else said)
        return Contender("linear", "linear", said)
    yes = [linear_model(x, values[:, i], weights, classes=2)(new)[:, 1] for i in _each(values)]
    return _answers("linear", yes)


def _trees(fitting: Fitting, part: Part) -> Contender:
    question, rows = fitting.question, part.known
    x, categories = columns_as_numbers(question, fitting.used)
    x, new = x[rows], x[part.judged]
    weights, values, name = fitting.weights(rows), question.values[rows], "boosted trees"
    settings: dict[str, Any] = {"categories": categories, "seed": fitting.seed}
    if question.task == CLASSES:
        shares = boosted_trees(x, values, weights, classes=question.outputs, **settings)(new)
        return Contender(name, "trees", shares.argmax(axis=1), shares)
    if question.task == ANSWERS:
        return _answers(
            name,
            [
                boosted_trees(x, values[:, i], weights, classes=2, **settings)(new)[:, 1]
                for i in _each(values)
            ],
        )
    if values.ndim == 1:
        said = boosted_trees(x, values, weights, classes=0, **settings)(new)
        return Contender(name, "trees", said)
    each = [
        boosted_trees(x, values[:, i], weights, classes=0, **settings)(new) for i in _each(values)
    ]
    return Contender(name, "trees", np.stack(each, axis=1))


def columns_as_numbers(question: Question, used: tuple[str, ...]) -> tuple[Any, Any]:
    """Columns as trees take them, float64 (rows, columns), NaN where missing; which hold labels."""
    columns = [question.table.column(name) for name in used]
    values = [np.where(c.missing, np.nan, c.values.astype("float64")) for c in columns]
    return np.stack(values, axis=1), np.array([bool(column.labels) for column in columns])


def _answers(name: str, yes: list[Any]) -> Contender:
    shares = np.stack(yes, axis=1)
    return Contender(name, name.split()[-1], (shares > 0.5).astype("int64"), shares)


def _each(values: Any) -> range:
    return range(values.shape[1])


def _rows(shares: Any, count: int) -> Any:
    return np.broadcast_to(shares, (count, len(shares)))
