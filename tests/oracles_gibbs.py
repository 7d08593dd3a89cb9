"""Slow twins of the partition functions: sums over quantum levels, in SI units."""

from __future__ import annotations

import numpy as np
from scipy import constants


def entropy_of_levels(energies: np.ndarray, degeneracies: np.ndarray, temperature: float) -> float:
    """k ln q + U/T of a system with these levels (J), in eV/K."""
    weights = degeneracies * np.exp(-(energies - energies[0]) / (constants.k * temperature))
    q = weights.sum()
    mean = (weights * (energies - energies[0])).sum() / q
    return float((constants.k * np.log(q) + mean / temperature) / constants.e)


def oscillator_entropy(wavenumber: float, temperature: float) -> float:
    levels = constants.h * constants.c * 100 * wavenumber * np.arange(20_000)
    return entropy_of_levels(levels, np.ones(len(levels)), temperature)


def linear_rotor_entropy(moment: float, temperature: float) -> float:
    """Heteronuclear; moment in kg m2."""
    j = np.arange(3000)
    levels = constants.hbar**2 / (2 * moment) * j * (j + 1)
    return entropy_of_levels(levels, 2 * j + 1.0, temperature)


def free_rotor_entropy(moment: float, temperature: float) -> float:
    """About one axis; moment in kg m2."""
    m = np.abs(np.arange(-4000, 4001))
    levels = np.sort(constants.hbar**2 / (2 * moment) * m**2)
    return entropy_of_levels(levels, np.ones(len(levels)), temperature)


def box_entropy(mass: float, temperature: float, pressure: float) -> float:
    """One particle's share of an ideal gas (Stirling), box levels summed in one dimension; mass in kg."""
    volume = constants.k * temperature / pressure
    # one dimension of a box so large that its sum is an integral over n: done here by Simpson's rule, not by formula
    length = 1e-8
    unit = constants.h**2 / (8 * mass * length**2)
    n = np.linspace(0, 60 * np.sqrt(constants.k * temperature / unit), 400_001)
    boltzmann = np.exp(-unit * n**2 / (constants.k * temperature))
    from scipy.integrate import simpson

    q = simpson(boltzmann, x=n)
    mean = simpson(boltzmann * unit * n**2, x=n) / q
    per_volume = (q / length) ** 3
    return float((constants.k * (np.log(per_volume * volume) + 1) + 3 * mean / temperature) / constants.e)
