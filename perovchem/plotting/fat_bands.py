"""Figure of fat bands: which parts of each state belong to an element and a kind of orbital."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from perovchem.arrays import Floats
from perovchem.bands import Bands
from perovchem.errors import MissingDataError
from perovchem.plotting.bands import draw_lines, dress, path_of, window_of, zero_label, zero_of
from perovchem.plotting.structure import element_color
from perovchem.plotting.style import COLUMN, STYLE, letter, plain
from perovchem.projections import kind

if TYPE_CHECKING:
    from perovchem.band_edges import BandEdges

MOST_PARTS: Final = 4
"""Panels of fat bands."""
LARGEST: Final = 14.0
"""Area of the point of a whole state, points squared."""
_VISIBLE: Final = 0.03
"""Fraction of a state below which no point is drawn."""
_WORTH: Final = 0.1
"""Fraction that an element and orbital must have of some state for a panel of its own."""


def plot_fat_bands(
    bands: Bands,
    edges: BandEdges | None = None,
    *,
    window: tuple[float, float] | None = None,
    title: str = "",
) -> Figure:
    """Return the bands once for each element and kind of orbital that matters; the area of a point is its part.

    What the band edges are made of comes first, then what has most of all bands in the window.

    Parameters
    ----------
    bands : Bands
        With a path and projections.
    edges : BandEdges, optional
    window : (float, float), optional
        As in :func:`plot_bands`.
    title : str

    Raises
    ------
    MissingDataError
        If there is no path, or there are no projections.
    """
    path = path_of(bands)
    limits = window_of(edges, window)
    parts, first = parts_of(bands, edges, limits)
    at_edges = _at_edges(parts, first, edges)
    ordered = sorted(parts, key=lambda key: (-at_edges[key], -float(parts[key].sum())))
    shown = [key for key in ordered if parts[key].max() > _WORTH][:MOST_PARTS] or ordered[:1]
    energies = bands.energies[:, :, first : first + parts[shown[0]].shape[2]] - zero_of(bands, edges)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 2.7))
        panels = list(figure.subplots(1, len(shown), sharey=True, squeeze=False)[0])
        for axes, (element, orbital) in zip(panels, shown, strict=True):
            draw_lines(axes, bands, edges, path, limits, gray=True)
            weights = parts[element, orbital]
            for spin in range(len(energies)):
                for rows, places in path.parts:
                    weight = weights[spin, rows]
                    chosen = weight > _VISIBLE
                    axes.scatter(
                        np.broadcast_to(places[:, None], weight.shape)[chosen], energies[spin, rows][chosen],
                        s=LARGEST * weight[chosen], color=element_color(element), linewidths=0, alpha=0.75,
                        marker=("o", "v")[spin], zorder=4,
                    )  # fmt: skip
            dress(axes, path, limits, zero_label(bands, edges))
            axes.set_title(f"{element} {orbital}")
        for axes in panels[1:]:
            axes.set_ylabel("")
        if title:
            figure.suptitle(plain(title), fontsize=8, x=0.01, ha="left")
        letter(panels)
    return figure


def _at_edges(
    parts: Mapping[tuple[str, str], Floats], first: int, edges: BandEdges | None
) -> dict[tuple[str, str], float]:
    """Return the largest fraction of a band edge that each part has, 0 below what is worth a panel."""
    found = dict.fromkeys(parts, 0.0)
    for edge in () if edges is None else (edges.vbm, edges.cbm):
        places = [band - 1 - first for band in edge.bands]
        for key, weights in parts.items():
            share = float(weights[edge.spin][list(edge.rows)][:, places].mean())
            found[key] = max(found[key], share if share > _WORTH else 0.0)
    return found


def parts_of(
    bands: Bands, edges: BandEdges | None, limits: tuple[float, float]
) -> tuple[dict[tuple[str, str], Floats], int]:
    """Return the fraction of each state in a window that an element and kind of orbital have, and its first band.

    Returns
    -------
    parts : dict of (element, kind) to float64 (S, K, b)
        They sum to 1 over all keys; 0 where a state is not projected at all.
    first : int
        Index of the first of the b bands.
    """
    projections = bands.projections
    if projections is None:
        raise MissingDataError(
            "these bands have no projections on atoms and orbitals",
            where=bands.provenance.input,
            fix="run VASP with LORBIT = 11, CASTEP with PDOS_CALCULATE_WEIGHTS",
        )
    energies = bands.energies - zero_of(bands, edges)
    seen = np.flatnonzero((energies.max(axis=(0, 1)) >= limits[0]) & (energies.min(axis=(0, 1)) <= limits[1]))
    if not len(seen):
        raise MissingDataError("no band lies in the window", fix="choose another one")
    first, last = int(seen[0]), int(seen[-1]) + 1
    weights = projections.weights(slice(first, last))
    total = weights.sum(axis=(3, 4))
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    kinds = [kind(orbital) for orbital in projections.orbitals]
    parts: dict[tuple[str, str], Floats] = {}
    for element in dict.fromkeys(projections.species):
        atoms = [k for k, symbol in enumerate(projections.species) if symbol == element]
        of_element = weights[..., atoms, :].sum(axis=3)
        for name in dict.fromkeys(kinds):
            columns = [k for k, other in enumerate(kinds) if other == name]
            parts[element, name] = of_element[..., columns].sum(axis=3) * scale
    return parts, first
