"""Figures of potentials of mean force: W(r) of each pair, the contact minimum and where contact ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label
from perovchem.solvation_pmf import SolvationPmf

_COLUMNS: Final = 3


def plot_mean_force(results: Mapping[str, SolvationPmf]) -> Figure:
    """Return W(r) with bands of one standard error; a panel per pair, dashed where contact ends.

    Parameters
    ----------
    results : mapping of str to SolvationPmf
        Label to result; all of the same pairs.
    """
    names = list(next(iter(results.values())).pairs)
    n_columns = min(_COLUMNS, len(names))
    n_rows = -(-len(names) // n_columns)
    with mpl.rc_context(STYLE):
        width = 1.3 * COLUMN if n_columns == 1 else 2 * COLUMN
        figure = Figure(figsize=(width, 0.3 + 2.3 * n_rows))
        panels = np.ravel(figure.subplots(n_rows, n_columns, squeeze=False))
        for axes, name in zip(panels, names, strict=False):
            _panel(axes, results, name)
            axes.set_xlabel(label("distance"))
        panels[0].set_ylabel(label("mean_force_potential"))
        for axes in panels[len(names) :]:
            axes.set_visible(False)
        if len(results) > 1:
            handles, labels = panels[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
        if len(names) > 1:
            letter(list(panels[: len(names)]))
    return figure


def _panel(axes: Axes, results: Mapping[str, SolvationPmf], name: str) -> None:
    """Draw one pair."""
    begins, lows = [], []
    for k, (called, result) in enumerate(results.items()):
        one, color = result.pairs[name], RUN_COLORS[k % len(RUN_COLORS)]
        r, energy, error = one.distances, one.free_energy, np.nan_to_num(one.free_energy_error)
        axes.fill_between(r, energy - error, energy + error, color=color, alpha=0.25, linewidth=0)
        axes.plot(r, energy, color=color, linewidth=1.1, label=plain(called))
        known = np.flatnonzero(np.isfinite(energy))
        begins.append(r[known[0]] if len(known) else r[0])
        lows.append(r[-1])
        if np.isfinite(one.minimum[1]):
            axes.plot(*one.minimum, "o", color=color, markersize=3)
        if np.isfinite(one.contact):
            axes.axvline(one.contact, color=color, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    axes.set_title(plain(name))
    axes.set_xlim(max(min(begins) - 0.3, 0), max(lows))
