"""Judgement: how good a model is on rows that it has never seen."""

from chainrule.judgement.measures import (
    Measure,
    measure_classes,
    measure_difference,
    measure_numbers,
)
from chainrule.judgement.scores import judge_classes, judge_numbers
from chainrule.judgement.tables import confusion_counts, reliability

__all__ = [
    "Measure",
    "confusion_counts",
    "judge_classes",
    "judge_numbers",
    "measure_classes",
    "measure_difference",
    "measure_numbers",
    "reliability",
]
