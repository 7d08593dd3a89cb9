"""Coherent elastic neutrino-nucleus scattering: limits in closed form, published means, spectra with known integrals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants
from scipy.integrate import quad
from validation import algebra, published

import perovchem as pc
from perovchem.cevns import NeutrinoSpectrum, cevns, mean_cross_section, recoil_spectrum
from perovchem.cevns.nuclei import Nucleus, isotopes, nuclei
from perovchem.cevns.scattering import (
    WEAK_MIXING,
    differential,
    effective,
    form_factor,
    largest_recoil,
)
from perovchem.elements import table
from perovchem.errors import MissingDataError, UsageError

COHERENT = "10.1103/PhysRevLett.129.081801"


def closed_form(nucleus: Nucleus, energy: float, threshold: float) -> float:
    """Integral of G² Q² m/(8π) (2 - m E_R/E²) from a threshold (keV) to the largest recoil, 1e-40 cm2; in GeV."""
    mass = (
        nucleus.mass * constants.physical_constants["atomic mass constant energy equivalent in MeV"][0] * 1e-3
    )
    fermi = constants.physical_constants["Fermi coupling constant"][0]
    charge = nucleus.neutrons - (1 - 4 * WEAK_MIXING) * nucleus.protons
    neutrino, low = energy * 1e-3, threshold * 1e-6
    high = 2 * neutrino**2 / (mass + 2 * neutrino)
    if high <= low:
        return 0.0
    value = (
        fermi**2
        * charge**2
        * mass
        / (8 * math.pi)
        * (2 * (high - low) - mass / neutrino**2 * (high**2 - low**2) / 2)
    )
    hbar_c = constants.hbar * constants.c / (1e9 * constants.e) * 100  # GeV cm
    return value * hbar_c**2 * 1e40


@pytest.mark.parametrize("threshold", [0.0, 0.5, 5.0])
@pytest.mark.parametrize("name", ["Cs", "Pb", "Ge"])
def test_without_form_factor(validate, name, threshold) -> None:
    kind = nuclei(name, "mean")[0]
    found = cevns(
        name, energies=[5.0, 30.0, 60.0], thresholds=threshold, form_factor="none", nuclei_as="mean"
    )
    exact = np.array([closed_form(kind, energy, threshold) for energy in (5.0, 30.0, 60.0)])
    there = exact > 0  # where the largest recoil is below the threshold, nothing is counted
    assert (found.cross_section[0] > 0).tolist() == there.tolist()
    validate(
        "Nuclear recoils", "cross-section above a threshold", f"{name}, {threshold:g} keV, to 60 MeV", unit="1e-40 cm2",
        ours=found.cross_section[0, there], truth=exact[there], relative=1e-8, source=algebra("integral of 2 - m E_R/E²"), digits=5,
    )  # fmt: skip


def test_neutrons_squared(validate) -> None:
    """q -> 0 and 4 sin² θ_W = 1: σ goes as N² at 1e-3 MeV."""
    found = [cevns(name, energies=1e-3, nuclei_as="mean", weak_mixing=0.25) for name in ("Pb", "Ge")]
    counts = [one.nuclei[0].neutrons for one in found]
    ratio = found[0].cross_section[0, 0] / found[1].cross_section[0, 0]
    validate(
        "Nuclear recoils", "cross-section over N²", "Pb and Ge at 1 keV of neutrino energy, sin² θ_W = 1/4",
        ours=ratio / (counts[0] / counts[1]) ** 2, truth=1.0, relative=1e-6, source=algebra("σ = G_F² N² E²/(4π)"),
    )  # fmt: skip
    assert found[0].cross_section[0, 0] == pytest.approx(
        constants.physical_constants["Fermi coupling constant"][0] ** 2 * counts[0] ** 2 * 1e-12 / (4 * math.pi)
        * (constants.hbar * constants.c / (1e9 * constants.e) * 100) ** 2 * 1e40, rel=1e-6,
    )  # fmt: skip


def test_cesium_iodide_at_a_pion_source(validate) -> None:
    """Standard Model 189 ± 6; with a plus sign before the protons' part it would be 213."""
    found = mean_cross_section("CsI", NeutrinoSpectrum.pion_decay(), nuclei_as="mean")
    validate(
        "Nuclear recoils", "mean cross-section of pion decay at rest", "CsI, mean nucleus, Helm", unit="1e-40 cm2",
        ours=found.cross_section[0, 0], truth=189.0, between=(183.0, 195.0),
        source=published("Standard Model 189 ± 6", COHERENT),
    )  # fmt: skip
    # N + (1 - 4 sin²) Z is N - (1 - 4 s) Z with s = 1/2 - sin²
    plus = mean_cross_section(
        "CsI", NeutrinoSpectrum.pion_decay(), nuclei_as="mean", weak_mixing=0.5 - WEAK_MIXING
    )
    assert plus.cross_section[0, 0] == pytest.approx(213, abs=0.5)
    assert abs(plus.cross_section[0, 0] - 189) > 3 * 6


def test_spectra_have_the_integrals_of_their_formulas(validate) -> None:
    pion = NeutrinoSpectrum.pion_decay()
    # means of Michel's spectra: 0.3 m and 0.35 m
    muon, pion_mass = 105.6583755, 139.57039
    line = (pion_mass**2 - muon**2) / (2 * pion_mass)
    assert pion.mean_energy() == pytest.approx((line + 0.65 * muon) / 3, rel=1e-8)
    for spectrum, words in (
        (pion, "pion decay at rest"),
        (NeutrinoSpectrum.supernova(15, pinching=3), "supernova, α 3"),
    ):
        validate(
            "Nuclear recoils", "weight of a spectrum", words, ours=spectrum.weights.sum(), truth=1.0, relative=1e-10,
            source=algebra("normalized"),
        )  # fmt: skip
    nova = NeutrinoSpectrum.supernova(15.0, pinching=3.0)
    assert nova.mean_energy() == pytest.approx(15.0, rel=1e-6)
    # <E²>/<E>² = (2 + α)/(1 + α): Keil, Raffelt, Janka 2003
    assert float(nova.energies**2 @ nova.weights) / 15**2 == pytest.approx(5 / 4, rel=1e-6)


def test_reactor_spectrum() -> None:
    """235U at 3 MeV by Mueller's polynomial, done by hand; the parts of the fuel add up; nothing beyond 8 MeV."""
    alone = NeutrinoSpectrum.reactor({"235U": 2.0})
    by_hand = math.exp(3.217 - 3.111 * 3 + 1.395 * 9 - 0.3690 * 27 + 0.04445 * 81 - 0.002053 * 243)
    low = math.exp(3.217 - 3.111 * 5 + 1.395 * 25 - 0.3690 * 125 + 0.04445 * 625 - 0.002053 * 3125)
    grid, density = alone.curve.T
    assert np.interp(3.0, grid, density) / np.interp(5.0, grid, density) == pytest.approx(
        by_hand / low, rel=1e-3
    )
    assert alone.energies.max() < 8
    # Vogel and Engel: 5 to 7 antineutrinos per fission, most of them below the threshold of inverse beta decay
    assert 0.6 < alone.weights[alone.energies < 1.8].sum() < 0.8


@settings(max_examples=25)
@given(st.floats(2, 100), st.floats(0, 10), st.sampled_from(["helm", "klein-nystrand"]))
def test_against_adaptive_quadrature(energy, threshold, kind) -> None:
    lead = nuclei("Pb", "mean")[0]
    top = float(largest_recoil(lead, np.array([energy]))[0])
    found = float(effective(lead, np.array([energy]), threshold, kind=kind)[0])
    if threshold >= top:
        assert found == 0
        return
    exact = quad(
        lambda recoil: float(differential(lead, np.array([recoil]), np.array([energy]), kind=kind)[0]), threshold, top,
        epsabs=0, epsrel=1e-9, limit=400,
    )[0]  # fmt: skip
    assert found == pytest.approx(exact, rel=1e-6, abs=1e-12)


def test_form_factors() -> None:
    """1 at q = 0, 1 - q² <r²>/6 next to it; <r²> = 3/5 R² + 3 s² (Helm), 3/5 R² + 6 a² (Klein-Nystrand)."""
    small = np.array([0.0, 1e-3, 0.01])
    mass = 133.0
    c = 1.23 * mass ** (1 / 3) - 0.6
    helm = 0.6 * (c**2 + 7 / 3 * math.pi**2 * 0.52**2 - 5 * 0.9**2) + 3 * 0.9**2
    klein = 0.6 * (1.2 * mass ** (1 / 3)) ** 2 + 6 * 0.7**2
    for kind, square in (("helm", helm), ("klein-nystrand", klein)):
        values = form_factor(small, mass, kind)
        assert values[0] == 1
        np.testing.assert_allclose((1 - values[1:]) * 6 / small[1:] ** 2, square, rtol=2e-3)
    # the series joins the closed form
    near = form_factor(np.linspace(0.003, 0.0045, 200), mass, "helm")
    assert (np.diff(near) < 0).all()


def test_mean_over_nuclei_and_mass() -> None:
    """CsPbI3 is (Cs + Pb + 3 I)/5 per nucleus; per kilogram it is that over the mean mass."""
    energies, thresholds = [10.0, 30.0], [0.0, 1.0]
    one = {s: cevns(s, energies=energies, thresholds=thresholds) for s in ("Cs", "Pb", "I")}
    whole = cevns("CsPbI3", energies=energies, thresholds=thresholds)
    expected = (one["Cs"].cross_section + one["Pb"].cross_section + 3 * one["I"].cross_section) / 5
    np.testing.assert_allclose(whole.cross_section, expected, rtol=1e-12)
    np.testing.assert_allclose(
        whole.per_kilogram, expected * 1e-40 * constants.N_A * 1e3 / whole.mean_mass, rtol=1e-9
    )
    twice = cevns("I6Pb2Cs2", energies=energies, thresholds=thresholds)
    np.testing.assert_allclose(twice.cross_section, whole.cross_section, rtol=1e-12)


def test_recoils_add_up_to_the_cross_section() -> None:
    spectrum = NeutrinoSpectrum.pion_decay()
    recoils = np.linspace(0, 120, 4001)
    density = recoil_spectrum("Cs", spectrum, recoils=recoils)
    whole = mean_cross_section("Cs", spectrum).cross_section[0, 0]
    assert np.trapezoid(density, recoils) == pytest.approx(whole, rel=1e-4)


def test_isotopes_make_the_atomic_weight() -> None:
    """Abundances and masses of the table against the standard atomic weights; Li and B vary in nature."""
    for symbol, entry in table().items():
        try:
            rows = isotopes(symbol)
        except MissingDataError:
            continue
        assert math.fsum(part for _, part, _ in rows) == pytest.approx(1, abs=1e-12)
        mean = math.fsum(part * mass for _, part, mass in rows)
        assert mean == pytest.approx(entry.mass, rel=5e-3 if symbol in ("Li", "B") else 3e-4)
        assert all(abs(mass - number) < 0.12 for number, _, mass in rows)


@settings(max_examples=20)
@given(st.floats(1, 100), st.floats(0.01, 5))
def test_thresholds_only_take_away(energy, threshold) -> None:
    found = cevns("CsPbI3", energies=energy, thresholds=[0.0, threshold, 2 * threshold]).cross_section[:, 0]
    assert found[0] >= found[1] >= found[2] >= 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"energies": 0.0}, "an energy of 0"),
        ({"energies": 500.0}, "an energy of 500"),
        ({"energies": math.nan}, "an energy of nan"),
        ({"energies": 10, "thresholds": -1}, "a threshold of -1"),
        ({"energies": 10, "form_factor": "woods"}, "there is no choice 'woods'"),
        ({"energies": 10, "nuclei_as": "both"}, "there is no choice 'both'"),
        ({"energies": 10, "weak_mixing": 3.0}, "sin²"),
    ],
)
def test_refusals(options, words) -> None:
    with pytest.raises(UsageError, match=words):
        pc.cevns("Ge", **options)


def test_elements_without_isotopes_and_wrong_spectra() -> None:
    with pytest.raises(MissingDataError, match="no isotopes of Tc"):
        pc.cevns("Tc", energies=10.0)
    assert pc.cevns("Tc", energies=10.0, nuclei_as="mean").cross_section[0, 0] > 0
    for wrong in (
        lambda: NeutrinoSpectrum.reactor({"235X": 1.0}), lambda: NeutrinoSpectrum.reactor({"235U": -1.0}),
        lambda: NeutrinoSpectrum.reactor({"235U": 0.0}), lambda: NeutrinoSpectrum.supernova(-3),
        lambda: NeutrinoSpectrum.supernova(12, pinching=99), lambda: NeutrinoSpectrum.line(0),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            wrong()


def test_a_supernova_is_not_cut_off_silently() -> None:
    """Of exp(-E/200 MeV), e^-1 = 37 % lies beyond 200 MeV."""
    with pytest.raises(UsageError, match="37 % of the neutrinos"):
        NeutrinoSpectrum.supernova(200.0, pinching=0.0)
    assert NeutrinoSpectrum.supernova(30.0).mean_energy() == pytest.approx(30, rel=1e-4)
