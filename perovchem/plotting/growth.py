"""Figures of growth: profiles before the face, and the course of face concentration and flux."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perovchem.growth import Growth
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label

_SHADES = (0.35, 0.65, 1.0)


def plot_profiles(results: Mapping[str, Growth], *, times: tuple[float, ...]) -> Figure:
    """Return concentration against distance at up to three of the times, light to dark, one color per course.

    Parameters
    ----------
    results : mapping of str to Growth
        Label to result.
    times : tuple of float
        s.
    """
    chosen = times if len(times) <= 3 else (times[0], times[len(times) // 2], times[-1])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN, 2.6))
        axes = figure.subplots()
        reach = 0.0
        for place, (called, one) in enumerate(results.items()):
            color = RUN_COLORS[place % len(RUN_COLORS)]
            for shade, time in zip(_SHADES[-len(chosen) :], chosen, strict=True):
                x, c = one.profile(time)
                axes.plot(x, c, color=color, alpha=shade, label=plain(called) if shade == 1.0 else None)
                changed = x[c < one.bulk - 0.01 * (one.bulk - c[0])]
                if len(changed):
                    reach = max(reach, float(changed[-1]))
        axes.set_xlim(0, 1.15 * reach or 1.0)
        axes.set_ylim(0, None)
        axes.set_xlabel(label("face_distance"))
        axes.set_ylabel(label("concentration"))
        words = ", ".join(_time(time) for time in chosen)
        handles, names = axes.get_legend_handles_labels()
        handles.append(Line2D([], [], color="none"))
        names.append(f"at {words}")
        axes.legend(handles, names, loc="lower right")
    return figure


def _time(seconds: float) -> str:
    return f"{seconds / 60:.3g} min" if seconds >= 60 else f"{seconds:.3g} s"


def plot_course(results: Mapping[str, Growth]) -> Figure:
    """Return face concentration and flux against time; dotted without a far wall.

    Where every face keeps its concentration, the depletion length stands in its place.

    Parameters
    ----------
    results : mapping of str to Growth
        Label to result.
    """
    by_mass = all(np.isfinite(one.flux).all() for one in results.values())
    kept = all(np.ptp(one.face_concentration) < 1e-9 * one.bulk for one in results.values())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 2.5))
        left, right = figure.subplots(1, 2)
        for place, (called, one) in enumerate(results.items()):
            color = RUN_COLORS[place % len(RUN_COLORS)]
            left.plot(one.times, one.depletion_length if kept else one.face_concentration, color=color)
            scale = one.flux[0] / one.molar_flux[0] if by_mass else 1.0
            right.plot(one.times, one.molar_flux * scale, color=color, label=plain(called))
            if np.isfinite(one.container):
                right.plot(
                    one.times, one.unlimited_flux * scale, color=color, linewidth=0.8, linestyle=(0, (1, 1.5))
                )
            if np.isfinite(one.limited_from):
                at = one.at(one.limited_from)["molar_flux"] * scale
                right.plot(one.limited_from, at, "d", color=color, markerfacecolor="white", markersize=4)
        for axes in (left, right):
            axes.set_xscale("log")
            axes.set_xlabel(label("growth_time"))
        if kept:
            left.set_yscale("log")
            longest = max(np.nanmax(one.depletion_length[one.molar_flux > 0.1 * one.unlimited_flux], initial=0.0)
                          for one in results.values())  # fmt: skip
            left.set_ylim(None, 2 * longest)
            left.set_ylabel(label("depletion_length"))
        else:
            left.set_ylim(0, max(one.bulk for one in results.values()))
            left.set_ylabel(label("concentration", of="face"))
        right.set_yscale("log")
        highest = max(line.get_ydata().max() for line in right.lines)
        right.set_ylim(max(right.get_ylim()[0], 1e-4 * highest), None)
        right.set_ylabel(label("growth_flux" if by_mass else "molar_flux"))
        right.legend(loc="best")
        letter([left, right])
    return figure
