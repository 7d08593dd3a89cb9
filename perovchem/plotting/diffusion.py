"""Figure of mean square displacements: the curves with their error bands, and the lines fitted to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.diffusion import Diffusion
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label

_STRAIGHT: Final = "fit, diffusive"
_NOT_STRAIGHT: Final = "fit, not diffusive: no $D$"
_POINTS: Final = 400
"""Points that a curve is drawn with; a page shows no more."""


def plot_diffusion(results: Mapping[str, Sequence[Diffusion]]) -> Figure:
    """Return one panel per particle: MSD over lag, log-log, one color per run.

    The band is one standard error, at the lags that lines are fitted to; the dashed line is the fit, within its
    range; a thin gray line shows the slope of diffusion.
    """
    names = list(dict.fromkeys(found.of for run in results.values() for found in run))
    with mpl.rc_context(STYLE):
        columns = min(len(names), 3)
        rows = -(-len(names) // columns)
        figure = Figure(figsize=(COLUMN if columns == 1 else 2 * COLUMN, 0.4 + 2.4 * rows))
        panels = list(figure.subplots(rows, columns, squeeze=False).ravel())
        for axes in panels[len(names) :]:
            axes.remove()
        for axes, name in zip(panels, names, strict=False):
            for k, (run, several) in enumerate(results.items()):
                for found in several:
                    if found.of == name:
                        _curve(axes, found, RUN_COLORS[k % len(RUN_COLORS)], plain(run))
            _dress(axes, name)
        for axes in panels[: len(names) : columns]:
            axes.set_ylabel(label("mean_square_displacement"))
        lines: dict[str, Artist] = {}
        for axes in panels[: len(names)]:
            lines |= {text: line for line, text in zip(*axes.get_legend_handles_labels(), strict=True)}
        order = sorted(lines, key=lambda text: text in (_STRAIGHT, _NOT_STRAIGHT))  # runs first
        figure.legend(
            [lines[text] for text in order], order, loc="outside upper left", ncols=4, handlelength=1.6
        )
        if len(names) > 1:
            letter(panels[: len(names)])
    return figure


def _curve(axes: Axes, found: Diffusion, color: str, run: str) -> None:
    """Draw the curve, its band and its line."""
    last = len(found.msd) - 1
    shown = np.unique(np.rint(np.geomspace(1, last, _POINTS)).astype(np.int64))
    axes.plot(found.lags[shown], found.msd[shown], color=color, label=run, linewidth=1.1)
    inside = shown[found.lags[shown] <= found.band_lags[-1] * (1 + 1e-9)]
    at_lags = np.interp(found.band_lags, found.lags, found.msd)
    part = found.band / np.where(at_lags > 0, at_lags, np.inf)
    relative = np.interp(np.log(found.lags[inside]), np.log(found.band_lags), part)
    axes.fill_between(
        found.lags[inside],
        found.msd[inside] * np.maximum(1 - relative, 0.1),
        found.msd[inside] * (1 + relative),
        color=color,
        alpha=0.2,
        linewidth=0,
    )
    lags = found.line.lags.astype(np.float64)
    fitted = found.line.intercept + found.line.slope * lags
    known = found.verdict == "diffusive"
    axes.plot(
        lags * found.frame_interval / 1000,
        fitted,
        color="black",
        linewidth=1.0,
        linestyle=(0, (4, 2)) if known else (0, (1, 1.5)),
        label=_STRAIGHT if known else _NOT_STRAIGHT,
        zorder=3,
    )


def _dress(axes: Axes, name: str) -> None:
    """Set scales and labels, and show the slope of diffusion below the curves."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(label("lag"))
    axes.set_title(plain(name), pad=4)
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    x = np.array([right / 8, right / 1.3])
    y = low * 1.6 * x / x[0]
    if y[1] < high:
        axes.plot(x, y, color="0.55", linewidth=0.8)
        axes.annotate(
            r"$\propto t$", (x[1], y[1]), xytext=(-2, 2), textcoords="offset points", fontsize=6.5, color="0.4",
            ha="right",
        )  # fmt: skip
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
