"""The page that `train` prints: what was read, decided and learnt, as it stands in the card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chainrule.data import IDENTIFIER
from chainrule.judgement import in_digits, wrapped
from chainrule.model import Model
from chainrule.nn import Dense

MOST_COLUMNS = 100
"""So many columns get a line of their own."""


def training_lines(model: Model) -> Iterator[str]:
    """From the rows read to the epoch kept."""
    card = model.card
    columns = card["columns"]
    rows = sum(card["split"].values()) + card["rows_without_target"] + card["duplicates_removed"]
    yield from wrapped(f"Read {rows:,} rows, {len(columns)} columns{_reading(card)}", 2)
    for sentence in card["reading"]["said"]:
        yield from wrapped(f"  {sentence}", 2)
    yield from _column_lines(model)
    if card["rows_without_target"]:
        yield f"Left out {card['rows_without_target']:,} rows that have no {card['target']}"
    yield from _split_lines(card)
    for reason in card["reasons"]:
        yield f"  {reason}"
    yield from wrapped(_network_line(model), 2)
    if model.history:
        yield from _epoch_lines(model)
    if model.temperature != 1:
        where = "rows of the other folds" if card["folds"] else "validation rows"
        sure = "less" if model.temperature > 1 else "more"
        yield from wrapped(
            f"Probabilities made {sure} sure, as came true on {where}: outputs divided by "
            f"{model.temperature:.2f} (the temperature)",
            2,
        )


def _reading(card: dict[str, Any]) -> str:
    """How the file was read, and what stands for a missing value."""
    said, markers = card["reading"]["summary"], card["reading"]["missing"]
    once = {marker.lower(): marker or '""' for marker in reversed(markers)}
    listed = ", ".join(reversed(once.values()))
    parts = [*([said] if said else []), *([f"missing is {listed}"] if listed else [])]
    return f" ({'; '.join(parts)})" if parts else ""


def _column_lines(model: Model) -> Iterator[str]:
    """A line for every column; of very many the targets and the first ones."""
    card = model.card
    columns = sorted(card["columns"], key=lambda column: column["name"] not in card["targets"])
    shown = card["columns"] if len(columns) <= MOST_COLUMNS else columns[:MOST_COLUMNS]
    width = min(30, max(len(column["name"]) for column in shown))
    for column in shown:
        word, said = _column_words(model, column)
        line = f"  {column['name']:<{width}}  {word:<8}  "
        yield from wrapped(line + said, len(line)) if said else [line.rstrip()]
    if len(columns) > len(shown):
        yield f"  … and {len(columns) - len(shown):,} more columns"


def _column_words(model: Model, column: dict[str, Any]) -> tuple[str, str]:
    """A column's role and what was done with it."""
    card = model.card
    if column["name"] in card["targets"]:
        return "target", _target_words(model, column["name"])
    why = column["reason"]
    if column["left_out"]:
        return "left out", why or str(column["left_out"])
    assert model.encoder is not None
    code: Any = next(code for code in model.encoder.codes if code.column == column["name"])
    missing = f"{column['missing']:,} missing: " if column["missing"] else ""
    said = [why] if why else []
    if column["values"]:
        said.insert(0, f"{column['values']:,} value{'s' if column['values'] != 1 else ''}")
        if missing:
            how = "a feature of their own" if getattr(code, "slot", False) else "as the average row"
            said.append(missing + how)
        return str(column["kind"]), ", ".join(said)
    numbers = getattr(code, "days", code)
    if numbers.bend:
        said.append("long tails drawn in")
    if missing:
        also = ", and an input of its own says so" * numbers.indicator
        said.append(f"{missing}the median stands there{also}")
    return str(column["kind"]), ", ".join(said)


def _target_words(model: Model, name: str) -> str:
    card = model.card
    if card["task"] == "numbers":
        assert model.encoder is not None
        code = next(code for code in model.encoder.targets if code.column == name)
        mean, spread = in_digits(code.center), in_digits(code.scale)
        key = ", though it is an identifier" * _is_identifier(card, name)
        return f"a number: mean {mean}, standard deviation {spread}{key}"
    counts = list((card["classes"] or card["answers"][name]).items())
    listed = ", ".join(f"{label} {count:,}" for label, count in counts[:6])
    more = f", … ({len(counts)} classes)" if len(counts) > 6 else ""
    reason = f" ({card['task_reason']})" if "--task" in card["task_reason"] else ""
    return listed + more + reason


def _is_identifier(card: dict[str, Any], name: str) -> bool:
    """Whether a target numbers the rows: then there may be nothing to learn."""
    return any(c["name"] == name and c["kind"] == IDENTIFIER for c in card["columns"])


def _split_lines(card: dict[str, Any]) -> Iterator[str]:
    """How the rows were split, and what was looked for before."""
    parts = card["split"]
    if card["folds"]:
        rows, folds = parts["training"], card["folds"]
        judged = -(-rows // folds)
        how = f"{folds} folds of {rows - judged:,}/{judged:,} rows"
    else:
        how = (
            f"{parts['training']:,} rows to train, {parts['validation']:,} to validate, "
            f"{parts['test']:,} to test"
        )
    said = [f"Split, seed {card['seed']}: {how}", *card["split_words"]]
    found = f"{_duplicate_words(card)}; {_leak_words(card)}"
    yield from wrapped(f"{', '.join(said)}; {found}", 2)


def _duplicate_words(card: dict[str, Any]) -> str:
    count, removed = card["duplicates"], card["duplicates_removed"]
    if not count:
        return "no row twice"
    rows = f"{count:,} {'row is' if count == 1 else 'rows are'} there twice"
    if removed:
        return f"{rows}, {removed:,} of them left out of training"
    return f"{rows}, kept in one part"


def _leak_words(card: dict[str, Any]) -> str:
    if not card["leaking"]:
        return "no column found that alone tells the target"
    return "; ".join(f"{leak['column']} gives {leak['target']} away" for leak in card["leaking"])


def _network_line(model: Model) -> str:
    card = model.card
    rate = f" {card['learning_rate']:g}" if isinstance(card["learning_rate"], float) else ""
    if isinstance(card["learning_rate"], str):
        rate = f" with {card['learning_rate']}"
    settled = "".join(
        f", {text}"
        for name, text in (("batch_size", "batch {}"), ("engine", "{} engine"))
        if name in card
        for text in [text.format(card[name])]
    )
    return (
        f"Network {_network_words(model)}, {model.parameters:,} parameters, {card['loss']}, "
        f"{card['optimizer']}{rate}{settled}"
    )


def _network_words(model: Model) -> str:
    """A network of dense layers as "15 → 32 ReLU → 3"."""
    words = [str(model.in_shape[0])]
    for layer in model.network.layers:
        if isinstance(layer, Dense):
            words.append(f"→ {layer.units}")
        else:
            words.append(type(layer).__name__)
    return " ".join(words)


def _epoch_lines(model: Model) -> Iterator[str]:
    """The last epoch with its losses and the time, and why it was the last."""
    card, history = model.card, model.history
    loss = f"loss {history['train_loss'][-1]:.4g}" if history["train_loss"] else "not one whole"
    epochs = card.get("epochs_of_folds")
    if epochs:
        mean = card["validation_loss_of_folds"]
        judged = "" if mean is None else f"validation {mean:.4g} (mean of the folds)  "
        yield (
            f"epoch {card['epochs']}/{card['epochs']}  {loss}  {judged}"
            f"{card['seconds_in_all']:.1f} s for {2 * len(epochs) + 1} networks"
        )
        if card.get("stopped_by_time"):
            yield f"  Time was up (--max-time) in {card['stopped_by_time']} of them"
        best, median = ", ".join(map(str, epochs[:-1])), card["median_of_folds"]
        cut = f"; time was up after {card['epochs']}" if card["epochs"] < median else ""
        yield from wrapped(
            f"  The folds' best epochs were {best} and {epochs[-1]}; the network is fitted to all "
            f"rows for their median, {median}{cut}",
            2,
        )
        return
    validation = history.get("validation_loss")
    judged = f"  validation {validation[-1]:.4g}" if validation else ""
    why = {
        "epochs": "all epochs done",
        "patience": f"stopped: no better for {card['patience']} epochs",
        "interrupted": "stopped by Ctrl-C",
        "time": "stopped: time was up",
    }.get(model.stop_reason, model.stop_reason)
    kept = f"epoch {card['best_epoch']} kept" if card["best_epoch"] else "the last step kept"
    asked = f"epoch {card['epochs']}/{card['epochs_asked']}"
    yield f"{asked}  {loss}{judged}  {card['seconds']:.1f} s  {why}; {kept}"
