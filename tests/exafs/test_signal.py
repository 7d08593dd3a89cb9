"""χ(k): the direct sum, closed forms, the table of paths, larch."""

from __future__ import annotations

import numpy as np
import oracles_exafs as oracles
import pytest
from builders import frames_of
from builders_exafs import feff_file, flat_path, radial
from transformations import liquid
from validation import algebra

import perovchem as pc
from perovchem.exafs.signal import single_scattering
from perovchem.exafs.transform import hanning, transform
from perovchem.scattering_path import tabulated_pairs, tabulated_path

pytestmark = pytest.mark.filterwarnings("ignore::perovchem.errors.PerovchemWarning")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_direct_sum_over_a_liquid(seed: int) -> None:
    """Skewed cells of 5 to 10 Å whose images count, Pb around Pb too."""
    system = liquid(np.random.default_rng(seed), 4)
    frames = system.frames()
    seen = pc.exafs(frames, pairs=("Pb-I", "Pb-O"), cutoffs={"Pb-I": 4.0, "Pb-O": 3.0}, longest=6.0)
    n_centers = frames.species.count("Pb")
    k = seen.wavenumber
    for name, cutoff in (("Pb-I", 4.0), ("Pb-O", 3.0)):
        path = tabulated_path("Pb", name[3:], "L3")
        near = oracles.distances(frames, "Pb", name[3:], cutoff)
        truth = oracles.direct_chi(near, path, k, n_centers)
        np.testing.assert_allclose(seen.pairs[name].chi, truth, atol=2e-5 * np.abs(truth).max())
    total = sum(
        oracles.direct_chi(
            oracles.distances(frames, "Pb", symbol, 6.0), tabulated_path("Pb", symbol, "L3"), k, n_centers
        )
        for symbol in sorted(set(frames.species) - set(seen.unseen))
    )
    # the last bin may hold atoms a little beyond 6 Å
    np.testing.assert_allclose(seen.everything, total, atol=3e-3 * np.abs(total).max())


def test_the_table_holds_distances_to_the_fifth_digit() -> None:
    """Any distance against its own term: number, sum and sum of squares in bins of .004 Å are enough."""
    rng = np.random.default_rng(4)
    k = np.arange(1, 320) * 0.05
    path = tabulated_path("Pb", "O", "L3")
    for r in rng.uniform(2.0, 6.0, 20):
        seen = pc.exafs(
            radial(np.full((1, 1), r), neighbor="O"), pairs="Pb-O", cutoffs={"Pb-O": 6.0}, k_range=(2, 14.95)
        )
        truth = oracles.direct_chi([[r]], path, k[: len(seen.wavenumber)], 1)
        np.testing.assert_allclose(seen.pairs["Pb-O"].chi, truth, atol=1e-5 * np.abs(truth).max())


def test_a_gaussian_shell_decays_as_the_cumulants_say(validate) -> None:
    """χ ~ exp(-2 k² σ²) sin(2kR' - 4/3 k³ C3): of distances weighted by 1/r² that are Gaussian, with a cubic term.

    The rank of Gaussian quantiles stands for the distribution, so that nothing is left to chance.
    """
    from scipy.special import ndtri

    r, sigma = 3.0, 0.07
    quantiles = ndtri((np.arange(4000) + 0.5) / 4000)
    lengths = r + sigma * quantiles
    path = flat_path(amplitude=1.0)
    seen = pc.exafs(radial(lengths[:, None]), pairs="Pb-I", cutoffs={"Pb-I": 4.0}, paths={"Pb-I": path})
    shell = seen.pairs["Pb-I"].shell.effective
    k = seen.wavenumber
    inside = (k > 1) & (k < 12)
    norm = np.mean(1 / lengths**2)
    mean, variance, third = (one.mean for one in (shell.mean_distance, shell.variance, shell.third_cumulant))
    expected = norm / k * np.exp(-2 * k**2 * variance) * np.sin(2 * k * mean - 4 / 3 * k**3 * third)
    found = seen.pairs["Pb-I"].chi
    worst = np.abs(k * (found - expected))[inside].max() / norm
    assert worst < 2e-3
    near = np.flatnonzero(np.abs(k - 8.0) < 0.6)  # holds one maximum of |sin|
    top = near[np.argmax(np.abs(k * found)[near])]
    validate(
        "Local structure by X-rays", "damping of χ(k)", f"Gaussian shell, σ = .07 Å, at k = {k[top]:.2f} 1/Å",
        unit="1", ours=float(np.abs(k * found)[top] / norm), truth=float(np.exp(-2 * k[top] ** 2 * sigma**2)),
        source=algebra("exp(-2 k² σ²)"), relative=0.02, digits=3,
    )  # fmt: skip


def test_a_skewed_shell_shifts_the_phase() -> None:
    """With C3 > 0 the cumulant expansion holds where the plain Gaussian fails."""
    rng = np.random.default_rng(7)
    lengths = 2.9 + rng.gamma(4.0, 0.03, size=(8000, 1))
    seen = pc.exafs(
        radial(lengths), pairs="Pb-I", cutoffs={"Pb-I": 5.0}, paths={"Pb-I": flat_path(amplitude=1.0)}
    )
    shell = seen.pairs["Pb-I"].shell.effective
    k, chi = seen.wavenumber, seen.pairs["Pb-I"].chi
    inside = (k > 2) & (k < 5)  # where the fourth cumulant, 24 θ⁴, is next to nothing
    mean, variance, third = (one.mean for one in (shell.mean_distance, shell.variance, shell.third_cumulant))
    norm = np.mean(1 / lengths**2)

    def expansion(cubic: float) -> np.ndarray:
        return norm / k * np.exp(-2 * k**2 * variance) * np.sin(2 * k * mean - 4 / 3 * k**3 * cubic)

    with_third, without = (np.abs(chi - expansion(one))[inside].max() for one in (third, 0.0))
    assert with_third < 0.3 * without


def test_neighbors_and_s02_scale_the_signal() -> None:
    lengths = np.full((3, 1), 3.0)
    one, more, less = (
        pc.exafs(
            radial(np.repeat(lengths, n, axis=1)), pairs="Pb-I", cutoffs={"Pb-I": 4.0}, amplitude_reduction=s
        )
        for n, s in ((1, 1.0), (4, 1.0), (1, 0.85))
    )
    np.testing.assert_allclose(more.pairs["Pb-I"].chi, 4 * one.pairs["Pb-I"].chi, atol=1e-6)  # bins
    np.testing.assert_allclose(less.pairs["Pb-I"].chi, 0.85 * one.pairs["Pb-I"].chi, rtol=1e-9)


# the table ---------------------------------------------------------------------------------------------------


def test_what_the_table_holds() -> None:
    assert set(tabulated_pairs("L3")) == {
        f"Pb-{x}" for x in ("O", "N", "C", "H", "S", "Cl", "Br", "I", "Cs", "Pb")
    }
    assert tabulated_path("Pb", "I", "K") is None
    for name in tabulated_pairs("L3"):
        path = tabulated_path("Pb", name[3:], "L3")
        k = np.linspace(3, 12, 181)
        assert path.wavenumber[-1] == 16
        assert (path.amplitude_at(k) > 0).all()
        assert (np.abs(np.diff(path.phase_at(k))) < 0.5).all()  # no jumps of 2π
        assert (path.mean_free_path_at(k) > 2).all()
        np.testing.assert_allclose(path.momentum_at(k), k, atol=0.4)
    # heavier neighbors scatter more at high k
    f = [
        tabulated_path("Pb", x, "L3").amplitude_at(np.array([11.0]))[0]
        for x in ("H", "C", "O", "Cl", "Br", "I")
    ]
    assert (np.diff(f) > 0).all()


def test_other_edges_and_elements_are_geometry_alone() -> None:
    seen = pc.exafs(radial(np.full((2, 3), 3.0)), pairs="Pb-I", cutoffs={"Pb-I": 4.0}, edge="L1")
    one = seen.pairs["Pb-I"]
    assert not one.phases
    assert seen.first_shells is None
    assert seen.everything is None
    assert "no amplitude and phase of Pb-I at the L1 edge" in " ".join(seen.warnings)
    k = seen.wavenumber
    np.testing.assert_allclose(one.chi, 3 * np.sin(6 * k) / (9 * k), atol=1e-6)
    assert one.uncorrected.highest.position.mean == pytest.approx(3.0, abs=0.02)
    same = pc.exafs(radial(np.full((2, 3), 3.0)), pairs="Pb-I", cutoffs={"Pb-I": 4.0}, phases="none")
    np.testing.assert_array_equal(same.pairs["Pb-I"].chi, one.chi)


def test_larch_agrees(tmp_path) -> None:
    """The same path by xraylarch, also moved from where FEFF computed it; and its Fourier transform."""
    pytest.importorskip("larch")
    from larch import Group
    from larch.xafs import feffpath, path2chi, xftf

    file = tmp_path / "feff0001.dat"
    file.write_text(feff_file(jump=0.0))  # larch does not mend jumps
    ours = pc.read_feff_path(file)
    for shift in (0.0, 0.15, -0.2):
        theirs = feffpath(str(file), degen=1, s02=1.0, e0=0, deltar=shift, sigma2=0.0)
        path2chi(theirs, k=np.arange(0, 13.01, 0.05))
        r = ours.distance + shift
        table = np.zeros((1, 2000, 3))
        middle = (int(r / 0.004) + 0.5) * 0.004
        table[0, int(r / 0.004)] = 1, r - middle, (r - middle) ** 2
        k = theirs.k[1:]
        chi = single_scattering(table, (np.arange(2000) + 0.5) * 0.004, ours, k, reduction=1.0)
        inside = k > 2
        scale = np.abs(theirs.chi[1:][inside]).max()
        np.testing.assert_allclose(chi[0][inside], theirs.chi[1:][inside], atol=1e-4 * scale)
        group = Group(k=theirs.k, chi=theirs.chi)
        xftf(group, kmin=3, kmax=12, kweight=2, dk=1, window="hanning", rmax_out=6, kstep=0.05)
        spectrum = transform(
            chi, np.ones(1), k, k**2 * hanning(k, (3.0, 12.0), 1.0), longest=6.0
        )  # fmt: skip
        there = np.interp(group.r, spectrum.distances, spectrum.magnitude)
        np.testing.assert_allclose(there, group.chir_mag, atol=1e-2 * group.chir_mag.max())


def test_given_paths_must_fit() -> None:
    frames = frames_of(["Pb", "I"], [[0, 0, 0], [3.0, 0, 0]], 20 * np.eye(3))
    for paths, edge, words in (
        ({"Pb-I": flat_path("O")}, "L3", "the path Pb-O is given for Pb-I"),
        ({"Pb-I": flat_path("I")}, "L1", "is of the L3 edge, not L1"),
        ({"I-Pb": flat_path("I")}, "L3", "does not begin with the absorber"),
    ):
        with pytest.raises(pc.PerovchemError, match=words):
            pc.exafs(frames, pairs="Pb-I", cutoffs={"Pb-I": 4.0}, paths=paths, edge=edge)
