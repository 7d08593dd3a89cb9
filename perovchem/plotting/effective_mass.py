"""Figures of effective masses: the points around an edge with what was fitted to them, and the mass by direction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from perovchem.arrays import Floats
from perovchem.crystal_text import with_uncertainty
from perovchem.plotting.bands import point_label
from perovchem.plotting.style import COLUMN, RUN_COLORS, STYLE, letter, plain
from perovchem.quantities import label

if TYPE_CHECKING:
    from matplotlib.projections.polar import PolarAxes

    from perovchem.effective_mass import EffectiveMasses, Mass, MassTensor

MOST_ARMS: Final = 4
"""Columns of the figure of fits; further directions stand in the table."""
BEYOND: Final = 1.8
"""How much farther than the widest window points are shown."""
_SMALLEST: Final = 1e-5
"""m0; smaller errors are shown as this one."""
_LINE: Final = 0.09
"""Height of a line of words as part of a panel."""
_SAME: Final = 1e-9
_SHADE: Final = "#E8ECF1"
_MARKERS: Final = ("o", "s", "^", "D", "v", "P")
_PLANES: Final = ((0, 1), (1, 2), (2, 0))
_ANGLES: Final = 181


def plot_masses(result: EffectiveMasses, *, title: str = "") -> Figure:
    """Return the points of every arm, the fit drawn over them, and its window shaded.

    One column per direction, electrons above holes; energies are those above the CBM and below the VBM (negative).
    Points that no mass was quoted from are gray.

    Parameters
    ----------
    result : EffectiveMasses
    title : str
    """
    carriers = [name for name in ("electron", "hole") if any(one.carrier == name for one in result.masses)]
    columns = {name: _columns([one for one in result.masses if one.carrier == name]) for name in carriers}
    width = max([len(found) for found in columns.values()] or [1])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(COLUMN if width == 1 else 2 * COLUMN, 0.5 + 2.0 * max(len(carriers), 1)))
        grid = figure.subplots(max(len(carriers), 1), width, squeeze=False)
        panels = []
        for row, carrier in zip(grid, carriers, strict=False):
            edge = result.edges.cbm if carrier == "electron" else result.edges.vbm
            for axes, (name, arms) in zip(row, columns[carrier].items(), strict=False):
                _arms(axes, arms, edge.energy)
                axes.set_title(point_label(name))
                panels.append(axes)
            for axes in row[len(columns[carrier]) :]:
                axes.remove()
            row[0].set_ylabel(label("energy_from_edge"))
        handles: list[Line2D | Patch] = [
            Line2D([], [], color="0.3", marker="o", linestyle="", markersize=3, label="fitted"),
            Line2D([], [], color="0.3", marker="o", mfc="white", linestyle="", markersize=3, label="beyond"),
            Line2D([], [], color="0.3", linewidth=1.2, label="fit"),
            Patch(color=_SHADE, label="widest window"),
        ]  # fmt: skip
        figure.legend(
            handles=handles, loc="outside upper left", ncols=4, title=plain(title), title_fontsize=8, alignment="left",
            handlelength=1.4, columnspacing=1.2,
        )  # fmt: skip
        letter(panels)
    return figure


def _columns(arms: Sequence[Mass]) -> dict[str, list[Mass]]:
    """Group arms by direction; directions with a mass first, at most so many."""
    found: dict[str, list[Mass]] = {}
    for arm in arms:
        found.setdefault(arm.direction_label or _vector(arm.direction), []).append(arm)
    sound = sorted(found, key=lambda name: min(_ORDER[arm.verdict] for arm in found[name]))
    return {name: found[name] for name in sound[:MOST_ARMS]}


_ORDER: Final = {"ok": 0, "drifting": 1, "refused": 2}


def _vector(direction: Floats) -> str:
    return "[" + " ".join(f"{part:.2f}" for part in direction + 0.0) + "]"


def _arms(axes: Axes, arms: Sequence[Mass], zero: float) -> None:
    """Draw the points and fits of one direction."""
    ends = [arm.k_range[1] for arm in arms if math.isfinite(arm.k_range[1])]
    reach = BEYOND * max(ends) if ends else math.inf
    shaded = [arm.k_range for arm in arms if arm.verdict != "refused"]
    if shaded:
        axes.axvspan(
            min(low for low, _ in shaded),
            max(high for _, high in shaded),
            color=_SHADE,
            zorder=0,
            linewidth=0,
        )
    words = []
    for place, arm in enumerate(arms):
        color = RUN_COLORS[place % len(RUN_COLORS)] if arm.verdict != "refused" else "0.6"
        low, high = arm.k_range if arm.verdict != "refused" else (math.inf, math.inf)
        fitted = (arm.k >= low - _SAME) & (arm.k <= high + _SAME)
        for chosen, inside in ((fitted, color), (~fitted & (np.abs(arm.k) <= reach), "white")):
            axes.plot(
                arm.k[chosen], 1000 * (arm.energies[chosen] - zero), _MARKERS[place % len(_MARKERS)], color=color,
                markersize=2.8, markerfacecolor=inside, markeredgewidth=0.7, linestyle="", zorder=3,
                gid=f"band {arm.band} {'fitted' if inside == color else 'beyond'}",
            )  # fmt: skip
        if arm.verdict != "refused":
            axes.plot(
                arm.fit[0], 1000 * (arm.fit[1] - zero), color=color, linewidth=1.2, zorder=2,
                linestyle="-" if arm.verdict == "ok" else (0, (3, 1.5)), gid=f"fit of band {arm.band}",
            )  # fmt: skip
        words.append((_mass_words(arm), color))
    electron = arms[0].carrier == "electron"
    axes.margins(y=0.06)
    low, high = axes.get_ylim()
    room = _LINE * min(len(words), 4) / (1 - _LINE * min(len(words), 4)) * (high - low)
    axes.set_ylim(low - (not electron) * room, high + electron * room)
    for line, (text, color) in enumerate(words[:4]):
        height = 0.98 - _LINE * line if electron else 0.02 + _LINE * (min(len(words), 4) - 1 - line)
        axes.annotate(
            text, (0.03, height), xycoords="axes fraction", ha="left", va="top" if electron else "bottom",
            fontsize=6.5, color=color if color != "0.6" else "0.4", zorder=5,
        )  # fmt: skip
    axes.set_xlabel(label("wave_vector"))


def _mass_words(arm: Mass) -> str:
    """Return band, mass and verdict in one line."""
    if arm.verdict == "refused":
        return f"band {arm.band}: refused"
    note = "" if arm.verdict == "ok" else ", drifts"
    value = with_uncertainty(arm.mass, max(arm.standard_error, _SMALLEST))
    return f"band {arm.band}: {value} $m_0${note}"


def plot_anisotropy(results: Mapping[str, EffectiveMasses]) -> Figure:
    """Return the mass along every direction of the three planes that the principal axes span.

    One column per plane, one row per carrier; the distance from the center is m*(n) = 1/(n · (1/m) · n). Tensors that
    are refused are left out.

    Parameters
    ----------
    results : mapping of str to EffectiveMasses
        Label to result; with several, each has a color of its own.
    """
    found = {
        called: [one for one in result.tensors if one.verdict != "refused"]
        for called, result in results.items()
    }
    carriers = [
        name
        for name in ("electron", "hole")
        if any(t.carrier == name for several in found.values() for t in several)
    ]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * COLUMN, 0.4 + 2.35 * max(len(carriers), 1)))
        grid = figure.subplots(max(len(carriers), 1), 3, squeeze=False, subplot_kw={"projection": "polar"})
        handles: dict[str, Line2D] = {}
        for row, carrier in zip(grid, carriers, strict=False):
            number = 0
            for called, several in found.items():
                for tensor in several:
                    if tensor.carrier != carrier:
                        continue
                    color, dash = (
                        RUN_COLORS[number % len(RUN_COLORS)],
                        ("-", (0, (4, 1.5)), (0, (1, 1.2)))[number % 3],
                    )
                    number += 1
                    name = (
                        f"{called}: band {tensor.band}"
                        if len(found) > 1
                        else f"{carrier}, band {tensor.band}"
                    )
                    for axes, plane in zip(row, _PLANES, strict=True):
                        angle, mass = in_plane(tensor, plane)
                        (line,) = axes.plot(
                            angle, mass, color=color, linestyle=dash, label=name, linewidth=1.2
                        )
                    handles[f"{carrier} {name}"] = line
            widest = max(float(np.nanmax(line.get_ydata())) for axes in row for line in axes.lines)
            for axes, plane in zip(row, _PLANES, strict=True):
                _polar(axes, plane, widest)
            row[0].set_ylabel(f"{carrier}s, {label('effective_mass')}", labelpad=22)
        figure.legend(
            handles=list(handles.values()), loc="outside upper right", ncols=min(len(handles), 4) or 1
        )
        letter([grid[k][0] for k in range(len(grid))])
    return figure


def in_plane(tensor: MassTensor, plane: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return angles from the first of two principal axes, radian, and the mass along them, m0."""
    angle = np.linspace(0, 2 * np.pi, _ANGLES)
    first, second = tensor.axes[plane[0]], tensor.axes[plane[1]]
    directions = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second
    inverse = np.einsum("ni,ij,nj->n", directions, tensor.inverse_mass, directions)
    with np.errstate(divide="ignore"):
        return angle, np.where(inverse > 0, 1 / inverse, np.nan)


def _polar(axes: PolarAxes, plane: tuple[int, int], widest: float) -> None:
    """Name the axes of a plane, and draw rings to the largest mass of the row."""
    names = ("m$_1$", "m$_2$", "m$_3$")
    quarters = [names[plane[0]], names[plane[1]]]
    axes.set_xticks([0, np.pi / 2, np.pi, 3 * np.pi / 2], [*quarters, "", ""])
    axes.set_rmin(0)
    axes.set_rmax(1.12 * widest)
    axes.set_rticks(_rings(axes.get_rmax()))
    axes.spines["polar"].set_visible(False)
    axes.set_rlabel_position(225)
    axes.tick_params(labelsize=6.5, pad=1)
    axes.grid(color="0.85", linewidth=0.5)


def _rings(radius: float) -> list[float]:
    """Return two round distances from the center."""
    step = 10.0 ** math.floor(math.log10(radius / 2)) if radius > 0 else 1.0
    step *= next(factor for factor in (5, 2, 1) if 2 * factor * step <= radius)
    return [step, 2 * step]
