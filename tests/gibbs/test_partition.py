"""Partition functions against sums over levels."""

from __future__ import annotations

import numpy as np
import oracles_gibbs as slow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants
from validation import algebra, twin

from perovchem.gibbs import partition
from perovchem.units import BOLTZMANN

U_A2 = constants.atomic_mass * 1e-20


@pytest.mark.parametrize("temperature", [100.0, 298.15, 1000.0])
@pytest.mark.parametrize("wavenumber", [30.0, 100.0, 1500.0, 4000.0])
def test_oscillator_against_its_levels(wavenumber: float, temperature: float) -> None:
    ours = partition.harmonic_entropy(np.array([wavenumber]), temperature)[0]
    assert ours == pytest.approx(slow.oscillator_entropy(wavenumber, temperature), rel=1e-9, abs=1e-18)


def test_entropies_against_sums_over_levels(validate) -> None:
    moment = 200.0
    free = partition.rotor_entropy(np.array([50.0]), 298.15)[0]
    inertia = constants.h / (8 * np.pi**2 * constants.c * 100 * 50.0)
    damped = inertia * 1e-44 / (inertia + 1e-44)
    validate(
        "Gibbs energies", "entropy of a quantum system", "free rotor of a mode at 50 1/cm, 298.15 K", unit="eV/K",
        ours=free, truth=slow.free_rotor_entropy(damped, 298.15), source=twin("levels ħ²m²/(2µ')"), relative=1e-6,
    )  # fmt: skip
    validate(
        "Gibbs energies", "entropy of a quantum system", "oscillator at 100 1/cm, 298.15 K", unit="eV/K",
        ours=partition.harmonic_entropy(np.array([100.0]), 298.15)[0], truth=slow.oscillator_entropy(100.0, 298.15),
        source=twin("levels hcν(n + 1/2)"), relative=1e-9,
    )  # fmt: skip
    # the classical rotor differs from the levels by order (B/kT)²: heavy and warm here
    ours = partition.rotation(np.array([0.0, moment, moment]), 1000.0, 1, linear=True)[1]
    validate(
        "Gibbs energies", "entropy of a quantum system", "linear rotor of 200 u Å², 1000 K", unit="eV/K",
        ours=ours, truth=slow.linear_rotor_entropy(moment * U_A2, 1000.0), source=twin("levels BJ(J + 1)"), relative=1e-6,
    )  # fmt: skip
    ours = partition.translation(18.015, 298.15, 1e5)[1]
    validate(
        "Gibbs energies", "entropy of a quantum system", "translation of 18.015 u at 298.15 K and 1 bar", unit="eV/K",
        ours=ours, truth=slow.box_entropy(18.015 * constants.atomic_mass, 298.15, 1e5),
        source=twin("levels of a box, integrated by Simpson's rule"), relative=1e-9,
    )  # fmt: skip


def test_nonlinear_rotor_of_three_axes() -> None:
    # q = sqrt(pi) product of sqrt(kT/hcB)/σ: three equal axes against the linear one of the same moment
    moment = np.full(3, 50.0)
    ratio = 8 * np.pi**2 * constants.k * 300 * 50 * U_A2 / constants.h**2
    ours = partition.rotation(moment, 300.0, 12, linear=False)
    assert ours[1] == pytest.approx(BOLTZMANN * (np.log(np.sqrt(np.pi) * ratio**1.5 / 12) + 1.5), rel=1e-12)
    assert ours[0] == pytest.approx(1.5 * BOLTZMANN * 300)


@given(st.floats(5, 4000), st.floats(50, 2000))
def test_entropy_is_the_slope_of_the_free_energy(wavenumber: float, temperature: float) -> None:
    nu = np.array([wavenumber])

    def free(at: float) -> float:
        return float(partition.harmonic_enthalpy(nu, at)[0] - at * partition.harmonic_entropy(nu, at)[0])

    step = temperature * 1e-4
    slope = (free(temperature + step) - free(temperature - step)) / (2 * step)
    assert -slope == pytest.approx(float(partition.harmonic_entropy(nu, temperature)[0]), rel=1e-6, abs=1e-12)


@given(st.floats(1, 4000), st.floats(50, 1000))
def test_treatments_agree_for_stiff_modes_and_order_for_soft_ones(
    wavenumber: float, temperature: float
) -> None:
    by = partition.vibrations(np.array([wavenumber]), temperature, 100.0)
    weight = 1 / (1 + (100 / wavenumber) ** 4)
    low = partition.rotor_entropy(np.array([wavenumber]), temperature)[0]
    assert by["grimme"][1][0] == pytest.approx(weight * by["rrho"][1][0] + (1 - weight) * low)
    assert by["grimme"][0][0] == by["rrho"][0][0] == by["truhlar"][0][0]
    assert by["truhlar"][1][0] <= by["rrho"][1][0]
    if wavenumber > 100:
        assert by["truhlar"][1][0] == by["rrho"][1][0]
    classical = 0.5 * BOLTZMANN * temperature
    inside = sorted((classical, by["rrho"][0][0]))
    assert inside[0] <= by["grimme-head-gordon"][0][0] <= inside[1] * (1 + 1e-12)


def test_one_atmosphere_in_one_mole_per_liter(validate) -> None:
    ratio = partition.pressure_of(1.0, 298.15) / partition.STANDARD_PRESSURE
    validate(
        "Gibbs energies", "change of ΔG from 1 atm to 1 mol/L", "one molecule, 298.15 K", unit="kJ/mol",
        ours=constants.R * 298.15 * np.log(ratio) / 1e3, truth=8.31446 * 298.15 * np.log(24.465) / 1e3,
        source=algebra("RT ln 24.465"), relative=1e-5,
    )  # fmt: skip


def test_very_stiff_modes_do_not_overflow() -> None:
    nu = np.array([1e5])
    assert partition.harmonic_entropy(nu, 1.0)[0] == pytest.approx(0, abs=1e-30)
    assert partition.harmonic_enthalpy(nu, 1.0)[0] == pytest.approx(0, abs=1e-12)
