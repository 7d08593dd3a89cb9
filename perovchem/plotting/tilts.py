"""Figures of octahedral tilts: how they are distributed, what distorts the octahedra, how long a tilt lasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label
from perovchem.tilts import MODES, Tilts

_LINES: Final[Any] = ("-", (0, (4, 1.5)), (0, (1, 1.2)))
"""Of x, y and z."""
_MARKS: Final = ("o", "s", "^")
_FEW: Final = 200
"""Fewer octahedra in all frames are marked one by one."""


def plot_tilts(results: Mapping[str, Tilts]) -> Figure:
    """Return distributions of tilts, distortion modes, and autocorrelations where there are times.

    Parameters
    ----------
    results : mapping of str to Tilts
        Label to result.
    """
    timed = any(one.memory for one in results.values())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=((2 if timed else 1.6) * COLUMN, 2.6))
        panels = figure.subplots(1, 3 if timed else 2)
        _distributions(panels[0], results)
        _modes(panels[1], results)
        if timed:
            _memories(panels[2], results)
        handles = [
            mpl.lines.Line2D([], [], color="black", linestyle=line, marker=mark, markersize=3)
            for line, mark in zip(_LINES, _MARKS, strict=True)
        ]
        names = [f"about {axis}" for axis in "xyz"]
        if len(results) > 1:
            for k, called in enumerate(results):
                handles.append(mpl.lines.Line2D([], [], color=RUN_COLORS[k % len(RUN_COLORS)], linewidth=3))
                names.append(plain(called))
        figure.legend(handles, names, loc="outside upper left", ncols=3)
        letter(list(panels))
    return figure


def _distributions(axes: Axes, results: Mapping[str, Tilts]) -> None:
    """Draw how often each tilt occurs; of single structures a stroke per octahedron."""
    largest = max(float(np.nanmax(np.abs(one.angles), initial=0.0)) for one in results.values())
    edges = np.linspace(-1, 1, 82) * max(1.05 * largest, 1.0)
    for k, one in enumerate(results.values()):
        color = RUN_COLORS[k % len(RUN_COLORS)]
        for axis in range(3):
            values = one.angles[..., axis]
            values = values[np.isfinite(values)]
            if len(values) < _FEW:
                height = 0.04 * (3 * k + axis + 1)
                axes.plot(
                    values, np.full(len(values), height), _MARKS[axis], color=color, markersize=3,
                    transform=axes.get_xaxis_transform(), clip_on=False,
                )  # fmt: skip
                continue
            density, _ = np.histogram(values, edges, density=True)
            axes.plot(
                (edges[1:] + edges[:-1]) / 2, density, color=color, linestyle=_LINES[axis], linewidth=1.1
            )
    axes.set_xlabel(label("tilt_angle"))
    if all(one.angles[..., 0].size < _FEW for one in results.values()):
        axes.set_yticks([])
    else:
        axes.set_ylabel("probability density (1/degree)")
        axes.set_ylim(bottom=0)


def _modes(axes: Axes, results: Mapping[str, Tilts]) -> None:
    """Draw the mean amplitude of each mode."""
    places = np.arange(len(MODES))
    width = 0.8 / len(results)
    for k, one in enumerate(results.values()):
        found = list(one.mean_modes.values())
        axes.bar(
            places + (k - (len(results) - 1) / 2) * width, [a.mean for a in found], 0.9 * width,
            yerr=np.nan_to_num([a.standard_error for a in found]), color=RUN_COLORS[k % len(RUN_COLORS)],
            error_kw={"linewidth": 0.8, "capsize": 1.5},
        )  # fmt: skip
    axes.set_xticks(places, [r"$E_g$", r"$T_{2g}$", r"$T_{1u}$", r"$T_{2u}$"])
    axes.set_ylabel("mean amplitude (Å)")


def _memories(axes: Axes, results: Mapping[str, Tilts]) -> None:
    """Draw the autocorrelation of the tilts about each axis."""
    for k, one in enumerate(results.values()):
        color = RUN_COLORS[k % len(RUN_COLORS)]
        for line, found in zip(_LINES, one.memory.values(), strict=False):
            error = np.nan_to_num(found.standard_error)
            axes.fill_between(
                found.lags, found.values - error, found.values + error, color=color, alpha=0.15, linewidth=0
            )
            axes.plot(found.lags, found.values, color=color, linestyle=line, linewidth=1.1)
    axes.axhline(np.exp(-1), color="0.6", linewidth=0.6, zorder=0)
    axes.annotate(
        "1/e", (1, np.exp(-1)), xycoords=("axes fraction", "data"), fontsize=7, ha="right", va="bottom"
    )
    axes.set_xlim(left=0)
    axes.set_ylim(top=1.02)
    axes.set_xlabel(label("lag"))
    axes.set_ylabel("tilt autocorrelation")
