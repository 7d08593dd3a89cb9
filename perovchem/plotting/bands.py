"""Figures of band structures: along their path with the gap, beside a density of states, and by element and orbital."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perovchem.arrays import Floats
from perovchem.bands import Bands
from perovchem.errors import MissingDataError
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label

if TYPE_CHECKING:
    from perovchem.band_edges import BandEdges
    from perovchem.density_of_states import DensityOfStates

OCCUPIED: Final = RUN_COLORS[0]
"""Color of bands below the gap; with collinear spin, of spin up."""
EMPTY: Final = RUN_COLORS[1]
"""Color of bands above the gap; with collinear spin, of spin down."""
WINDOW: Final = (4.0, 4.0)
"""eV shown below the VBM and above the CBM, unless asked for otherwise."""
_TITLE: Final = 12.0
"""Letters that fit above an inch of a panel."""
_JOINED: Final = 1e-6
_CLOSE: Final = 0.025
"""Ticks nearer than this part of the path share one place for their labels."""


@dataclass(frozen=True)
class PathAxis:
    """Where the points of a path stand on the axis of a figure.

    Attributes
    ----------
    parts : tuple of (slice, float64 (n,))
        Rows of the k-points and their places, 1/Å, one per segment.
    ticks : tuple of (float, str)
        Places and names of the ends of segments; "X|K" where the path jumps.
    """

    parts: tuple[tuple[slice, Floats], ...]
    ticks: tuple[tuple[float, str], ...]

    def places(self, rows: Sequence[int]) -> list[float]:
        """Return the places of some rows, each once."""
        found = [
            float(places[row - part.start])
            for part, places in self.parts
            for row in rows
            if part.start <= row < part.stop
        ]
        return list(dict.fromkeys(round(place, 9) for place in found))


def path_of(bands: Bands) -> PathAxis:
    """Lay the segments of bands side by side, each as long as it is in 1/Å.

    Raises
    ------
    MissingDataError
        If the points are no path.
    """
    if not bands.segments:
        raise MissingDataError(
            "these k-points are no path: a mesh, a stencil or loose points",
            where=bands.provenance.input,
            fix="draw bands of a run along lines, or name its KPOINTS file",
        )
    parts, ticks, begin, last = [], [], 0.0, None
    for segment in bands.segments:
        rows = slice(segment.start, segment.stop)
        steps = np.linalg.norm(np.diff(bands.cartesian[rows], axis=0), axis=1)
        places = begin + np.concatenate([[0.0], np.cumsum(steps)])
        joined = last is not None and np.allclose(
            bands.kpoints[last], bands.kpoints[segment.start], atol=_JOINED
        )
        first = segment.start_label
        if last is None:
            ticks.append((begin, first))
        elif not joined:
            ticks[-1] = (begin, f"{ticks[-1][1] or '?'}|{first or '?'}")
        elif first and not ticks[-1][1]:
            ticks[-1] = (begin, first)
        begin, last = float(places[-1]), segment.stop - 1
        ticks.append((begin, segment.stop_label))
        parts.append((rows, places))
    return PathAxis(tuple(parts), tuple(ticks))


def plot_bands(
    bands: Bands,
    edges: BandEdges | None = None,
    *,
    density: DensityOfStates | None = None,
    window: tuple[float, float] | None = None,
    title: str = "",
) -> Figure:
    """Return a band structure; the zero of energy is the highest occupied state.

    Parameters
    ----------
    bands : Bands
        With a path.
    edges : BandEdges, optional
        Of the same bands: zero, colors and the gap. Without them (a metal) the zero is the Fermi energy of the file.
    density : DensityOfStates, optional
        Drawn beside, with its own zero at its own VBM or Fermi energy.
    window : (float, float), optional
        Energies shown, eV from the zero. By default 4 eV below the VBM to 4 eV above the CBM.
    title : str
    """
    path = path_of(bands)
    low, high = window_of(edges, window)
    with mpl.rc_context(STYLE):
        if density is None:
            figure = Figure(figsize=(COLUMN if len(path.parts) <= 6 else 1.6 * COLUMN, 2.9))
            axes = figure.subplots()
            panels = [axes]
        else:
            figure = Figure(figsize=(1.6 * COLUMN, 2.9))
            panels = list(figure.subplots(1, 2, sharey=True, width_ratios=(2.2, 1)))
            axes = panels[0]
        draw_lines(axes, bands, edges, path, (low, high))
        if edges is not None:
            _gap(axes, bands, edges, path)
        dress(axes, path, (low, high), zero_label(bands, edges))
        if bands.spin == "collinear":
            handles = [
                Line2D([], [], color=RUN_COLORS[spin], linestyle=("-", (0, (3, 1.2)))[spin], label=name)
                for spin, name in enumerate(("spin up", "spin down"))
            ]
            figure.legend(handles=handles, loc="outside upper right", ncols=2)
        told = "" if edges is None else point_label(gap_words(edges))
        apart = len(title) + len(told) < _TITLE * figure.get_figwidth() * (1 if density is None else 0.62)
        axes.set_title(plain(title) if apart or not title else f"{plain(title)}\n{told}")
        if apart or not title:
            axes.set_title(told, loc="right", fontsize=7)
        if density is not None:
            from perovchem.plotting.density_of_states import draw_beside

            draw_beside(panels[1], density)
            panels[1].set_ylim(low, high)
            letter(panels)
    return figure


def zero_of(bands: Bands, edges: BandEdges | None) -> float:
    """Return the energy that figures call 0, eV: the highest occupied state, or the Fermi energy of a metal."""
    return edges.vbm.energy if edges is not None else float(np.nan_to_num(bands.fermi_energy))


def zero_label(bands: Bands, edges: BandEdges | None) -> str:
    """Return what the axis of energies is called, by its zero."""
    if edges is not None:
        return label("energy_above_vbm")
    return label("energy_above_fermi" if np.isfinite(bands.fermi_energy) else "band_energy")


def window_of(edges: BandEdges | None, window: tuple[float, float] | None) -> tuple[float, float]:
    if window is not None:
        return window
    return -WINDOW[0], (edges.gap if edges is not None else 0.0) + WINDOW[1]


def draw_lines(
    axes: Axes,
    bands: Bands,
    edges: BandEdges | None,
    path: PathAxis,
    limits: tuple[float, float],
    *,
    gray: bool = False,
) -> None:
    """Draw every band that comes into the window."""
    energies = bands.energies - zero_of(bands, edges)
    for spin, channel in enumerate(energies):
        seen = np.flatnonzero((channel.max(axis=0) >= limits[0]) & (channel.min(axis=0) <= limits[1]))
        filled = round(bands.occupied[spin]) if edges is not None else 0
        for band in seen:
            color = "0.72" if gray else _color(bands, edges, spin, int(band) < filled)
            curves = [np.column_stack([places, channel[rows, band]]) for rows, places in path.parts]
            axes.add_collection(
                LineCollection(
                    curves,
                    colors=color,
                    linewidths=0.5 if gray else 0.9,
                    linestyles=("-", (0, (3, 1.2)))[spin],
                    zorder=2 + spin,
                    gid=f"spin {spin} band {band + 1}",
                ),
                autolim=False,
            )


def _color(bands: Bands, edges: BandEdges | None, spin: int, filled: bool) -> str:
    """Return the color of a band."""
    if bands.spin == "collinear":
        return RUN_COLORS[spin]
    return ("0.25" if edges is None else OCCUPIED) if filled or edges is None else EMPTY


def dress(axes: Axes, path: PathAxis, limits: tuple[float, float], words: str) -> None:
    """Set ticks, limits and lines at the points of symmetry."""
    for place, _ in path.ticks:
        axes.axvline(place, color="0.8", linewidth=0.6, zorder=0)
    axes.axhline(0, color="0.6", linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    axes.set_xlim(path.ticks[0][0], path.ticks[-1][0])
    axes.set_ylim(*limits)
    ticks = _readable(path.ticks)
    axes.set_xticks([place for place, _ in ticks], [point_label(name) for _, name in ticks])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(words)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def _readable(ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Join the names of ticks that stand too near to each other to be read."""
    length = ticks[-1][0] - ticks[0][0]
    found: list[tuple[float, str]] = []
    for place, name in ticks:
        if found and place - found[-1][0] < _CLOSE * length and name:
            before, previous = found.pop()
            found.append(((before + place) / 2, f"{previous},{name}" if previous else name))
        else:
            found.append((place, name))
    return found


def point_label(name: str) -> str:
    """Return the name of a k-point or direction as it is set in type: "R-X_1" has an index.

    Examples
    --------
    >>> point_label("R-X_1")
    'R-X$_{1}$'
    """
    return re.sub(r"(?<=[A-ZΓΔΛΣ])_(\w+)", r"$_{\1}$", plain(name))


def _gap(axes: Axes, bands: Bands, edges: BandEdges, path: PathAxis) -> None:
    """Mark the edges wherever they stand on the path, and the gap once, with an arrow."""
    zero = edges.vbm.energy
    places = {}
    for edge in (edges.vbm, edges.cbm):
        color = _color(bands, edges, edge.spin, edge.carrier == "hole")
        places[edge.carrier] = path.places(edge.rows)
        axes.plot(
            places[edge.carrier], [edge.energy - zero] * len(places[edge.carrier]), "o", markersize=3.6, color=color,
            markeredgecolor="white", markeredgewidth=0.5, zorder=6, clip_on=False,
        )  # fmt: skip
    if not (places["hole"] and places["electron"]):
        return
    begin, end = _nearest(places["hole"], places["electron"], path)
    axes.annotate(
        "", (end, edges.gap), (begin, 0.0), zorder=5,
        arrowprops={"arrowstyle": "<->", "linewidth": 0.8, "color": "black", "shrinkA": 2, "shrinkB": 2},
    )  # fmt: skip


def gap_words(edges: BandEdges) -> str:
    """Return the gap in words: "1.484 eV, direct at R"."""
    if edges.direct:
        where = f"direct at {edges.vbm.label}" if edges.vbm.label else "direct"
    else:
        named = edges.vbm.label and edges.cbm.label and edges.vbm.label != edges.cbm.label
        where = f"indirect, {edges.vbm.label} to {edges.cbm.label}" if named else "indirect"
    return f"{edges.gap:.3f} eV, {where}"


def _nearest(first: Sequence[float], second: Sequence[float], path: PathAxis) -> tuple[float, float]:
    """Return the places that stand nearest to each other; of several, those nearest to the middle."""
    middle = path.ticks[-1][0] / 2

    def far(pair: tuple[float, float]) -> tuple[float, float]:
        return round(abs(pair[0] - pair[1]), 6), abs(pair[0] + pair[1] - 2 * middle)

    return min(itertools.product(first, second), key=far)


def plot_bands_compared(runs: Mapping[str, tuple[Bands, BandEdges | None]]) -> Figure:
    """Return band structures side by side on one scale of energy, each with its zero at its own VBM.

    Parameters
    ----------
    runs : mapping of str to (Bands, BandEdges or None)
        Label to bands, with a path, and their edges.
    """
    limits = -WINDOW[0], max(window_of(edges, None)[1] for _, edges in runs.values())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 2.9))
        panels = list(figure.subplots(1, len(runs), sharey=True, squeeze=False)[0])
        for axes, (called, (bands, edges)) in zip(panels, runs.items(), strict=True):
            path = path_of(bands)
            draw_lines(axes, bands, edges, path, limits)
            if edges is not None:
                _gap(axes, bands, edges, path)
            dress(axes, path, limits, zero_label(bands, edges))
            told = "" if edges is None else f"\n{point_label(gap_words(edges))}"
            axes.set_title(plain(called) + told)
        for axes in panels[1:]:
            axes.set_ylabel("")
        letter(panels)
    return figure
