"""Figures of pair distributions: g(r) above n(r) of the compared runs, and partial structure factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.pair_distribution import PairDistribution
from perovchem.pair_distribution.structure_factor import StructureFactors
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label

_COLUMNS: Final = 3


def plot_pair_distributions(results: Mapping[str, PairDistribution]) -> Figure:
    """Return g(r) with bands of one standard error and the cutoff dashed, n(r) below; a panel per pair.

    Parameters
    ----------
    results : mapping of str to PairDistribution
        Label to result; a run without a pair has no curve in its panel.
    """
    pairs = list(dict.fromkeys(name for result in results.values() for name in result.curves))
    n_columns = min(_COLUMNS, len(pairs))
    n_rows = -(-len(pairs) // n_columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN if n_columns > 1 else 1.3 * COLUMN, 0.3 + 3.2 * n_rows))
        grid = figure.add_gridspec(2 * n_rows, n_columns, height_ratios=[1.6, 1.0] * n_rows)
        panels = []
        for k, name in enumerate(pairs):
            row, column = divmod(k, n_columns)
            upper = figure.add_subplot(grid[2 * row, column])
            lower = figure.add_subplot(grid[2 * row + 1, column], sharex=upper)
            _curves(upper, lower, results, name)
            if column == 0:
                upper.set_ylabel("$g(r)$")
                lower.set_ylabel("$n(r)$")
            lower.set_xlabel(label("distance"))
            panels.append(upper)
        if len(results) > 1:
            found: dict[str, Any] = {}
            for panel in panels:
                handles, labels = panel.get_legend_handles_labels()
                found |= dict(zip(labels, handles, strict=True))
            figure.legend(list(found.values()), list(found), loc="outside upper left", ncols=len(found))
        if len(panels) > 1:
            letter(panels)
    return figure


def _curves(upper: Axes, lower: Axes, results: Mapping[str, PairDistribution], name: str) -> None:
    """Draw one pair: g(r) above, n(r) below up to what a first shell needs."""
    ends = []
    for k, (called, result) in enumerate(results.items()):
        if name not in result.curves:
            continue
        curve, color = result.curves[name], RUN_COLORS[k % len(RUN_COLORS)]
        r, g = curve.distances, curve.pair_distribution
        error = np.nan_to_num(curve.standard_error)
        upper.fill_between(r, g - error, g + error, color=color, alpha=0.25, linewidth=0)
        upper.plot(r, g, color=color, label=plain(called), linewidth=1.1)
        number, spread = curve.running_coordination, np.nan_to_num(curve.running_standard_error)
        lower.fill_between(
            curve.edges[1:], number - spread, number + spread, color=color, alpha=0.25, linewidth=0
        )
        lower.plot(curve.edges[1:], number, color=color, linewidth=1.1)
        average = result.coordination_numbers[name]
        if np.isfinite(average.mean):
            value = result.cutoffs[name].value
            lower.plot([value], [average.mean], "o", color=color, markersize=3, clip_on=False)
            ends.append(float(np.interp(1.35 * value, curve.edges[1:], number)))
        else:
            ends.append(float(number[-1]))
    cutoffs = {round(result.cutoffs[name].value, 6) for result in results.values() if name in result.curves}
    for value in cutoffs:
        if np.isfinite(value):
            for axes in (upper, lower):
                axes.axvline(value, color="0.35", linewidth=0.8, linestyle=(0, (4, 2)))
            upper.annotate(
                f"{value:.2f} Å", (value, 1), xytext=(2, -1), xycoords=("data", "axes fraction"),
                textcoords="offset points", fontsize=6.5, va="top", color="0.25",
            )  # fmt: skip
    upper.axhline(1, color="0.6", linewidth=0.6, zorder=0)
    upper.set_title(plain(name))
    upper.tick_params(labelbottom=False)
    upper.set_ylim(bottom=0)
    lower.set_ylim(0, max([1.1 * max(ends), 1e-9]))
    curves = [result.curves[name] for result in results.values() if name in result.curves]
    begin, edges = min(_begin(curve.pair_distribution) for curve in curves), curves[0].edges
    upper.set_xlim(max(edges[0], edges[max(begin - 1, 0)] - 0.5), edges[-1])


def _begin(g: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    """Return the first bin that holds a pair."""
    filled = np.flatnonzero(g > 0)
    return int(filled[0]) if len(filled) else 0


def plot_structure_factors(results: Mapping[str, StructureFactors]) -> Figure:
    """Return the Ashcroft-Langreth partials with bands of one standard error, one panel per pair of elements."""
    elements = next(iter(results.values())).elements
    pairs = [(a, b) for a in range(len(elements)) for b in range(a, len(elements))]
    n_columns = min(_COLUMNS, len(pairs))
    n_rows = -(-len(pairs) // n_columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN if n_columns > 1 else 1.3 * COLUMN, 0.3 + 1.8 * n_rows))
        panels = np.ravel(figure.subplots(n_rows, n_columns, squeeze=False, sharex=True))
        for axes, (a, b) in zip(panels, pairs, strict=False):
            for k, (called, result) in enumerate(results.items()):
                color = RUN_COLORS[k % len(RUN_COLORS)]
                known = np.isfinite(result.lengths)
                q, s = result.lengths[known], result.ashcroft_langreth[known, a, b]
                error = np.nan_to_num(result.standard_error[known, a, b])
                axes.fill_between(q, s - error, s + error, color=color, alpha=0.25, linewidth=0)
                axes.plot(q, s, color=color, linewidth=1.0, label=plain(called))
            axes.axhline(float(a == b), color="0.6", linewidth=0.6, zorder=0)
            axes.set_title(f"{elements[a]}-{elements[b]}")
            axes.set_xlabel(label("scattering_vector"))
            axes.set_ylabel("$S(q)$")
        for axes in panels[len(pairs) :]:
            axes.set_visible(False)
        if len(results) > 1:
            handles, labels = panels[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    return figure
