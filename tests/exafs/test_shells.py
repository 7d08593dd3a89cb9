"""First shells: cumulants of known distributions, their errors, what a cutoff does."""

from __future__ import annotations

import numpy as np
import oracles_exafs as oracles
import pytest
from builders import frames_of, perovskite, recell
from builders_exafs import flat_path, radial, trembling_octahedra
from validation import algebra, symmetry

import perovchem as pc
from perovchem.uncertainty import block_average

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


def values(found) -> np.ndarray:
    return np.array(
        [found.mean_distance.mean, found.variance.mean, found.third_cumulant.mean, found.skewness.mean]
    )


def errors(found) -> np.ndarray:
    averages = found.mean_distance, found.variance, found.third_cumulant, found.skewness
    return np.array([average.standard_error for average in averages])


@pytest.mark.parametrize("supercell", [np.eye(3), [[2, 0, 0], [0, 1, 1], [0, -1, 1]]])
def test_a_perfect_crystal(validate, supercell) -> None:
    """By symmetry: six I at a/2 around every Pb, without spread, in any cell."""
    species, places, cell = recell(*perovskite(6.289), supercell)
    seen = pc.exafs(
        frames_of(species, places, cell), pairs=("Pb-I", "Pb-Cs"), cutoffs={"Pb-I": 4.0, "Pb-Cs": 5.7}
    )
    shell = seen.pairs["Pb-I"].shell
    assert shell.coordination_number.mean == 6
    if len(species) == 5:
        validate(
            "Local structure by X-rays", "mean distance of a shell", "cubic CsPbI3, a = 6.289 Å: six I", unit="Å",
            ours=shell.real.mean_distance.mean, truth=6.289 / 2, source=symmetry("a/2"), absolute=1e-6, digits=7,
        )  # fmt: skip
    assert shell.real.mean_distance.mean == pytest.approx(6.289 / 2, abs=1e-6)
    assert shell.effective.mean_distance.mean == pytest.approx(6.289 / 2, abs=1e-6)
    assert shell.real.variance.mean < 1e-12
    assert np.isnan(shell.real.skewness.mean)  # nothing to be skewed
    assert np.isnan(shell.real.mean_distance.standard_error)  # one frame knows no error
    eight = seen.pairs["Pb-Cs"].shell
    assert eight.coordination_number.mean == 8
    assert eight.real.mean_distance.mean == pytest.approx(6.289 * np.sqrt(3) / 2, abs=1e-6)


@pytest.mark.parametrize("shared", [0.0, 0.3])
def test_the_variance_of_gaussian_displacements(validate, shared) -> None:
    """Independent atoms: σ² = u_Pb² + u_I² along the bond; what atoms share moves no bond."""
    u, v, d = 0.05, 0.08, 3.0
    frames = trembling_octahedra(4000, distance=d, spread=(u, v), shared=shared)
    shell = pc.exafs(frames, pairs="Pb-I", cutoffs={"Pb-I": 4.5}).pairs["Pb-I"].shell
    along = u**2 + v**2
    # across the bond, the same variance twice lengthens it by along/d and adds along²/(2 d²) to the variance
    truth = along + along**2 / d**2
    found = shell.real
    validate(
        "Local structure by X-rays", "variance of a bond length",
        f"octahedron, u(Pb) = .05, u(I) = .08 Å{', and .3 Å in common' if shared else ', independent'}", unit="Å2",
        ours=found.variance.mean, truth=truth, source=algebra("u² + v² along the bond, to second order across it"),
        standard_error=found.variance.standard_error, errors=4, digits=5,
    )  # fmt: skip
    assert found.variance.standard_error < 0.03 * truth
    assert found.mean_distance.mean == pytest.approx(
        d + along / d, abs=4 * found.mean_distance.standard_error
    )


def test_cumulants_and_their_errors_against_a_jackknife() -> None:
    """A skewed (gamma) shell: cumulants k θ², 2 k θ³; the errors are those of leaving out blocks."""
    rng = np.random.default_rng(3)
    k, theta = 4.0, 0.05
    lengths = 2.8 + rng.gamma(k, theta, size=(4096, 4))
    frames = radial(lengths)
    shell = pc.exafs(frames, pairs="Pb-I", cutoffs={"Pb-I": 5.0}).pairs["Pb-I"].shell
    truth = np.array([2.8 + k * theta, k * theta**2, 2 * k * theta**3, 2 / np.sqrt(k)])
    assert (np.abs(values(shell.real) - truth) < 4 * errors(shell.real)).all()
    by_frame = [list(row) for row in lengths]
    np.testing.assert_allclose(values(shell.real), oracles.cumulants(lengths.ravel()), rtol=1e-9)
    left_out = oracles.jackknife(by_frame, 128, oracles.cumulants)
    np.testing.assert_allclose(errors(shell.real), left_out, rtol=0.25)  # each is known to 1/√256 = 6 %


def test_correlated_frames_widen_the_errors_of_all_cumulants() -> None:
    """Each frame repeated 16 times tells no more: the errors stay, and do not shrink by 4."""
    rng = np.random.default_rng(8)
    lengths = 3.0 + 0.1 * rng.normal(size=(512, 3))
    once = pc.exafs(radial(lengths), pairs="Pb-I", cutoffs={"Pb-I": 5.0}).pairs["Pb-I"].shell.real
    often = pc.exafs(radial(np.repeat(lengths, 16, axis=0)), pairs="Pb-I", cutoffs={"Pb-I": 5.0})
    many = often.pairs["Pb-I"].shell.real
    np.testing.assert_allclose(values(many), values(once), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(errors(many), errors(once), rtol=0.3)


def test_effective_distances_are_shorter_as_cumulants_say() -> None:
    """Of a narrow Gaussian, exp(-2 r/λ)/r² takes 2 σ² (1/R + 1/λ) off the mean (Bunker 1983) and keeps σ²."""
    rng = np.random.default_rng(1)
    r, sigma, free_path = 3.0, 0.06, 8.0
    lengths = r + sigma * rng.normal(size=(4000, 6))
    path = flat_path(free_path=free_path)
    seen = pc.exafs(radial(lengths), pairs="Pb-I", cutoffs={"Pb-I": 4.0}, paths={"Pb-I": path})
    shell = seen.pairs["Pb-I"].shell
    shift = shell.real.mean_distance.mean - shell.effective.mean_distance.mean
    assert shift == pytest.approx(2 * sigma**2 * (1 / r + 1 / free_path), rel=0.03)
    weights = np.exp(-2 * lengths.ravel() / free_path) / lengths.ravel() ** 2
    np.testing.assert_allclose(
        values(shell.effective), oracles.cumulants(lengths.ravel(), weights), rtol=1e-9
    )


def test_neighboring_cutoffs_show_a_cut_tail() -> None:
    """A shell that ends well before the cutoff does not change with it; a tail across it does."""
    rng = np.random.default_rng(2)
    narrow = 3.0 + 0.05 * rng.normal(size=(200, 5))
    tail = rng.uniform(3.3, 4.4, size=(200, 2))
    kept, cut = (
        pc.exafs(radial(lengths), pairs="Pb-I", cutoffs={"Pb-I": 3.8}).pairs["Pb-I"].neighboring
        for lengths in (narrow, np.concatenate([narrow, tail], axis=1))
    )
    assert [round(one.cutoff, 6) for one in kept] == [3.5, 3.6, 3.7, 3.8, 3.9, 4.0, 4.1]
    assert np.ptp([one.real.variance.mean for one in kept]) < 1e-12
    assert (np.diff([one.real.variance.mean for one in cut]) > 0.005).all()
    for one in cut:
        inside = np.concatenate([narrow, tail], axis=1)
        assert one.coordination_number.mean == pytest.approx((inside < one.cutoff).sum() / 200)


def test_nothing_bound_is_undefined() -> None:
    seen = pc.exafs(radial(np.full((20, 2), 5.0)), pairs="Pb-I", cutoffs={"Pb-I": 3.0})
    shell = seen.pairs["Pb-I"].shell
    assert shell.coordination_number.mean == 0
    assert np.isnan(values(shell.real)).all()
    assert seen.pairs["Pb-I"].uncorrected.highest is None
    assert seen.to_dict()["pairs"]["Pb-I"]["real"]["mean_distance"]["value"] is None


def test_numbers_of_the_coordination_room() -> None:
    """The same bonds as pc.coordination counts, on a real solution."""
    frames = pc.read_frames("gbl_solution")[-200:]
    seen = pc.exafs(frames, pairs=("Pb-I", "Pb-O"))
    shells = pc.coordination(frames, ligands=("I", "O"))
    for name, one in seen.pairs.items():
        assert one.cutoff.value == shells.cutoffs[name].value
        length = shells.bond_lengths[name]
        assert one.shell.real.mean_distance.mean == pytest.approx(length.mean, rel=1e-9)
        assert one.shell.real.mean_distance.standard_error == pytest.approx(length.standard_error, rel=1e-6)
        assert np.sqrt(one.shell.real.variance.mean) == pytest.approx(length.sd, rel=1e-2)
        number = block_average(shells.numbers_of(name[3:]).mean(axis=1))
        assert one.shell.coordination_number.mean == pytest.approx(number.mean, rel=1e-9)


def test_oxygen_of_one_kind_of_molecules() -> None:
    """All O of the solution belong to the solvent: the same by either name; the parts of a mixture add up."""
    frames = pc.read_frames("gbl_solution")[-50:]
    seen = pc.exafs(frames, pairs=("Pb-O", "Pb-O(GBL)"), cutoffs={"Pb-O": 3.6})
    one, other = seen.pairs.values()
    np.testing.assert_allclose(one.chi, other.chi)
    assert one.shell.coordination_number.mean == other.shell.coordination_number.mean
    np.testing.assert_allclose(seen.first_shells, one.chi)  # each atom scatters once
    with pytest.raises(pc.PerovchemError, match="no Pb in GBL"):
        pc.exafs(frames, pairs="Pb-Pb(GBL)")
