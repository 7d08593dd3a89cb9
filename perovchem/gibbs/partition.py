"""Partition functions of translation, rotation, vibration: enthalpy and entropy of each, on bare numbers.

Energies are eV, entropies eV/K, masses u, lengths Å, wavenumbers 1/cm.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import constants

from perovchem.arrays import Floats
from perovchem.units import BOLTZMANN

STANDARD_PRESSURE: Final = constants.atm
"""1 atm, Pa."""
WAVENUMBER: Final = constants.h * constants.c * 100 / constants.e
"""Energy of 1/cm, eV."""
MOMENT: Final = 1e-44
"""Average moment of inertia that damps Grimme's free rotor, kg m2."""
FREQUENCY: Final = np.sqrt(constants.e / (1e-20 * constants.atomic_mass)) / (200 * np.pi * constants.c)
"""Wavenumber (1/cm) of the square root of one eV/(Å2 u)."""
_INERTIA: Final = constants.atomic_mass * 1e-20
"""One u Å2 in kg m2."""


def pressure_of(concentration: float, temperature: float) -> float:
    """Return the pressure of an ideal gas, Pa, from its concentration, mol/L.

    Examples
    --------
    >>> round(STANDARD_PRESSURE / pressure_of(1.0, 298.15), 6)  # 1 atm is 1/24.465 mol/L
    0.040874
    """
    return concentration * 1e3 * constants.R * temperature


def translation(mass: float, temperature: float, pressure: float) -> tuple[float, float]:
    """Return enthalpy (with pV) and entropy of an ideal gas by Sackur and Tetrode; mass u, pressure Pa."""
    thermal = constants.k * temperature
    wave = (2 * np.pi * mass * constants.atomic_mass * thermal / constants.h**2) ** 1.5
    entropy = BOLTZMANN * (np.log(wave * thermal / pressure) + 2.5)
    return 2.5 * BOLTZMANN * temperature, float(entropy)


def moments_of_inertia(masses: Floats, positions: Floats) -> tuple[Floats, Floats]:
    """Return principal moments, u Å2, rising, and their axes as columns."""
    centered = positions - masses @ positions / masses.sum()
    squares = np.einsum("i,ij,ij->", masses, centered, centered)
    tensor = squares * np.eye(3) - np.einsum("i,ij,ik->jk", masses, centered, centered)
    values, axes = np.linalg.eigh(tensor)
    return values, axes


def rotation(
    moments: Floats, temperature: float, symmetry_number: int, *, linear: bool
) -> tuple[float, float]:
    """Return enthalpy and entropy of a classical rigid rotor; moments u Å2, rising."""
    # kT/(hcB) of each axis
    ratio = 8 * np.pi**2 * constants.k * temperature * moments * _INERTIA / constants.h**2
    if linear:
        return BOLTZMANN * temperature, float(BOLTZMANN * (np.log(ratio[1:].mean() / symmetry_number) + 1))
    partition = np.sqrt(np.pi * np.prod(ratio)) / symmetry_number
    return 1.5 * BOLTZMANN * temperature, float(BOLTZMANN * (np.log(partition) + 1.5))


def harmonic_enthalpy(wavenumbers: Floats, temperature: float) -> Floats:
    """Return what each oscillator holds above its zero-point energy."""
    energies = WAVENUMBER * wavenumbers
    return energies / np.expm1(np.minimum(energies / (BOLTZMANN * temperature), 700.0))


def harmonic_entropy(wavenumbers: Floats, temperature: float) -> Floats:
    """Return the entropy of each oscillator."""
    x = np.minimum(WAVENUMBER * wavenumbers / (BOLTZMANN * temperature), 700.0)
    return BOLTZMANN * (x / np.expm1(x) - np.log(-np.expm1(-x)))


def rotor_entropy(wavenumbers: Floats, temperature: float) -> Floats:
    """Return the entropy of the free rotor that Grimme puts in the place of each oscillator."""
    moments = constants.h / (8 * np.pi**2 * constants.c * 100 * wavenumbers)
    damped = moments * MOMENT / (moments + MOMENT)
    partition = 8 * np.pi**3 * damped * constants.k * temperature / constants.h**2
    return BOLTZMANN * (0.5 + 0.5 * np.log(partition))


def damping(wavenumbers: Floats, cutoff: float) -> Floats:
    """Return the weight of the oscillator, 1/(1 + (cutoff/ν)^4), against the rotor.

    Examples
    --------
    >>> damping(np.array([100.0, 1000.0]), 100.0).round(4)
    array([0.5   , 0.9999])
    """
    return np.asarray(1 / (1 + (cutoff / wavenumbers) ** 4))


def vibrations(wavenumbers: Floats, temperature: float, cutoff: float) -> dict[str, tuple[Floats, Floats]]:
    """Return enthalpy (with zero-point energy) and entropy of each mode by every treatment.

    "rrho": harmonic oscillators. "grimme": entropy between oscillator and free rotor. "grimme-head-gordon": that, and
    the enthalpy between oscillator and kT/2. "truhlar": entropy with wavenumbers below the cutoff raised to it.
    """
    enthalpy = WAVENUMBER * wavenumbers / 2 + harmonic_enthalpy(wavenumbers, temperature)
    entropy = harmonic_entropy(wavenumbers, temperature)
    weight = damping(wavenumbers, cutoff)
    mixed = weight * entropy + (1 - weight) * rotor_entropy(wavenumbers, temperature)
    return {
        "rrho": (enthalpy, entropy),
        "grimme": (enthalpy, mixed),
        "grimme-head-gordon": (weight * enthalpy + (1 - weight) * BOLTZMANN * temperature / 2, mixed),
        "truhlar": (enthalpy, harmonic_entropy(np.maximum(wavenumbers, cutoff), temperature)),
    }
