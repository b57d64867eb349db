"""Fitting on some rows of a question: encoder, arrays, network; nothing of other rows is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from chainrule.data import Encoder, fit_encoder, make_targets
from chainrule.errors import SettingError, Terminated
from chainrule.judgement import CLASSES, NUMBERS
from chainrule.model import Model
from chainrule.ops import fold_in, key_from_seed
from chainrule.recipes import Recipe, settled, with_tables
from chainrule.training import Progress, fit
from chainrule.workflow.kept import Kept, Replay
from chainrule.workflow.question import Question

STOPPED = ("interrupted", "terminated")
"""Why training stopped, where somebody from outside wanted it."""


@dataclass(frozen=True)
class StagedProgress(Progress):
    """A `Progress` that says which of several networks is being trained, e.g. "fold 2 of 5"."""

    stage: str = ""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network of a run, the rows it was fitted to or stopped by, and which one it was."""

    model: Model
    known: Any
    stage: str


@dataclass(frozen=True, eq=False)
class Fitting:
    """How networks are fitted to a question.

    Attributes:
        question: rows and targets. used: the columns to learn from.
        recipe: network, loss and settings.
        class_weight: weights of labels, or None.
        seed, engine, progress: as for `fit`.
        max_time: seconds for each network, or None. kept: where they are kept, or
            how many steps each takes; or None. steps: of every network so far, in order.
        fitted: every network that was fitted, for a run that Ctrl-C stops.
    """

    question: Question
    used: tuple[str, ...]
    recipe: Recipe
    class_weight: Any
    seed: int
    engine: str
    progress: bool | Callable[[Progress], Any]
    max_time: float | None = None
    kept: Kept | Replay | None = None
    steps: list[int] = field(default_factory=list)
    fitted: list[Fitted] = field(default_factory=list)

    def network(
        self, rows: Any, validation: Any = None, *, epochs: int | None = None, stage: str = ""
    ) -> Model:
        """A model that was fitted to rows, with the encoder that was learnt from them.

        Args:
            rows: row numbers. validation: those that say when to stop, or None.
            epochs: exactly so many, instead of as many as help. stage: for the progress line.

        Raises:
            KeyboardInterrupt: Ctrl-C stopped it; what it was by then is the last one of `fitted`.
            Terminated: SIGTERM did.
        """
        recipe, question = self.recipe, self.question
        training = question.table.take(rows)
        encoder = self.encoder(rows)
        size = recipe.batch_size
        timed = not isinstance(recipe.optimizer.learning_rate, int | float)
        model = fit(
            with_tables(recipe.network, encoder),
            encoder.encode(training),
            encoder.encode_target(question.values[rows]),
            loss=recipe.loss,
            optimizer=recipe.optimizer,
            epochs=recipe.epochs if timed or epochs is None else epochs,
            batch_size=None if size is None or size >= len(rows) else size,
            validation=None
            if validation is None
            else (
                encoder.encode(question.table.take(validation)),
                encoder.encode_target(question.values[validation]),
            ),
            patience=None if validation is None else recipe.patience,
            tol=recipe.tol if validation is not None else 0.0,
            sample_weight=self.weights(rows),
            seed=self.seed,
            engine=self.engine,
            callbacks=(_until(epochs),) if timed and epochs is not None else (),
            progress=self._staged(stage),
            **{"max_time": self.max_time, **(self.kept.next(epochs) if self.kept else {})},
        )
        self.steps.append(int(model.card["steps"]))
        if model.stop_reason == "callback":
            model = replace(model, card=model.card | {"stop_reason": "epochs"})
        model = settled(replace(model, encoder=encoder))
        known = rows if validation is None else np.union1d(rows, validation)
        self.fitted.append(Fitted(model, known, stage))
        if model.stop_reason in STOPPED:
            raise KeyboardInterrupt if model.stop_reason == "interrupted" else Terminated
        return model

    def untrained(self, rows: Any) -> Model:
        """The model of rows before its first step: encoder and first weights."""
        encoder = self.encoder(rows)
        network = with_tables(self.recipe.network, encoder)
        made = network.init(fold_in(key_from_seed(self.seed), 0), (encoder.width,))
        kind = getattr(self.recipe.loss, "targets", "numbers")
        y = encoder.encode_target(self.question.values[rows])
        return Model(
            network=network,
            params=made[0],
            state=made[1],
            loss=self.recipe.loss,
            targets=make_targets(kind, y, made[2][0]),
            in_shape=(encoder.width,),
            card={"seed": self.seed, "stop_reason": "dry run"},
            encoder=encoder,
        )

    def encoder(self, rows: Any, *, embedded: bool = True) -> Encoder:
        """The encoder that is learnt from rows.

        Args:
            embedded: whether columns of many labels are written as the recipe has it; otherwise
                every label has an input of its own.
        """
        training = self.question.table.take(rows)
        targets = (target.take(rows) for target in self.question.targets)
        names = self.recipe.embedded if embedded else ()
        return fit_encoder(training, self.used, *targets, embedded=names)

    def inputs(self, model: Model, rows: Any) -> Any:
        """Rows as the network of a model sees them."""
        assert model.encoder is not None
        return model.encoder.encode(self.question.table.take(rows), model.dtype)

    def weights(self, rows: Any) -> Any:
        """Weights of rows, those of their classes included; None where all are alike."""
        weights = self.question.weights
        mine = None if weights is None else weights[rows]
        if self.class_weight is None:
            return mine
        codes = self.question.values[rows]
        table = class_weights(self.class_weight, self.question, codes)
        return table[codes] * (1.0 if mine is None else mine)

    def with_hidden(self, *sizes: int) -> Fitting:
        """The same, silently, for a plain network with hidden layers of other sizes."""
        recipe = self.recipe.with_hidden(*sizes)
        return replace(self, recipe=recipe, progress=False, fitted=[])

    def _staged(self, stage: str) -> bool | Callable[[Progress], Any]:
        if not stage or not callable(self.progress):
            return self.progress
        tell = self.progress

        def staged(progress: Progress) -> Any:
            known = {f.name: getattr(progress, f.name) for f in fields(progress)}
            return tell(StagedProgress(**known, stage=stage))

        return staged


def _until(epochs: int) -> Callable[[Progress], bool]:
    """A callback that ends training after an epoch: a schedule stays that of the whole run."""
    return lambda progress: progress.epoch >= epochs


def class_weights(class_weight: Any, question: Question, codes: Any) -> Any:
    """The weight of every class, (classes,).

    Args:
        class_weight: "balanced", or a weight by label. codes: the classes of the training rows.

    Raises:
        SettingError: not one target of classes, an unknown label, or an impossible weight.
    """
    if question.task != CLASSES:
        what = "numbers" if question.task == NUMBERS else "several answers"
        raise SettingError(f"class_weight needs one target of classes, and this one is {what}.")
    labels = question.targets[0].labels
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise SettingError(
                f"class_weight is {class_weight!r}; it must be 'balanced' or a weight per label."
            )
        found = np.bincount(codes, minlength=len(labels))
        return np.asarray(len(codes) / (max(1, (found > 0).sum()) * np.maximum(found, 1)))
    if not isinstance(class_weight, Mapping):
        raise SettingError(
            f"class_weight is {class_weight!r}; it must be 'balanced' or a weight per label."
        )
    given = {str(label): weight for label, weight in class_weight.items()}
    unknown = [label for label in given if label not in labels]
    if unknown:
        raise SettingError(
            f"class_weight names {unknown[0]!r}; the labels are {', '.join(labels)}."
        )
    table = np.array([float(given.get(label, 1.0)) for label in labels])
    if not (np.isfinite(table).all() and (table >= 0).all() and table.any()):
        raise SettingError("class_weight: weights must be finite, at least 0, and not all 0.")
    return table
