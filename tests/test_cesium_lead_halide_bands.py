"""The bands in examples/data: what symmetry and counting demand of them, so that the numbers can be trusted."""

from pathlib import Path

import numpy as np
import pytest

import perovchem as pc

DATA = Path(__file__).parents[1] / "examples" / "data" / "cesium_lead_halide_bands"
HALIDES = {"CsPbCl3": "Cl", "CsPbBr3": "Br", "CsPbI3": "I"}
TREATMENTS = ("scalar_relativistic", "spin_orbit")


@pytest.fixture(scope="module")
def results():
    names = [(one, how) for one in HALIDES for how in TREATMENTS]
    bands = {name: pc.read_bands(DATA / f"{name[0]}_{name[1]}.json") for name in names}
    return bands, {name: pc.effective_masses(one) for name, one in bands.items()}


@pytest.mark.parametrize("formula", HALIDES)
def test_cell_and_path_are_those_of_the_structure(results, formula):
    structure = pc.read_structure(f"{formula}_cubic")
    for how in TREATMENTS:
        bands = results[0][formula, how]
        assert bands.path == "X-R-M-Γ-R"
        assert bands.cell == pytest.approx(structure.cell, abs=1e-9)
        assert sorted(bands.structure.species) == sorted(structure.species)
        r = bands.cartesian[[row for row, name in bands.labels.items() if name == "R"]]
        near = np.linalg.norm(bands.cartesian[:, None] - r, axis=2)
        for column in near.T:
            assert (np.diff(np.unique(column[column < 0.25].round(6))) < 0.02).all()


@pytest.mark.parametrize("formula", HALIDES)
def test_kramers_pairs_with_coupling(results, formula):
    energies = results[0][formula, "spin_orbit"].energies[0]
    assert energies[:, ::2] == pytest.approx(energies[:, 1::2], abs=5e-6)


@pytest.mark.parametrize("formula", HALIDES)
def test_edges_at_r_as_its_representations_allow(results, formula):
    plain, coupled = (results[1][formula, how].edges for how in TREATMENTS)
    assert plain.vbm.name == plain.cbm.name == coupled.vbm.name == coupled.cbm.name == "R"
    assert (plain.vbm.degeneracy, plain.cbm.degeneracy) == (1, 3)  # s of Pb; p of Pb
    assert (coupled.vbm.degeneracy, coupled.cbm.degeneracy) == (2, 2)  # pairs; j = 1/2
    assert 0 < coupled.gap < plain.gap


@pytest.mark.parametrize("formula", HALIDES)
def test_holes_are_isotropic(results, formula):
    holes = [arm for arm in results[1][formula, "scalar_relativistic"].masses if arm.carrier == "hole"]
    assert {arm.direction_label for arm in holes} == {"R-X", "R-M", "R-Γ"}
    assert {arm.verdict for arm in holes} <= {"ok", "drifting"}  # R-M of CsPbI3 changes by 11 % within kT
    masses = np.array([arm.mass for arm in holes])
    assert masses == pytest.approx(masses.mean(), rel=2e-3)


@pytest.mark.parametrize("formula", HALIDES)
def test_branches_of_the_threefold_edge_obey_cubic_symmetry(results, formula):
    """Three numbers (A, B, C of a p-like edge) give all seven masses along <100>, <110> and <111>."""
    inverse = {}
    for arm in results[1][formula, "scalar_relativistic"].masses:
        if arm.carrier == "electron":
            assert arm.verdict == "ok"
            inverse.setdefault(arm.direction_label, []).extend([1 / arm.mass] * arm.degeneracy)
    for found in inverse.values():
        found.sort()
    # k along [001]: L for p_z, M twice; [101]: (L + M ± N) / 2 and M; [111]: (L + 2 M + 2 N) / 3, (L + 2 M - N) / 3 twice
    (m, _, long), (_, low, high) = inverse["R-M"], inverse["R-X"]
    assert inverse["R-X"][0] == pytest.approx(m, rel=0.01)
    assert low + high == pytest.approx(long + m, rel=0.01)
    n = high - low
    along = inverse["R-Γ"]
    expected = sorted([(long + 2 * m + 2 * n) / 3, (long + 2 * m - n) / 3, (long + 2 * m - n) / 3])
    mirrored = sorted([(long + 2 * m - 2 * n) / 3, (long + 2 * m + n) / 3, (long + 2 * m + n) / 3])
    assert along == pytest.approx(expected, rel=0.01) or along == pytest.approx(mirrored, rel=0.01)


@pytest.mark.parametrize(("formula", "halide"), HALIDES.items())
def test_character(results, formula, halide):
    shares = results[1][formula, "scalar_relativistic"].character.shares
    found = {(share.edge, share.element, share.orbital): share.fraction for share in shares}
    assert found["CBM", "Pb", "p"] > 0.8
    # at R the top is the antibonding combination of Pb s and halogen p, by symmetry (R1+) of nothing else
    assert found["VBM", "Pb", "s"] + found["VBM", halide, "p"] == pytest.approx(1, abs=0.01)


def test_the_gap_falls_from_chloride_to_iodide(results):
    for how in TREATMENTS:
        gaps = [results[1][formula, how].edges.gap for formula in HALIDES]
        assert gaps == sorted(gaps, reverse=True)
