"""What a user asks for in one call: from a table to a judged model."""

from chainrule.workflow.train import train

__all__ = ["train"]
