"""Figures of the EXAFS-like view show the numbers of the result."""

from __future__ import annotations

import numpy as np
import pytest
from builders_exafs import radial

import perovchem as pc
from perovchem.plotting.exafs import plot_distances, plot_fine_structure, plot_transforms
from perovchem.plotting.style import save

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


@pytest.fixture(scope="module")
def runs() -> dict[str, pc.Exafs]:
    rng = np.random.default_rng(1)
    return {
        label: pc.exafs(radial(r + 0.06 * rng.normal(size=(64, 4))), pairs="Pb-I", cutoffs={"Pb-I": 4.0})
        for label, r in {"near": 3.0, "far $x$": 3.1}.items()
    }


def holds(axes, x, y) -> bool:
    """Whether a curve is among the lines of a panel."""
    drawn = [line.get_xydata() for line in axes.lines]
    expected = np.column_stack([x, y])
    return any(line.shape == expected.shape and np.allclose(line, expected) for line in drawn)


def test_transforms(runs) -> None:
    panels = plot_transforms(runs).axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "Pb-I, without phase correction", "Pb-I, phase-corrected",
        "first shells together, without phase correction", "all within 6 Å, without phase correction",
    ]  # fmt: skip
    for one in runs.values():
        pair = one.pairs["Pb-I"]
        assert holds(panels[0], pair.uncorrected.distances, pair.uncorrected.magnitude)
        assert holds(panels[1], pair.corrected.distances, pair.corrected.magnitude)
        assert holds(panels[2], one.first_shells_spectrum.distances, one.first_shells_spectrum.magnitude)
    marks = sorted(line.get_xdata()[0] for line in panels[1].lines if line.get_linestyle() == ":")
    assert marks == pytest.approx([one.pairs["Pb-I"].shell.real.mean_distance.mean for one in runs.values()])


def test_fine_structure(runs) -> None:
    panels = plot_fine_structure(runs).axes
    for one in runs.values():
        shown = one.wavenumber >= 2
        k = one.wavenumber[shown]
        assert holds(panels[0], k, k**2 * one.pairs["Pb-I"].chi[shown])
        assert holds(panels[1], k, k**2 * one.everything[shown])
    assert panels[0].get_ylabel() == r"$k^2\chi(k)$ (Å$^{-2}$)"


def test_distances(runs) -> None:
    (axes,) = plot_distances(runs).axes
    one = runs["near"].pairs["Pb-I"]
    bells = [line.get_xydata() for line in axes.lines if len(line.get_xdata()) == 300]
    bell = bells[0]
    # area, mean and variance of the curve are those of the shell, as far as it is drawn
    area = np.trapezoid(bell[:, 1], bell[:, 0])
    assert area == pytest.approx(one.shell.coordination_number.mean, rel=0.05)
    assert bell[np.argmax(bell[:, 1]), 0] == pytest.approx(one.shell.real.mean_distance.mean, abs=0.01)
    (step,) = [patch for patch in axes.patches if patch.get_label() == "near"]
    np.testing.assert_allclose(step.get_data().values, one.density)


def test_a_crystal_without_phases(tmp_path) -> None:
    seen = pc.exafs(
        pc.read_frames("CsPbCl3_cubic"), pairs=("Pb-Cl", "Pb-Cs"), cutoffs={"Pb-Cs": 5.5}, phases="none"
    )
    for number, plot in enumerate((plot_transforms, plot_fine_structure, plot_distances)):
        figure = plot({"crystal": seen})
        assert len(figure.axes) == 2
        assert all(path.stat().st_size > 1000 for path in save(figure, tmp_path, f"figure{number}"))
