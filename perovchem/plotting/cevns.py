"""Figures of coherent scattering: cross-sections against energy, and the map of a ratio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from perovchem.cevns import Cevns
from perovchem.cevns.nuclei import Nucleus
from perovchem.cevns.scattering import largest_recoil
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label

_LEVELS = np.log10([0.1, 0.5, 1, 2, 3, 4])
_DASHES: Final[Any] = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def plot_cross_sections(results: Mapping[str, Cevns], bare: Mapping[str, Cevns] | None = None) -> Figure:
    """Return the cross-section per nucleus and per kilogram against energy.

    Parameters
    ----------
    results : mapping of str to Cevns
        Label to result; one line for each threshold.
    bare : mapping of str to Cevns, optional
        The same without form factor: drawn in thin lines, at no threshold.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 2.7))
        panels = figure.subplots(1, 2)
        names = ("cross_section", "per_kilogram")
        for axes, name in zip(panels, names, strict=True):
            top = 0.0
            for place, (called, one) in enumerate(results.items()):
                color = RUN_COLORS[place % len(RUN_COLORS)]
                for k in range(min(len(one.thresholds), len(_DASHES))):
                    values = getattr(one, name)[k]
                    top = max(top, float(values.max()))
                    axes.plot(
                        one.energies, np.where(values > 0, values, np.nan), color=color, linestyle=_DASHES[k],
                        linewidth=1.3 if k == 0 else 0.9, label=plain(called) if k == 0 else None,
                    )  # fmt: skip
                if bare:
                    values = getattr(bare[called], name)[0]
                    top = max(top, float(values.max()))
                    axes.plot(bare[called].energies, values, color=color, linewidth=0.5, alpha=0.7)
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_ylim(top * 1e-6, top * 2)
            axes.set_xlim(one.energies[0], one.energies[-1])
            ticks = [1, 2, 5, 10, 20, 50]
            axes.set_xticks(ticks, [str(tick) for tick in ticks])
            axes.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
            axes.set_xlabel(label("neutrino_energy"))
        panels[0].set_ylabel(label("cevns_cross_section"))
        panels[1].set_ylabel(label("cevns_per_mass"))
        first = next(iter(results.values()))
        handles, words = panels[0].get_legend_handles_labels()
        for k, threshold in enumerate(first.thresholds[: len(_DASHES)]):
            handles.append(Line2D([], [], color="0.35", linestyle=_DASHES[k], linewidth=0.9))
            words.append(f"above {threshold:g} keV" if threshold else "all recoils")
        if bare:
            handles.append(Line2D([], [], color="0.35", linewidth=0.5))
            words.append("no form factor")
        panels[0].legend(handles, words, loc="lower right")
        letter(list(panels))
    return figure


def plot_map(one: Cevns, other: Cevns) -> Figure:
    """Return the ratio of two materials' cross-sections against threshold and energy.

    Parameters
    ----------
    one, other : Cevns
        On the same energies and thresholds; the first threshold, 0, is left out of the logarithmic axis.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 2.9))
        panels = figure.subplots(1, 2, sharey=True)
        shown = one.thresholds > 0
        for axes, name, words in zip(
            panels, ("cross_section", "per_kilogram"), ("per nucleus", "per kilogram"), strict=True
        ):
            above, below = getattr(one, name)[shown], getattr(other, name)[shown]
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.log10(np.where((below > 0) & (above > 0), above / below, np.nan))
            alone = np.where((below > 0) & ~(above > 0), 0.0, np.nan)
            axes.pcolormesh(
                one.energies, one.thresholds[shown], alone, cmap="Greys", vmin=-1, vmax=4, shading="nearest",
                rasterized=True,
            )  # fmt: skip
            drawn = axes.pcolormesh(
                one.energies, one.thresholds[shown], np.clip(ratio, -1, 1), cmap="RdBu", vmin=-1, vmax=1,
                shading="nearest", rasterized=True,
            )  # fmt: skip
            lines = axes.contour(
                one.energies, one.thresholds[shown], ratio, levels=_LEVELS, colors="0.2", linestyles="-",
                linewidths=[1.2 if level == 0 else 0.5 for level in _LEVELS],
            )  # fmt: skip
            shown_as = {level: f"{10**level:g}" for level in _LEVELS}
            for text in axes.clabel(lines, levels=_LEVELS[2:], fmt=shown_as, fontsize=6.5, inline=False):
                text.set_rotation(0)
                text.set_path_effects([withStroke(linewidth=2, foreground="white")])
            for material, dash in ((one, "-"), (other, (0, (3, 1.5)))):
                lightest: Nucleus = min(material.nuclei, key=lambda kind: kind.mass)
                axes.plot(
                    material.energies, largest_recoil(lightest, material.energies), color="k", linewidth=0.9,
                    linestyle=dash, label=f"largest recoil in {plain(material.material)}",
                )  # fmt: skip
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_ylim(one.thresholds[shown][0], one.thresholds[-1])
            axes.set_xlim(one.energies[0], one.energies[-1])
            ticks = [1, 2, 5, 10, 20, 50]
            axes.set_xticks(ticks, [str(tick) for tick in ticks])
            axes.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
            axes.set_xlabel(label("neutrino_energy"))
            axes.set_title(f"{plain(one.material)} over {plain(other.material)}, {words}")
        panels[0].set_ylabel(label("recoil_threshold"))
        panels[0].legend(loc="upper left")
        bar = figure.colorbar(
            drawn, ax=list(panels), ticks=[-1, *np.log10([0.2, 0.5]), 0, *np.log10([2, 5]), 1], pad=0.02
        )
        bar.ax.set_yticklabels(["≤ 0.1", "0.2", "0.5", "1", "2", "5", "≥ 10"])
        bar.set_label(label("cross_section_ratio"))
    return figure
