"""Figures of bands, masses and dots show the numbers of their results."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex

from perovchem.band_edges import band_edges
from perovchem.bands import Bands, Segment
from perovchem.effective_mass import effective_masses
from perovchem.errors import MissingDataError
from perovchem.exciton import confinement, exciton
from perovchem.plotting import fat_bands
from perovchem.plotting.bands import EMPTY, OCCUPIED, path_of, plot_bands, plot_bands_compared
from perovchem.plotting.effective_mass import in_plane, plot_anisotropy, plot_masses
from perovchem.plotting.exciton import plot_confinement, radii_of
from perovchem.plotting.fat_bands import LARGEST, parts_of, plot_fat_bands
from perovchem.plotting.structure import element_color
from perovchem.plotting.style import RUN_COLORS, save
from perovchem.projections import Projections

EDGE = 5.87
"""Å, of the cubic cell."""
POINTS = {"X": (0, 0.5, 0), "R": (0.5, 0.5, 0.5), "M": (0.5, 0.5, 0), "Γ": (0, 0, 0)}
SPECIES = ("Cs", "Pb", "Br")


def model(path: str = "X-R-M-Γ-R", *, spin: str = "none", per_segment: int = 30) -> Bands:
    """Two valence bands and one conduction band, nearest-neighbor cosines, both edges at R; gap 1.5 eV."""
    rows: list[Any] = []
    segments = []
    for piece in path.split("|"):
        names = piece.split("-")
        for first, last in pairwise(names):
            begin = len(rows)
            rows += list(np.linspace(POINTS[first], POINTS[last], per_segment))
            segments.append(Segment(begin, len(rows), first, last))
    kpoints = np.array(rows)
    cosines = np.cos(2 * np.pi * kpoints).sum(axis=1)
    up = np.column_stack([-2.6 - 0.2 * cosines, -0.45 * (3 + cosines), 1.5 + 0.3 * (3 + cosines)]) + 3.2
    energies = np.array([up, up + 0.4]) if spin == "collinear" else up[None]
    weights = np.zeros((len(energies), len(kpoints), 3, 3, 4))
    weights[:, :, 0, 2, 1:] = 0.2  # Br p, of .6 in all
    weights[:, :, 1, 2, 1:] = 0.1
    weights[:, :, 1, 1, 0] = 0.1  # .1 of Pb s beside .3 of Br p: a quarter
    weights[:, :, 2, 1, 1:] = 0.25
    return Bands(
        kpoints, 2 * np.pi / EDGE * np.eye(3), energies, (2.0, 2.0) if spin == "collinear" else (4.0,),
        spin="collinear" if spin == "collinear" else "none", segments=tuple(segments), energy_step=1e-6, fermi_energy=3.9,
        projections=Projections.from_array(weights, orbitals=("s", "py", "pz", "px"), species=SPECIES),
    )  # fmt: skip


def lines(axes: Any) -> dict[str, LineCollection]:
    return {one.get_gid(): one for one in axes.collections if isinstance(one, LineCollection)}


def test_a_path_is_as_long_as_it_is_and_joints_stand_once() -> None:
    path = path_of(model())
    b = np.pi / EDGE
    lengths = np.array([0, np.sqrt(2), 1, np.sqrt(2), np.sqrt(3)]) * b
    assert [name for _, name in path.ticks] == ["X", "R", "M", "Γ", "R"]
    np.testing.assert_allclose([place for place, _ in path.ticks], np.cumsum(lengths), atol=1e-12)
    np.testing.assert_allclose(path.places((29, 30)), [np.sqrt(2) * b])  # R of X-R and of R-M


def test_a_jump_is_a_joint_with_both_names() -> None:
    path = path_of(model("Γ-X-M|R-Γ"))
    assert [name for _, name in path.ticks] == ["Γ", "X", "M|R", "Γ"]
    assert path.parts[1][1][-1] == path.parts[2][1][0]


def test_points_that_are_no_path_are_refused() -> None:
    with pytest.raises(MissingDataError, match="no path"):
        path_of(Bands(np.zeros((1, 3)), np.eye(3), np.array([[[0.0, 1.0]]]), (2.0,)))


def test_bands_stand_above_the_vbm_in_the_colors_of_their_sides() -> None:
    bands = model()
    edges = band_edges(bands)
    axes = plot_bands(bands, edges).axes[0]
    drawn = lines(axes)
    assert set(drawn) == {"spin 0 band 1", "spin 0 band 2", "spin 0 band 3"}
    for number, color in ((1, OCCUPIED), (2, OCCUPIED), (3, EMPTY)):
        one = drawn[f"spin 0 band {number}"]
        shown = np.concatenate([curve[:, 1] for curve in one.get_segments()])
        np.testing.assert_allclose(shown, bands.energies[0, :, number - 1] - 3.2, atol=1e-12)
        assert to_hex(one.get_color()[0]) == to_hex(color)
    assert axes.get_ylim() == (-4.0, 5.5)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["X", "R", "M", "Γ", "R"]
    assert "VBM" in axes.get_ylabel()


def test_edges_are_marked_wherever_they_stand_and_the_gap_once() -> None:
    bands = model()
    axes = plot_bands(bands, band_edges(bands)).axes[0]
    marks = [line.get_xydata() for line in axes.lines if line.get_marker() == "o"]
    both_ends = path_of(bands).places((29, 119))
    for found, energy in zip(marks, (0.0, 1.5), strict=True):
        np.testing.assert_allclose(found, [(place, energy) for place in both_ends], atol=1e-12)
    assert axes.get_title(loc="right") == "1.500 eV, direct at R"
    (arrow,) = axes.texts  # an annotation without words
    assert sorted([arrow.xy[1], arrow.xyann[1]]) == pytest.approx([0.0, 1.5])
    assert arrow.xy[0] == pytest.approx(both_ends[0])


def test_spins_have_colors_and_dashes_of_their_own() -> None:
    bands = model(spin="collinear")
    figure = plot_bands(bands, band_edges(bands))
    drawn = lines(figure.axes[0])
    for spin in (0, 1):
        one = drawn[f"spin {spin} band 3"]
        assert to_hex(one.get_color()[0]) == to_hex(RUN_COLORS[spin])
        assert (one.get_linestyle()[0][1] is None) == (spin == 0)
    np.testing.assert_allclose(drawn["spin 1 band 2"].get_segments()[0][-1, 1], 0.0, atol=1e-12)  # VBM: down
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["spin up", "spin down"]


def test_runs_stand_side_by_side_each_at_its_own_zero() -> None:
    first, second = model(), model("Γ-R-M")
    object.__setattr__(second, "energies", second.energies + 1.0)
    figure = plot_bands_compared({"a": (first, band_edges(first)), "b": (second, band_edges(second))})
    for axes, bands, zero in zip(figure.axes, (first, second), (3.2, 4.2), strict=True):
        shown = lines(axes)["spin 0 band 2"].get_segments()[0][:, 1]
        np.testing.assert_allclose(shown, bands.energies[0, :30, 1] - zero, atol=1e-12)
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim() == (-4.0, 5.5)
    assert figure.axes[1].get_title(loc="left") == "b\n1.500 eV, direct at R"


def test_without_a_gap_the_zero_is_the_fermi_energy() -> None:
    bands = model()
    axes = plot_bands(bands, window=(-3, 3)).axes[0]
    shown = lines(axes)["spin 0 band 2"].get_segments()[0][:, 1]
    np.testing.assert_allclose(shown, bands.energies[0, :30, 1] - 3.9)
    assert r"\mathrm{F}" in axes.get_ylabel()


def test_parts_of_states_sum_to_one_and_are_drawn_by_area() -> None:
    bands = model()
    edges = band_edges(bands)
    parts, first = parts_of(bands, edges, (-4, 5.5))
    assert first == 0
    np.testing.assert_allclose(sum(parts.values()), 1.0)
    np.testing.assert_allclose(parts["Pb", "s"][0, :, 1], 0.25)
    np.testing.assert_allclose(parts["Br", "p"][0, :, 1], 0.75)
    figure = plot_fat_bands(bands, edges)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Pb p", "Br p", "Pb s"]  # Cs has no part
    points = [one for one in figure.axes[2].collections if isinstance(one, PathCollection)]
    np.testing.assert_allclose(np.concatenate([one.get_sizes() for one in points]), 0.25 * LARGEST)
    assert to_hex(points[0].get_facecolor()[0][:3]) == to_hex(element_color("Pb"))
    np.testing.assert_allclose(points[0].get_offsets()[:, 1], bands.energies[0, :30, 1] - 3.2, atol=1e-12)


def test_what_the_edges_are_made_of_has_a_panel(monkeypatch) -> None:
    """The two panels that fit: the edges' Pb p and Br p, although Pb s would have more of all bands together."""
    monkeypatch.setattr(fat_bands, "MOST_PARTS", 2)
    bands = model()
    n_spins, n_points, n_bands = bands.energies.shape
    weights = np.zeros((n_spins, n_points, n_bands, 2, 2))
    weights[..., 0, 0] = 1.0  # Pb s everywhere
    edges = band_edges(bands)
    for edge, place in ((edges.vbm, (1, 1)), (edges.cbm, (0, 1))):
        for band in edge.bands:
            weights[:, :, band - 1] = 0.0
            weights[(slice(None), slice(None), band - 1, *place)] = 1.0
    projections = Projections.from_array(weights, orbitals=("s", "p"), species=("Pb", "Br"))
    object.__setattr__(bands, "projections", projections)
    titles = [axes.get_title(loc="left") for axes in plot_fat_bands(bands, edges).axes]
    assert sorted(titles) == ["Br p", "Pb p"]


def test_states_without_projections_have_no_part() -> None:
    bands = model()
    object.__setattr__(bands, "projections", None)
    with pytest.raises(MissingDataError, match="no projections"):
        plot_fat_bands(bands)


@pytest.fixture(scope="module")
def masses() -> Any:
    return effective_masses(model("R-Γ|R-M|R-X", per_segment=60))


def test_fits_are_drawn_over_the_points_they_were_made_of(masses) -> None:
    figure = plot_masses(masses)
    assert len(figure.axes) == 6  # three directions, electrons and holes
    for axes in figure.axes:
        name = axes.get_title(loc="left")
        electron = axes in figure.axes[:3]
        (arm,) = [
            one
            for one in masses.masses
            if one.direction_label == name and (one.carrier == "electron") == electron
        ]
        drawn = {line.get_gid(): line.get_xydata() for line in axes.lines}
        zero = 4.7 if electron else 3.2
        fitted = drawn[f"band {arm.band} fitted"]
        assert len(fitted) == arm.n_points
        assert fitted[-1, 0] == pytest.approx(arm.k_range[1])
        np.testing.assert_allclose(fitted[:, 1], 1000 * (arm.energies[: arm.n_points] - zero), atol=1e-9)
        fit = drawn[f"fit of band {arm.band}"]
        np.testing.assert_allclose(fit[:, 0], arm.fit[0])
        np.testing.assert_allclose(fit[:, 1], 1000 * (arm.fit[1] - zero), atol=1e-9)
        np.testing.assert_allclose(np.interp(fitted[:, 0], *fit.T), fitted[:, 1], atol=2.0)  # meV
        assert f"{arm.mass:.3f}"[:4] in axes.texts[0].get_text()


def test_refused_arms_are_gray_and_without_a_line(masses) -> None:
    from dataclasses import replace

    refused = tuple(
        replace(one, verdict="refused", reason="no mass", fit=np.empty((2, 0))) for one in masses.masses
    )
    figure = plot_masses(replace(masses, masses=refused))
    for axes in figure.axes:
        assert not [line for line in axes.lines if (line.get_gid() or "").startswith("fit")]
        assert axes.texts[0].get_text().endswith("refused")
        assert {to_hex(line.get_color()) for line in axes.lines} == {to_hex("0.6")}


def test_the_mass_in_a_plane_is_the_tensor_along_it() -> None:
    """m(φ) = 1/(cos²φ/m1 + sin²φ/m2), in any orientation of the axes."""
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0]
    principal = np.array([0.1, 0.4, 1.6])
    tensor: Any = SimpleNamespace(
        carrier="electron",
        band=4,
        verdict="ok",
        axes=turn.T,
        inverse_mass=turn @ np.diag(1 / principal) @ turn.T,
    )
    for plane in ((0, 1), (1, 2), (2, 0)):
        angle, mass = in_plane(tensor, plane)
        first, second = principal[list(plane)]
        np.testing.assert_allclose(mass, 1 / (np.cos(angle) ** 2 / first + np.sin(angle) ** 2 / second))
    figure = plot_anisotropy({"run": SimpleNamespace(tensors=(tensor,))})  # type: ignore[dict-item]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), in_plane(tensor, (0, 1))[1])


def test_the_curve_of_dots_is_the_formula() -> None:
    found = exciton(electron=(0.11, 0.01), hole=0.24, dielectric=4.6)
    axes = plot_confinement({"a": found}, radii=(48.0,)).axes[0]
    grid = radii_of([found], [48.0])
    expected = confinement(found, radii=grid)
    pieces = [line.get_xydata() for line in axes.lines if len(line.get_xydata()) > 10]
    drawn = {round(x, 9): y for piece in pieces for x, y in piece}
    np.testing.assert_allclose([drawn[round(x, 9)] for x in grid], expected.shifts)
    assert grid[-1] > 4 * found.bohr_radius
    (point,) = [box.lines[0].get_xydata() for box in axes.containers]
    np.testing.assert_allclose(point, [[48.0, confinement(found, radii=48.0).shifts[0]]])


def test_figures_can_be_saved(tmp_path, masses) -> None:
    bands = model("Γ-X-M|R-Γ")
    edges = band_edges(bands)
    for name, figure in (
        ("bands", plot_bands(bands, edges, title="CsPbBr3 $_ {")),
        ("fat", plot_fat_bands(bands, edges)),
        ("masses", plot_masses(masses, title="a")),
        ("anisotropy", plot_anisotropy({"a": masses, "b": masses})),
        ("dots", plot_confinement({"a": exciton(electron=0.1, hole=0.2, dielectric=5.0)})),
    ):
        assert all(path.stat().st_size > 2000 for path in save(figure, tmp_path, name))
