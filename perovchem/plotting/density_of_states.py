"""Figures of densities of states: total and channels against energy, and beside a band structure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.arrays import Floats
from perovchem.density_of_states import DensityOfStates
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain

MOST_CHANNELS: Final = 6
"""Channels that are drawn: those that hold most in the window and at the edges."""
WINDOW: Final = (-6.0, 5.0)
"""eV below the zero and above the conduction-band minimum that a figure shows."""
_SHOWN: Final = 0.05
"""Share of the area in the window, and of an edge, that a channel needs to be drawn."""


def plot_densities_of_states(
    results: Mapping[str, DensityOfStates], *, window: tuple[float, float] | None = None
) -> Figure:
    """Return total and channels against energy, one panel per run; spin down hangs below.

    Parameters
    ----------
    results : mapping of str to DensityOfStates
        Label to result.
    window : (float, float), optional
        Energies shown, eV from the zero.
    """
    low, high = window or _window(results)
    order = _ranked(results.values(), (low, high))
    colors = {name: RUN_COLORS[k % len(RUN_COLORS)] for k, name in enumerate(order)}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 * COLUMN, 0.5 + 1.7 * len(results)))
        panels = list(np.atleast_1d(figure.subplots(len(results), 1, sharex=True)))
        for axes, (called, result) in zip(panels, results.items(), strict=True):
            _draw(axes, result, colors, (low, high))
            axes.set_ylabel("states (1/eV)")
            axes.set_title(plain(called) if len(results) > 1 else "")
        panels[-1].set_xlabel(_axis_words(results))
        panels[-1].set_xlim(low, high)
        handles: dict[str, Artist] = {}
        for axes in panels:
            for handle, text in zip(*axes.get_legend_handles_labels(), strict=True):
                handles.setdefault(text, handle)
        figure.legend(
            list(handles.values()), list(handles), loc="outside upper left", ncols=min(len(handles), 7)
        )
        if len(panels) > 1:
            letter(panels)
    return figure


def draw_beside(axes: Axes, result: DensityOfStates) -> None:
    """Draw a density of states with energy upward, beside a band structure; spins are added.

    The range of states follows what the axes of energy show once they are set.
    """
    order = _ranked([result], (max(WINDOW[0], float(result.energies[0])), WINDOW[1]))
    energies, total = result.energies, result.total.sum(axis=0)
    axes.fill_betweenx(energies, 0, total, color="0.88", linewidth=0)
    axes.plot(total, energies, color="0.35", linewidth=0.8, label="total")
    for k, name in enumerate(order):
        curve = result.projected[:, result.channels.index(name)].sum(axis=0)
        axes.plot(curve, energies, color=RUN_COLORS[k % len(RUN_COLORS)], linewidth=1.0, label=name)
    shown = (energies > WINDOW[0]) & (energies < WINDOW[1] + max(np.nan_to_num(result.gap), 0.0))
    axes.set_xlim(0, 1.05 * float(total[shown].max()) if shown.any() and total[shown].max() > 0 else 1)
    axes.axhline(0, color="0.6", linewidth=0.5)
    axes.set_xlabel("states (1/eV)")
    axes.legend(loc="upper right", handlelength=1.2)


def _window(results: Mapping[str, DensityOfStates]) -> tuple[float, float]:
    """Return the energies shown: those around all gaps, within what there is."""
    top = max(float(np.nan_to_num(result.cbm)) for result in results.values()) + WINDOW[1]
    low = max(WINDOW[0], min(float(result.energies[0]) for result in results.values()))
    return low, min(top, max(float(result.energies[-1]) for result in results.values()))


def _ranked(results: Iterable[DensityOfStates], window: tuple[float, float]) -> list[str]:
    """Return the channels that hold most in a window and at the edges, the largest first."""
    areas: dict[str, float] = {}
    at_edges: dict[str, float] = {}
    whole = 0.0
    for result in results:
        chosen = (result.energies >= window[0]) & (result.energies <= window[1])
        if chosen.sum() < 2:
            continue
        held: Floats = np.trapezoid(result.projected.sum(axis=0)[:, chosen], result.energies[chosen], axis=1)
        whole += float(held.sum())
        for k, (name, area) in enumerate(zip(result.channels, held, strict=True)):
            areas[name] = areas.get(name, 0.0) + float(area)
            edge = max(float(np.nan_to_num(result.at_vbm[k])), float(np.nan_to_num(result.at_cbm[k])))
            at_edges[name] = max(at_edges.get(name, 0.0), edge)
    rank = {name: areas[name] / max(whole, 1e-30) + at_edges[name] for name in areas}
    order = sorted(areas, key=lambda name: -rank[name])
    return [name for name in order if rank[name] > _SHOWN][:MOST_CHANNELS]


def _draw(
    axes: Axes, result: DensityOfStates, colors: Mapping[str, str], window: tuple[float, float]
) -> None:
    """Draw one run."""
    chosen = (result.energies >= window[0]) & (result.energies <= window[1])
    energies = result.energies[chosen]
    for s, total in enumerate(result.total[:, chosen]):
        sign = 1 if s == 0 else -1
        axes.fill_between(energies, 0, sign * total, color="0.88", linewidth=0)
        axes.plot(energies, sign * total, color="0.35", linewidth=0.8, label="total" if s == 0 else None)
        for name, color in colors.items():
            if name in result.channels:
                curve = result.projected[s, result.channels.index(name)][chosen]
                axes.plot(energies, sign * curve, color=color, linewidth=1.0, label=name if s == 0 else None)
    axes.axhline(0, color="0.35", linewidth=0.5)
    if result.gap > 0:
        axes.axvspan(result.vbm, result.cbm, color="#F3E9C6", linewidth=0, zorder=0)
        axes.annotate(
            f"{result.gap:.2f} eV", ((result.vbm + result.cbm) / 2, 1), xycoords=("data", "axes fraction"),
            xytext=(0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=7, color="0.35",
            annotation_clip=False,
        )  # fmt: skip
    else:
        axes.axvline(0, color="0.6", linewidth=0.5, linestyle=(0, (3, 2)))
    if len(result.total) == 1:
        axes.set_ylim(bottom=0)


def _axis_words(results: Mapping[str, DensityOfStates]) -> str:
    """Return the label of the energy axis, with its zero where all runs have one."""
    zeros = {result.zero for result in results.values()}
    return f"energy (eV); 0: {zeros.pop()}" if len(zeros) == 1 else "energy (eV) above the zero of each run"
