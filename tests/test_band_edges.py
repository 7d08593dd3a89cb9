"""Edges and gap by counting electrons: against models whose edges are known, and real runs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders_band_models import (
    CUBIC,
    at_points,
    cosines,
    kane,
    on_path,
    perovskite,
    points_of,
    quadratic,
    rashba,
    reciprocal,
    shifted,
    two_bands,
)
from hypothesis import given
from hypothesis import strategies as st
from validation import implementation, published

import perovchem as pc
from perovchem.band_edges import band_edges, edge_character
from perovchem.errors import MissingDataError, UsageError
from perovchem.projections import Projections
from perovchem.reciprocal import kpoint_symmetry

REAL = os.environ.get("PEROVCHEM_REALDATA")
real = pytest.mark.skipif(REAL is None, reason="PEROVCHEM_REALDATA names no folder of real files")
FOLDER = Path(REAL or ".")
R = np.array([0.5, 0.5, 0.5]) @ reciprocal(CUBIC)
SIMPLE = two_bands(quadratic(5), quadratic(2), 1.5)


@given(st.floats(-20, 20), st.floats(0.05, 5))
def test_gap_of_a_direct_crystal(top, gap):
    """Whatever the zero of energies, and at exactly 0 eV; two roundings are the uncertainty."""
    found = band_edges(on_path(two_bands(quadratic(5), quadratic(2), gap, top=top), ("X", "Γ", "M")))
    assert found.gap == pytest.approx(gap, abs=1.01e-4)
    assert found.gap_su == pytest.approx(1e-4 / np.sqrt(6))
    assert found.direct
    assert (found.vbm.label, found.cbm.label) == ("Γ", "Γ")
    assert found.vbm.bands == (1,)
    assert found.cbm.bands == (2,)
    assert found.direct_gap == pytest.approx(found.gap)


def test_valence_band_at_zero():
    found = band_edges(on_path(SIMPLE, ("X", "Γ", "M")))
    assert found.vbm.energy == 0.0
    assert found.gap == pytest.approx(1.5)


def test_indirect():
    """VBM at R, CBM at X: the vertical gap is larger, and stands where both bands together are nearest."""
    x = np.array([0, 0.5, 0]) @ reciprocal(CUBIC)
    up, down = shifted(cosines(0.3), x), shifted(cosines(0.5), R)
    found = band_edges(on_path(two_bands(up, down, 1.2), ("Γ", "X", "M", "R", "Γ"), structure=perovskite()))
    assert not found.direct
    assert (found.vbm.label, found.cbm.label) == ("R", "X")
    assert found.gap == pytest.approx(1.2, abs=1e-4)
    path = points_of(CUBIC, ("Γ", "X", "M", "R", "Γ"), 0.02)[0] @ reciprocal(CUBIC)
    assert found.direct_gap == pytest.approx((up(path) + down(path)).min() + 1.2, abs=2e-4)


def test_all_rows_of_an_edge():
    """R stands in four rows of X-R-M-Γ-R; (1/2, 1/2, -1/2) is the same point; X and Z are equivalent by Pm-3m."""
    bands = on_path(shifted(SIMPLE, R), ("X", "R", "M", "Γ", "R"), structure=perovskite())
    rows = band_edges(bands).vbm.rows
    assert len(rows) == 3
    np.testing.assert_allclose(bands.kpoints[list(rows)], 0.5)
    moved = bands.kpoints.copy()
    moved[rows[0]] = [0.5, 0.5, -0.5]
    assert band_edges(replace(bands, kpoints=moved)).vbm.rows == rows
    ends = np.array([[0, 0.5, 0], [0, 0, 0.5], [0.5, 0, 0], [0, 0, 0]])
    energies = np.array([[[0.0, 2], [0, 2], [0, 2], [-1, 3]]])
    star = pc.Bands(ends, reciprocal(CUBIC), energies, (2.0,), energy_step=1e-4, structure=perovskite())
    assert band_edges(star).vbm.rows == (0, 1, 2)
    assert band_edges(replace(star, structure=None)).vbm.rows in ((0,), (1,), (2,))
    assert any("as well" in note for note in band_edges(replace(star, structure=None)).notes)
    assert kpoint_symmetry(star).valleys(ends[0]) == 3


@pytest.mark.parametrize(
    ("split", "tolerance", "many"), [(5e-4, None, 3), (5e-3, None, 2), (5e-3, 1e-2, 3), (0.0, 0.0, 3)]
)
def test_degenerate_sets(split, tolerance, many):
    def model(k):
        q = quadratic(2)(k)
        return np.column_stack([-split - q, -q / 2, -q, 1 + q])

    found = band_edges(on_path(model, ("X", "Γ"), electrons=6.0), degeneracy_tolerance=tolerance)
    assert found.vbm.degeneracy == many
    assert found.vbm.bands == tuple(range(4 - many, 4))


def test_metal_is_refused_by_name():
    """Which band crosses, where, and by how much they overlap."""
    x = np.array([0, 0.5, 0]) @ reciprocal(CUBIC)
    model = two_bands(shifted(cosines(0.2), x), cosines(0.2), -0.3)
    with pytest.raises(
        MissingDataError,
        match=r"band 1, filled by count, reaches .* at Γ, and band 2 .* at X.*overlap by 0\.3",
    ):
        band_edges(on_path(model, ("Γ", "X")))


def test_half_metal_and_channels():
    """One channel has a gap, the other none; or both have one, but not a common one."""
    gapped, closed = two_bands(quadratic(5), quadratic(2), 2.0), two_bands(quadratic(-5), quadratic(2), 0.1)
    for model, words in (
        ((gapped, closed), "a half-metal.*spin down"),
        ((gapped, two_bands(quadratic(5), quadratic(2), 1.0, top=3.0)), "no gap between the spin channels"),
    ):
        bands = on_path(
            lambda k, model=model: np.stack([one(k) for one in model]),
            ("X", "Γ"),
            electrons=(1.0, 1.0),
            spin="collinear",
        )
        with pytest.raises(MissingDataError, match=words):
            band_edges(bands)


@pytest.mark.parametrize(
    ("electrons", "words"),
    [(1.0, "fill 0.5 bands"), (4.0, "fill all 2 bands"), (0.0, "no band is filled"), (np.nan, "not known")],
)
def test_odd_counts(electrons, words):
    with pytest.raises(MissingDataError, match=words):
        band_edges(on_path(SIMPLE, ("X", "Γ"), electrons=electrons))


def test_touching_bands():
    """A gap of exactly nothing is none; of two digits it is one."""
    with pytest.raises(MissingDataError, match="touch at Γ"):
        band_edges(on_path(two_bands(quadratic(5), quadratic(2), 0.0), ("X", "Γ")))
    assert band_edges(on_path(two_bands(quadratic(5), quadratic(2), 3e-4), ("X", "Γ"))).gap == pytest.approx(
        3e-4
    )


def test_unequal_channels():
    """Three electrons up, one down: counted in each channel."""

    def model(k):
        q = quadratic(3)(k)
        return np.stack(
            [np.column_stack([-5 - q, -4 - q, -q, 2 + q]), np.column_stack([-4.5 - q, 1.5 + q, 3 + q, 4 + q])]
        )

    found = band_edges(on_path(model, ("X", "Γ"), electrons=(3.0, 1.0), spin="collinear"))
    assert found.occupied == (3, 1)
    assert (found.vbm.spin, found.cbm.spin) == (0, 1)
    assert found.gap == pytest.approx(1.5)
    assert found.spin_gaps == pytest.approx((2.0, 6.0))
    assert found.direct_gap == pytest.approx(2.0)


def test_the_mesh_of_the_run_knows_a_higher_edge():
    bands = on_path(SIMPLE, ("X", "M"))
    mesh = at_points(SIMPLE, np.zeros((1, 3)))
    notes = band_edges(replace(bands, mesh=mesh)).notes
    assert sum("misses the edge" in note for note in notes) == 2
    whole = on_path(SIMPLE, ("X", "Γ"))
    assert not any("mesh" in note for note in band_edges(replace(whole, mesh=mesh)).notes)


def test_rashba_needs_the_crossing():
    """Without spin-orbit coupling, an edge beside Γ has an offset, but no Rashba parameter."""
    split = rashba(0.15, 1.5)
    bands = on_path(lambda k: np.column_stack([-quadratic(2)(k), 1 + split(k)[:, 0]]), ("X", "Γ"), decimals=8)
    beside = band_edges(bands).off_symmetry
    assert len(beside) == 1
    assert np.isnan(beside[0].alpha)
    assert beside[0].energy == pytest.approx(1.5**2 * 0.15 / 2 / 7.61996, rel=1e-3)


def test_wrong_tolerance():
    with pytest.raises(UsageError, match="tolerance"):
        band_edges(on_path(SIMPLE, ("X", "Γ")), degeneracy_tolerance=-1.0)


def test_equivalent_points_that_differ_are_told():
    """Atoms cubic, energies not: magnetic order."""
    ends = np.array([[0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]])
    energies = np.array([[[0.0, 2], [-0.2, 2.2], [-1, 3]]])
    found = band_edges(
        pc.Bands(ends, reciprocal(CUBIC), energies, (2.0,), energy_step=1e-4, structure=perovskite())
    )
    assert found.vbm.rows == (0,)
    assert any("lower symmetry than the atoms" in note for note in found.notes)


def test_character_of_a_degenerate_edge():
    """Averaged over the set, normalized over what is projected, whatever mixture the code printed."""
    random = np.random.default_rng(1)
    x = np.linspace(0, 0.5, 5)
    kpoints = np.column_stack([0 * x, x, 0 * x])
    energies = np.stack([-x, -2 * x, 1 + x, 2 + x]).T[None]
    energies = np.sort(energies, axis=2)
    weights = np.zeros((1, 5, 4, 2, 4))
    mixed = random.uniform(0, 1, 3)
    weights[0, :, :2, 1, 1:] = 0.6 * np.stack([mixed, 2 / 3 * np.ones(3) - mixed])  # Br p over two states
    weights[0, :, :2, 0, 0] = 0.2  # Pb s
    weights[0, :, 2, 0, 1:] = 0.25  # Pb p
    bands = pc.Bands(
        kpoints, reciprocal(CUBIC), energies, (4.0,), energy_step=1e-4,
        projections=Projections.from_array(weights, orbitals=("s", "py", "pz", "px"), species=("Pb", "Br"), definition="test"),
    )  # fmt: skip
    found = edge_character(bands, band_edges(bands))
    assert found.words == {"VBM": "VBM: 75 % Br p, 25 % Pb s", "CBM": "CBM: 100 % Pb p"}
    assert found.captured == pytest.approx({"VBM": 0.8, "CBM": 0.75})
    assert sum(share.fraction for share in found.shares if share.edge == "VBM") == pytest.approx(1)
    assert list(found.to_dataframe().columns) == ["edge", "element", "orbital", "weight", "fraction"]
    with pytest.raises(MissingDataError, match="no projections"):
        edge_character(replace(bands, projections=None), band_edges(bands))


def test_as_a_result():
    found = band_edges(on_path(two_bands(kane(9, 1.0), kane(4, 1.0), 1.0), ("X", "Γ")))
    assert repr(found) == "<BandEdges: gap 1.0000 eV, direct at Γ>"
    assert found.to_dict()["gap"] == pytest.approx(1.0)
    assert found.units["gap"] == "eV"
    assert list(found.to_dataframe()["edge"]) == ["VBM", "CBM"]


EFFMASS, SUMO, PYMATGEN = (
    "effmass 2.3.1 (MIT)",
    "SMTG-Bham/sumo (MIT)",
    "materialsproject/pymatgen-test-files (MIT)",
)
GAPS = {
    "bands/MAPI_PBEsol": (1.4843, "effmass 2.3.1", EFFMASS),
    "bands/MAPI_HSE06_SoC": (0.8717, "effmass 2.3.1", EFFMASS),
    "bands/GaAs_HSE06_SoC": (1.2959, "effmass 2.3.1", EFFMASS),
    "castep/NiO.bands": (0.9374, "highest and lowest energies of the file", SUMO),
    "castep/Si_nsp.bands": (1.1194, "highest and lowest energies of the file", "lucydot/effmass (MIT)"),
    "bands/indirect_gap_vasprun.xml.gz": (0.6119, "pymatgen", PYMATGEN),
    "bands/Si_amset_vasprun.xml.gz": (0.6228, "pymatgen", "hackingmaterials/amset (LBNL)"),
    "bands/hse06_vasprun.xml.gz": (3.5326, "pymatgen", PYMATGEN),
}
"""eV, by whom, and where the file comes from."""


@real
@pytest.mark.parametrize("name", GAPS)
def test_gaps_of_real_runs(name, validate):
    """As effmass, pymatgen or the highest and lowest energies of the file give it."""
    gap, by, origin = GAPS[name]
    found = band_edges(pc.read_bands(FOLDER / name))
    validate(
        "Bands", "gap", name, unit="eV", ours=found.gap, truth=gap, absolute=1.5e-4, digits=4,
        source=published(f"facts that came with the file: {by}"), third_party=origin,
    )  # fmt: skip


@real
def test_gap_of_split_runs(validate):
    """Cs2SnI6 in two runs with zero-weight paths: sumo 3.0.0 gives a direct gap of .712 eV at Γ."""
    found = band_edges(pc.read_bands([FOLDER / f"bands/Cs2SnI6/split-0{n}" for n in (1, 2)]))
    assert found.direct
    assert found.vbm.degeneracy == 3
    validate(
        "Bands", "gap", "Cs2SnI6, HSE06, in two runs", unit="eV", ours=found.gap, truth=0.712, absolute=6e-4, digits=3,
        source=implementation("sumo", "sumo-bandstats", version="3.0.0"), third_party=SUMO,
    )  # fmt: skip
