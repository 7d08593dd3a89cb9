"""One look for all figures: quiet axes, colors that the color-blind can tell apart, text that stays text."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.arrays import Floats

RUN_COLORS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colors, one per run."""
CLASS_COLORS: Final = {"isolated": "#E3E6EA", "corner": "#9CC4E4", "edge": "#2F6FA7", "face": "#12304F"}
"""Light to dark as polyhedra share more."""
COLUMN: Final = 3.4
"""Width of one journal column, inch."""
COLUMNS: Final = 200
"""Points of a history that a figure shows; a page could show no more."""

STYLE: Final[Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "Liberation Sans", "DejaVu Sans"],
    "mathtext.fontset": "dejavusans",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "svg.fonttype": "none",
    "svg.hashsalt": "perovchem",
    "savefig.dpi": 300,
    "figure.constrained_layout.use": True,
}


def plain(text: str) -> str:
    """Return a label as matplotlib shows it unchanged: a dollar sign would begin a formula."""
    return text.replace("$", r"\$")


def letter(panels: Sequence[Axes]) -> None:
    """Letter the panels as journals do."""
    for character, axes in zip("abcdefghijklmnopqrstuvwxyz", panels, strict=False):
        axes.annotate(
            character, (0, 1), xytext=(-24, 6), textcoords="offset points", xycoords="axes fraction",
            fontweight="bold", fontsize=9, ha="left", va="bottom", annotation_clip=False,
        )  # fmt: skip


def thinned(x: Floats, values: Floats, columns: int = COLUMNS) -> tuple[Floats, Floats]:
    """Average neighboring rows into at most so many.

    Parameters
    ----------
    x : float64 (n,)
    values : float64 (n, m)
    columns : int

    Returns
    -------
    x : float64 (k,)
    values : float64 (k, m)
    """
    size = -(-len(x) // columns)
    if size <= 1:
        return x, values
    starts = np.arange(0, len(x), size)
    counts = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / counts, np.add.reduceat(values, starts, axis=0) / counts[:, None]


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and SVG; return the paths."""
    paths = [folder / f"{name}.{kind}" for kind in ("png", "svg")]
    with mpl.rc_context(STYLE):
        for path in paths:
            figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})
    return paths


def _png(figure: Figure) -> bytes:
    """Return a figure as PNG."""
    picture = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(picture, format="png", dpi=150)
    return picture.getvalue()


def _show_in_notebooks() -> None:
    """Let a cell that ends with a figure show it; pyplot, which does that for its own figures, is not imported."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        pictures = shell.display_formatter.formatters["image/png"]
        if Figure not in pictures.type_printers:
            pictures.for_type(Figure, _png)


_show_in_notebooks()
