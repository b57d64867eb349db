"""Judgement: how good a model is on rows that it has never seen, and whether to trust that."""

from chainrule.judgement.calibration import fit_temperature
from chainrule.judgement.draws import Measure, draw_scores
from chainrule.judgement.duplicates import equal_rows
from chainrule.judgement.judging import (
    ANSWERS,
    CLASS_METRICS,
    CLASSES,
    NUMBER_METRICS,
    NUMBERS,
    Asked,
    Contender,
    judge,
    measure_contender,
    metric_name,
)
from chainrule.judgement.layout import GAP, aligned, printable, size_words, wrapped
from chainrule.judgement.leaks import Leak, find_leaks
from chainrule.judgement.measures import measure_classes, measure_difference, measure_numbers
from chainrule.judgement.page import judgement_lines, number_text
from chainrule.judgement.scikit import boosted_trees, linear_model
from chainrule.judgement.tables import confusion_counts, reliability
from chainrule.judgement.words import in_digits

__all__ = [
    "ANSWERS",
    "CLASSES",
    "CLASS_METRICS",
    "GAP",
    "NUMBERS",
    "NUMBER_METRICS",
    "Asked",
    "Contender",
    "Leak",
    "Measure",
    "aligned",
    "boosted_trees",
    "confusion_counts",
    "draw_scores",
    "equal_rows",
    "find_leaks",
    "fit_temperature",
    "in_digits",
    "judge",
    "judgement_lines",
    "linear_model",
    "measure_classes",
    "measure_contender",
    "measure_difference",
    "measure_numbers",
    "metric_name",
    "number_text",
    "printable",
    "reliability",
    "size_words",
    "wrapped",
]
