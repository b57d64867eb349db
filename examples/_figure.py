"""How the figures of the examples look, and how they are saved."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

# Okabe and Ito (2008): eight colors that color-blind readers can tell apart.
BLACK, GRAY, BLUE, ORANGE = "#000000", "#767676", "#0072B2", "#E69F00"
GREEN, RED, PURPLE, SKY = "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
FROM_ORANGE_TO_BLUE = LinearSegmentedColormap.from_list(
    "", ["#F3C766", "#FBF1DC", "#DCEAF4", "#7DB8DE"]
)

LOOK = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


def panels(count: int, width: float = 4.0, height: float = 3.7) -> tuple[Figure, Any]:
    """A figure with so many panels side by side, sizes in inches, and the list of its panels."""
    matplotlib.rcParams.update(LOOK)
    figure = Figure(figsize=(width * count, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08, wspace=0.04)
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def grid(panel: Any, pictures: Any, columns: int, titles: Sequence[str] = (), **shown: Any) -> None:
    """Pictures (count, height, width) in rows of so many, each with its title above it."""
    panel.axis("off")
    rows = -(-len(pictures) // columns)
    high, wide = 1 / max(rows, 1), 1 / columns
    for i, picture in enumerate(pictures):
        row, column = divmod(i, columns)
        part = panel.inset_axes((column * wide, 1 - (row + 1) * high, wide * 0.9, high * 0.8))
        part.imshow(picture, **shown)
        part.axis("off")
        if i < len(titles):
            part.set_title(titles[i], fontsize=7, fontweight="normal", pad=2, loc="center")


def save(figure: Figure, folder: str | Path, name: str) -> Path:
    """Write the figure as a PNG file into the folder, made where it is missing; say where."""
    path = Path(folder) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    print(f"Figure: {path}")
    return path
