"""Gibbs energies of binding: what they are made of (waterfall), and how far their order can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perovchem.binding import Binding
from perovchem.binding.compare import NEGLIGIBLE, SURE
from perovchem.binding.result import CycleEnergy
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label
from perovchem.units import KILOJOULE_PER_MOLE

MARKERS: Final = {"rrho": "^", "grimme": "o", "grimme-head-gordon": "s", "truhlar": "D", "electronic": "o"}
_DOWN, _UP, _SUM = RUN_COLORS[0], RUN_COLORS[1], "0.35"


def plot_waterfall(result: Binding, *, most: int = 12) -> Figure:
    """Return one panel per cycle: terms from left to right, their running sum, and the total.

    Parameters
    ----------
    result : Binding
    most : int
        Panels that are drawn.
    """
    rows = result.rows[:most]
    columns = min(len(rows), 2)
    lines = -(-len(rows) // columns)
    terms = result.term_names
    limits = _limits(rows, terms)
    total = "ΔE" if result.treatment == "electronic" else "ΔG"
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN * columns, 1.75 * lines + 0.9))
        panels = np.atleast_1d(figure.subplots(lines, columns, sharex=True, sharey=True)).ravel()
        for axes, row in zip(panels, rows, strict=False):
            _waterfall(axes, row, terms, total)
            axes.set_ylim(*limits)
        for axes in panels[len(rows) :]:
            axes.set_visible(False)
        for place, axes in enumerate(panels):
            if place % columns == 0:
                axes.set_ylabel(label("contribution_per_mole"))
            axes.tick_params(axis="x", labelbottom=place >= len(rows) - columns)
        letter(list(panels[: len(rows)]))
    return figure


def _waterfall(axes: Axes, row: CycleEnergy, terms: Sequence[str], total: str) -> None:
    """Draw one cycle."""
    level = 0.0
    heights = [row.terms.get(term, 0.0) / KILOJOULE_PER_MOLE for term in terms]
    axes.axhline(0, color="0.6", linewidth=0.7, zorder=0)
    for place, height in enumerate(heights):
        axes.bar(place, height, bottom=level, width=0.66, color=_DOWN if height < 0 else _UP, zorder=2)
        level += height
        axes.hlines(level, place - 0.33, place + 1.33, color="0.5", linewidth=0.6, zorder=1)
    axes.bar(len(terms), level, width=0.66, color=_SUM, zorder=2)
    if row.uncertainty > NEGLIGIBLE:
        axes.errorbar(len(terms), level, yerr=SURE * row.uncertainty / KILOJOULE_PER_MOLE, color="black",
                      elinewidth=0.8, capsize=2, zorder=3)  # fmt: skip
    half = 0.0 if math.isnan(row.uncertainty) else SURE * row.uncertainty / KILOJOULE_PER_MOLE
    end = level + half if level >= 0 else level - half
    axes.annotate(f"{level:.1f}".replace("-", "−"), (len(terms), end), xytext=(0, 3 if level >= 0 else -9), ha="center",
                  textcoords="offset points", fontsize=7)  # fmt: skip
    axes.set_title(plain(row.name))
    axes.set_xticks(range(len(terms) + 1), [plain(term) for term in terms] + [total])
    axes.tick_params(axis="x", rotation=40, labelsize=6.5)
    for text in axes.get_xticklabels():
        text.set_horizontalalignment("right")
        text.set_rotation_mode("anchor")


def _limits(rows: Sequence[CycleEnergy], terms: Sequence[str]) -> tuple[float, float]:
    """Return the limits that hold every running sum of every cycle, with room for numbers."""
    sums = [np.cumsum([0.0, *(row.terms.get(term, 0.0) for term in terms)]) for row in rows]
    low = min(float(one.min()) for one in sums) / KILOJOULE_PER_MOLE
    high = max(float(one.max()) for one in sums) / KILOJOULE_PER_MOLE
    room = 0.12 * max(high - low, 1.0)
    return low - room, high + room


def plot_ranking(result: Binding) -> Figure:
    """Return ΔG of every cycle with treatments, single conformers and uncertainty; one panel per stoichiometry.

    Parameters
    ----------
    result : Binding
    """
    groups: dict[str, list[CycleEnergy]] = {}
    for row in result.rows:
        groups.setdefault(row.stoichiometry, []).append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: result.value(row.name))
    sizes = [len(rows) for rows in groups.values()]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 * COLUMN, 1.0 + 0.3 * sum(sizes) + 0.35 * len(sizes)))
        panels = np.atleast_1d(
            figure.subplots(
                len(groups), 1, sharex=True, gridspec_kw={"height_ratios": [size + 0.6 for size in sizes]}
            )
        )
        for axes, rows in zip(panels, groups.values(), strict=True):
            _spread(axes, result, rows)
        alone = result.treatment == "electronic"
        panels[-1].set_xlabel(label("reaction_energy_per_mole" if alone else "binding_per_mole"))
        names = result.rows[0].per_treatment
        handles = []
        for name in names:
            main = name == result.treatment
            handles.append(
                Line2D([], [], color="black", marker=MARKERS[name], linewidth=0, markersize=5 if main else 3.5,
                       markerfacecolor="black" if main else "white", label=f"{name}{' (headline)' * main}")
            )  # fmt: skip
        if any(len(one.conformers) > 1 for one in result.components):
            handles.append(Line2D([], [], color="0.6", linewidth=0.8, label="single conformers"))
        if any(row.uncertainty > NEGLIGIBLE for row in result.rows):
            handles.append(Line2D([], [], color=RUN_COLORS[5], linewidth=4, label="stated uncertainty, 95 %"))
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
        letter(list(panels))
    return figure


def _spread(axes: Axes, result: Binding, rows: Sequence[CycleEnergy]) -> None:
    """Draw the cycles of one stoichiometry."""
    for place, row in enumerate(rows):
        value = result.value(row.name) / KILOJOULE_PER_MOLE
        ends = [end / KILOJOULE_PER_MOLE for end in row.conformer_range]
        if row.uncertainty > NEGLIGIBLE:
            half = SURE * row.uncertainty / KILOJOULE_PER_MOLE
            axes.hlines(place, value - half, value + half, color=RUN_COLORS[5], linewidth=5, zorder=1)
        axes.hlines(place, ends[0], ends[1], color="0.6", linewidth=0.8, zorder=2)
        axes.plot(ends, [place, place], marker="|", color="0.6", linewidth=0, markersize=5, zorder=2)
        for name, treated in row.per_treatment.items():
            main = name == result.treatment
            axes.plot(treated / KILOJOULE_PER_MOLE, place, marker=MARKERS[name], color="black", linewidth=0,
                      markersize=5 if main else 3.5, markerfacecolor="black" if main else "white",
                      markeredgewidth=0.7, zorder=4 if main else 3)  # fmt: skip
    axes.set_yticks(range(len(rows)), [plain(row.name) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_title(plain(rows[0].stoichiometry.replace("->", "→")), fontsize=7, color="0.3")
    axes.margins(x=0.06)
