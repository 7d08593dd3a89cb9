"""Figures of the EXAFS-like view: |χ(R)|, χ(k), and the distances behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.exafs import Exafs
from perovchem.exafs.transform import Spectrum
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label

_ROW: Final = 1.6
"""Height of a row of panels, inch."""


def plot_transforms(results: Mapping[str, Exafs]) -> Figure:
    """Return |χ(R)|: a row per pair, without (left) and with phase correction (right); the sums below.

    Parameters
    ----------
    results : mapping of str to Exafs
        Label to result; all of the same pairs.
    """
    first = next(iter(results.values()))
    phases = any(one.phases for one in first.pairs.values())
    sums = first.first_shells_spectrum is not None
    n_rows, n_columns = len(first.pairs) + sums, 2 if phases else 1
    with mpl.rc_context(STYLE):
        figure, grid = _grid(n_rows, n_columns)
        for row, name in enumerate(first.pairs):
            for column, kind in enumerate(("uncorrected", "corrected")[:n_columns]):
                axes = grid[row, column]
                if kind == "corrected" and not first.pairs[name].phases:
                    axes.set_visible(False)
                    continue
                _spectra(axes, results, [getattr(one.pairs[name], kind) for one in results.values()])
                for k, one in enumerate(results.values()):
                    axes.axvline(
                        one.pairs[name].shell.real.mean_distance.mean, color=RUN_COLORS[k % len(RUN_COLORS)],
                        linewidth=0.8, linestyle=":",
                    )  # fmt: skip
                words = {"uncorrected": "without phase correction", "corrected": "phase-corrected"}[kind]
                axes.set_title(f"{plain(name)}, {words}" if phases else plain(name))
        if sums:
            for axes, words, spectra in (
                (grid[-1, 0], "first shells together", [r.first_shells_spectrum for r in results.values()]),
                (
                    grid[-1, 1],
                    f"all within {first.longest:g} Å",
                    [r.everything_spectrum for r in results.values()],
                ),
            ):
                _spectra(axes, results, spectra)
                axes.set_title(f"{words}, without phase correction")
        for axes in grid[-1]:
            axes.set_xlabel("$R$ (Å)")
        for axes in grid[:, 0]:
            axes.set_ylabel(rf"$|\chi(R)|$ (Å$^{{-{first.k_weight + 1}}}$)")
        _finish(figure, grid, results)
    return figure


def _spectra(axes: Axes, results: Mapping[str, Exafs], spectra: Sequence[Spectrum | None]) -> None:
    for k, (called, spectrum) in enumerate(zip(results, spectra, strict=True)):
        if spectrum is None:
            continue
        color, error = RUN_COLORS[k % len(RUN_COLORS)], np.nan_to_num(spectrum.standard_error)
        r, m = spectrum.distances, spectrum.magnitude
        axes.fill_between(r, np.maximum(m - error, 0), m + error, color=color, alpha=0.25, linewidth=0)
        axes.plot(r, m, color=color, linewidth=1.1, label=plain(called))
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, max(one.distances[-1] for one in spectra if one is not None))


def plot_fine_structure(results: Mapping[str, Exafs]) -> Figure:
    """Return χ(k) times a power of k: a panel per pair, one for everything; the window's range in gray."""
    first = next(iter(results.values()))
    weight = first.k_weight
    panels: list[tuple[str, list[Any]]] = [
        (plain(name), [one.pairs[name].chi for one in results.values()]) for name in first.pairs
    ]
    if first.everything is not None:
        panels.append((f"all within {first.longest:g} Å", [one.everything for one in results.values()]))
    with mpl.rc_context(STYLE):
        figure, grid = _grid(len(panels), 1)
        for axes, (title, signals) in zip(grid[:, 0], panels, strict=True):
            axes.axvspan(*first.k_range, color="0.93", linewidth=0, zorder=0)
            heights = []
            for k, (called, one) in enumerate(zip(results, results.values(), strict=True)):
                if signals[k] is None:
                    continue
                curve = one.wavenumber**weight * signals[k]
                shown = one.wavenumber >= 2
                color = RUN_COLORS[k % len(RUN_COLORS)]
                axes.plot(
                    one.wavenumber[shown], curve[shown], color=color, label=plain(called), linewidth=1.0
                )
                heights.append(np.abs(curve[shown]).max())
            axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
            axes.set_title(title)
            axes.set_xlim(2, first.wavenumber[-1])
            axes.set_ylabel(rf"$k^{weight}\chi(k)$ (Å$^{{-{weight}}}$)")
        grid[-1, 0].set_xlabel(label("photoelectron_wavenumber"))
        _finish(figure, grid, results)
    return figure


def plot_distances(results: Mapping[str, Exafs]) -> Figure:
    """Return the distances of each pair with a Gaussian of the same number, mean and variance."""
    first = next(iter(results.values()))
    with mpl.rc_context(STYLE):
        figure, grid = _grid(len(first.pairs), 1)
        for axes, name in zip(grid[:, 0], first.pairs, strict=True):
            end = first.pairs[name].cutoff.value
            top, begin = 0.0, end
            for k, (called, result) in enumerate(results.items()):
                one, color = result.pairs[name], RUN_COLORS[k % len(RUN_COLORS)]
                axes.stairs(one.density, one.edges, fill=True, color=color, alpha=0.12)
                axes.stairs(one.density, one.edges, color=color, linewidth=0.8, label=plain(called))
                near = one.density[one.edges[1:] < end + 0.3]
                top = max(top, float(near.max(initial=0.0)))
                filled = np.flatnonzero(near)
                begin = min(begin, float(one.edges[filled[0]]) if len(filled) else end)
                shell = one.shell
                mean, variance = shell.real.mean_distance.mean, shell.real.variance.mean
                if variance > 1e-6:
                    r = np.linspace(begin, end, 300)
                    bell = np.exp(-((r - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
                    axes.plot(
                        r, shell.coordination_number.mean * bell, color=color, linewidth=1.3, linestyle="--"
                    )
            axes.axvline(end, color="0.35", linewidth=0.8, linestyle=(0, (4, 2)))
            axes.annotate(
                f"{end:.2f} Å", (end, 1), xytext=(2, -1), xycoords=("data", "axes fraction"),
                textcoords="offset points", fontsize=6.5, va="top", color="0.25",
            )  # fmt: skip
            axes.set_xlim(begin - 0.2, end + 0.8)
            axes.set_ylim(0, 1.1 * top if top > 0 else 1)
            axes.set_title(plain(name))
            axes.set_ylabel("neighbors per Å")
        grid[-1, 0].set_xlabel(label("distance"))
        _finish(figure, grid, results)
    return figure


def _grid(n_rows: int, n_columns: int) -> tuple[Figure, Any]:
    width = 2 * COLUMN if n_columns > 1 else 1.3 * COLUMN
    figure = Figure(figsize=(width, 0.4 + _ROW * n_rows))
    return figure, figure.subplots(n_rows, n_columns, squeeze=False, sharex="col" if n_columns > 1 else False)


def _finish(figure: Figure, grid: Any, results: Mapping[str, Exafs]) -> None:
    """Add the legend where there are several runs, and the letters."""
    panels = [axes for axes in grid.ravel() if axes.get_visible()]
    if len(results) > 1:
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=min(len(labels), 4))
    if len(panels) > 1:
        letter(panels)
