"""Figures show the numbers of the result: what is drawn is compared, not pixels."""

import numpy as np
import pytest

import perovchem as pc
from perovchem.plotting.coordination import plot_bond_lengths, plot_distributions
from perovchem.plotting.coordination_over_time import plot_coordination_numbers, plot_sharing
from perovchem.plotting.structure import plot_scenes
from perovchem.plotting.style import save, thinned
from perovchem.scene import of_polyhedra

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
    assert top.get_xlabel() == "" and "ps" in figure.axes[2].get_xlabel()


def test_cluster_map_holds_every_center_at_every_time(comparison) -> None:
    figure = plot_sharing(comparison)
    for axes, joined in zip(figure.axes[1:4:2], comparison.history, strict=True):
        parts = np.asarray(axes.images[0].get_array())
        assert parts.sum(axis=0) == pytest.approx(np.ones(parts.shape[1]))
        mean = (parts * np.arange(1, len(parts) + 1)[:, None]).sum(axis=0)
        assert mean[0] == pytest.approx(joined.cluster_sizes[: -(-len(joined.cluster_sizes) // 200)].mean())


def test_coordination_numbers_over_time_are_sums_of_their_ligands(comparison) -> None:
    for axes, joined in zip(plot_coordination_numbers(comparison).axes, comparison.history, strict=True):
        lines = {line.get_label(): line.get_ydata() for line in axes.lines}
        assert lines["I"] + lines["O"] == pytest.approx(lines["all ligands"])
        assert lines["all ligands"].mean() == pytest.approx(
            joined.shells.coordination_numbers.mean(), rel=0.01
        )


def test_bond_length_panels_carry_cutoffs_distributions_and_means(comparison) -> None:
    panels = np.reshape(plot_bond_lengths(comparison).axes, (2, 3))
    for (cutoff, lengths, over_time), name in zip(panels, ("Pb-I", "Pb-O"), strict=True):
        upright = [line.get_xdata()[0] for line in cutoff.lines if len(set(line.get_xdata())) == 1]
        assert upright == [pytest.approx(comparison.shells[0].cutoffs[name].value)]
        outlines = [patch.get_data() for patch in lengths.patches if not patch.get_fill()]
        assert [np.sum(values * np.diff(edges)) for values, edges, _ in outlines] == pytest.approx([1, 1])
        pale = over_time.lines[0].get_ydata()
        length, frame = comparison.history[0].shells.bonds_of(name)
        size = -(-len(comparison.history[0].shells.frames) // 200)
        assert pale[0] == pytest.approx(length[frame < size].mean())


def test_thinning_keeps_the_mean() -> None:
    x, values = thinned(np.arange(1000.0), np.arange(1000.0)[:, None] % 7)
    assert len(x) == 200
    assert values.mean() == pytest.approx((np.arange(1000) % 7).mean())
    assert x[0] == 2.0  # of frames 0 to 4


def test_crystal_without_times_and_nothing_to_draw(tmp_path) -> None:
    crystal = pc.read_frames("CsPbCl3_cubic")
    for cutoff in (3.0, 1.0):  # six ligands, and none
        found = pc.compare_coordination({"CsPbCl3": crystal}, ligands="Cl", cutoffs={"Pb-Cl": cutoff})
        paths = [
            path
            for draw in (plot_distributions, plot_sharing, plot_coordination_numbers, plot_bond_lengths)
            for path in save(draw(found), tmp_path, draw.__name__)
        ]
        scenes = of_polyhedra(found.aggregation[0], found.polyhedra[0], run="$a$")
        paths += save(plot_scenes(scenes), tmp_path, "structure")
        assert all(path.stat().st_size > 1000 for path in paths)


def test_figures_are_written_the_same_twice(comparison, tmp_path) -> None:
    first = [path.read_bytes() for path in save(plot_sharing(comparison), tmp_path, "a")]
    second = [path.read_bytes() for path in save(plot_sharing(comparison), tmp_path, "a")]
    assert first == second
