"""Figures of attenuation: coefficients against photon energy, and what thicknesses take out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perovchem.attenuation import AbsorbedFraction, Attenuation, absorbed_fraction
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, plain
from perovchem.quantities import label

COLORS: Final = (*RUN_COLORS, "#000000", "#8C6D31", "#7A3E9D", "#8A8A8A", "#882255", "#44AA99")
"""Detectors are more than runs."""
_LOWEST: Final = 8.0
"""keV from which coefficients are drawn: below, edges follow each other closely."""


def _color(place: int) -> str:
    return COLORS[place % len(COLORS)]


def plot_attenuation(results: Mapping[str, Attenuation]) -> Figure:
    """Return µ (solid) and µ_en (dotted) against energy, K edges as ticks at the top.

    Parameters
    ----------
    results : mapping of str to Attenuation
        Label to result.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 * COLUMN, 3.0))
        axes = figure.subplots()
        low = max(_LOWEST, min(float(one.energies.min()) for one in results.values()))
        for place, (called, one) in enumerate(results.items()):
            color = _color(place)
            axes.plot(one.energies, one.attenuation, color=color, label=plain(called))
            axes.plot(
                one.energies, one.energy_absorption, color=color, linewidth=0.8, linestyle=(0, (1, 1.2))
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(low, 200)
        seen = [one.attenuation[(one.energies >= low) & (one.energies <= 200)] for one in results.values()]
        bottom, top = min(part.min() for part in seen), max(part.max() for part in seen)
        axes.set_ylim(max(bottom / 2, top / 1e6), top * 2)
        _edges(axes, results, low)
        ticks = [10, 20, 50, 100, 200]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
        axes.set_xlabel(label("photon_energy"))
        axes.set_ylabel(label("linear_attenuation"))
        handles, names = axes.get_legend_handles_labels()
        handles.append(Line2D([], [], color="0.35", linewidth=0.8, linestyle=(0, (1, 1.2))))
        names.append(r"$\mu_\mathrm{en}$")
        axes.legend(handles, names, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _edges(axes: Axes, results: Mapping[str, Attenuation], low: float) -> None:
    """Mark each K edge once, at the top."""
    edges = {
        (edge.element, edge.energy)
        for one in results.values()
        for edge in one.edges
        if edge.shell == "K" and low < edge.energy < 200
    }
    last = 0.0
    level = 0
    for symbol, energy in sorted(edges, key=lambda pair: pair[1]):
        level = (level + 1) % 3 if last and energy / last < 1.12 else 0
        last = energy
        axes.annotate(
            symbol, (energy, 1.0), xytext=(0, 4 + 8 * level), textcoords="offset points",
            xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=6.5, annotation_clip=False,
        )  # fmt: skip
        axes.axvline(energy, ymin=0.97, color="0.3", linewidth=0.7)


def plot_absorbed(results: Mapping[str, Attenuation], fractions: Mapping[str, AbsorbedFraction]) -> Figure:
    """Return the part of photons (solid) and energy (dashed) that thicknesses take out of one spectrum.

    Parameters
    ----------
    results : mapping of str to Attenuation
        Label to result.
    fractions : mapping of str to AbsorbedFraction
        What was asked for, of one spectrum.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 * COLUMN, 2.8))
        axes = figure.subplots()
        low = min(float(one.thicknesses.min()) for one in fractions.values())
        high = max(float(one.thicknesses.max()) for one in fractions.values())
        half = [one.half_value for one in fractions.values()]
        low, high = min(low / 3, min(half) / 5), max(high * 3, min(max(half) * 3, 100 * high))
        depths = np.geomspace(low, high, 240)
        split = False
        for place, (called, one) in enumerate(fractions.items()):
            assert one.source is not None  # noqa: S101  of the same command
            curve = absorbed_fraction(results[called], one.source, thickness=depths, filters=one.filters)
            color = _color(place)
            axes.plot(depths, 100 * curve.photons_removed, color=color, label=plain(called))
            if one.source.kind != "line":
                axes.plot(
                    depths, 100 * curve.energy_removed, color=color, linewidth=0.8, linestyle=(0, (4, 2))
                )
                split = True
            axes.plot(
                one.thicknesses, 100 * one.photons_removed, "o", color=color, markersize=3.5,
                markeredgecolor="white", markeredgewidth=0.5, zorder=4,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_xlim(depths[0], depths[-1])
        axes.set_ylim(0, 102)
        axes.set_xlabel(label("thickness"))
        axes.set_ylabel("taken out (%)")
        handles: list[Any]
        handles, names = axes.get_legend_handles_labels()
        if split:
            handles += [
                Line2D([], [], color="0.35"),
                Line2D([], [], color="0.35", linewidth=0.8, linestyle=(0, (4, 2))),
            ]
            names += ["by photons", "by energy"]
        axes.legend(handles, names, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
