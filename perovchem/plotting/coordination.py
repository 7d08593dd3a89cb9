"""Figures of the coordination analysis: distributions of the compared runs, and what their bonds are."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.comparison import Comparison
from perovchem.cutoffs import SEARCH_RANGE, Cutoff
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain, thinned
from perovchem.quantities import label


def plot_distributions(comparison: Comparison) -> Figure:
    """Return the distributions of polyhedron volume and coordination number, one color per run."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 2.3))
        left, right = figure.subplots(1, 2)
        _volumes(left, comparison)
        _numbers(right, comparison)
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
        letter([left, right])
    return figure


def _volumes(axes: Axes, comparison: Comparison) -> None:
    """Draw the histogram of each run as a step line, its mean as a tick on the axis; a single volume as a line."""
    axes.set_xlabel(label("volume"))
    axes.set_ylabel("probability density (Å$^{-3}$)")
    defined = [hulls.volumes[~np.isnan(hulls.volumes)] for hulls in comparison.polyhedra]
    everything = np.concatenate(defined)
    if not len(everything):
        axes.text(0.5, 0.5, "no polyhedron has four ligands", transform=axes.transAxes, ha="center")
        return
    if np.ptp(everything) < 1e-6 * everything.mean():
        axes.axvline(everything.mean(), color=RUN_COLORS[0])
        axes.set_xlim(everything.mean() - 2, everything.mean() + 2)
        axes.set_yticks([])
        axes.set_ylabel("")
        axes.set_title(f"all {everything.mean():.2f} Å³")
        return
    edges = np.linspace(everything.min(), everything.max(), 41)
    for k, (hulls, values) in enumerate(zip(comparison.polyhedra, defined, strict=True)):
        color = RUN_COLORS[k % len(RUN_COLORS)]
        if not len(values):
            continue
        density, _ = np.histogram(values, edges, density=True)
        axes.stairs(density, edges, color=color, fill=True, alpha=0.18)
        axes.stairs(density, edges, color=color, linewidth=1.3)
        mean = hulls.mean_volume
        axes.errorbar(
            mean.mean, -0.03, xerr=np.nan_to_num(mean.standard_error), fmt="v", color=color, markersize=4,
            capsize=2, clip_on=False, transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", pad=7)
    missing = [hulls.n_undefined / hulls.volumes.size for hulls in comparison.polyhedra]
    if max(missing) > 0.005:
        parts = ", ".join(f"{100 * part:.0f} %" for part in missing)
        axes.set_title(f"without a volume: {parts}", loc="right", fontsize=6.5)


def _numbers(axes: Axes, comparison: Comparison) -> None:
    """Draw the fraction of frames x centers with each coordination number, runs side by side."""
    n_runs = len(comparison.shells)
    width = 0.8 / n_runs
    top = max(int(shells.coordination_numbers.max(initial=0)) for shells in comparison.shells)
    low = min(int(shells.coordination_numbers.min(initial=top)) for shells in comparison.shells)
    numbers = np.arange(low, top + 1)
    for k, (name, shells) in enumerate(zip(comparison.labels, comparison.shells, strict=True)):
        counts = np.bincount(shells.coordination_numbers.ravel(), minlength=top + 1)[low:]
        axes.bar(
            numbers + (k - (n_runs - 1) / 2) * width, counts / counts.sum(), 0.9 * width,
            color=RUN_COLORS[k % len(RUN_COLORS)], label=plain(name),
        )  # fmt: skip
    axes.set_xticks(numbers)
    axes.set_xlabel(label("coordination_number", of="/".join(comparison.shells[0].center)))
    axes.set_ylabel(f"fraction of frames × {'/'.join(comparison.shells[0].center)}")


def plot_bond_lengths(comparison: Comparison) -> Figure:
    """Return for each pair of elements the g(r) that its cutoff was read from, and the lengths of its bonds.

    The lengths are shown as distributions, one color per run, and over the time of the whole runs.
    """
    cutoffs = comparison.shells[0].cutoffs
    measured = any(len(cutoff.distances) for cutoff in cutoffs.values())
    moving = any(len(joined.shells.frames) > 1 for joined in comparison.history)
    columns = [
        draw
        for draw, wanted in ((_cutoff, measured), (_lengths, True), (_lengths_over_time, moving))
        if wanted
    ]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 0.35 + 1.75 * len(cutoffs)))
        panels = figure.subplots(len(cutoffs), len(columns), squeeze=False)
        for row, name in zip(panels, cutoffs, strict=True):
            for axes, draw in zip(row, columns, strict=True):
                draw(axes, comparison, name)
            row[0].set_title(name.replace("-", "–"), fontweight="bold")
        for column in panels.T:  # the axes of a column are those of its last row
            for axes in column[:-1]:
                axes.set_xlabel("")
        handles = [
            mpl.lines.Line2D([], [], color=RUN_COLORS[k % len(RUN_COLORS)], label=plain(name))
            for k, name in enumerate(comparison.labels)
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
        letter(list(panels.ravel()))
    return figure


def _cutoff(axes: Axes, comparison: Comparison, name: str) -> None:
    """Draw the g(r) of a pair over its first maxima, its cutoff as a dashed line."""
    cutoff: Cutoff = comparison.shells[0].cutoffs[name]
    axes.set_xlabel(label("distance"))
    axes.set_ylabel(label("pair_distribution"))
    if len(cutoff.distances):
        inside = cutoff.distances <= SEARCH_RANGE
        g = cutoff.pair_distribution[inside]
        axes.plot(cutoff.distances[inside], g, color="#30353A")
        axes.set_xlim(np.floor(2 * cutoff.distances[np.argmax(g > 0)]) / 2, SEARCH_RANGE)
    else:
        axes.text(0.5, 0.5, "given, not measured", transform=axes.transAxes, ha="center", color="#59616B")
        axes.set_xlim(min(1.5, cutoff.value - 1), SEARCH_RANGE)
        axes.set_yticks([])
    axes.set_ylim(bottom=0)
    axes.axvline(cutoff.value, color="#30353A", linewidth=0.8, linestyle=(0, (4, 2)))
    axes.annotate(
        f"cutoff {cutoff.value:.2f} Å", (cutoff.value, 1), xytext=(2, 0), textcoords="offset points",
        xycoords=("data", "axes fraction"), fontsize=6.5, ha="left", va="top",
    )  # fmt: skip


def _lengths(axes: Axes, comparison: Comparison, name: str) -> None:
    """Draw the distribution of the bond lengths of a pair, the mean of each run as a tick on the axis."""
    axes.set_xlabel(f"{label('bond_length')}")
    axes.set_ylabel("density (Å$^{-1}$)")
    found = [shells.bonds_of(name)[0] for shells in comparison.shells]
    everything = np.concatenate(found)
    if not len(everything):
        axes.text(0.5, 0.5, "no such bond", transform=axes.transAxes, ha="center", color="#59616B")
        axes.set_xticks([])
        axes.set_yticks([])
        return
    if np.ptp(everything) < 1e-6 * everything.mean():
        axes.axvline(everything.mean(), color=RUN_COLORS[0])
        axes.set_xlim(everything.mean() - 0.5, everything.mean() + 0.5)
        axes.set_yticks([])
        axes.set_ylabel("")
        axes.set_title(f"all {everything.mean():.3f} Å")
        return
    edges = np.linspace(everything.min(), everything.max(), 51)
    for k, (shells, lengths) in enumerate(zip(comparison.shells, found, strict=True)):
        color = RUN_COLORS[k % len(RUN_COLORS)]
        if not len(lengths):
            continue
        density, _ = np.histogram(lengths, edges, density=True)
        axes.stairs(density, edges, color=color, fill=True, alpha=0.18)
        axes.stairs(density, edges, color=color, linewidth=1.1)
        mean = shells.bond_lengths[name]
        axes.errorbar(
            mean.mean, -0.03, xerr=np.nan_to_num(mean.standard_error), fmt="v", color=color, markersize=3.5,
            capsize=2, clip_on=False, transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", pad=6)


def _lengths_over_time(axes: Axes, comparison: Comparison, name: str) -> None:
    """Draw the mean length of the bonds of a pair over the whole runs, what averages discard in pale color."""
    timed = all(joined.shells.frames.times is not None for joined in comparison.history)
    axes.set_xlabel(label("time") if timed else "frame")
    axes.set_ylabel(f"mean {label('bond_length')}")
    for k, (joined, analyzed) in enumerate(zip(comparison.history, comparison.shells, strict=True)):
        frames = joined.shells.frames
        if len(frames) < 2:
            continue
        lengths, at = joined.shells.bonds_of(name)
        counts = np.bincount(at, minlength=len(frames))
        sums = np.bincount(at, lengths, minlength=len(frames))
        x = frames.times / 1000 if timed and frames.times is not None else np.arange(len(frames), dtype=float)
        place, binned = thinned(x, np.column_stack([sums, counts]))
        mean = np.full(len(place), np.nan)
        np.divide(binned[:, 0], binned[:, 1], out=mean, where=binned[:, 1] > 0)
        color = RUN_COLORS[k % len(RUN_COLORS)]
        begin = x[min(analyzed.frames.discarded, len(x) - 1)]
        axes.plot(place, mean, color=color, linewidth=0.8, alpha=0.35)
        axes.plot(place, np.where(place >= begin, mean, np.nan), color=color, linewidth=0.9)
