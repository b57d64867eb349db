"""Judgement: how good a model is on rows that it has never seen."""

from chainrule.judgement.scores import judge_classes, judge_numbers

__all__ = ["judge_classes", "judge_numbers"]
