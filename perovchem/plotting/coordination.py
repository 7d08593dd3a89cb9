"""Figures of the coordination analysis: distributions of the compared runs, and sharing over time."""

from __future__ import annotations

from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from perovchem.aggregation import CLASSES, Aggregation
from perovchem.comparison import Comparison
from perovchem.coordination import Coordination
from perovchem.frames import Floats
from perovchem.plotting.style import CLASS_COLORS, COLUMN, RUN_COLORS, STYLE
from perovchem.quantities import label

_BINS_TO_SMOOTH: Final = 200
"""Columns that a stacked history is averaged into; a page shows no more."""


def plot_distributions(comparison: Comparison) -> Figure:
    """Return the distributions of polyhedron volume and coordination number, one color per run."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 2.3))
        left, right = figure.subplots(1, 2)
        _volumes(left, comparison)
        _numbers(right, comparison)
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
        _letters([left, right])
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
            color=RUN_COLORS[k % len(RUN_COLORS)], label=_plain(name),
        )  # fmt: skip
    axes.set_xticks(numbers)
    axes.set_xlabel(label("coordination_number", of="/".join(comparison.shells[0].center)))
    axes.set_ylabel(f"fraction of frames × {'/'.join(comparison.shells[0].center)}")


def plot_sharing(comparison: Comparison) -> Figure:
    """Return sharing over time, stacked, one row per run, beside the g(r) that the cutoffs were read from."""
    n_runs = len(comparison.labels)
    measured = [cutoff for cutoff in comparison.shells[0].cutoffs.values() if len(cutoff.distances)]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 0.6 + 1.6 * n_runs))
        grid = figure.add_gridspec(n_runs, 3 if measured else 2)
        panels = []
        for k, (name, joined) in enumerate(zip(comparison.labels, comparison.history, strict=True)):
            axes = figure.add_subplot(grid[k, :2])
            _history(axes, joined)
            _discarded(axes, comparison.shells[k])
            axes.set_title(_plain(name), pad=18)
            panels.append(axes)
        _share_time(panels, comparison)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=5, handlelength=1.2)
        if measured:
            right = figure.add_subplot(grid[:, 2])
            _pair_distributions(right, comparison.shells[0])
            panels.append(right)
        _letters(panels)
    return figure


def _share_time(panels: list[Axes], comparison: Comparison) -> None:
    """Give runs with times one axis of time; frames without times are counted, and a crystal is one bar."""
    timed = [k for k, joined in enumerate(comparison.history) if joined.shells.frames.times is not None]
    ends = [panels[k].get_xlim() for k in timed]
    for k, (axes, joined) in enumerate(zip(panels, comparison.history, strict=True)):
        if len(joined.shells.frames) == 1:
            axes.set_xticks([])
            axes.set_xlabel("one frame")
        elif k in timed:
            axes.set_xlim(min(begin for begin, _ in ends), max(end for _, end in ends))
            if k == timed[-1]:
                axes.set_xlabel(label("time"))
        else:
            axes.set_xlabel("frame")


def _plain(text: str) -> str:
    """Return a label as matplotlib shows it unchanged: a dollar sign would begin a formula."""
    return text.replace("$", r"\$")


def _history(axes: Axes, joined: Aggregation) -> None:
    """Stack the fractions of the four classes over time; mark the first lasting links above."""
    frames = joined.shells.frames
    x = np.arange(len(frames), dtype=np.float64) if frames.times is None else frames.times / 1000
    x, fractions = _thinned(x, joined.sharing_over_time)
    if len(x) == 1:  # a crystal: one bar
        x, fractions = np.array([x[0] - 0.5, x[0] + 0.5]), np.repeat(fractions, 2, axis=0)
    axes.stackplot(
        x,
        fractions.T,
        colors=[CLASS_COLORS[name] for name in CLASSES],
        labels=CLASSES,
        linewidth=0,
        step="mid",
    )
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel("fraction of " + "/".join(joined.shells.center))
    for height, name in ((2, "corner"), (9, "edge")):
        begin = joined.first_lasting[name] / 1000
        if not np.isfinite(begin):
            continue
        from_start = joined.from_start[name]
        if not from_start:
            axes.axvline(begin, color="black", linewidth=0.8, linestyle=(0, (2, 2)))
        near_end = begin > 0.75 * x[-1] + 0.25 * x[0]
        axes.annotate(
            f"lasting {name} from the start" if from_start else f"first lasting {name}",
            (begin, 1.0), xytext=(-2 if near_end else 2, height), textcoords="offset points",
            xycoords=("data", "axes fraction"), fontsize=6.5, ha="right" if near_end else "left", va="bottom",
            annotation_clip=False,
        )  # fmt: skip


def _discarded(axes: Axes, shells: Coordination) -> None:
    """Show which part of the history the averages leave out."""
    frames = shells.frames
    if frames.whole is None:
        return
    end = float(frames.discarded) if frames.times is None else float(frames.times[0] / 1000)
    begin, _ = axes.get_xlim()
    axes.axvspan(begin, end, ymax=0.035, color="white", linewidth=0)
    axes.axvspan(begin, end, ymax=0.03, color="#D55E00", linewidth=0, label="discarded for averages")


def _thinned(x: Floats, fractions: Floats) -> tuple[Floats, Floats]:
    """Average neighboring frames into at most :data:`_BINS_TO_SMOOTH` columns."""
    size = -(-len(x) // _BINS_TO_SMOOTH)
    if size <= 1:
        return x, fractions
    starts = np.arange(0, len(x), size)
    counts = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / counts, np.add.reduceat(fractions, starts, axis=0) / counts[:, None]


def _pair_distributions(axes: Axes, shells: Coordination) -> None:
    """Draw each measured g(r) over its first maximum, its cutoff as a line to the axis."""
    measured = [cutoff for cutoff in shells.cutoffs.values() if len(cutoff.distances)]
    for k, cutoff in enumerate(measured):
        color = RUN_COLORS[(k + 2) % len(RUN_COLORS)]
        inside = cutoff.distances <= 6.0
        g = cutoff.pair_distribution[inside]
        axes.plot(
            cutoff.distances[inside], g / g.max(), color=color, label=f"{cutoff.name} < {cutoff.value:.3f} Å"
        )
        axes.vlines(cutoff.value, 0, 1.05, color=color, linewidth=0.9, linestyle=(0, (4, 2)))
    first = min(c.distances[np.argmax(c.pair_distribution > 0)] for c in measured)
    axes.set_xlim(np.floor(2 * first) / 2, 6)
    axes.set_ylim(0, 1.05 + 0.14 * len(measured))  # room for the legend above the curves
    axes.set_yticks([0, 0.5, 1])
    axes.set_xlabel(label("distance"))
    axes.set_ylabel("$g(r)$ / its maximum")
    axes.legend(loc="upper right", handlelength=1.2)


def _letters(panels: list[Axes]) -> None:
    """Letter the panels as journals do."""
    for letter, axes in zip("abcdefghij", panels, strict=False):
        axes.annotate(
            letter, (0, 1), xytext=(-24, 6), textcoords="offset points", xycoords="axes fraction",
            fontweight="bold", fontsize=9, ha="left", va="bottom", annotation_clip=False,
        )  # fmt: skip
