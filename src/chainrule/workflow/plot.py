"""`plot`: a model's training, answers or layers as a figure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.autodiff import Tree
from chainrule.clustering import Segments
from chainrule.data import NUMBER
from chainrule.errors import SettingError, unknown_name
from chainrule.explanation import count_layers, input_names, loss_word
from chainrule.judgement import confusion_counts, reliability
from chainrule.model import Model
from chainrule.nn import Dense, Network
from chainrule.plotting import (
    add_note,
    draw_calibration,
    draw_confusion,
    draw_curves,
    draw_network,
    draw_residuals,
)
from chainrule.workflow.models import Markers, load_any, missing_markers, table_encoder
from chainrule.workflow.segment_plots import SEGMENT_FIGURES, plot_segments
from chainrule.workflow.truth import Answers, gather_answers


def plot(
    model: Model | Segments | str | os.PathLike[str],
    kind: str,
    source: Any = None,
    *,
    missing: Markers = None,
    name: str = "",
) -> Any:
    """A figure of a model.

    Args:
        model: a Model, or the path of its file.
        kind: "curves" (training loss by epoch, and validation loss where a part of the rows
            validated: with folds none does), "network" (neurons and weights), "confusion" (which
            classes are taken for which), "calibration" (whether probabilities mean what they say)
            or "residuals" (how far numbers are off). Of segments: "profile", "dendrogram", and of
            their rows "scatter" and "silhouette".
        source: for the last three the rows to judge by, with their targets: the path of a table, an
            open binary file, a DataFrame, or a dict of columns.
        missing: what stands for a missing value; None: what did when the model was trained.
        name: what messages call an open file.

    Returns:
        A matplotlib figure: `figure.savefig("curves.svg")`.

    Raises:
        SettingError: an unknown kind, one that does not fit the model, no rows to judge by, or
            matplotlib is not installed.

    Example:
        >>> import chainrule as cr
        >>> network = cr.Network([cr.nn.Dense(3), cr.nn.ReLU(), cr.nn.Dense(1)])
        >>> model = cr.fit(network, [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], loss="mse", epochs=5)
        >>> figure = plot(model, "curves")
        >>> figure.axes[0].get_title(loc="left")
        'Loss by epoch'
    """
    if kind not in FIGURES:
        raise unknown_name("kind of figure", kind, FIGURES)
    made = load_any(model, source)
    if isinstance(made, Segments):
        return plot_segments(made, kind, source, missing_markers(made, missing))
    if kind in SEGMENT_FIGURES:
        raise SettingError(f"A {kind} is drawn of segments, and this is a network: cr.cluster.")
    if kind in FROM_MODEL:
        return FROM_MODEL[kind](made)
    _check_kind(made, kind)
    if source is None:
        raise SettingError(
            f"A figure of {kind} is drawn from rows with known targets: name a table, e.g. "
            f"chainrule plot MODEL FILE.csv --kind {kind}"
        )
    answers = gather_answers(made, source, name, missing)
    figure = FROM_ROWS[kind](made, answers)
    if answers.seen:
        add_note(figure, "its own training rows: not how it does on new ones")
    return figure


def _check_kind(model: Model, kind: str) -> None:
    """Refuse classes of numbers and numbers of classes."""
    encoder = table_encoder(model)
    fitting, what = ["confusion", "calibration"], "classes"
    if encoder.target.kind == NUMBER:
        fitting, what = ["residuals"], "numbers"
    elif encoder.further:
        fitting, what = ["calibration"], "several yes/no answers"
    if kind not in fitting:
        raise SettingError(
            f"This model predicts {what}: --kind {fitting[0]} fits it, {kind} does not."
        )
    if kind == "calibration" and model.targets.kind not in ("classes", "binary"):
        raise SettingError(f"This model has no probabilities: it predicts {model.targets.kind}.")


def _curves(model: Model) -> Any:
    card = model.card
    note = (
        "fitted to all rows, for the median of the folds' best epochs" if card.get("folds") else ""
    )
    return draw_curves(model.history, card.get("best_epoch"), loss_word(model.loss), note)


def _network(model: Model) -> Any:
    layers = count_layers(model.network, model.params, model.state, model.in_shape, model.dtype)
    inputs = () if model.encoder is None else input_names(model.encoder)
    weights = list(_weights(model.network, model.params))
    return draw_network(layers, weights, model.in_shape, inputs, _outputs(model))


def _weights(network: Network, params: Tree) -> Iterator[Any]:
    """The weights of the innermost layers; None of those that are not dense."""
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Network):
            yield from _weights(layer, params[i])
        else:
            yield params[i]["weight"] if isinstance(layer, Dense) else None


def _outputs(model: Model) -> tuple[str, ...]:
    """What the outputs are called."""
    classes = model.targets.classes
    if classes is not None:
        named = classes.tolist() if model.targets.kind == "classes" else classes.tolist()[1:]
        return tuple(str(label) for label in named)
    return () if model.encoder is None else tuple(code.column for code in model.encoder.targets)


def _confusion(model: Model, answers: Answers) -> Any:
    labels = [str(label) for label in model.targets.classes.tolist()]
    counts = confusion_counts(answers.truth, answers.predicted, len(labels))
    return draw_confusion(counts, labels, _target(model))


def _calibration(model: Model, answers: Answers) -> Any:
    said, right = answers.probabilities, answers.predicted == answers.truth
    if model.targets.classes is None:
        bins, error = reliability(said.reshape(-1), answers.truth.reshape(-1) == 1)
    else:
        bins, error = reliability(said.max(axis=1), right)
    return draw_calibration(bins, error, _target(model))


def _residuals(model: Model, answers: Answers) -> Any:
    if answers.truth.ndim == 1:
        return draw_residuals(answers.truth, answers.predicted, _target(model))
    codes = table_encoder(model).targets
    scales = np.array([code.scale for code in codes])
    centers = np.array([code.center for code in codes])
    truth, predicted = ((x - centers) / scales for x in (answers.truth, answers.predicted))
    name = f"{_target(model)}, in their standard deviations"
    return draw_residuals(truth.reshape(-1), predicted.reshape(-1), name)


def _target(model: Model) -> str:
    return ", ".join(code.column for code in table_encoder(model).targets)


FROM_MODEL: dict[str, Callable[[Model], Any]] = {"curves": _curves, "network": _network}
FROM_ROWS: dict[str, Callable[[Model, Answers], Any]] = {
    "confusion": _confusion,
    "calibration": _calibration,
    "residuals": _residuals,
}
FIGURES = (*FROM_MODEL, *FROM_ROWS, *SEGMENT_FIGURES)
"""The figures by name: what a model holds, and what needs rows."""
