"""The chain rule in numbers: a training step written out, a network counted; read off the tape."""

from chainrule.explanation.counting import LayerCount, count_layers
from chainrule.explanation.explaining import explain
from chainrule.explanation.heading import loss_word
from chainrule.explanation.inputs import InputColumn, input_columns, input_names
from chainrule.explanation.page import Derivative, Explanation, InputRow, Line, Section, Term
from chainrule.explanation.rows import explain_prediction
from chainrule.explanation.writing import number

__all__ = [
    "Derivative",
    "Explanation",
    "InputColumn",
    "InputRow",
    "LayerCount",
    "Line",
    "Section",
    "Term",
    "count_layers",
    "explain",
    "explain_prediction",
    "input_columns",
    "input_names",
    "loss_word",
    "number",
]
