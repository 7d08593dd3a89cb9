"""One internal system: Å, fs, eV, K, e, u (unified atomic mass unit), degree.

Constants are CODATA values as scipy gives them.
"""

from __future__ import annotations

from typing import Final

from scipy import constants as _c

BOHR: Final = _c.physical_constants["Bohr radius"][0] * 1e10
"""Bohr radius, Å."""
HARTREE: Final = _c.physical_constants["Hartree energy in eV"][0]
"""Hartree energy, eV."""
ATOMIC_TIME: Final = _c.physical_constants["atomic unit of time"][0] * 1e15
"""Atomic unit of time ħ/E_h, fs."""
BOLTZMANN: Final = _c.physical_constants["Boltzmann constant in eV/K"][0]
"""Boltzmann constant, eV/K."""
GRAM_PER_CM3: Final = _c.atomic_mass * 1e3 / 1e-24
"""One u/Å3 in g/cm3."""
MOLE_PER_LITER: Final = 1e27 / _c.N_A
"""One particle/Å3 in mol/L."""
KILOJOULE_PER_MOLE: Final = 1e3 / (_c.N_A * _c.e)
"""One kJ/mol, eV."""
KILOCALORIE_PER_MOLE: Final = 1e3 * _c.calorie / (_c.N_A * _c.e)
"""One kcal/mol (thermochemical), eV."""
GPA: Final = _c.e * 1e30 * 1e-9
"""One eV/Å3 in GPa."""
HBAR2_PER_M0: Final = _c.hbar**2 / _c.m_e / _c.e * 1e20
"""ħ²/m0, eV Å2: 7.61996."""
WAVENUMBER_OF_HESSIAN: Final = (_c.e * 1e20 / _c.atomic_mass) ** 0.5 / (200 * _c.pi * _c.c)
"""1/cm of a mode whose mass-weighted second derivative is one eV/(Å2 u): 521.47."""
TERAHERTZ_WAVENUMBER: Final = 1e10 / _c.c
"""One THz, 1/cm."""
ELECTRONVOLT_WAVENUMBER: Final = _c.e / (100 * _c.h * _c.c)
"""One eV, 1/cm."""
