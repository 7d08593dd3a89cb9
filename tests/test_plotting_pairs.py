"""Figures of pair distributions and turning molecules: the numbers drawn are those of the results."""

from __future__ import annotations

import numpy as np
import pytest
from builders_pairs import cations, shell_of_six, walk
from matplotlib.figure import Figure

import perovchem as pc
from perovchem.plotting.orientation import plot_orientation
from perovchem.plotting.pair_distribution import plot_pair_distributions, plot_structure_factors

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


def drawn(figure: Figure) -> Figure:
    """Lay it out: missing glyphs and broken labels warn, and warnings are errors."""
    figure.canvas.draw()
    return figure


def test_curves_with_their_cutoffs() -> None:
    results = {
        label: pc.pair_distribution(shell_of_six(seed=seed), pairs=("Pb-I", "I-I"), cutoffs={"Pb-I": 4.0})
        for seed, label in enumerate(("one", "$two$"))
    }
    figure = drawn(plot_pair_distributions(results))
    upper, lower = figure.axes[:2]
    lines = {line.get_label(): line for line in upper.get_lines()}
    curve = results["one"].curves["Pb-I"]
    np.testing.assert_array_equal(lines["one"].get_ydata(), curve.pair_distribution)
    assert 4.0 in {float(line.get_xdata()[0]) for line in upper.get_lines()}
    dots = [line for line in lower.get_lines() if line.get_marker() == "o"]
    assert [float(dot.get_ydata()[0]) for dot in dots] == [6, 6]
    assert [axes.get_title(loc="left") for axes in figure.axes[::2]] == ["Pb-I", "I-I"]


def test_a_pair_without_a_minimum_and_one_frame() -> None:
    one = shell_of_six(1)
    results = {"frame": pc.pair_distribution(one, pairs={"few": ([0], [1, 2])}, range=(0, 2))}
    assert len(drawn(plot_pair_distributions(results)).axes) == 2


def test_structure_factors() -> None:
    found = pc.structure_factors(shell_of_six(), range=(0, 4))
    figure = drawn(plot_structure_factors({"run": found}))
    (first,) = (axes for axes in figure.axes if axes.get_title(loc="left") == "Pb-I")
    known = np.isfinite(found.lengths)
    np.testing.assert_array_equal(first.get_lines()[0].get_ydata(), found.ashcroft_langreth[known, 0, 1])


def test_correlations_fits_and_bounds() -> None:
    """A run that is long enough shows its fit, one that is not its bound."""
    results = {
        "long": pc.orientation(cations(walk(600, 12, 0.4, 0)), molecule="MA", axis="C-N"),
        "short": pc.orientation(cations(walk(20, 12, 0.1, 0)), molecule="MA", axis="C-N"),
    }
    figure = drawn(plot_orientation(results))
    first = figure.axes[0]
    lines = {line.get_label(): line for line in first.get_lines()}
    np.testing.assert_array_equal(lines["long"].get_ydata(), results["long"].correlations[1].values)
    dashed = [line for line in first.get_lines() if line.get_linestyle() == "--"]
    assert len(dashed) == 1
    texts = [text.get_text() for text in first.texts]
    assert any("±" in text for text in texts)
    assert any(">" in text for text in texts)
    assert len(figure.axes) == 3


def test_cells_without_right_angles_show_no_directions() -> None:
    from builders import CELLS

    found = pc.orientation(cations(walk(20, 2, 0.3, 0), CELLS["skewed"]), molecule="MA", axis="C-N")
    assert len(drawn(plot_orientation({"run": found})).axes) == 2


def test_runs_with_other_pairs_share_a_figure() -> None:
    """A pair that one of two runs lacks has a panel with one curve."""
    frames = pc.read_frames("gbl_solution")[:20]
    results = {
        "both": pc.pair_distribution(frames, pairs=["Pb-I", "Pb-O"]),
        "one": pc.pair_distribution(frames, pairs="Pb-I"),
    }
    figure = plot_pair_distributions(results)
    assert [len(axes.get_lines()) > 0 for axes in figure.axes] == [True] * 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["both", "one"]
