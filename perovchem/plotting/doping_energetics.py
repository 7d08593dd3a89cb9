"""Figures of doping: formation energies against the Fermi level, energies of mixing and the miscibility gap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.doping_energetics import DefectDiagram, Mixing
from perovchem.doping_energetics.solid_solution import mixing
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label

_COLUMNS: Final = 3
_POINTS: Final = 201


def plot_formation_energies(diagrams: Sequence[DefectDiagram]) -> Figure:
    """Return E_f against E_F; a panel per set of chemical potentials, a color per defect.

    Thick: the stable charge state; thin: the others; dots: transition levels; a band of one standard uncertainty.
    """
    n_columns = min(_COLUMNS, len(diagrams))
    n_rows = -(-len(diagrams) // n_columns)
    with mpl.rc_context(STYLE):
        width = 1.3 * COLUMN if n_columns == 1 else 2 * COLUMN
        figure = Figure(figsize=(width, 0.4 + 2.7 * n_rows))
        panels = np.ravel(figure.subplots(n_rows, n_columns, squeeze=False, sharey=True))
        for axes, one in zip(panels, diagrams, strict=False):
            _diagram(axes, one)
        for axes in panels[:: max(n_columns, 1)]:
            axes.set_ylabel(label("defect_formation_energy"))
        for axes in panels[len(diagrams) :]:
            axes.set_visible(False)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncols=min(len(names), 6))
        if len(diagrams) > 1:
            letter(list(panels[: len(diagrams)]))
    return figure


def _diagram(axes: Axes, one: DefectDiagram) -> None:
    """Draw one set of chemical potentials."""
    levels = np.linspace(0, one.gap, _POINTS)
    for k, defect in enumerate(one.defects):
        color = RUN_COLORS[k % len(RUN_COLORS)]
        style = ("-", (0, (4, 1.5)), (0, (1, 1)))[k // len(RUN_COLORS) % 3]
        mine = [line for line in one.lines if line.defect == defect]
        for line in mine:
            axes.plot(
                levels, line.at_vbm + line.charge * levels, color=color, linewidth=0.5, alpha=0.45, zorder=1
            )
        lowest = one.formation_energy(defect, levels)
        chosen = np.argmin([line.at_vbm + line.charge * levels for line in mine], axis=0)
        spread = np.nan_to_num(np.array([line.uncertainty for line in mine]))[chosen]
        if spread.any():
            axes.fill_between(levels, lowest - spread, lowest + spread, color=color, alpha=0.18, linewidth=0)
        axes.plot(levels, lowest, color=color, linestyle=style, linewidth=1.5, label=plain(defect), zorder=2)
        for level in one.levels:
            if level.defect == defect and level.place == "in the gap":
                height = float(one.formation_energy(defect, level.level))
                axes.plot([level.level], [height], "o", color=color, markersize=3, zorder=3)
                axes.annotate(
                    f"({level.charges[0]:+d}/{level.charges[1]:+d})".replace("+0", "0"),
                    (level.level, height), xytext=(3, 3), textcoords="offset points", fontsize=6, color=color,
                )  # fmt: skip
    if np.isfinite(one.pinning):
        axes.axvline(one.pinning, color="0.5", linewidth=0.7, linestyle=(0, (1, 2)))
    axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    axes.set_xlim(0, one.gap)
    axes.set_xlabel(label("transition_level"))
    axes.set_title(plain(one.condition))


def plot_mixing(found: Mixing) -> Figure:
    """Return energies of mixing with the curve through them and ΔG, and the miscibility gap against temperature."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 2.6))
        left, right = figure.subplots(1, 2)
        x = np.linspace(0, 1, _POINTS)
        left.plot(x, 1e3 * found.energy(x), color="0.2", linewidth=1.2, label="$\\Delta E$")
        for k, one in enumerate(found.miscibility):
            color = RUN_COLORS[k % len(RUN_COLORS)]
            left.plot(
                x, 1e3 * found.gibbs_energy(x, one.temperature), color=color, linewidth=1.0,
                label=f"$\\Delta G$, {one.temperature:.4g} K",
            )  # fmt: skip
        left.plot(found.all_compositions, 1e3 * found.all_energies, "o", color="0.2", markersize=3, zorder=3)
        left.axhline(0, color="0.6", linewidth=0.6, zorder=0)
        left.set_xlim(0, 1)
        left.set_xlabel(label("composition"))
        left.set_ylabel("energy per formula unit (meV)")
        left.legend(loc="best")
        _gap(right, found)
        letter([left, right])
    return figure


def _gap(axes: Axes, found: Mixing) -> None:
    """Draw binodal and spinodal."""
    axes.set_xlim(0, 1)
    axes.set_xlabel(label("composition"))
    axes.set_ylabel(label("temperature"))
    if not found.critical_temperature > 0:
        axes.annotate("mixes at every temperature", (0.5, 0.5), xycoords="axes fraction", ha="center")
        axes.set_ylim(0, 600)
        return
    temperatures = found.critical_temperature * np.linspace(0.12, 0.9999, 120)
    curve = mixing(
        found.all_compositions, found.all_energies, sites=found.sites, temperatures=list(temperatures)
    )
    for name, color, style in (("binodal", RUN_COLORS[0], "-"), ("spinodal", RUN_COLORS[1], (0, (4, 2)))):
        sides = np.array([getattr(one, name) for one in curve.miscibility])
        top = found.critical_composition, found.critical_temperature
        path = np.concatenate([sides[:, 0], top[:1], sides[::-1, 1]])
        heights = np.concatenate([temperatures, top[1:], temperatures[::-1]])
        known = np.isfinite(path)
        axes.plot(path[known], heights[known], color=color, linestyle=style, label=name)
    axes.plot([found.critical_composition], [found.critical_temperature], "o", color="0.2", markersize=3)
    axes.set_ylim(0, 1.15 * found.critical_temperature)
    axes.legend(loc="lower center")
