"""A figure to draw on, how all figures look, and how they are written: the one place of matplotlib.

Drawing functions take axes and call their methods; none of them imports matplotlib itself.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec

from chainrule.errors import SettingError

_P = ParamSpec("_P")

# Okabe and Ito (2008): colors that color-blind readers can tell apart.
BLACK, GRAY, BLUE, ORANGE = "#000000", "#767676", "#0072B2", "#E69F00"
GREEN, RED, PURPLE, SKY = "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
PALE = "#E6E6E6"
WHITE_TO_BLUE = ["#FFFFFF", "#DCEAF4", "#7DB8DE", BLUE, "#00456B"]

LOOK: dict[str, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.hashsalt": "chainrule",
}

FORMATS = {".svg": "svg", ".png": "png"}
PNG_DOTS = 160
"""Dots an inch."""


def drawn(draw: Callable[_P, Any]) -> Callable[_P, Any]:
    """Decorator: what the function draws looks like all our figures, whatever the user has set.

    Raises:
        SettingError: matplotlib is not installed.
    """

    @functools.wraps(draw)
    def with_our_look(*arguments: _P.args, **settings: _P.kwargs) -> Any:
        with _matplotlib().rc_context():
            _matplotlib().rcdefaults()
            _matplotlib().rcParams.update(LOOK)
            return draw(*arguments, **settings)

    return with_our_look


def new_figure(
    width: float, height: float, widths: Sequence[float] = (1,), heights: Sequence[float] = (1,)
) -> tuple[Any, list[Any]]:
    """A figure of a size in inches, and its panels row by row.

    Args:
        widths, heights: of the columns and rows of panels, relative to each other.
    """
    figure = _matplotlib().figure.Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1, wspace=0.04, hspace=0.04)
    panels = figure.subplots(
        len(heights), len(widths), squeeze=False, width_ratios=widths, height_ratios=heights
    )
    return figure, list(panels.reshape(-1))


def add_note(figure: Any, note: str) -> None:
    """A line below the title of a figure's first panel."""
    panel = figure.axes[0]
    title = panel.get_title(loc="left")
    panel.set_title(f"{title}\n{note}", loc="left", fontsize=10, fontweight="bold")


def save_figure(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure as SVG or PNG, by the ending of the path; the same figure, the same bytes.

    Raises:
        SettingError: another ending.
    """
    kind = format_of(path)
    with _matplotlib().rc_context(LOOK):
        figure.savefig(path, format=kind, dpi=PNG_DOTS, metadata={_DATE[kind]: None})


_DATE = {"svg": "Date", "png": "Software"}
"""What would make two files of one figure differ."""


def format_of(path: str | os.PathLike[str]) -> str:
    """The format of a path by its ending.

    >>> format_of("curves.svg")
    'svg'
    """
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise SettingError(f"{path}: figures are written as .svg or .png; give it one of these.")
    return FORMATS[ending]


def colors_between(colors: Sequence[str]) -> Any:
    """A scale of colors from 0 to 1."""
    return _matplotlib().colors.LinearSegmentedColormap.from_list("", list(colors))


def whole_ticks(axis: Any) -> None:
    """Ticks at whole numbers only."""
    axis.set_major_locator(_matplotlib().ticker.MaxNLocator(integer=True))


def few_ticks(axis: Any) -> None:
    """Up to six ticks, so that long numbers do not touch."""
    axis.set_major_locator(_matplotlib().ticker.MaxNLocator(5))


def percent_ticks(axis: Any) -> None:
    """Shares from 0 to 1 written as per cent."""
    axis.set_major_formatter(_matplotlib().ticker.PercentFormatter(1, decimals=0))


def _matplotlib() -> Any:
    try:
        import matplotlib.colors
        import matplotlib.figure
        import matplotlib.ticker
    except ImportError:
        raise SettingError(
            "Figures need matplotlib, which is not installed. Type: pip install matplotlib"
        ) from None
    return matplotlib
