"""`train`: from a table to a judged model. It prints nothing; what it did stands in the card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.data import (
    CATEGORY,
    NUMBER,
    Column,
    Encoder,
    Table,
    as_table,
    fit_encoder,
    split_rows,
)
from chainrule.errors import DataError
from chainrule.judgement import judge_classes, judge_numbers
from chainrule.losses import LossFunction
from chainrule.model import Model
from chainrule.ops import fold_in, key_from_seed
from chainrule.recipes import Recipe, choose_task, tabular_recipe, usable_columns
from chainrule.training import Progress, fit

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.2
"""Of all rows for the test part; of the rest for the validation part."""
FEWEST_ROWS = 10
TEST, VALIDATION = 3, 4
"""Which use of the seed's key is which; 0 to 2 are those of `fit`."""


def train(
    source: Any,
    *,
    target: str | None = None,
    hidden: Sequence[int] | None = None,
    activation: str | None = None,
    epochs: int | None = None,
    batch_size: int | str | None = "auto",
    learning_rate: float | None = None,
    optimizer: Any = None,
    loss: str | LossFunction | None = None,
    seed: int = 0,
    engine: str = "auto",
    progress: bool | Callable[[Progress], Any] = False,
) -> Model:
    """Train a network on a table and judge it on rows that it has never seen.

    The rows are split into training, validation and test part (stratified by class) before
    anything is learnt from them. The encoder is learnt from the training part alone, the validation
    part decides when to stop, the test part judges once.

    Args:
        source: the path of a CSV file, a pandas or polars DataFrame, or a dict of columns.
        target: the column to predict.
        hidden: units of the hidden layers, e.g. (64, 32); () for none. activation: between them.
        epochs: the most passes over the training part.
        batch_size: rows a step; "full" or None takes all, "auto" decides by the number of rows.
        learning_rate: of the optimizer. optimizer, loss: a name, or an object as for `fit`.
        seed: of the split, of initialization and of shuffling.
        engine: "auto", "numpy" or "xla".
        progress: as for `fit`.

    Returns:
        A model that predicts from raw rows: `model.predict("new.csv")`. `model.judgement` holds
        its score beside that of the simplest guess; it is None where Ctrl-C stopped training.

    Raises:
        DataError, SettingError: with file, line and column, and what to write.
        NonFiniteError: a number stopped being finite.

    Example:
        >>> model = train("examples/data/penguins.csv", target="species", epochs=30)
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
    table, dropped = _with_target(as_table(source), target)
    answer = table.column(str(target))
    verdicts = usable_columns(table, answer.name)
    task, why = choose_task(answer, loss)
    answer = _as_classes(answer) if task == CATEGORY else answer
    key = key_from_seed(seed)
    parts = _split(table, answer, key)
    training = table.take(parts["training"])
    used = [name for name, verdict in verdicts.items() if not verdict]
    encoder = fit_encoder(training, used, answer.take(parts["training"]))
    recipe = tabular_recipe(
        training.rows,
        len(answer.labels) or 1,
        task,
        hidden=hidden,
        activation=activation,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimizer=optimizer,
        loss=loss,
    )
    x, y = _arrays(table, answer, encoder, parts)
    model = fit(
        recipe.network,
        x["training"],
        y["training"],
        loss=recipe.loss,
        optimizer=recipe.optimizer,
        epochs=recipe.epochs,
        batch_size=_fitting(recipe.batch_size, training.rows),
        validation=(x["validation"], y["validation"]),
        patience=recipe.patience,
        seed=seed,
        engine=engine,
        progress=progress,
    )
    card = _card(table, answer, verdicts, encoder, parts, recipe, dropped, why)
    model = replace(model, encoder=encoder, card=model.card | card)
    if task == CATEGORY:
        model = replace(model, targets=replace(model.targets, classes=_labels(answer)))
    if model.stop_reason == "interrupted":
        return model
    return replace(model, card=model.card | {"judgement": _judged(model, x, answer, parts)})


def _with_target(table: Table, target: str | None) -> tuple[Table, int]:
    """The table without the rows that have no target, and how many these were."""
    if target is None:
        raise DataError(
            f"Which column is to be predicted? {table.name} has {', '.join(table.names)}. Write, "
            f"e.g., target={table.names[-1]!r}."
        )
    missing = table.column(target).missing
    if missing.all():
        raise DataError(f"The target {target!r} has no values in {table.name}.")
    kept = np.flatnonzero(~missing)
    if len(kept) < FEWEST_ROWS:
        raise DataError(
            f"{table.name} has {len(kept)} rows with a target; at least {FEWEST_ROWS} are needed "
            "to train, validate and test."
        )
    return (table.take(kept) if missing.any() else table), int(missing.sum())


def _as_classes(target: Column) -> Column:
    """A target as labels; those of numbers are in the order of the numbers."""
    if target.kind == CATEGORY:
        present, codes = np.unique(target.values, return_inverse=True)
        labels = tuple(target.labels[i] for i in present)
    else:
        present, codes = np.unique(target.values, return_inverse=True)
        labels = tuple(f"{value:.15g}" for value in present)
    if len(labels) > len(codes) // 2:
        raise DataError(
            f"The target {target.name!r} has {len(labels)} classes in {len(codes)} rows: too few "
            "rows a class to learn from."
        )
    return Column(target.name, CATEGORY, codes.astype("int32"), labels)


def _labels(answer: Column) -> Any:
    """Class labels in the order of their codes; whole numbers where all of them are."""
    if all(label.lstrip("-").isdecimal() and str(int(label)) == label for label in answer.labels):
        return np.array([int(label) for label in answer.labels])
    return np.array(answer.labels)


def _split(table: Table, answer: Column, key: Any) -> dict[str, Any]:
    """Row numbers of the three parts; each has the proportions of the classes."""
    groups = answer.values if answer.kind == CATEGORY else None
    rest, test = split_rows(fold_in(key, TEST), table.rows, TEST_SHARE, groups)
    inner = None if groups is None else groups[rest]
    kept, held = split_rows(fold_in(key, VALIDATION), len(rest), VALIDATION_SHARE, inner)
    return {"training": rest[kept], "validation": rest[held], "test": test}


def _arrays(table: Table, answer: Column, encoder: Encoder, parts: Any) -> tuple[Any, Any]:
    """Inputs and targets of every part, as the network takes them."""
    inputs = encoder.encode(table)
    targets = answer.values
    if encoder.target.kind == NUMBER:
        targets = (targets - encoder.target.center) / encoder.target.scale
    return (
        {name: inputs[rows] for name, rows in parts.items()},
        {name: targets[rows] for name, rows in parts.items()},
    )


def _fitting(batch_size: int | None, rows: int) -> int | None:
    return None if batch_size is None or batch_size >= rows else batch_size


def _judged(model: Model, x: Any, answer: Column, parts: Any) -> dict[str, Any]:
    truth = _labels(answer)[answer.values] if answer.kind == CATEGORY else answer.values
    judge = judge_classes if answer.kind == CATEGORY else judge_numbers
    return judge(truth[parts["test"]], model.predict(x["test"]), truth[parts["training"]])


def _card(
    table: Table,
    answer: Column,
    verdicts: dict[str, str],
    encoder: Encoder,
    parts: Any,
    recipe: Recipe,
    dropped: int,
    why: str,
) -> dict[str, Any]:
    """What was read, decided and why, as plain values."""
    return {
        "target": answer.name,
        "task": "classes" if answer.kind == CATEGORY else "numbers",
        "task_reason": why,
        "classes": answer.counts() if answer.kind == CATEGORY else {},
        "columns": [
            {"name": c.name, "kind": c.kind, "missing": int(c.missing.sum()),
             "values": len(c.labels), "left_out": verdicts.get(c.name, "")}
            for c in table.columns
        ],
        "rows_without_target": dropped,
        "split": {name: len(rows) for name, rows in parts.items()},
        "data_hash": table.digest(),
        "features": encoder.width,
        "loss": type(recipe.loss).__name__,
        "optimizer": type(recipe.optimizer).__name__,
        "learning_rate": _rate(recipe.optimizer),
        "epochs_asked": recipe.epochs,
        "patience": recipe.patience,
        "reasons": list(recipe.reasons),
    }  # fmt: skip


def _rate(optimizer: Any) -> float | str:
    rate = optimizer.learning_rate
    return float(rate) if isinstance(rate, int | float) else type(rate).__name__
