"""Figures show the numbers of the result: what is drawn is compared, not pixels."""

import numpy as np
import pytest

import perovchem as pc
from perovchem.plotting.coordination import plot_distributions, plot_sharing
from perovchem.plotting.style import save

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


@pytest.fixture(scope="module")
def comparison():
    runs = {
        "2-ME": pc.read_frames("2me_solution", stride=4),
        "GBL": pc.read_frames("gbl_solution", stride=4),
    }
    return pc.compare_coordination(runs, ligands=("I", "O"))


def test_volume_histograms_integrate_to_one(comparison) -> None:
    left, _ = plot_distributions(comparison).axes
    outlines = [patch for patch in left.patches if not patch.get_fill()]
    assert len(outlines) == 2
    for outline in outlines:
        values, edges, _ = outline.get_data()
        assert np.sum(values * np.diff(edges)) == pytest.approx(1)


def test_coordination_number_bars_are_the_fractions(comparison) -> None:
    _, right = plot_distributions(comparison).axes
    bars = {}
    for container, label in zip(right.containers, comparison.labels, strict=True):
        assert sum(bar.get_height() for bar in container) == pytest.approx(1)
        bars[label] = [bar.get_height() for bar in container]
    numbers = comparison.shells[0].coordination_numbers
    lowest = min(shells.coordination_numbers.min() for shells in comparison.shells)
    assert bars["2-ME"][4 - lowest] == pytest.approx((numbers == 4).mean())


def test_history_stacks_to_one_and_marks_the_first_lasting_edge(comparison) -> None:
    figure = plot_sharing(comparison)
    top = figure.axes[0]
    upper = top.collections[-1].get_paths()[0].vertices  # the last band ends at 1 everywhere
    assert upper[:, 1].max() == pytest.approx(1)
    begin = comparison.aggregation[0].first_lasting["edge"] / 1000
    lines = [line.get_xdata()[0] for line in top.lines]
    assert any(x == pytest.approx(begin) for x in lines)
    assert top.get_xlabel() == "" and "ps" in figure.axes[1].get_xlabel()


def test_pair_distributions_carry_their_cutoffs(comparison) -> None:
    panel = plot_sharing(comparison).axes[-1]
    upright = [path.vertices[:, 0] for lines in panel.collections for path in lines.get_paths()]
    drawn = sorted(float(x[0]) for x in upright if len(set(x)) == 1)
    assert drawn == pytest.approx(sorted(c.value for c in comparison.shells[0].cutoffs.values()))


def test_crystal_without_times_and_nothing_to_draw(tmp_path) -> None:
    crystal = pc.read_frames("CsPbCl3_cubic")
    for cutoff in (3.0, 1.0):  # six ligands, and none
        found = pc.compare_coordination({"CsPbCl3": crystal}, ligands="Cl", cutoffs={"Pb-Cl": cutoff})
        paths = save(plot_distributions(found), tmp_path, "a") + save(plot_sharing(found), tmp_path, "b")
        assert all(path.stat().st_size > 1000 for path in paths)


def test_figures_are_written_the_same_twice(comparison, tmp_path) -> None:
    first = [path.read_bytes() for path in save(plot_sharing(comparison), tmp_path, "a")]
    second = [path.read_bytes() for path in save(plot_sharing(comparison), tmp_path, "a")]
    assert first == second
