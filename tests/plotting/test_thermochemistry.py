"""Figures of Gibbs energies show the numbers of their results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders_cycles import study
from builders_molecules import calculation, spring_hessian, with_hessian
from matplotlib.colors import to_hex

from perovchem.binding import binding
from perovchem.binding.compare import SURE
from perovchem.gibbs import gibbs
from perovchem.plotting.binding import plot_ranking, plot_waterfall
from perovchem.plotting.gibbs import KIND_COLORS, MARKERS, plot_modes
from perovchem.plotting.style import save
from perovchem.units import KILOJOULE_PER_MOLE

PLACES = np.array([[0, 0, 0.1], [0, 0.8, -0.5], [0.1, -0.8, -0.5]])


@pytest.fixture(scope="module")
def species() -> dict[str, object]:
    boxed = with_hessian(("O", "H", "H"), PLACES, spring_hessian(PLACES))
    soft = calculation(("O", "H", "H"), PLACES, wavenumbers=[-20.0, 30.0, 3000.0])
    return {"boxed": gibbs(boxed), "$soft$": gibbs(soft, invert_imaginary_below=40)}


@pytest.fixture(scope="module")
def cycles():
    declared = study()
    declared["cycles"]["MAI"]["corrections"] = [
        {"name": "counterpoise", "value": 12, "unit": "kJ/mol", "uncertainty": 3}
    ]
    only = declared["components"]["with I"]["files"][0]
    declared["components"]["with I"]["files"].append(replace(only, energy=only.energy + 0.3, name="high"))
    return binding(declared)


def test_sticks_are_the_modes(species) -> None:
    axes = plot_modes(species).axes[0]
    drawn = {}
    for lines in axes.collections:
        for segment in lines.get_segments() if hasattr(lines, "get_segments") else []:
            row = round(float(segment[:, 1].mean()))
            drawn.setdefault((row, to_hex(lines.get_color()[0])), []).append(float(segment[0, 0]))
    for row, one in enumerate(species.values()):
        for kind in one.mode_table.count:
            expected = [mode.wavenumber for mode in one.modes if mode.kind == kind]
            assert sorted(drawn[row, to_hex(KIND_COLORS[kind])]) == pytest.approx(sorted(expected))
    assert [text.get_text() for text in axes.get_yticklabels()] == ["boxed", r"\$soft\$"]


def test_symbols_are_the_treatments(species) -> None:
    axes = plot_modes(species).axes[1]
    points = {
        (line.get_marker(), round(line.get_ydata()[0])): line.get_xdata()[0]
        for line in axes.lines
        if line.get_marker() in MARKERS.values()
    }
    for row, one in enumerate(species.values()):
        for name, marker in MARKERS.items():
            shift = (one.by_treatment[name] - one.by_treatment["rrho"]) / KILOJOULE_PER_MOLE
            assert points[marker, row] == pytest.approx(shift, abs=1e-9)


def test_waterfall_ends_at_the_total(cycles) -> None:
    figure = plot_waterfall(cycles)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == len(cycles.rows)
    low, high = shown[0].get_ylim()
    for axes, row in zip(shown, cycles.rows, strict=True):
        bars = [patch for patch in axes.patches if patch.get_width() == pytest.approx(0.66)]
        heights = [patch.get_height() for patch in bars]
        assert heights[-1] == pytest.approx(row.delta_g / KILOJOULE_PER_MOLE, abs=1e-6)
        assert sum(heights[:-1]) == pytest.approx(heights[-1], abs=1e-6)
        for patch in bars:  # nothing is cut off
            assert low <= min(patch.get_y(), patch.get_y() + patch.get_height())
            assert max(patch.get_y(), patch.get_y() + patch.get_height()) <= high
        assert heights[:-1] == pytest.approx(
            [row.terms.get(name, 0.0) / KILOJOULE_PER_MOLE for name in cycles.term_names]
        )
    names = [text.get_text() for text in shown[-1].get_xticklabels()]
    assert names == [*cycles.term_names, "ΔG"]
    assert len(plot_waterfall(cycles, most=1).axes) == 1


def test_ranking_by_stoichiometry(cycles) -> None:
    panels = plot_ranking(cycles).axes
    assert [[text.get_text() for text in axes.get_yticklabels()] for axes in panels] == [
        ["none"], list(cycles.ranking[0].order),
    ]  # fmt: skip
    axes = panels[1]
    for place, name in enumerate(cycles.ranking[0].order):
        row = cycles.row(name)
        drawn = sorted(
            line.get_xdata()[0]
            for line in axes.lines
            if len(line.get_xdata()) == 1 and line.get_ydata()[0] == place
        )
        assert drawn == pytest.approx(
            sorted(value / KILOJOULE_PER_MOLE for value in row.per_treatment.values())
        )
    segments = [segment for lines in axes.collections for segment in lines.get_segments()]
    place = cycles.ranking[0].order.index("MAI")
    widths = [np.ptp(segment[:, 0]) for segment in segments if segment[0, 1] == place]
    assert max(widths) == pytest.approx(max(0.3 / KILOJOULE_PER_MOLE, 2 * SURE * 3), rel=1e-6)
    assert any(width == pytest.approx(2 * SURE * 3) for width in widths)


def test_figures_can_be_saved(species, cycles, tmp_path) -> None:
    for name, figure in (
        ("modes", plot_modes(species)), ("waterfall", plot_waterfall(cycles)), ("ranking", plot_ranking(cycles)),
    ):  # fmt: skip
        assert all(path.stat().st_size > 2000 for path in save(figure, tmp_path, name))
