"""chainrule: neural networks that train fast and show everything they do."""

__version__ = "0.1.0"
