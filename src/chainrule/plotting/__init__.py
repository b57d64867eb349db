"""Figures: drawn from numbers that others have worked out; matplotlib is loaded on first use."""

from chainrule.plotting.calibration import draw_calibration
from chainrule.plotting.canvas import add_note, format_of, save_figure
from chainrule.plotting.clusters import (
    draw_dendrogram,
    draw_profile,
    draw_scatter,
    draw_silhouette,
)
from chainrule.plotting.confusion import draw_confusion
from chainrule.plotting.curves import draw_curves
from chainrule.plotting.network import draw_network
from chainrule.plotting.residuals import draw_residuals

__all__ = [
    "add_note",
    "draw_calibration",
    "draw_confusion",
    "draw_curves",
    "draw_dendrogram",
    "draw_network",
    "draw_profile",
    "draw_residuals",
    "draw_scatter",
    "draw_silhouette",
    "format_of",
    "save_figure",
]
