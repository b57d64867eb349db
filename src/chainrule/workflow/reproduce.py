"""`reproduce`: train again from a model's card, and compare bit for bit."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.autodiff import paths
from chainrule.errors import SettingError
from chainrule.model import Model
from chainrule.training import Progress
from chainrule.workflow.kept import Replay
from chainrule.workflow.models import load_model
from chainrule.workflow.settings import plain_settings, settings_of
from chainrule.workflow.train import train

MADE_WITH = "made_with"


@dataclass(frozen=True)
class Reproduction:
    """What came of training again.

    Attributes:
        same: whether data, encoder, weights and scores are the same, bit for bit.
        compared: what was compared, with a sentence where it differs or "" where it does not.
        causes: what else differs and may be why: versions, processor, threads.
        largest: the largest difference of a weight.
    """

    same: bool
    compared: dict[str, str]
    causes: tuple[str, ...]
    largest: float


def reproduce(
    model: Model | str | os.PathLike[str],
    source: Any,
    *,
    test: Any = None,
    validation: Any = None,
    progress: bool | Callable[[Progress], Any] = False,
) -> Reproduction:
    """Train again with the settings in a model's card, and compare with the model.

    A run that a time limit had stopped takes the steps again that it took, not the seconds.

    Args:
        model: of `train`, or its file. source: the table that it was trained on.
        test, validation: further tables, where there were some.

    Raises:
        SettingError: the model was not made by `train`, or not to its end.
        DataError: the table cannot be trained on in this way.

    Example:
        >>> model = train("examples/data/penguins.csv", target="species", folds=0, epochs=3)
        >>> reproduce(model, "examples/data/penguins.csv").same
        True
    """
    before = load_model(model, source)
    settings = settings_of(_settings(before), {"test": test, "validation": validation})
    steps = before.card.get("steps_of_networks")
    replay = Replay(steps) if isinstance(steps, list) else None
    untrained = train(source, **settings, dry_run=True)
    data = _data_difference(before, untrained)
    if data:
        return Reproduction(False, {"data": data}, (), float("nan"))
    after = train(source, **settings, checkpoint=replay, progress=progress)
    return _compare(before, after)


def is_finished(file: str | os.PathLike[str], source: Any, settings: Mapping[str, Any]) -> bool:
    """Whether a model file holds what `train` with these settings would make.

    It does not where it is not there, was not judged, or more epochs are asked for now.

    Raises:
        SettingError: it was made with other settings or other data; says which.
    """
    path = Path(file)
    if not path.exists():
        return False
    model = load_model(path)
    if "settings" not in model.card or "not_judged" in model.card:
        return False
    before, now = model.card["settings"], plain_settings(settings, train)
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    untrained = train(source, **settings, dry_run=True)
    data = _data_difference(model, untrained)
    if data or changed not in ([], ["epochs"]):
        raise SettingError(
            f"{path} is a finished run and there is nothing to go on with: "
            f"{data or ', '.join(changed) + ' changed since'}. Leave out --resume to train anew."
        )
    more = int(untrained.card["epochs_asked"]) > int(model.card["epochs_asked"])
    return not (changed and more)


def _settings(model: Model) -> Mapping[str, Any]:
    found = model.card.get("settings")
    if not isinstance(found, dict):
        raise SettingError(
            "The card of this model has no settings: it was not made by `train`, or by a chainrule "
            "before they were kept."
        )
    if "not_judged" in model.card:
        raise SettingError(
            f"This model was {model.card['not_judged']}, at a moment that nothing can find again. "
            "Train it to its end first."
        )
    return found


def _data_difference(before: Model, after: Model) -> str:
    known, found = before.card.get("data_hash"), after.card.get("data_hash")
    if known == found:
        return ""
    rows = before.card.get("data_rows"), after.card.get("data_rows")
    counted = "" if rows[0] == rows[1] else f": {rows[0]} rows before, {rows[1]} now"
    return f"the table is not the one that it was trained on{counted}"


def _compare(before: Model, after: Model) -> Reproduction:
    weights, largest = _weights(before, after)
    scores = before.card.get("judgement") == after.card.get("judgement")
    history = before.history == after.history
    compared = {
        "data": "",
        "encoder": "" if before.encoder == after.encoder else "the columns are written otherwise",
        "history": "" if history else "the losses of the epochs differ",
        "weights": weights,
        "scores": "" if scores else _scores(before, after),
    }
    same = not any(compared.values())
    return Reproduction(same, compared, () if same else tuple(_causes(before, after)), largest)


def _weights(before: Model, after: Model) -> tuple[str, float]:
    one, other = (dict(paths((m.params, m.state))) for m in (before, after))
    if {k: x.shape for k, x in one.items()} != {k: x.shape for k, x in other.items()}:
        return "the network has other shapes", float("nan")
    apart = [float(np.max(np.abs(one[k] - other[k]), initial=0.0)) for k in one]
    if all(one[k].tobytes() == other[k].tobytes() for k in one):
        return "", 0.0
    return f"weights differ by up to {max(apart):.3g}", max(apart)


def _scores(before: Model, after: Model) -> str:
    one, other = (m.judgement or {} for m in (before, after))
    name = one.get("metric", "the score")
    return f"{name} was {one.get('score')} and is {other.get('score')}, or an interval differs"


def _causes(before: Model, after: Model) -> list[str]:
    one, other = (m.card.get(MADE_WITH) or {} for m in (before, after))
    return [
        f"{name} was {one.get(name)} and is {other.get(name)}"
        for name in {**one, **other}
        if one.get(name) != other.get(name)
    ]
