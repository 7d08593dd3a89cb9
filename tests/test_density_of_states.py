"""Densities of states: areas are electrons, channels are sums, edges are those of the levels, zeros are stated."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from builders_castep_bands import castep_pdos, write_castep_bands
from builders_state_density import levels_as_curves
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from perovchem.bands import Bands, Segment
from perovchem.density_of_states import DensityOfStates, density_of_states
from perovchem.errors import MissingDataError, UsageError
from perovchem.projections import Projections
from perovchem.state_density import StateDensity
from perovchem.state_density_reading import read_states

REAL = os.environ.get("PEROVCHEM_REALDATA")
needs_real = pytest.mark.skipif(not REAL, reason="PEROVCHEM_REALDATA names no folder of real files")


def mesh(
    seed: int, *, n_spins: int = 1, n_points: int = 7, n_bands: int = 5, filled: int = 3, gap: float = 1.0
) -> Bands:
    """Return random levels with a gap, random weights and projections on Pb (s, p) and two Br (s, p)."""
    source = np.random.default_rng(seed)
    low = np.sort(source.uniform(-4, 0, (n_spins, n_points, filled)), axis=2)
    high = np.sort(source.uniform(gap, 5, (n_spins, n_points, n_bands - filled)), axis=2)
    weights = source.uniform(0.1, 1, n_points)
    shares = source.dirichlet(np.ones(13), (n_spins, n_points, n_bands))[..., :12]
    per_band = 2 if n_spins == 1 else 1
    return Bands(
        source.uniform(0, 0.5, (n_points, 3)),
        np.eye(3),
        np.concatenate([low, high], axis=2),
        (float(per_band * filled),) * n_spins,
        "none" if n_spins == 1 else "collinear",
        weights=weights / weights.sum(),
        projections=Projections.from_array(
            shares.reshape(n_spins, n_points, n_bands, 3, 4),
            orbitals=("s", "py", "pz", "px"),
            species=("Pb", "Br", "Br"),
        ),
    )


@given(st.integers(0, 10**6), st.sampled_from([1, 2]), st.floats(0.01, 0.3))
@settings(max_examples=25)
def test_the_area_is_the_number_of_states_and_channels_their_parts(
    seed: int, n_spins: int, width: float
) -> None:
    """Truth: each band holds two electrons, or one of a spin; a channel the sum of its weights."""
    bands = mesh(seed, n_spins=n_spins)
    found = density_of_states(bands, broadening=width)
    area = np.trapezoid(found.total, found.energies, axis=1)
    states = 5 * (2 if n_spins == 1 else 1)
    assert np.allclose(area, states, rtol=1e-5)
    assert np.allclose(found.integrated[:, -1], states, rtol=1e-5)
    assert found.channels == ("Pb s", "Pb p", "Br s", "Br p")
    assert bands.projections is not None
    weights = bands.projections.weights(slice(None))
    k_weights = bands.weights[None, :, None] * (2 if n_spins == 1 else 1)
    truth = [
        weights[..., :1, 0], weights[..., :1, 1:], weights[..., 1:, 0], weights[..., 1:, 1:]
    ]  # fmt: skip
    for channel, part in enumerate(truth):
        sums = (part.reshape(*part.shape[:3], -1).sum(axis=3) * k_weights).sum(axis=(1, 2))
        assert np.allclose(np.trapezoid(found.projected[:, channel], found.energies, axis=1), sums, rtol=1e-5)
    assert (found.projected.sum(axis=1) <= found.total + 1e-9).all()


@given(st.integers(0, 10**6))
@settings(max_examples=15)
def test_the_curve_is_the_sum_of_gaussians(seed: int) -> None:
    """A slow twin: one norm.pdf and norm.cdf a level."""
    bands = mesh(seed)
    found = density_of_states(bands, broadening=0.1, zero="none")
    density, integral = np.zeros(len(found.energies)), np.zeros(len(found.energies))
    for k, weight in enumerate(bands.weights):
        one, below = levels_as_curves(bands.energies[0, k], found.energies, 0.1, 2 * weight)
        density, integral = density + one, integral + below
    assert np.abs(found.total[0] - density).max() < 1e-6
    assert np.abs(found.integrated[0] - integral).max() < 1e-6


@given(st.integers(0, 10**6), st.permutations(range(7)))
@settings(max_examples=15)
def test_the_order_of_the_points_and_the_zero_of_the_file_do_not_matter(seed: int, order: list[int]) -> None:
    bands = mesh(seed)
    moved = Bands(
        bands.kpoints[order],
        bands.reciprocal_cell,
        bands.energies[:, order] + 3.7,
        bands.electrons,
        weights=bands.weights[order],
    )
    first, second = density_of_states(bands), density_of_states(moved)
    assert second.zero_energy == pytest.approx(first.zero_energy + 3.7)
    assert np.allclose(second.energies, first.energies, atol=1e-9)
    assert np.allclose(second.total, first.total, atol=1e-9)


def test_edges_gap_and_zero_of_levels() -> None:
    """Truth: highest of the filled, lowest of the empty levels; electrons 6 = 3 bands of two."""
    bands = mesh(3)
    top, bottom = bands.energies[0, :, 2].max(), bands.energies[0, :, 3].min()
    found = density_of_states(bands)
    assert found.gap == pytest.approx(bottom - top, abs=1e-12)
    assert found.zero_energy == pytest.approx(top, abs=1e-12)
    assert found.vbm == pytest.approx(0, abs=1e-12)
    assert "electrons" in found.zero
    assert found.counted == pytest.approx(6, abs=1e-4)
    assert found.at_vbm.sum() == pytest.approx(1)
    assert found.broadening == 0.05
    plain = density_of_states(bands, zero="none")
    assert plain.vbm == pytest.approx(top)
    assert plain.zero_energy == 0


def test_a_metal_has_no_gap_and_the_fermi_energy_is_zero() -> None:
    bands = mesh(4)
    metal = Bands(
        bands.kpoints, bands.reciprocal_cell, bands.energies, (5.0,), weights=bands.weights, fermi_energy=-0.5
    )
    found = density_of_states(metal)
    assert found.gap == 0
    assert np.isnan(found.vbm)
    assert found.zero_energy == -0.5
    assert "Fermi" in found.zero
    with pytest.raises(MissingDataError, match="no gap"):
        density_of_states(metal, zero="vbm")


def test_a_stencil_is_no_mesh() -> None:
    """Points within a hundredth of the zone with weights of their own, as runs of finite differences list them."""
    bands = mesh(5)
    around = Bands(
        0.5 + bands.kpoints * 0.02, bands.reciprocal_cell, bands.energies, (6.0,), weights=bands.weights
    )
    with pytest.raises(MissingDataError, match="stand around one point"):
        density_of_states(around)


def test_a_path_is_no_mesh_but_the_mesh_beside_it_is() -> None:
    bands = mesh(5)
    path = Bands(
        np.linspace([0, 0, 0], [0.5, 0, 0], 7), bands.reciprocal_cell, bands.energies, (6.0,),
        segments=(Segment(0, 7),), weights=np.zeros(7),
    )  # fmt: skip
    with pytest.raises(MissingDataError, match="these are a path"):
        density_of_states(path)
    hybrid = Bands(
        path.kpoints,
        path.reciprocal_cell,
        path.energies,
        (6.0,),
        segments=path.segments,
        weights=path.weights,
        mesh=bands,
    )
    assert np.allclose(density_of_states(hybrid).total, density_of_states(bands).total)


@pytest.mark.parametrize(("option", "value"), [("zero", "cbm"), ("broadening", 0.0), ("broadening", np.nan)])
def test_senseless_options(option: str, value: object) -> None:
    with pytest.raises(UsageError):
        density_of_states(mesh(1), **{option: value})  # type: ignore[arg-type]


# curves of files ------------------------------------------------------------------------------------------

ENERGIES = np.linspace(-6, 6, 2401)


def curve(levels: list[float], electrons: float, width: float = 0.03, **more: object) -> StateDensity:
    """Return a density of states of Gaussian levels, two states each."""
    total, integrated = levels_as_curves(levels, ENERGIES, width, 2.0)
    return StateDensity(ENERGIES, total[None], integrated[None], electrons=electrons, **more)  # type: ignore[arg-type]


def test_the_gap_of_a_curve_is_found_by_counting() -> None:
    """Levels at -1 and 1.5 eV, smeared by .03: the integral leaves 4 states where a tail of .005 of 2 states is left."""
    found = density_of_states(curve([-3, -1, 1.5], 4.0, fermi_energy=0.9))
    tail = 0.03 * norm.isf(0.005)
    assert found.gap == pytest.approx(2.5 - 2 * tail, abs=0.011)
    assert found.zero_energy == pytest.approx(-1 + tail, abs=0.006)
    assert found.counted == pytest.approx(4, abs=1e-3)
    assert "too small" in found.gap_source
    assert not found.notes
    fermi = density_of_states(curve([-3, -1, 1.5], 4.0, fermi_energy=0.9), zero="fermi")
    assert fermi.zero_energy == 0.9
    assert fermi.gap == found.gap


def test_a_metallic_curve() -> None:
    found = density_of_states(curve([-3, -1, 1.5], 5.0, fermi_energy=1.5))
    assert found.gap == 0
    assert found.zero == "Fermi energy of the file"
    assert np.isnan(found.at_vbm).all()


def test_without_electrons_nothing_is_said_of_a_gap() -> None:
    found = density_of_states(curve([-3, -1, 1.5], np.nan, fermi_energy=0.9))
    assert np.isnan(found.gap)
    assert found.counted == pytest.approx(4, abs=1e-3)
    assert any("number of electrons is not known" in note for note in found.notes)


def test_a_curve_whose_area_is_not_the_electrons_is_told() -> None:
    """Energies every .4 eV of levels .001 eV wide: the curve misses what the file's own integral counts."""
    coarse = np.arange(-6.05, 6, 0.4)
    total, integrated = levels_as_curves([-3, -1, 1.5], coarse, 1e-3, 2.0)
    found = density_of_states(StateDensity(coarse, total[None], integrated[None], electrons=4.0))
    assert found.counted < 0.1
    assert any(
        "integrates to 0.00 states up to the gap, where there are 4 electrons" in note for note in found.notes
    )


def test_more_broadening_keeps_the_area() -> None:
    found = density_of_states(curve([-3, -1, 1.5], 4.0), broadening=0.2)
    assert found.broadening == 0.2
    assert np.trapezoid(found.total[0], found.energies) == pytest.approx(6, rel=1e-4)
    expected, _ = levels_as_curves([-3, -1, 1.5], ENERGIES, float(np.hypot(0.2, 0.03)), 2.0)
    assert np.abs(found.total[0] - expected).max() < 2e-3


def test_channels_of_a_curve_are_sums_over_atoms_and_m() -> None:
    source = np.random.default_rng(2)
    projected = source.random((1, 3, 4, len(ENERGIES)))
    found = density_of_states(
        curve([-1.0], 2.0, projected=projected, orbitals=("s", "py", "pz", "px"), species=("Pb", "Br", "Br"))
    )
    assert found.channels == ("Pb s", "Pb p", "Br s", "Br p")
    assert np.allclose(found.projected[0, 3], projected[0, 1:, 1:].sum(axis=(0, 1)))
    table = found.to_dataframe()
    assert list(table.columns[:4]) == ["energy", "total", "integrated", "Pb_s"]
    assert table.attrs["units"]["total"] == "1/eV"


def test_castep_from_bands_and_pdos_bin(tmp_path: Path) -> None:
    """Both files beside each other: p of one atom holds .75 of every state."""
    source = np.random.default_rng(1)
    kpoints = np.array([[0, 0, 0], [0.25, 0, 0], [0.25, 0.25, 0], [0.25, 0.25, 0.25]])
    energies = np.sort(source.uniform(-5, 5, (4, 6)), axis=1)
    weights = np.array([1, 6, 12, 8]) / 27
    path = write_castep_bands(
        tmp_path / "seed.bands", np.eye(3) * 5, kpoints, energies, 4.0, weights=weights, species=("Pb",)
    )
    shares = np.tile([0.25, 0.25, 0.25, 0.25], (1, 4, 6, 1))
    (tmp_path / "seed.pdos_bin").write_bytes(
        castep_pdos(kpoints, shares, [(1, 1, 0), (1, 1, 1), (1, 1, 1), (1, 1, 1)])
    )
    found = density_of_states(read_states(path))
    assert isinstance(found, DensityOfStates)
    assert np.trapezoid(found.total[0], found.energies) == pytest.approx(12, rel=1e-5)
    assert np.allclose(found.projected[0, 1], 0.75 * found.total[0], atol=1e-9)


@needs_real
def test_real_gap_of_castep_and_character_of_vasp() -> None:
    """NiO: .9374 eV (PROVENANCE.md). Cs2SnI6: VBM of I p, CBM of Sn s and I p, as its publication says
    (doi 10.1021/jacs.6b03207)."""
    folder = Path(REAL or ".")
    nickel = density_of_states(read_states(folder / "castep" / "NiO.bands"))
    assert nickel.gap == pytest.approx(0.9374, abs=6e-5)
    assert nickel.counted == pytest.approx(32, abs=1e-3)
    tin = density_of_states(read_states(folder / "bands" / "Cs2SnI6" / "dos"))
    shares = dict(zip(tin.channels, tin.at_vbm, strict=True))
    assert shares["I p"] > 0.9
    bottom = dict(zip(tin.channels, tin.at_cbm, strict=True))
    assert bottom["Sn s"] + bottom["I p"] > 0.85
    assert bottom["Sn s"] > 0.3
    assert tin.counted == pytest.approx(74, rel=1e-3)


@needs_real
@pytest.mark.parametrize(
    ("name", "gap"),
    [("Cs2SnI6/dos", 0.712), ("hse06_vasprun.xml.gz", 3.5326), ("Si_amset_vasprun.xml.gz", 0.6228)],
)
def test_real_gaps_of_eigenvalues_beside_a_smeared_curve(name: str, gap: float) -> None:
    """Truth: sumo's docs (Cs2SnI6, direct at Γ) and pymatgen, as PROVENANCE.md states them; the curve alone gives .375."""
    found = density_of_states(read_states(Path(REAL or ".") / "bands" / name))
    assert found.gap == pytest.approx(gap, abs=6e-4)
