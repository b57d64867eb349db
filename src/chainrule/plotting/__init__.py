"""Figures: drawn from numbers that others have worked out; matplotlib is loaded on first use."""

from chainrule.plotting.calibration import draw_calibration
from chainrule.plotting.canvas import format_of, save_figure
from chainrule.plotting.confusion import draw_confusion
from chainrule.plotting.curves import draw_curves
from chainrule.plotting.network import draw_network
from chainrule.plotting.residuals import draw_residuals

__all__ = [
    "draw_calibration",
    "draw_confusion",
    "draw_curves",
    "draw_network",
    "draw_residuals",
    "format_of",
    "save_figure",
]
