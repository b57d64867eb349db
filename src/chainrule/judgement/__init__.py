"""Judgement: how good a model is on rows that it has never seen."""

from chainrule.judgement.scores import judge_classes, judge_numbers
from chainrule.judgement.tables import confusion_counts, reliability

__all__ = ["confusion_counts", "judge_classes", "judge_numbers", "reliability"]
