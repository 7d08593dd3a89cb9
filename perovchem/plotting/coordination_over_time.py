"""Figures of the coordination analysis over time: ligands, sharing and clusters of whole runs."""

from __future__ import annotations

from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from perovchem.aggregation import CLASSES, Aggregation
from perovchem.comparison import Comparison
from perovchem.coordination import Coordination
from perovchem.frames import Floats
from perovchem.plotting.structure import element_color
from perovchem.plotting.style import CLASS_COLORS, COLUMN, STYLE, letter, plain, thinned
from perovchem.quantities import label

DISCARDED: Final = "#D55E00"
_FEW_CENTERS: Final = 12
"""So many are drawn one by one behind their mean."""
_SHARE: Final = LinearSegmentedColormap.from_list("share", ["#FFFFFF", "#C9DFCF", "#5F9E83", "#0B4A3A"])


def plot_coordination_numbers(comparison: Comparison) -> Figure:
    """Return the coordination number over the whole runs, with the part of each ligand; runs side by side."""
    n_runs = len(comparison.labels)
    n_columns = min(n_runs, 3)
    n_rows = -(-n_runs // n_columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 0.45 + 1.9 * n_rows))
        grid = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True)
        panels = list(grid.ravel()[:n_runs])
        for axes in grid.ravel()[n_runs:]:
            axes.set_axis_off()
        for k, (axes, name) in enumerate(zip(panels, comparison.labels, strict=True)):
            _numbers(axes, comparison.history[k].shells)
            axes.set_title(plain(name))
            axes.set_ylim(bottom=0)
            _discarded(axes, comparison.shells[k])
            if k % n_columns == 0:
                axes.set_ylabel(label("coordination_number", of="/".join(comparison.shells[0].center)))
        _share_time(panels, comparison)
        for axes in panels:
            if not axes.get_xlabel():
                axes.set_xlabel(label("time"))
        handles, labels = _named(panels)
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), handlelength=1.4)
        letter(panels)
    return figure


def _numbers(axes: Axes, shells: Coordination) -> None:
    """Draw the mean number of ligands, in all and of each element, and single centers where they are few."""
    frames = shells.frames
    x = _places(shells)
    if len(shells.centers) <= _FEW_CENTERS:
        single_x, single = thinned(x, shells.coordination_numbers.astype(np.float64))
        for k, column in enumerate(single.T):
            name = f"all ligands of single {'/'.join(shells.center)}" if k == 0 else None
            axes.plot(single_x, column, color="#B9C0C8", linewidth=0.6, label=name)
    for symbol in shells.ligands:
        at, number = thinned(x, shells.numbers_of(symbol).mean(axis=1)[:, None])
        axes.plot(at, number[:, 0], color=element_color(symbol), label=symbol, linewidth=1.1)
    at, number = thinned(x, shells.coordination_numbers.mean(axis=1)[:, None])
    axes.plot(at, number[:, 0], color="#1B2026", label="all ligands")
    axes.set_xlim(x[0], x[-1] if len(frames) > 1 else x[0] + 1)


def plot_sharing(comparison: Comparison) -> Figure:
    """Return sharing over time, stacked, beside the sizes of the clusters that it makes; one row per run."""
    n_runs = len(comparison.labels)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 0.6 + 1.65 * n_runs))
        grid = figure.subplots(n_runs, 2, squeeze=False, width_ratios=(1.1, 1))
        largest = max(int(joined.cluster_sizes.max(initial=1)) for joined in comparison.history)
        for k, (name, joined) in enumerate(zip(comparison.labels, comparison.history, strict=True)):
            left, right = grid[k]
            _history(left, joined)
            _discarded(left, comparison.shells[k])
            left.set_title(plain(name), pad=24)
            image = _clusters(right, joined, largest)
            _discarded(right, comparison.shells[k])
        _share_time(list(grid[:, 0]), comparison)
        _share_time(list(grid[:, 1]), comparison)
        bar = figure.colorbar(image, ax=list(grid[:, 1]), aspect=12 * n_runs, pad=0.03)
        bar.set_label("fraction of " + "/".join(comparison.shells[0].center))
        bar.set_ticks([0, 0.5, 1])
        bar.outline.set_linewidth(0.5)
        handles, labels = _named(list(grid[:, 0]))
        figure.legend(handles, labels, loc="outside upper left", ncols=5, handlelength=1.2)
        letter(list(grid.ravel()))
    return figure


def _clusters(axes: Axes, joined: Aggregation, largest: int) -> Any:
    """Map over time how many centers are in clusters of each size."""
    x = _places(joined.shells)
    sizes = joined.cluster_sizes
    parts = np.stack([(sizes == size).mean(axis=1) for size in range(1, largest + 1)], axis=1)
    at, parts = thinned(x, parts)
    half = (at[1] - at[0]) / 2 if len(at) > 1 else 0.5
    image = axes.imshow(
        parts.T, origin="lower", aspect="auto", interpolation="nearest", cmap=_SHARE, vmin=0, vmax=1,
        extent=(at[0] - half, at[-1] + half, 0.5, largest + 0.5),
    )  # fmt: skip
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(5, integer=True, min_n_ticks=1))
    per_cell = " per cell" if joined.network_dimension else ""
    axes.set_ylabel(f"cluster size ({'/'.join(joined.shells.center)}{per_cell})")
    axes.set_xlim(x[0], x[-1] if len(x) > 1 else x[0] + 0.5)
    return image


def _named(panels: list[Axes]) -> tuple[list[Any], list[str]]:
    """Return each name of a legend once, whichever panel has it."""
    found: dict[str, Any] = {}
    for axes in panels:
        for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    return list(found.values()), list(found)


def _places(shells: Coordination) -> Floats:
    """Return the time of each frame, ps, or its number."""
    frames = shells.frames
    return np.arange(len(frames), dtype=np.float64) if frames.times is None else frames.times / 1000


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


def _history(axes: Axes, joined: Aggregation) -> None:
    """Stack the fractions of the four classes over time; mark the first lasting links above."""
    x, fractions = thinned(_places(joined.shells), joined.sharing_over_time)
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
    for height, name in ((2, "corner"), (9, "edge"), (16, "face")):
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
    axes.axvspan(begin, end, ymax=0.03, color=DISCARDED, linewidth=0, label="discarded for averages")
