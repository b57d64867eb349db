"""The page that `train` prints: what was read, decided, learnt and judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.data import MISSING
from chainrule.model import Model
from chainrule.nn import Dense

MOST_COLUMNS = 30
"""So many columns get a line of their own."""


def training_lines(model: Model) -> Iterator[str]:
    """From the rows read to the epoch kept."""
    card = model.card
    columns = card["columns"]
    rows = sum(card["split"].values()) + card["rows_without_target"]
    markers = ", ".join('""' if marker == "" else marker for marker in MISSING)
    yield f"Read {rows} rows, {len(columns)} columns (comma, UTF-8; missing is {markers})"
    width = min(30, max(len(column["name"]) for column in columns))
    for column in columns[:MOST_COLUMNS]:
        word, said = _column_words(model, column)
        yield f"  {column['name']:<{width}}  {word:<8}  {said}".rstrip()
    if len(columns) > MOST_COLUMNS:
        yield f"  … and {len(columns) - MOST_COLUMNS} more columns"
    if card["rows_without_target"]:
        yield f"Left out {card['rows_without_target']} rows that have no {card['target']}"
    parts = card["split"]
    kept = f", stratified by {card['target']}" if card["task"] == "classes" else ""
    yield (
        f"Split, seed {card['seed']}: {parts['training']} rows to train, {parts['validation']} to "
        f"validate, {parts['test']} to test{kept}"
    )
    for reason in card["reasons"]:
        yield f"  {reason}"
    rate = f" {card['learning_rate']:g}" if isinstance(card["learning_rate"], float) else ""
    yield (
        f"Network {network_words(model)}, {model.parameters:,} parameters, {card['loss']}, "
        f"{card['optimizer']}{rate}, batch {card['batch_size']}, {card['engine']} engine"
    )
    yield _epoch_line(model)


def _column_words(model: Model, column: dict[str, Any]) -> tuple[str, str]:
    """A column's role and what was done with it."""
    card = model.card
    if column["name"] == card["target"]:
        return "target", _target_words(model)
    if column["left_out"]:
        return "left out", str(column["left_out"])
    assert model.encoder is not None
    code: Any = next(code for code in model.encoder.codes if code.column == column["name"])
    missing = f"{column['missing']} missing: " if column["missing"] else ""
    if column["kind"] == "number":
        return "number", missing and missing + "median" + " + indicator" * code.indicator
    how = "a feature of their own" if code.slot else "as the average row"
    values = f"{column['values']} value{'s' if column['values'] != 1 else ''}"
    return "category", values + (f", {missing}{how}" if missing else "")


def _target_words(model: Model) -> str:
    card = model.card
    if card["task"] == "numbers":
        assert model.encoder is not None
        code = model.encoder.target
        return f"a number, mean {code.center:.4g}, deviation {code.scale:.4g} where trained"
    counts = list(card["classes"].items())
    listed = ", ".join(f"{label} {count}" for label, count in counts[:6])
    more = f", … ({len(counts)} classes)" if len(counts) > 6 else ""
    reason = f" ({card['task_reason']})" if "numbers" in card["task_reason"] else ""
    return listed + more + reason


def network_words(model: Model) -> str:
    """A network of dense layers as "15 → 32 ReLU → 3"."""
    words = [str(model.in_shape[0])]
    for layer in model.network.layers:
        if isinstance(layer, Dense):
            words.append(f"→ {layer.units}")
        else:
            words.append(type(layer).__name__)
    return " ".join(words)


def _epoch_line(model: Model) -> str:
    card, history = model.card, model.history
    measured = "".join(
        f"  {word} {history[name][-1]:.4g}"
        for word, name in (("loss", "train_loss"), ("validation", "validation_loss"))
        if history.get(name)
    )
    why = {
        "epochs": "all epochs done",
        "patience": f"stopped: no better for {card['patience']} epochs",
        "interrupted": "stopped by Ctrl-C",
    }.get(model.stop_reason, model.stop_reason)
    kept = f"epoch {card['best_epoch']} kept" if card["best_epoch"] else "the last step kept"
    return (
        f"epoch {card['epochs']}/{card['epochs_asked']}{measured}  {card['seconds']:.1f} s  "
        f"{why}; {kept}"
    )


def judgement_lines(model: Model) -> Iterator[str]:
    """The score on the test part beside the simplest guess."""
    judged = model.judgement
    if judged is None:
        yield "Not judged, because training was stopped. Train to the end to have it judged."
        return
    width = max(len(judged["trivial"]), len("this network"))
    yield f"Judged on {judged['rows']} rows that training never saw"
    yield f"  {'':<{width}}  {judged['metric']}"
    yield f"  {judged['trivial']:<{width}}  {_score(judged, 'trivial_score')}"
    yield f"  {'this network':<{width}}  {_score(judged, 'score')}"


def _score(judged: dict[str, Any], which: str) -> str:
    value = judged[which]
    return f"{value:.2f}" if judged["metric"] == "accuracy" else f"{value:.4g}"
