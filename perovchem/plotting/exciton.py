"""Figure of confinement: the gap of a sphere against its radius, with its error band and the regimes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perovchem.arrays import Floats
from perovchem.exciton import Confinement, Exciton, confinement
from perovchem.exciton.confinement import STRONG, WEAK
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, plain
from perovchem.quantities import label

_POINTS: Final = 400
_SHORTEST: Final = 8.0
"""Å from which curves are drawn."""
_FARTHEST: Final = (60.0, 200.0)
"""Å to which they are drawn, at least and at most; else to 4.3 Bohr radii of the largest exciton."""
_TOP: Final = 1.0
"""eV shown at most, unless a radius that is asked for asks for more."""
_LIMITS: Final = ((STRONG, "d", r"$R = 2\,a_\mathrm{B}$"), (WEAK, "s", r"$R = 4\,a_\mathrm{B}$"))


def radii_of(excitons: Iterable[Exciton], asked: Iterable[float] = ()) -> Floats:
    """Return the radii of the curves, Å: from the smallest dots into weak confinement."""
    largest = max(4.3 * one.bohr_radius for one in excitons)
    end = max([min(max(largest, _FARTHEST[0]), _FARTHEST[1]), *(1.2 * radius for radius in asked)])
    return np.linspace(_SHORTEST, end, _POINTS)


def plot_confinement(results: Mapping[str, Exciton], *, radii: tuple[float, ...] = ()) -> Figure:
    """Return the shift of the gap against the radius, one curve per exciton.

    Thick: strong confinement (up to 2 Bohr radii), for which the formula of Brus is meant; thin: beyond; dotted: from
    4 Bohr radii, where the exciton is confined as a whole. Bands: one standard error. Points: radii asked for.

    Parameters
    ----------
    results : mapping of str to Exciton
        Label to result.
    radii : tuple of float
        Å.
    """
    grid = radii_of(results.values(), radii)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 2.7))
        axes = figure.subplots()
        low, high = 0.0, 0.0
        for place, (called, one) in enumerate(results.items()):
            color = RUN_COLORS[place % len(RUN_COLORS)]
            curve = confinement(one, radii=grid)
            _curve(axes, curve, color, plain(called))
            low, high = min(low, float(curve.shifts.min())), max(high, float(curve.shifts.max()))
            if radii:
                asked = confinement(one, radii=radii)
                axes.errorbar(
                    asked.radii, asked.shifts, yerr=np.nan_to_num(asked.shifts_su), fmt="o", color=color, markersize=4,
                    markeredgecolor="white", markeredgewidth=0.5, elinewidth=0.8, zorder=4,
                )  # fmt: skip
        tallest = max(
            (float(confinement(one, radii=radii).shifts.max()) for one in results.values() if radii),
            default=0,
        )
        top = min(high, max(_TOP, 1.2 * tallest))
        axes.axhline(0, color="0.6", linewidth=0.6, linestyle=(0, (4, 2)), zorder=0)
        axes.set_xlim(0, grid[-1])
        axes.set_ylim(min(1.3 * low, -0.06 * top), top)
        axes.set_xlabel(label("dot_radius"))
        axes.set_ylabel(label("confinement_shift"))
        handles, names = axes.get_legend_handles_labels() if len(results) > 1 else ([], [])
        for _, marker, text in _LIMITS:
            handles.append(
                Line2D(
                    [], [], color="0.35", marker=marker, markerfacecolor="white", markersize=4, linestyle=""
                )
            )
            names.append(text)
        axes.legend(handles, names, loc="upper right")
    return figure


def _curve(axes: Axes, curve: Confinement, color: str, name: str) -> None:
    """Draw one curve in the style of its regimes."""
    ratio = curve.radii / curve.exciton.bohr_radius
    error = np.nan_to_num(curve.shifts_su)
    axes.fill_between(
        curve.radii, curve.shifts - error, curve.shifts + error, color=color, alpha=0.2, linewidth=0
    )
    pieces = (
        (ratio <= STRONG, 1.6, "-", name),
        ((ratio >= STRONG) & (ratio <= WEAK), 0.9, "-", None),
        (ratio >= WEAK, 0.9, (0, (1, 1.5)), None),
    )
    for chosen, width, dash, called in pieces:
        axes.plot(
            curve.radii[chosen],
            curve.shifts[chosen],
            color=color,
            linewidth=width,
            linestyle=dash,
            label=called,
        )
    for limit, marker, _ in _LIMITS:
        at = limit * curve.exciton.bohr_radius
        if at <= curve.radii[-1]:
            axes.plot(
                at,
                np.interp(at, curve.radii, curve.shifts),
                marker,
                color=color,
                markerfacecolor="white",
                markersize=4,
            )
