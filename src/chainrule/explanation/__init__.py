"""The chain rule in numbers: one training step written out, read from the tape."""

from chainrule.explanation.explaining import explain
from chainrule.explanation.page import Derivative, Explanation, Line, Section, Term

__all__ = ["Derivative", "Explanation", "Line", "Section", "Term", "explain"]
