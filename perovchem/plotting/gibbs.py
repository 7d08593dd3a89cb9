"""Modes of species by what became of them, and Gibbs energies by treatment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perovchem.gibbs import TREATMENTS, GibbsEnergy
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label
from perovchem.units import KILOJOULE_PER_MOLE

KIND_COLORS: Final = {
    "vibration": "0.25",
    "imaginary": RUN_COLORS[1],
    "rotation": RUN_COLORS[2],
    "translation": RUN_COLORS[0],
    "duplicate": RUN_COLORS[3],
}
MARKERS: Final = {"grimme": "o", "grimme-head-gordon": "s", "truhlar": "D"}
FACES: Final = {"grimme": "black", "grimme-head-gordon": "white", "truhlar": "black"}
_SOFT: Final = 100.0
"""1/cm where the axis turns from linear to logarithmic, and the treatments begin to differ."""


def plot_modes(results: Mapping[str, GibbsEnergy]) -> Figure:
    """Return the modes of every species (a) and its Gibbs energy by treatment against the harmonic one (b).

    Parameters
    ----------
    results : mapping of str to GibbsEnergy
        Label to result; one row each.
    """
    height = min(1.1 + 0.32 * len(results), 9.0)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, height))
        panels = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": (2.2, 1)})
        _sticks(panels[0], results)
        _shifts(panels[1], results)
        kinds = [
            kind for kind in KIND_COLORS if any(kind in one.mode_table.kinds for one in results.values())
        ]
        handles = [Line2D([], [], color=KIND_COLORS[kind], linewidth=2, label=kind) for kind in kinds]
        handles += [
            Line2D(
                [],
                [],
                color="black",
                marker=marker,
                linewidth=0,
                markersize=4,
                label=name,
                markerfacecolor=FACES[name],
            )
            for name, marker in MARKERS.items()
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), columnspacing=1.1,
                      handlelength=0.8)  # fmt: skip
        letter(list(panels))
    return figure


def _sticks(axes: Axes, results: Mapping[str, GibbsEnergy]) -> None:
    """Draw one row of sticks per species; imaginary modes stand left of zero."""
    axes.axvspan(-_SOFT, _SOFT, color="0.93", linewidth=0, zorder=0)
    for row, one in enumerate(results.values()):
        table = one.mode_table
        kinds = np.array(table.kinds)
        for kind, color in KIND_COLORS.items():
            at = table.wavenumbers[kinds == kind]
            outside = kind not in ("vibration", "imaginary")
            axes.vlines(at, row - (0.17 if outside else 0.34), row + (0.17 if outside else 0.34), color=color,
                        linewidth=0.9, zorder=3 if outside else 2)  # fmt: skip
    axes.set_xscale("symlog", linthresh=_SOFT, linscale=0.6)
    lowest = _lowest(results)
    ticks = [
        value
        for value in (-3000, -1000, -300, -100, 0, 100, 300, 1000, 3000)
        if value > 2.5 * lowest or value >= 0
    ]
    axes.set_xlim(min(-20.0, 1.3 * lowest), None)
    axes.set_xticks(ticks, [f"{-value}i" if value < 0 else f"{value}" for value in ticks])
    axes.minorticks_off()
    axes.set_xlabel(label("wavenumber"))
    axes.set_yticks(range(len(results)), [plain(called) for called in results])
    axes.set_ylim(len(results) - 0.4, -0.6)


def _lowest(results: Mapping[str, GibbsEnergy]) -> float:
    return min((float(one.mode_table.wavenumbers.min(initial=0.0)) for one in results.values()), default=0.0)


def _shifts(axes: Axes, results: Mapping[str, GibbsEnergy]) -> None:
    """Draw each treatment against the harmonic one."""
    axes.axvline(0, color="0.6", linewidth=0.7, zorder=0)
    for row, one in enumerate(results.values()):
        if "rrho" not in one.by_treatment:
            continue
        shifts = {
            name: (one.by_treatment[name] - one.by_treatment["rrho"]) / KILOJOULE_PER_MOLE
            for name in TREATMENTS[1:]
        }
        axes.hlines(
            row, min(0.0, *shifts.values()), max(0.0, *shifts.values()), color="0.75", linewidth=1.0, zorder=1
        )
        for name, value in shifts.items():
            axes.plot(value, row, marker=MARKERS[name], color="black", markersize=4, linewidth=0,
                      markerfacecolor=FACES[name], zorder=3)  # fmt: skip
    axes.set_xlabel(label("treatment_shift_per_mole"))
    axes.margins(x=0.12)
