"""Figures of turning molecules: C1(t) and C2(t) of the compared runs with their fits, preferred directions."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.orientation import Orientation
from perovchem.orientation.directions import FAMILIES
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label


def plot_orientation(results: Mapping[str, Orientation]) -> Figure:
    """Return C1 and C2 with bands of one standard error, their fits dashed, and the preferred cubic directions.

    Parameters
    ----------
    results : mapping of str to Orientation
        Label to result.
    """
    cubic = any(np.isfinite(one.cubic_moment.mean) for one in results.values())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 2.5))
        panels = figure.subplots(1, 3 if cubic else 2)
        for order, axes in zip((1, 2), panels, strict=False):
            _correlation(axes, results, order)
        if cubic:
            _directions(panels[2], results)
        if len(results) > 1:
            handles, labels = panels[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
        letter(list(panels))
    return figure


def _correlation(axes: Axes, results: Mapping[str, Orientation], order: int) -> None:
    """Draw one order: the function, its error, and the fitted decay over the range it was fitted in."""
    lowest = 0.0
    for k, (called, result) in enumerate(results.items()):
        one, color = result.correlations[order], RUN_COLORS[k % len(RUN_COLORS)]
        error = np.nan_to_num(one.standard_error)
        axes.fill_between(
            one.lags, one.values - error, one.values + error, color=color, alpha=0.25, linewidth=0
        )
        axes.plot(one.lags, one.values, color=color, label=plain(called))
        lowest = min(lowest, float(one.values.min()))
        if np.isfinite(one.decay_time):
            t = np.linspace(*one.fit_range, 50)
            axes.plot(
                t,
                one.amplitude * np.exp(-t / one.decay_time),
                color="black",
                linewidth=0.9,
                linestyle=(0, (3, 2)),
            )
            text = rf"$\tau_{order}$ = {one.decay_time:.3g} ± {one.decay_time_standard_error:.2g} ps"
        else:
            text = (
                rf"$\tau_{order}$ > {one.lower_bound:.2g} ps" if np.isfinite(one.lower_bound) else "no time"
            )
        axes.annotate(
            text, (1, 1), xytext=(-2, -2 - 9 * k), xycoords="axes fraction", textcoords="offset points",
            ha="right", va="top", color=color, fontsize=7,
        )  # fmt: skip
    axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    axes.set_ylim(min(-0.05, 1.1 * lowest), 1.05 + 0.1 * len(results))
    axes.set_yticks([0, 0.5, 1])
    axes.set_xlim(left=0)
    axes.set_xlabel(label("lag"))
    axes.set_ylabel(f"$C_{order}(t)$")


def _directions(axes: Axes, results: Mapping[str, Orientation]) -> None:
    """Draw how much oftener than at random axes are nearest to each family of directions."""
    places = np.arange(len(FAMILIES))
    width = 0.8 / len(results)
    for k, result in enumerate(results.values()):
        averages = [result.preference[name] for name in FAMILIES]
        axes.bar(
            places + (k - (len(results) - 1) / 2) * width, [one.mean for one in averages], 0.9 * width,
            yerr=np.nan_to_num([one.standard_error for one in averages]), color=RUN_COLORS[k % len(RUN_COLORS)],
            error_kw={"linewidth": 0.8, "capsize": 1.5},
        )  # fmt: skip
    axes.axhline(1, color="0.3", linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_xticks(places, FAMILIES)
    axes.set_ylabel("axes nearest, over random")
